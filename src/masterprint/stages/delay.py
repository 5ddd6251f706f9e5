"""Echoes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np
from pydantic import Field

from masterprint.dsp.biquad import BiquadCascade
from masterprint.dsp.butterworth import butterworth
from masterprint.signal import Block, Signal
from masterprint.stages.base import Frequency
from masterprint.stages.blend import Blend, Level, frames_of


class Delay(Blend):
    """Delay: repeats what it hears, each time weaker.

    With D the time in whole frames, g the feedback and H the high cut, the repeats are

        e[n] = u[n - D],  u = H(x + g e),

    so the k-th comes k D frames after the sound, g^(k - 1) as strong and filtered k times. With
    `ping_pong`, the mean of both sides comes back on the left first, then on the right, and so on.

    Not pedalboard's Delay: that works in float32 and has neither filter nor ping-pong, while this
    is a few lines. Give the chain `tail_s` seconds for the end of the mix to be repeated.
    """

    stage_name: ClassVar[str] = "delay"

    wet_db: Level = Field(-12.0, description="level of the first repeat")
    time_ms: float = Field(375.0, ge=1, le=5000, description="from one repeat to the next")
    feedback: float = Field(0.3, ge=0, le=0.95, description="how strong each repeat is to the last")
    high_cut_hz: Frequency | None = Field(
        None, description="each repeat loses what lies above (6 dB per octave); null for no cut"
    )
    ping_pong: bool = Field(False, description="repeats change sides; two channels only")

    def memory_bytes(self, sample_rate_hz: int, channels: int) -> int:
        """The line."""
        return round(8 * self.time_ms / 1000 * sample_rate_hz) * channels

    def problems(self, sample_rate_hz: int, channels: int) -> list[str]:
        """Ping-pong needs two sides."""
        found = super().problems(sample_rate_hz, channels)
        if self.ping_pong and channels != 2:
            found.append(f"ping_pong works on 2 channels, the mix has {channels}")
        return found

    def apply(self, signal: Signal) -> Signal:
        """Repeat, and add."""
        return signal.carrying(self._repeating(signal))

    def _repeating(self, signal: Signal) -> Iterator[Block]:
        frames = frames_of(self.time_ms, signal.sample_rate_hz)
        sections = np.zeros((0, 5))
        if self.high_cut_hz is not None:
            sections = butterworth("lowpass", self.high_cut_hz, 1, signal.sample_rate_hz)
        cut = BiquadCascade(sections, signal.channels)
        line = np.zeros((signal.channels, frames))  # a ring
        place = 0
        for block in signal.blocks:
            repeats = np.empty_like(block)
            start = 0
            while start < block.shape[1]:
                stop = min(block.shape[1], start + frames - place)
                here = line[:, place : place + stop - start]
                repeats[:, start:stop] = here
                fed = cut(self._fed(block[:, start:stop], here))
                # Below -600 dBFS it holds zeros: repeats of 0.5 and more would never end, but stay
                # at the smallest denormal number for ever.
                here[:] = np.where(np.abs(fed) < 1e-30, 0.0, fed)
                place = (place + stop - start) % frames
                start = stop
            yield self.blend(block, repeats)

    def _fed(self, piece: Block, repeats: Block) -> Block:
        """What enters the delay: the signal, and the repeats that leave it."""
        if not self.ping_pong:
            return piece + self.feedback * repeats
        left = 0.5 * (piece[0] + piece[1]) + self.feedback * repeats[1]
        return np.stack([left, self.feedback * repeats[0]])
