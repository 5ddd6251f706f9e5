"""The largest magnitude around every sample, also between it and its neighbours."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from masterprint.dsp.delay import Delay
from masterprint.dsp.interpolation import (
    EIGHTH,
    EIGHTH_BOUND,
    FINE_BOUND,
    HALF,
    HISTORY,
    QUARTER,
    SPARE,
    halfway,
)
from masterprint.dsp.jit import kernel


@kernel("void(f4[::1], f4[::1], f4[::1], f4[::1], f4, f4, f4, f4[::1], f4[::1])")
def surrounding_peaks(
    line: NDArray[np.float32],
    halves: NDArray[np.float32],
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
    for `metering.kernels.true_peaks`; `before` holds the largest magnitude between the first
    judged sample and the one before it, and is updated.
    """
    frames = line.shape[0] - 56
    c0, c1, c2, c3 = quarter
    e0, e1 = eighth
    between = np.empty(16, np.float32)
    first = np.empty(18, np.float32)
    second = np.empty(18, np.float32)
    last = before[0]
    for at in range(0, frames, 16):
        count = min(16, frames - at)
        # x[n] is x[n + 2] and h[n] is h[n + 3] of these views: n runs from -1 to count.
        x = line[25 + at : 30 + at + count]
        h = halves[1 + at : 7 + at + count]
        largest = np.float32(0.0)
        for n in range(x.shape[0]):
            largest = max(largest, abs(x[n]))
        for n in range(h.shape[0]):
            largest = max(largest, abs(h[n]))
        for n in range(count):
            between[n] = abs(h[n + 3])
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
                between[n] = max(between[n], max(abs(first[n + 1]), abs(second[n + 1])))
            if largest * eighth_bound > threshold:
                for n in range(count):
                    sample, half, following = x[n + 2], h[n + 3], x[n + 3]
                    u = e0 * (sample + first[n + 1]) + e1 * (second[n] + half)
                    v = e0 * (first[n + 1] + half) + e1 * (sample + second[n + 1])
                    w = e0 * (half + second[n + 1]) + e1 * (first[n + 1] + following)
                    z = e0 * (second[n + 1] + following) + e1 * (half + first[n + 2])
                    inner = max(max(abs(u), abs(v)), max(abs(w), abs(z)))
                    between[n] = max(between[n], inner)
        for n in range(count):
            peaks[at + n] = max(max(last, between[n]), abs(x[n + 2]))
            last = between[n]
    before[0] = last


class SurroundingPeaks:
    """`surrounding_peaks` of a stream, late by `interpolation.LAG` frames.

    Args:
        channels: rows of the blocks.
        threshold: magnitudes up to this need not be exact.
    """

    def __init__(self, channels: int, threshold: float) -> None:
        self._threshold = threshold
        self._lines = Delay(channels, HISTORY, np.float32)
        self._before = np.zeros((channels, 1), np.float32)

    def __call__(self, block: NDArray[np.float64]) -> NDArray[np.float32]:
        """Peaks of the frames of `LAG` frames ago, shape (channels, frames)."""
        frames = block.shape[1]
        self._lines.room(frames)[:] = block
        peaks = np.empty(block.shape, np.float32)
        halves = np.empty(frames + SPARE, np.float32)
        for line, before, row in zip(self._lines.line, self._before, peaks, strict=True):
            halfway(line, HALF, halves)
            surrounding_peaks(
                line,
                halves,
                QUARTER,
                EIGHTH,
                FINE_BOUND,
                EIGHTH_BOUND,
                self._threshold,
                before,
                row,
            )
        return peaks
