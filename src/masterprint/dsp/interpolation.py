"""Values between the samples: eight times finer, as far as a peak search needs them.

Interpolation doubles the rate three times. The first step needs a long filter (`HALF`); behind it
the signal fills half the band, then a quarter, so `QUARTER` and `EIGHTH` are short. Each step is
symmetric: a new value lies midway between two old ones.

A search for a maximum may pass over most places: no value of the second and third step can exceed
`FINE_BOUND` times the largest magnitude among the values of the first around it, and no value of
the third `EIGHTH_BOUND` times the largest of the second. Where that stays below what has been
found already, the finer values cannot matter: the result is that of eight-fold interpolation
everywhere.

Around sample x[n] and the half-way value h[n] behind it:

    q1[n] = Q0 (x[n] + h[n])   + Q1 (h[n-1] + x[n+1]) + Q2 (x[n-1] + h[n+1]) + Q3 (h[n-2] + x[n+2])
    q2[n] = Q0 (h[n] + x[n+1]) + Q1 (x[n] + h[n+1])   + Q2 (h[n-1] + x[n+2]) + Q3 (x[n-1] + h[n+2])
    between neighbours v, w of u v w z at that rate: E0 (v + w) + E1 (u + z)
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from masterprint.dsp.delay import Delay
from masterprint.dsp.jit import kernel

HALF_TAPS = 48
HISTORY = 68
"""Past frames in front of each line of new ones."""
LAG = 29
"""Frames by which what is judged trails what is given: line[HISTORY - LAG] is the first."""
SPARE = 20
"""Half-way values besides those of the frames judged: 16 before them, 4 after."""
GROUP = 16
"""Frames whose finer values are computed, or passed over, together."""


def _half() -> NDArray[np.float32]:
    """Sinc at half-sample offsets under a Kaiser window: flat within 0.04 dB to 0.46 fs."""
    offset = np.arange(HALF_TAPS) - (HALF_TAPS - 1) / 2
    taps = np.sinc(offset) * np.kaiser(HALF_TAPS, 5.0)
    return np.asarray(taps / taps.sum(), dtype=np.float32)


def _quarter() -> NDArray[np.float32]:
    """The right half of eight symmetric taps: flat within 0.01 dB where there is signal."""
    offset = np.arange(4) + 0.5
    window = np.i0(5.8 * np.sqrt(1.0 - (offset / 4.0) ** 2)) / np.i0(5.8)
    taps = np.sinc(offset) * window
    return np.asarray(taps / (2.0 * taps.sum()), dtype=np.float32)


HALF = _half()
QUARTER = _quarter()
EIGHTH = np.array([0.5695, -0.0695], np.float32)
"""Flat within 0.015 dB where there is signal."""


def _fine_bound() -> float:
    """Largest sum of |taps| from the doubled rate to any finer value."""
    quarter = np.concatenate([QUARTER[::-1], QUARTER]).astype(float)
    a, b = (float(tap) for tap in EIGHTH)
    # Around two neighbours v, w at the doubled rate: the new value q between them, and then the
    # values between v and q, made of v, q, w and the new value before v.
    line = np.zeros(10)
    v, w, q, before = line.copy(), line.copy(), line.copy(), line.copy()
    v[4] = w[5] = 1.0
    q[1:9] = quarter
    before[0:8] = quarter
    finest = a * (v + q) + b * (before + w)
    return max(float(np.abs(q).sum()), float(np.abs(finest).sum()))


FINE_BOUND = _fine_bound() * 1.000001
EIGHTH_BOUND = 2.0 * float(np.abs(EIGHTH).sum()) * 1.000001


@kernel("void(f4[::1], f4[::1], f4[::1], f4[::1])")
def halfway(
    line: NDArray[np.float32],
    taps: NDArray[np.float32],
    halves: NDArray[np.float32],
    highest: NDArray[np.float32],
) -> None:
    """Values midway between samples: halves[n] lies between line[n + 23] and line[n + 24].

    `highest` becomes the largest magnitude in every 16 frames: of halves[16 k] and what follows,
    and of the samples just before each of them.
    """
    length = taps.shape[0]
    largest = np.empty(512, np.float32)
    for tile in range(0, halves.shape[0], 512):
        value = halves[tile : tile + 512]
        count = value.shape[0]
        value[:] = np.float32(0.0)
        for k in range(0, length // 2, 2):
            tap = taps[k]
            next_tap = taps[k + 1]
            near = line[tile + k : tile + k + count]
            near_next = line[tile + k + 1 : tile + k + 1 + count]
            far = line[tile + length - 1 - k : tile + length - 1 - k + count]
            far_next = line[tile + length - 2 - k : tile + length - 2 - k + count]
            for n in range(count):
                value[n] += tap * (near[n] + far[n]) + next_tap * (near_next[n] + far_next[n])
        before = line[tile + 23 : tile + 23 + count]
        for n in range(count):
            largest[n] = max(abs(value[n]), abs(before[n]))
        largest[count:] = np.float32(0.0)
        # Halving the number four times is a few wide steps for the processor.
        for n in range(256):
            largest[n] = max(largest[2 * n], largest[2 * n + 1])
        for n in range(128):
            largest[n] = max(largest[2 * n], largest[2 * n + 1])
        for n in range(64):
            largest[n] = max(largest[2 * n], largest[2 * n + 1])
        group = highest[tile // 16 : tile // 16 + 32]
        for n in range(group.shape[0]):
            group[n] = max(largest[2 * n], largest[2 * n + 1])


class Doubled:
    """A stream at twice its rate, as the kernels that look between samples want it."""

    def __init__(self, channels: int) -> None:
        self._lines = Delay(channels, HISTORY, np.float32)

    def __call__(
        self, block: NDArray[np.float64]
    ) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]]:
        """For each channel: past frames and new ones, values midway, largest of each group."""
        frames = block.shape[1]
        self._lines.room(frames)[:] = block
        halves = np.empty(frames + SPARE, np.float32)
        highest = np.zeros((frames + GROUP - 1) // GROUP + 2, np.float32)
        for line in self._lines.line:
            halfway(line, HALF, halves, highest)
            yield line, halves, highest
