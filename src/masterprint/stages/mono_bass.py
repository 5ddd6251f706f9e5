"""A narrow low end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from masterprint.dsp.biquad import BiquadCascade
from masterprint.dsp.butterworth import linkwitz_riley
from masterprint.dsp.fir import convolve
from masterprint.dsp.midside import left_and_right, mid_and_side
from masterprint.signal import Block, Signal, fork, join
from masterprint.stages.base import Frequency, Phase, Stage
from masterprint.stages.crossover import lowpass_taps


class MonoBass(Stage):
    """Mono bass: takes the side out below a frequency, for a tight low end and for lacquers.

    Minimum phase: the side goes through a Linkwitz-Riley high-pass, the mid through the all-pass
    with the same phase, so that the two stay together. Linear phase: the side loses its low-passed
    self, the mid is untouched. A single channel has no side, and passes as it is.
    """

    stage_name: ClassVar[str] = "mono_bass"
    channel_counts: ClassVar[frozenset[int] | None] = frozenset({1, 2})
    compares_channels: ClassVar[bool] = True

    frequency_hz: Frequency = Field(120.0, description="below this the side goes, 6 dB down at it")
    slope_db_per_octave: Literal[12, 24, 36, 48] = Field(24, description="how steeply it goes")
    phase: Phase = Field("minimum", description="minimum as analogue, or linear")

    def apply(self, signal: Signal) -> Signal:
        """Work on mid and side, and put them back together."""
        if signal.channels == 1:
            return signal
        return self._linear(signal) if self.phase == "linear" else self._minimum(signal)

    def _minimum(self, signal: Signal) -> Signal:
        settings = (self.frequency_hz, self.slope_db_per_octave, signal.sample_rate_hz)
        # At 12 and 36 dB per octave the two ends of the band are half a turn apart; what lies above
        # keeps its polarity.
        sign = -1.0 if self.slope_db_per_octave in (12, 36) else 1.0
        around_sections = linkwitz_riley("allpass", *settings)
        above_sections = linkwitz_riley("highpass", *settings)
        around_sections[0, :3] *= sign
        above_sections[0, :3] *= sign
        around = BiquadCascade(around_sections, 1)
        above = BiquadCascade(above_sections, 1)

        def narrow(block: Block) -> Block:
            mid, side = mid_and_side(block)
            return left_and_right(around(mid), above(side))

        return signal.map(narrow)

    def _linear(self, signal: Signal) -> Signal:
        taps = lowpass_taps(self.frequency_hz, self.slope_db_per_octave, signal.sample_rate_hz)

        def with_side() -> Iterator[tuple[Block, Block]]:
            for block in signal.blocks:
                yield block, mid_and_side(block)[1]

        whole, side = fork(with_side(), 2)
        low = convolve(signal.carrying(side, channels=1), taps)

        def narrow() -> Iterator[Block]:
            for low_side, block in join(low.blocks, whole):
                yield block - np.concatenate([low_side, -low_side])

        return signal.carrying(narrow())
