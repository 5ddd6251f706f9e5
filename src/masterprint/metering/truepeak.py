"""True peak after BS.1770-5 Annex 2, at eight times the sample rate."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from masterprint.dsp.interpolation import FINE, FINE_BOUND, HALF
from masterprint.metering.kernels import (
    HALF_SPARE,
    TRUE_PEAK_HISTORY,
    TRUE_PEAK_LAG,
    true_peaks,
)


class TruePeakMeter:
    """The largest magnitude between the samples of each 100 ms, as blocks come by.

    The samples themselves are not looked at in full precision here: the true peak is the larger
    of this and the sample peak.
    """

    def __init__(self, sample_rate_hz: int, channels: int) -> None:
        self._rate = sample_rate_hz
        self._past = np.zeros((channels, TRUE_PEAK_HISTORY), np.float32)
        self._peaks = np.zeros(64, np.float32)
        self._position = -TRUE_PEAK_LAG

    def feed(self, block: NDArray[np.float64]) -> None:
        """Measure a block of shape (channels, frames)."""
        channels, frames = block.shape
        intervals = (self._position + frames) * 10 // self._rate + 2
        if intervals > len(self._peaks):
            self._peaks = np.concatenate([self._peaks, np.zeros(intervals, np.float32)])
        halves = np.empty(frames + HALF_SPARE, np.float32)
        line = np.empty(TRUE_PEAK_HISTORY + frames, np.float32)
        for channel in range(channels):
            line[:TRUE_PEAK_HISTORY] = self._past[channel]
            line[TRUE_PEAK_HISTORY:] = block[channel]
            true_peaks(
                line, halves, HALF, FINE, FINE_BOUND, self._peaks, self._position, self._rate
            )
            self._past[channel] = line[-TRUE_PEAK_HISTORY:]
        self._position += frames

    def finish(self) -> NDArray[np.float64]:
        """Largest magnitude per 100 ms, to the end of the programme."""
        frames = self._position + TRUE_PEAK_LAG
        self.feed(np.zeros((len(self._past), TRUE_PEAK_LAG)))
        return self._peaks[: max(1, -(-frames * 10 // self._rate))].astype(np.float64)
