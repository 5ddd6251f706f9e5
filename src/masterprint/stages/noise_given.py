"""Steady noise as the settings of a chain: what a stage has found, or is given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from masterprint.metering.noise_profile import NONE_DB, third_octave_db
from masterprint.stages.base import Frequency, Settings

Array = NDArray[np.float64]
Seconds = Annotated[float, Field(ge=0, le=360000)]
Level = Annotated[float, Field(ge=NONE_DB, le=0)]


class NoiseBand(Settings):
    """How loud the noise is about a frequency."""

    frequency_hz: Frequency = Field(description="the middle of the band")
    level_db: list[Level] = Field(
        min_length=1,
        max_length=64,
        description="dBFS in a third of an octave, by channel; the last counts for any further",
    )


class NoiseChange(Settings):
    """How much louder the noise is than its profile at a time."""

    at_s: Seconds = Field(description="where, in seconds")
    change_db: float = Field(ge=-24, le=24, description="dB over the profile")


@dataclass(frozen=True)
class Noise:
    """The noise that is taken off, rounded as it stands in reports and chains.

    Attributes:
        hz: the middle of each band.
        level_db: dBFS per third of an octave, by channel and band.
        correlation: of left and right.
        course: seconds, and how many dB louder it is there.
    """

    hz: Array
    level_db: Array
    correlation: float
    course: list[tuple[float, float]]

    @classmethod
    def found(
        cls,
        hz: Array,
        per_bin_db: Array,
        correlation: float,
        course: list[tuple[float, float]],
        sample_rate_hz: int,
    ) -> Noise:
        """Noise of levels in dBFS per bin."""
        level_db = np.round(per_bin_db + third_octave_db(hz, sample_rate_hz), 1)
        level_db = np.clip(np.where(per_bin_db > NONE_DB, level_db, NONE_DB), NONE_DB, 0.0)
        return cls(np.round(hz, 1), level_db, correlation, course)

    @classmethod
    def given(
        cls,
        bands: Sequence[NoiseBand],
        correlation: float,
        course: Sequence[NoiseChange],
        channels: int,
    ) -> Noise:
        """Noise of settings."""
        bands = sorted(bands, key=lambda band: band.frequency_hz)
        rows = range(channels)
        level_db = [[b.level_db[min(row, len(b.level_db) - 1)] for b in bands] for row in rows]
        changes = sorted((change.at_s, change.change_db) for change in course)
        hz = np.array([band.frequency_hz for band in bands])
        return cls(hz, np.array(level_db), correlation, changes)

    def per_bin_db(self, sample_rate_hz: int) -> Array:
        """Levels in dBFS per bin; `NONE_DB` where there is none."""
        per_bin = self.level_db - third_octave_db(self.hz, sample_rate_hz)
        return np.where(self.level_db > NONE_DB, per_bin, NONE_DB)

    def as_settings(self) -> dict[str, Any]:
        """What `given` makes the same noise of."""
        bands = [
            {"frequency_hz": float(hz), "level_db": [float(level) for level in levels]}
            for hz, levels in zip(self.hz, self.level_db.T, strict=True)
        ]
        course = [{"at_s": at_s, "change_db": change} for at_s, change in self.course]
        return {"noise": bands, "correlation": self.correlation, "course": course or None}
