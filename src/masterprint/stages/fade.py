"""Fade."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from masterprint.scratch import Scratch
from masterprint.signal import Block, Signal
from masterprint.stages.base import Stage

Curve = Literal["linear", "cosine", "root", "exponential"]
Length = Annotated[float, Field(ge=0, le=120)]

DEEPEST_DB = 60.0
"""Where an exponential fade, which has no end, begins or ends in silence."""


class Fade(Stage):
    """Fade: in at the beginning, out at the end.

    With x from 0 to 1 over a fade-in: `linear` is x; `cosine` (1 - cos(pi x)) / 2, an S that begins
    and ends gently; `root` sin(pi x / 2), which crosses another one at equal power; `exponential`
    10^(-3 (1 - x)), so many dB each second, less what is left of it at -60 dB. A fade-out is the
    same backwards. The first sample of a fade-in and the last of a fade-out are silent. Of a
    programme that is shorter than a fade, the fade has not all its length.
    """

    stage_name: ClassVar[str] = "fade"

    in_s: Length = Field(0.0, description="length of the fade-in")
    out_s: Length = Field(0.0, description="length of the fade-out")
    in_curve: Curve = Field("cosine", description="shape of the fade-in")
    out_curve: Curve = Field("cosine", description="shape of the fade-out")

    def apply(self, signal: Signal) -> Signal:
        """Fade."""
        if not (self.in_s or self.out_s):
            return signal
        return signal.carrying(self._out(signal, self._in(signal)))

    def _in(self, signal: Signal) -> Iterator[Block]:
        frames = round(self.in_s * signal.sample_rate_hz)
        position = 0
        for block in signal.blocks:
            count = min(block.shape[1], frames - position)
            if count > 0:
                gains = np.ones(block.shape[1])
                gains[:count] = fade_in(self.in_curve, (position + np.arange(count)) / frames)
                yield block * gains
            else:
                yield block
            position += block.shape[1]

    def _out(self, signal: Signal, blocks: Iterator[Block]) -> Iterator[Block]:
        """The end is known only when it is there: as much as the fade is long is held back."""
        frames = round(self.out_s * signal.sample_rate_hz)
        held = Scratch()
        lengths: list[int] = []
        waiting = 0
        try:
            for block in blocks:
                held.append(block)
                lengths.append(block.shape[1])
                waiting += block.shape[1]
                while lengths and waiting - lengths[0] >= frames:
                    waiting -= lengths.pop(0)
                    yield held.take()
            for length in lengths:
                block = held.take()
                # How many frames come behind each; the last one has none.
                behind = waiting - 1 - np.arange(length)
                waiting -= length
                faded = behind < frames
                gains = np.ones(length)
                gains[faded] = fade_in(self.out_curve, behind[faded] / frames)
                yield block * gains
        finally:
            held.close()


def fade_in(curve: Curve, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Gains at places x from 0 to 1 of a fade-in."""
    if curve == "linear":
        return x
    if curve == "cosine":
        return np.asarray(0.5 - 0.5 * np.cos(np.pi * x))
    if curve == "root":
        return np.asarray(np.sin(0.5 * np.pi * x))
    lowest = 10.0 ** (-DEEPEST_DB / 20.0)
    return np.asarray((10.0 ** (-DEEPEST_DB / 20.0 * (1.0 - x)) - lowest) / (1.0 - lowest))
