"""True peak after BS.1770-5 Annex 2, at eight times the sample rate."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from masterprint.dsp.interpolation import (
    EIGHTH,
    EIGHTH_BOUND,
    FINE_BOUND,
    HALF,
    HISTORY,
    LAG,
    QUARTER,
    SPARE,
    halfway,
)
from masterprint.metering.kernels import true_peaks


class TruePeakMeter:
    """The largest magnitude between the samples of each 100 ms, as blocks come by.

    The samples themselves are not looked at in full precision here: the true peak is the larger
    of this and the sample peak.
    """

    def __init__(self, sample_rate_hz: int, channels: int) -> None:
        self._rate = sample_rate_hz
        self._past = np.zeros((channels, HISTORY), np.float32)
        self._peaks = np.zeros(64, np.float32)
        self._position = -LAG

    def feed(self, block: NDArray[np.float64]) -> None:
        """Measure a block of shape (channels, frames)."""
        channels, frames = block.shape
        intervals = (self._position + frames) * 10 // self._rate + 2
        if intervals > len(self._peaks):
            self._peaks = np.concatenate([self._peaks, np.zeros(intervals, np.float32)])
        halves = np.empty(frames + SPARE, np.float32)
        line = np.empty(HISTORY + frames, np.float32)
        for channel in range(channels):
            line[:HISTORY] = self._past[channel]
            line[HISTORY:] = block[channel]
            halfway(line, HALF, halves)
            true_peaks(
                line,
                halves,
                QUARTER,
                EIGHTH,
                FINE_BOUND,
                EIGHTH_BOUND,
                self._peaks,
                self._position,
                self._rate,
            )
            self._past[channel] = line[-HISTORY:]
        self._position += frames

    def finish(self) -> NDArray[np.float64]:
        """Largest magnitude per 100 ms, to the end of the programme."""
        frames = self._position + LAG
        held = self._past.copy(), self._peaks.copy(), self._position
        self.feed(np.zeros((len(self._past), LAG)))
        found = self._peaks[: max(1, -(-frames * 10 // self._rate))].astype(np.float64)
        self._past, self._peaks, self._position = held  # more may come
        return found
