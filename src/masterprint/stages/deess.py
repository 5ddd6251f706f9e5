"""De-esser."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from masterprint.dsp.fir import convolve
from masterprint.dsp.reaction import Curve, Detector, Reaction, report_of, rows_for
from masterprint.signal import Block, Signal, fork, join
from masterprint.stages.base import Stage
from masterprint.stages.crossover import lowpass_taps

RMS_WINDOW_S = 0.003
SLOPE_DB_PER_OCTAVE = 48
NOTHING = 1e-30
"""Power of what has no level: digital silence is no sibilant."""


class Deess(Stage):
    """De-esser: takes the sharpness off sibilants, and off cymbals that hurt.

    Split-band: what lies above `low_hz` (and below `high_hz`, if that is set) is taken out by a
    linear-phase filter and put back quieter, so that the rest of the signal is not touched and
    nothing is smeared. The threshold is relative: it compares the level of the band with that of
    the whole signal, both as RMS over 3 ms, so that a soft passage is treated like a loud one. An S
    is nearly all band (-3 to 0 dB), a vowel hardly any (-30 to -15 dB).
    """

    stage_name: ClassVar[str] = "deess"

    low_hz: float = Field(
        5000.0, ge=1000, le=16000, description="where the band begins (48 dB per octave)"
    )
    high_hz: Annotated[float, Field(ge=1500, le=20000)] | None = Field(
        None, description="where the band ends; null for no end"
    )
    threshold_db: float = Field(
        -7.0, ge=-40, le=0, description="level of the band beside the whole where it begins, dB"
    )
    ratio: float = Field(4.0, ge=1, le=100, description="dB in per dB out above the threshold")
    range_db: float = Field(8.0, ge=0, le=30, description="most that the band is turned down")
    knee_db: float = Field(4.0, ge=0, le=24, description="width of the bend about the threshold")
    attack_ms: float = Field(1.0, ge=0.01, le=100, description="time to 63 % of the reduction")
    release_ms: float = Field(40.0, ge=1, le=1000, description="time to 63 % of the way back")
    floor_db: float = Field(
        -50.0, ge=-120, le=0, description="a band below this level is hiss, no sibilant, dBFS"
    )
    link: float = Field(1.0, ge=0, le=1, description="1 moves all channels together, 0 each alone")

    @model_validator(mode="after")
    def _in_order(self) -> Deess:
        if self.high_hz is not None and self.high_hz <= self.low_hz:
            raise ValueError(
                f"found high_hz {self.high_hz:g} and low_hz {self.low_hz:g}; the band has to end "
                "above where it begins"
            )
        return self

    def apply(self, signal: Signal) -> Signal:
        """De-ess, and report the largest and the mean gain reduction of the band."""
        return signal.carrying(self._deessed(signal))

    def _deessed(self, signal: Signal) -> Iterator[Block]:
        rate, channels = signal.sample_rate_hz, signal.channels
        curve = Curve(self.threshold_db, 1.0 - 1.0 / self.ratio, self.knee_db, self.range_db)
        rows = rows_for(channels, self.link)
        times = self.attack_ms / 1000.0, self.release_ms / 1000.0
        reaction = Reaction(curve, *times, rate, rows, self.link)
        of_band, of_whole = (Detector(channels, rate, RMS_WINDOW_S, rows) for _ in range(2))
        floor = 10.0 ** (self.floor_db / 10.0)
        whole, copy = fork(((block, block) for block in signal.blocks), 2)
        bands = convolve(signal.carrying(copy), self._taps(rate)).blocks
        for block, band in join(whole, bands):
            inside, outside = of_band(band), of_whole(block)
            relative = np.where(inside > floor, inside / np.maximum(outside, NOTHING), 0.0)
            gains = reaction.gains(relative)
            yield block + band * (gains - 1.0)
        signal.report.update(report_of(reaction.most_db, reaction.mean_db))

    def _taps(self, rate: int) -> NDArray[np.float64]:
        """What lets the band pass: everything, or what is below `high_hz`, less what is lower."""
        below = lowpass_taps(self.low_hz, SLOPE_DB_PER_OCTAVE, rate)
        taps = -below
        middle = len(taps) // 2
        if self.high_hz is None:
            taps[middle] += 1.0
            return taps
        upper = lowpass_taps(self.high_hz, SLOPE_DB_PER_OCTAVE, rate)
        reach = len(upper) // 2
        taps[middle - reach : middle + reach + 1] += upper
        return taps
