"""Run a chain on an array, as in a notebook, and measure before and after.

python examples/array_in_a_notebook.py
"""

import numpy as np

import masterprint

RATE_HZ = 48000


def main() -> None:
    time_s = np.arange(5 * RATE_HZ) / RATE_HZ
    left = 0.3 * np.sin(2 * np.pi * 220 * time_s) * np.exp(-(time_s % 0.5) * 6)
    right = 0.3 * np.sin(2 * np.pi * 277.2 * time_s) * np.exp(-(time_s % 0.5) * 6)
    audio = np.stack([left, right])  # (channels, frames), full scale at 1.0

    chain = masterprint.load_chain("streaming")
    master = chain.apply(audio, RATE_HZ)

    print(chain)
    print("before", masterprint.measure(audio, RATE_HZ))
    print("after ", masterprint.measure(master, RATE_HZ))


if __name__ == "__main__":
    main()
