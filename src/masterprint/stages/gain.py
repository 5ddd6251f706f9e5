"""Plain gain."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from masterprint.dsp.decibels import amplitude
from masterprint.signal import Signal
from masterprint.stages.base import Gain as GainDb
from masterprint.stages.base import Stage


class Gain(Stage):
    """Gain: sets the level into what follows."""

    stage_name: ClassVar[str] = "gain"

    gain_db: GainDb = Field(0.0, description="level change")

    def apply(self, signal: Signal) -> Signal:
        """Multiply by 10^(gain_db / 20)."""
        factor = amplitude(self.gain_db)
        return signal.map(lambda block: block * factor)
