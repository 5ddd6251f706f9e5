"""True peak after BS.1770-5 Annex 2, at eight times the sample rate."""

from __future__ import annotations

import copy

import numpy as np
from numpy.typing import NDArray

from masterprint.dsp.interpolation import (
    EIGHTH,
    EIGHTH_BOUND,
    FINE_BOUND,
    LAG,
    QUARTER,
    Doubled,
)
from masterprint.dsp.jit import kernel


@kernel("void(f4[::1], f4[::1], f4[::1], f4[::1], f4[::1], f4, f4, f4[::1], i8, i8)")
def true_peaks(
    line: NDArray[np.float32],
    halves: NDArray[np.float32],
    highest: NDArray[np.float32],
    quarter: NDArray[np.float32],
    eighth: NDArray[np.float32],
    fine_bound: float,
    eighth_bound: float,
    peaks: NDArray[np.float32],
    position: int,
    sample_rate_hz: int,
) -> None:
    """The largest magnitude between samples in every 100 ms, at eight times the sample rate.

    Finer values than the half-way ones are computed only in groups of 16 frames where the bounds
    of `dsp.interpolation` do not rule out a new maximum of their 100 ms.

    Args:
        line, halves, highest: of one channel, from `dsp.interpolation.Doubled`.
        quarter, eighth, fine_bound, eighth_bound: from `dsp.interpolation`.
        peaks: per 100 ms, raised where something larger is found; interval k ends at
            (k + 1) * rate // 10.
        position: place in the programme of the first judged frame, which is line[39].
        sample_rate_hz: frames per second.
    """
    frames = line.shape[0] - 68
    # Floats without their sign compare like whole numbers, of which the compiler finds the largest
    # eight at a time.
    samples = line.view(np.int32)
    between = halves.view(np.int32)
    found = np.empty(1, np.float32)
    word = found.view(np.int32)
    c0, c1, c2, c3 = quarter
    e0, e1 = eighth
    first = np.empty(18, np.float32)
    second = np.empty(18, np.float32)
    interval = ((position + 1) * 10 - 1) // sample_rate_hz if position >= 0 else 0
    start = 0
    while start < frames:
        stop = min(frames, (interval + 1) * sample_rate_hz // 10 - position)
        top = np.int32(0)
        for n in range(start, stop):
            sample = np.int32(samples[39 + n] & np.int32(0x7FFFFFFF))
            half = np.int32(between[16 + n] & np.int32(0x7FFFFFFF))
            higher = sample if sample > half else half
            top = higher if higher > top else top
        word[0] = top
        peak = max(peaks[interval], found[0])
        at = start
        while at < stop:
            group = at // 16
            count = min(stop, 16 * group + 16) - at
            largest = max(highest[group + 1], max(highest[group], highest[group + 2]))
            if largest * fine_bound > peak:
                # x[n] is x[n + 2] and h[n] is h[n + 3] of these views: n runs from -1 to count.
                x = line[37 + at : 42 + at + count]
                h = halves[13 + at : 19 + at + count]
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
                for n in range(1, count + 1):
                    peak = max(peak, max(abs(first[n]), abs(second[n])))
                if largest * eighth_bound > peak:
                    for n in range(1, count + 1):
                        sample, half, following = x[n + 1], h[n + 2], x[n + 2]
                        u = e0 * (sample + first[n]) + e1 * (second[n - 1] + half)
                        v = e0 * (first[n] + half) + e1 * (sample + second[n])
                        w = e0 * (half + second[n]) + e1 * (first[n] + following)
                        z = e0 * (second[n] + following) + e1 * (half + first[n + 1])
                        peak = max(peak, max(max(abs(u), abs(v)), max(abs(w), abs(z))))
            at += count
        peaks[interval] = peak
        interval += 1
        start = stop


class TruePeakMeter:
    """The largest magnitude between the samples of each 100 ms, as blocks come by.

    The samples themselves are not looked at in full precision here: the true peak is the larger
    of this and the sample peak.
    """

    def __init__(self, sample_rate_hz: int, channels: int) -> None:
        self._rate = sample_rate_hz
        self._channels = channels
        self._doubled = Doubled(channels)
        self._peaks = np.zeros(64, np.float32)
        self._position = -LAG

    def feed(self, block: NDArray[np.float64]) -> None:
        """Measure a block of shape (channels, frames)."""
        frames = block.shape[1]
        intervals = (self._position + frames) * 10 // self._rate + 2
        if intervals > len(self._peaks):
            self._peaks = np.concatenate([self._peaks, np.zeros(intervals, np.float32)])
        for doubled in self._doubled(block):
            true_peaks(
                *doubled,
                QUARTER,
                EIGHTH,
                FINE_BOUND,
                EIGHTH_BOUND,
                self._peaks,
                self._position,
                self._rate,
            )
        self._position += frames

    def finish(self) -> NDArray[np.float64]:
        """Largest magnitude per 100 ms, to the end of the programme."""
        frames = self._position + LAG
        ended = copy.deepcopy(self)  # more may come
        ended.feed(np.zeros((self._channels, LAG)))
        return ended._peaks[: max(1, -(-frames * 10 // self._rate))].astype(np.float64)
