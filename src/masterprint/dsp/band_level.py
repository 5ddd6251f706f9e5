"""A band of a signal and its level, sample by sample."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from masterprint.dsp.jit import kernel


@kernel(
    "void(f8[:, ::1], f8[::1], f8, f8, f8[:, ::1], f8[:, ::1], f8[:, ::1], i8)", reads=("block",)
)
def band_and_power(
    block: NDArray[np.float64],
    section: NDArray[np.float64],
    allpass: float,
    average: float,
    state: NDArray[np.float64],
    band: NDArray[np.float64],
    power: NDArray[np.float64],
    position: int,
) -> None:
    """A block through one section, and the mean square of what comes out.

    The square of a sine sways at twice its frequency, and a mean that is quick cannot hide that.
    So the band is taken together with itself a quarter of a turn later, by an all-pass of the first
    order, y = c x + s, s = x - c y with c = `allpass`: at the frequency of the all-pass the sum of
    both squares does not sway at all. Half of that sum goes through a one-pole mean that moves by
    the share `average` per frame. With one row of `power` the loudest channel counts. `state` has
    4 values for each channel; what has decayed to nothing is set to zero every 4096 frames of
    programme, because arithmetic on denormal numbers is very slow.
    """
    b0, b1, b2, a1, a2 = section
    frames = block.shape[1]
    for c in range(block.shape[0]):
        row = block[c]
        out = band[c]
        into = power[min(c, power.shape[0] - 1)]
        first = c == 0 or power.shape[0] > 1
        p1, p2, held, mean = state[c]
        start = 0
        while start < frames:
            stop = min(frames, start + 4096 - (position + start) % 4096)
            for n in range(start, stop):
                x = row[n]
                y = b0 * x + p1
                p1 = (b1 * x + p2) - a1 * y
                p2 = b2 * x - a2 * y
                turned = allpass * y + held
                held = y - allpass * turned
                mean += average * (0.5 * (y * y + turned * turned) - mean)
                out[n] = y
                into[n] = mean if first else max(into[n], mean)
            if (position + stop) % 4096 == 0:
                p1 = 0.0 if abs(p1) < 1e-30 else p1
                p2 = 0.0 if abs(p2) < 1e-30 else p2
                held = 0.0 if abs(held) < 1e-30 else held
                mean = 0.0 if mean < 1e-60 else mean
            start = stop
        state[c, 0] = p1
        state[c, 1] = p2
        state[c, 2] = held
        state[c, 3] = mean
