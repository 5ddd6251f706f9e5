"""What is heard of a whole programme before it is held against another."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from masterprint.dsp.midside import mid_and_side
from masterprint.metering.meter import Meter
from masterprint.metering.tone import Tone, centres
from masterprint.signal import Block, Signal


class Heard:
    """A programme with its loudness, and the spectrum of its louder parts, once it has passed.

    Args:
        signal: the programme; it is used up.
        rows: 1 to hear only the mid, or 2 for mid and side; None for as many as it has channels.

    Attributes:
        centres: frequencies in hertz that the spectrum is told at.
        power: by row and frequency, shape (rows, bands).
        share: of all pieces of the programme, those that are loud enough to count.
        lufs: integrated loudness; None where there is none.
    """

    def __init__(self, signal: Signal, rows: int | None = None) -> None:
        self._signal = signal
        self._rows = min(2, rows or signal.channels)
        self._meter = Meter(signal.sample_rate_hz, signal.channels, true_peak=False)
        self._tone = Tone(signal.sample_rate_hz, self._rows)
        self.centres = centres(signal.sample_rate_hz)
        self.lufs: float | None = None
        self.share = 0.0
        self.power = np.zeros((self._rows, len(self.centres)))

    def passing(self) -> Iterator[Block]:
        """Its blocks; what was heard is known behind the last."""
        for block in self._meter.passing(self._signal.blocks):
            self._tone.feed(self._parts(block))
            yield block
        self.lufs = self._meter.integrated_lufs()
        self.power, self.share = self._tone.loudest()

    def _parts(self, block: Block) -> Block:
        """Mid and side; the mid alone where that is what is compared."""
        mid, side = mid_and_side(block) if len(block) == 2 else (block, np.zeros_like(block))
        return mid if self._rows == 1 else np.concatenate([mid, side])
