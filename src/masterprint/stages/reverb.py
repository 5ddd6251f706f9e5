"""Reverberation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np
from pydantic import Field

from masterprint.dsp.biquad import BiquadCascade
from masterprint.dsp.butterworth import butterworth
from masterprint.dsp.delay import Delay
from masterprint.dsp.pedal import Pedal, pieces_of
from masterprint.signal import Block, Signal
from masterprint.stages.base import Frequency
from masterprint.stages.blend import Blend, Level, frames_of

CUT_ORDER = 2


class Reverb(Blend):
    """Reverb: a room around the mix, by the `Reverb` of pedalboard.

    That is Freeverb (Jezar at Dreampoint, 2000) as JUCE has it: eight damped combs side by side and
    four all-passes behind them, for each side, in float32. Their times follow the sample rate. The
    first sound comes back after 25 ms and the pre-delay. `wet_db` 0 is about as loud as the dry
    signal: noise that is the same on both sides comes back 6 dB weaker to 7 dB stronger, the more
    so the larger and the less damped the room; independent noise, and a `width` of 0, each 3 dB
    less.

    JUCE has it for one and two channels. A mono mix sounds as the left side of the same mix in
    stereo. Combs gather what lies very low, which the low cut takes out again. On x86 processors
    JUCE adds 0.1 to all that goes round and takes it off again, against denormal numbers, and the
    rounding keeps a rest going round for ever: with `wet_db` 0 at -130 dBFS RMS in the default room
    and at -111 dBFS in the largest, with peaks 14 dB above. Give the chain `tail_s` seconds for the
    end of the mix to ring.
    """

    stage_name: ClassVar[str] = "reverb"
    # With more channels pedalboard's Reverb gives back what it got, dry and without a word.
    channel_counts: ClassVar[frozenset[int] | None] = frozenset({1, 2})

    wet_db: Level = Field(-18.0, description="level of the reverberation")
    room_size: float = Field(
        0.5, ge=0, le=1, description="how long it rings: from about 0.6 s to over 10 s"
    )
    damping: float = Field(0.5, ge=0, le=1, description="how much sooner the treble dies away")
    width: float = Field(1.0, ge=0, le=1, description="0 for a reverberation in mono, 1 for a wide")
    pre_delay_ms: float = Field(0.0, ge=0, le=500, description="how much later it begins")
    low_cut_hz: Frequency | None = Field(
        150.0, description="the reverberation has little below (12 dB per octave); null for no cut"
    )
    high_cut_hz: Frequency | None = Field(
        None, description="the reverberation has little above (12 dB per octave); null for no cut"
    )

    def apply(self, signal: Signal) -> Signal:
        """Delay, reverberate, filter, add."""
        return signal.carrying(self._reverberated(signal))

    def _reverberated(self, signal: Signal) -> Iterator[Block]:
        import pedalboard

        mono = signal.channels == 1
        room = Pedal(
            pedalboard.Reverb(
                room_size=self.room_size,
                damping=self.damping,
                # Inside, the wet level is multiplied by 3. In stereo both sides add up to what
                # enters the combs; in mono only one does, and width would take level away.
                wet_level=(2.0 if mono else 1.0) / 3.0,
                dry_level=0.0,
                width=1.0 if mono else self.width,
            ),
            signal.sample_rate_hz,
        )
        before = Delay(signal.channels, frames_of(self.pre_delay_ms, signal.sample_rate_hz))
        cut = self._cut(signal)
        for piece in pieces_of(signal):
            before.room(piece.shape[1])[:] = piece
            wet = room(before.line[:, : piece.shape[1]])
            yield self.blend(piece, cut(wet))

    def _cut(self, signal: Signal) -> BiquadCascade:
        rate = signal.sample_rate_hz
        sections = [np.zeros((0, 5))]
        if self.low_cut_hz is not None:
            sections.append(butterworth("highpass", self.low_cut_hz, CUT_ORDER, rate))
        if self.high_cut_hz is not None:
            sections.append(butterworth("lowpass", self.high_cut_hz, CUT_ORDER, rate))
        return BiquadCascade(np.vstack(sections), signal.channels)
