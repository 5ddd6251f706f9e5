"""Chorus."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from masterprint.dsp.modulated import SwayingDelay
from masterprint.signal import Block, Signal
from masterprint.stages.blend import Blend, Level

SWING_MS = 10.0
LEAST_MS = 1.0


class Chorus(Blend):
    """Chorus: adds a copy whose delay sways.

    On any number of channels, which sway together:

        delay(t) = max(1 ms, centre_delay_ms + 10 ms * depth * sin(2 pi rate_hz t)),

    t from the beginning of the mix. `feedback` sends a share of the copy round again.

    Not pedalboard's Chorus, whose settings these are: it counts the time in float32, so that its
    rate is up to 5 % off, another at every sample rate (measured at 0.05 Hz and 192 kHz; 0.15 % at
    1 Hz), and it reads between samples by straight lines, which takes treble away.
    """

    stage_name: ClassVar[str] = "chorus"

    wet_db: Level = Field(-12.0, description="level of the swaying copy")
    rate_hz: float = Field(1.0, ge=0.01, le=20, description="how often it sways")
    depth: float = Field(0.25, ge=0, le=1, description="how far it sways: 1 is 10 ms each way")
    centre_delay_ms: float = Field(7.0, ge=1, le=100, description="delay about which it sways")
    # Up to here no audio whatever can make the loop grow, see `SwayingDelay`.
    feedback: float = Field(
        0.0, ge=-0.75, le=0.75, description="share of the copy that goes round again"
    )

    def apply(self, signal: Signal) -> Signal:
        """Sway, and add."""
        frames_per_ms = signal.sample_rate_hz / 1000.0
        copy = SwayingDelay(
            signal.channels,
            centre=self.centre_delay_ms * frames_per_ms,
            swing=SWING_MS * self.depth * frames_per_ms,
            least=LEAST_MS * frames_per_ms,
            turns_per_frame=self.rate_hz / signal.sample_rate_hz,
            feedback=self.feedback,
        )

        def with_copy(block: Block) -> Block:
            return self.blend(block, copy(block))

        return signal.map(with_copy)
