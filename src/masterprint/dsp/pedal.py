"""Effects of the pedalboard library, as functions of pieces of audio.

They work in float32, and they remember. Measured with pedalboard 0.9.26, for Reverb: a fresh
instance gives the same bits every time, there is no latency, silence gives zeros, and the sizes of
the blocks make no difference. The last is nowhere promised, so it gets pieces of one size that
begin at fixed places of the programme all the same.

One size has a second reason: pedalboard guesses from the shape of an array which axis the channels
are on, and takes a piece with fewer frames than channels for a transposed one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from masterprint.signal import Block, Signal, rechunk

PIECE_FRAMES = 8192


def pieces_of(signal: Signal) -> Iterator[Block]:
    """The audio in the pieces that a `Pedal` wants; the last one may be shorter."""
    return rechunk(signal.blocks, PIECE_FRAMES)


class Pedal:
    """One fresh instance of an effect, from the beginning of a programme to its end.

    Args:
        effect: from pedalboard, set to give its wet signal only.
        sample_rate_hz: frames per second.
    """

    def __init__(self, effect: Any, sample_rate_hz: int) -> None:
        self._effect = effect
        self._rate = float(sample_rate_hz)

    def __call__(self, piece: Block) -> Block:
        """What the effect makes of the next piece, as long as the piece."""
        channels, frames = piece.shape
        heard = np.zeros((channels, PIECE_FRAMES), np.float32)
        heard[:, :frames] = piece
        out = self._effect.process(heard, self._rate, buffer_size=PIECE_FRAMES, reset=False)
        return np.asarray(out[:, :frames], dtype=np.float64)
