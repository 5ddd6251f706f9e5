"""Butterworth low-pass."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from masterprint.dsp.biquad import BiquadCascade
from masterprint.dsp.butterworth import butterworth
from masterprint.signal import Signal
from masterprint.stages.base import Frequency, Slope, Stage


class Lowpass(Stage):
    """Butterworth low-pass: takes off what a medium cannot hold, such as the top of a lacquer."""

    stage_name: ClassVar[str] = "lowpass"

    frequency_hz: Frequency = Field(18000.0, description="where it is 3 dB down")
    slope_db_per_octave: Slope = Field(12, description="steepness, in steps of 6")

    def apply(self, signal: Signal) -> Signal:
        """Filter with the sections of `dsp.butterworth`."""
        order = self.slope_db_per_octave // 6
        sections = butterworth("lowpass", self.frequency_hz, order, signal.sample_rate_hz)
        return signal.map(BiquadCascade(sections, signal.channels))
