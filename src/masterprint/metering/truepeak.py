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
from masterprint.metering.kernels import true_peaks


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
