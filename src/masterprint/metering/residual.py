"""What two aligned programmes have in common, and what is left when one is taken off the other."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from masterprint.dsp.decibels import power_decibels
from masterprint.metering.kernels import levels
from masterprint.metering.meter import Meter
from masterprint.signal import Block

CLEAR = 0.5
"""A channel whose correlation is above has a polarity."""


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


class Likeness:
    """Sums from which the level difference and the correlation of two programmes come.

    Attributes:
        same: whether all samples have been equal so far.
        mirrored: whether all have been equal but for their sign.
        frames: fed so far.
    """

    def __init__(self, channels: int) -> None:
        self.same = self.mirrored = True
        self.frames = 0
        self._sums = np.zeros((3, channels))
        self._peaks = np.zeros(2)

    def feed(self, a: Block, b: Block) -> None:
        """Compare blocks of one shape (channels, frames)."""
        self.frames += a.shape[1]
        self.same = self.same and bool(np.array_equal(a, b))
        self.mirrored = self.mirrored and bool(np.array_equal(a, -b))
        for row, (one, other) in enumerate(((a, a), (b, b), (a, b))):
            self._sums[row] += np.einsum("cn,cn->c", one, other)
        self._peaks = np.maximum(self._peaks, [np.abs(a).max(), np.abs(b).max()])

    @property
    def peaks(self) -> tuple[float, float]:
        """Largest magnitudes of A and B."""
        return float(self._peaks[0]), float(self._peaks[1])

    @property
    def mean_square(self) -> float:
        """Of A, over all channels."""
        return float(self._sums[0].sum()) / max(1, self.frames * self._sums.shape[1])

    @property
    def correlation(self) -> float | None:
        """Coefficient over all channels, -1 to 1; None where a programme is silent."""
        of_a, of_b, of_both = self._sums.sum(axis=1)
        if not (of_a > 0 and of_b > 0):
            return None
        return float(max(-1.0, min(1.0, of_both / math.sqrt(of_a * of_b))))

    @property
    def channel_correlation(self) -> float:
        """The same where each channel may have its own polarity, 0 to 1; 0 where one is silent."""
        of_a, of_b, of_both = np.abs(self._sums).sum(axis=1)
        return float(min(1.0, of_both / math.sqrt(of_a * of_b))) if of_a * of_b > 0 else 0.0

    def polarities(self) -> list[int]:
        """1 or -1 for each channel in which A and B are alike; 0 for any other."""
        return [
            int(np.sign(both)) if abs(both) > CLEAR * math.sqrt(a * b) else 0
            for a, b, both in zip(*self._sums, strict=True)
        ]

    @property
    def factor(self) -> float:
        """What B is multiplied by for the deepest null: least squares, sum(ab) / sum(bb).

        Where some channels are inverted and others not, it levels all and turns none.
        """
        if self.same:
            return 1.0
        if self.mirrored:
            return -1.0
        _, of_b, of_both = self._sums.sum(axis=1)
        if {1, -1} <= set(self.polarities()):
            of_both = np.abs(self._sums[2]).sum()
        return float(of_both / of_b) if of_b > 0 else 1.0

    def factors(self) -> list[float | None]:
        """The same for each channel; None where one is silent."""
        return [
            float(both / b) if a > 0 and b > 0 else None
            for a, b, both in zip(*self._sums, strict=True)
        ]


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
