"""Stages that add an effect to the signal: the dry signal, and the effect at a level of its own."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from masterprint.dsp.decibels import amplitude
from masterprint.signal import Block
from masterprint.stages.base import Stage

Level = Annotated[float, Field(ge=-60, le=12)]


class Blend(Stage):
    """A stage of which comes out dry * x + wet * effect(x).

    The dry signal never leaves float64 and is where it was. Where `dry_db` is null there is none,
    and what comes out is as late as the effect itself is: an echo of 300 ms comes 300 ms late.
    """

    dry_db: Level | None = Field(0.0, description="level of the signal itself; null for none")
    wet_db: Level = Field(-18.0, description="level of the effect")

    def blend(self, dry: Block, wet: Block) -> Block:
        """Both at their levels, added up."""
        effect = wet * amplitude(self.wet_db)
        return effect if self.dry_db is None else dry * amplitude(self.dry_db) + effect


def frames_of(time_ms: float, sample_rate_hz: int) -> int:
    """A time in whole frames, rounded to nearest."""
    return round(time_ms / 1000.0 * sample_rate_hz)
