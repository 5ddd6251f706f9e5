"""What is left when one of two aligned programmes is taken off the other."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from masterprint.dsp.decibels import power_decibels
from masterprint.metering.kernels import levels
from masterprint.metering.meter import Meter
from masterprint.signal import Block


@dataclass(frozen=True)
class Residual:
    """What is left of a null test. None in dB means nothing at all: digital silence.

    Attributes:
        peak_dbfs: its largest sample.
        peak_at_s: where that is, in seconds of file A.
        rms_dbfs: root mean square over all channels; a sine at full scale has -3.01.
        integrated_lufs: gated loudness, BS.1770-5; None also where nothing passes the gates.
        null_depth_db: RMS of the residual over that of A, both where A and B meet.
    """

    peak_dbfs: float | None
    peak_at_s: float | None
    rms_dbfs: float | None
    integrated_lufs: float | None
    null_depth_db: float | None


class ResidualMeter:
    """Measures a residual, block by block.

    Args:
        sample_rate_hz, channels: of the blocks that will come.
        first_frame: of file A, at which the first block begins.
    """

    def __init__(self, sample_rate_hz: int, channels: int, first_frame: int) -> None:
        self._rate = sample_rate_hz
        self._first = first_frame
        self._totals = np.zeros((channels, 2))
        self._peak_frame = 0
        self._meter = Meter(sample_rate_hz, channels, true_peak=False)

    @property
    def peak(self) -> float:
        """Largest magnitude so far."""
        return float(self._totals[:, 1].max())

    def feed(self, block: Block) -> None:
        """Take in a block of shape (channels, frames)."""
        highest = self.peak
        levels(block, self._totals)
        if self.peak > highest:
            self._peak_frame = self._meter.frames + int(np.argmax(np.abs(block).max(axis=0)))
        self._meter.feed(block)

    def result(self, mean_square: float) -> Residual:
        """The figures, beside the mean square of file A."""
        if not self.peak > 0:
            return Residual(None, None, None, None, None)
        power = float(self._totals[:, 0].sum()) / (self._meter.frames * len(self._totals))
        return Residual(
            peak_dbfs=20.0 * math.log10(self.peak),
            peak_at_s=(self._first + self._peak_frame) / self._rate,
            rms_dbfs=power_decibels(power),
            integrated_lufs=self._meter.integrated_lufs(),
            null_depth_db=power_decibels(power / mean_square) if mean_square > 0 else None,
        )
