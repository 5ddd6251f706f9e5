"""The largest magnitude around every sample, also between it and its neighbours."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from masterprint.dsp.interpolation import EIGHTH, EIGHTH_BOUND, FINE_BOUND, QUARTER, Doubled
from masterprint.dsp.jit import kernel


@kernel("void(f4[::1], f4[::1], f4[::1], f4[::1], f4[::1], f4, f4, f4, f4[::1], f4[::1])")
def surrounding_peaks(
    line: NDArray[np.float32],
    halves: NDArray[np.float32],
    highest: NDArray[np.float32],
    quarter: NDArray[np.float32],
    eighth: NDArray[np.float32],
    fine_bound: float,
    eighth_bound: float,
    threshold: float,
    before: NDArray[np.float32],
    peaks: NDArray[np.float32],
) -> None:
    """Largest magnitude at and on both sides of each sample, at eight times the rate.

    Exact where it exceeds `threshold`; elsewhere it may leave out the finer values. Arguments as
    for `metering.truepeak.true_peaks`; `before` holds the largest magnitude between the first
    judged sample and the one before it, and is updated.
    """
    frames = peaks.shape[0]
    c0, c1, c2, c3 = quarter
    e0, e1 = eighth
    between = np.empty(17, np.float32)
    first = np.empty(18, np.float32)
    second = np.empty(18, np.float32)
    between[0] = before[0]
    for at in range(0, frames, 16):
        count = min(16, frames - at)
        group = at // 16
        largest = max(highest[group + 1], max(highest[group], highest[group + 2]))
        # x[n] is x[n + 2] and h[n] is h[n + 3] of these views: n runs from -1 to count.
        x = line[37 + at : 42 + at + count]
        h = halves[13 + at : 19 + at + count]
        for n in range(count):
            between[n + 1] = abs(h[n + 3])
        if largest * fine_bound > threshold:
            for n in range(count + 2):
                first[n] = (
                    c0 * (x[n + 1] + h[n + 2])
                    + c1 * (h[n + 1] + x[n + 2])
                    + c2 * (x[n] + h[n + 3])
                    + c3 * (h[n] + x[n + 3])
                )
                second[n] = (
                    c0 * (h[n + 2] + x[n + 2])
                    + c1 * (x[n + 1] + h[n + 3])
                    + c2 * (h[n + 1] + x[n + 3])
                    + c3 * (x[n] + h[n + 4])
                )
            for n in range(count + 2):
                largest = max(largest, max(abs(first[n]), abs(second[n])))
            for n in range(count):
                between[n + 1] = max(between[n + 1], max(abs(first[n + 1]), abs(second[n + 1])))
            if largest * eighth_bound > threshold:
                for n in range(count):
                    sample, half, following = x[n + 2], h[n + 3], x[n + 3]
                    u = e0 * (sample + first[n + 1]) + e1 * (second[n] + half)
                    v = e0 * (first[n + 1] + half) + e1 * (sample + second[n + 1])
                    w = e0 * (half + second[n + 1]) + e1 * (first[n + 1] + following)
                    z = e0 * (second[n + 1] + following) + e1 * (half + first[n + 2])
                    inner = max(max(abs(u), abs(v)), max(abs(w), abs(z)))
                    between[n + 1] = max(between[n + 1], inner)
        for n in range(count):
            peaks[at + n] = max(max(between[n], between[n + 1]), abs(x[n + 2]))
        between[0] = between[count]
    before[0] = between[0]


class SurroundingPeaks:
    """`surrounding_peaks` of a stream, late by `interpolation.LAG` frames.

    Args:
        channels: rows of the blocks.
        threshold: magnitudes up to this need not be exact.
    """

    def __init__(self, channels: int, threshold: float) -> None:
        self._threshold = threshold
        self._doubled = Doubled(channels)
        self._before = np.zeros((channels, 1), np.float32)

    def __call__(self, block: NDArray[np.float64]) -> NDArray[np.float32]:
        """Peaks of the frames of `LAG` frames ago, shape (channels, frames)."""
        peaks = np.empty(block.shape, np.float32)
        for doubled, before, row in zip(self._doubled(block), self._before, peaks, strict=True):
            surrounding_peaks(
                *doubled, QUARTER, EIGHTH, FINE_BOUND, EIGHTH_BOUND, self._threshold, before, row
            )
        return peaks
