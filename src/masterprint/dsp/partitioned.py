"""Causal convolution with long responses, such as those of rooms.

Uniformly partitioned overlap-save (Wefers, "Partitioned convolution algorithms for real-time
auralization", 2015, section 5.3): the response is cut into partitions of B frames. The spectrum of
each piece of B frames (and the piece before it) is kept, and every partition is multiplied with the
spectrum of the piece that it meets. The work per frame grows with the number of partitions, and the
transforms stay short: a response of 10 s at 192 kHz is 30 partitions of 65536 frames.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from masterprint.signal import Block, Signal, rechunk

SMALLEST_PARTITION = 1 << 13
LARGEST_PARTITION = 1 << 16


class Route(NamedTuple):
    """One path: from an input channel through a response to an output channel."""

    source: int
    response: int
    target: int


class Convolver:
    """Responses between channels, for pieces of `piece_frames` frames from the first one on.

    Args:
        responses: shape (responses, taps).
        routes: which channel goes through which response to which channel.
        channels: rows of the pieces that will come, and of those that are given back.
    """

    def __init__(
        self, responses: NDArray[np.float64], routes: Sequence[Route], channels: int
    ) -> None:
        count, taps = responses.shape
        wanted = 1 << (taps - 1).bit_length()
        self.piece_frames = size = min(max(wanted, SMALLEST_PARTITION), LARGEST_PARTITION)
        self._routes = routes
        partitions = -(-taps // size)
        padded = np.zeros((count, partitions * size))
        padded[:, :taps] = responses
        self._responses = np.fft.rfft(padded.reshape(count, partitions, size), 2 * size)
        self._heard = np.zeros((partitions, channels, size + 1), np.complex128)
        self._place = 0
        self._before = np.zeros((channels, size))
        self._sounding = False

    def __call__(self, piece: Block) -> Block:
        """What comes out while a piece goes in, as long as the piece; only the last is shorter."""
        size, frames = self.piece_frames, piece.shape[1]
        start = 0
        if not self._sounding:
            if not piece.any():
                return np.zeros_like(piece)
            self._sounding = True
            start = int(piece.any(axis=0).argmax())
        line = np.zeros((len(piece), 2 * size))
        line[:, :size] = self._before
        line[:, size : size + frames] = piece
        self._before = line[:, size:]
        self._heard[self._place] = np.fft.rfft(line)
        spectrum = np.zeros_like(self._heard[0])
        for route in self._routes:
            for age, partition in enumerate(self._responses[route.response]):
                past = self._heard[self._place - age, route.source]
                spectrum[route.target] += past * partition
        self._place = (self._place + 1) % len(self._heard)
        out = np.fft.irfft(spectrum)[:, size : size + frames]
        # A transform spreads rounding errors, some 1e-16, over all of a piece. Before the first
        # sound of a programme there is silence, and it stays digital silence.
        out[:, :start] = 0.0
        return np.ascontiguousarray(out)


def convolve_causally(
    signal: Signal, responses: NDArray[np.float64], routes: Sequence[Route], lead: int = 0
) -> Signal:
    """The signal through responses; as long as it was, what rings on behind its end is cut off.

    Args:
        signal: what goes through.
        responses: shape (responses, taps).
        routes: which channel goes through which response to which channel.
        lead: how many frames of the responses lie before time zero.
    """
    return signal.carrying(_convolved(signal, Convolver(responses, routes, signal.channels), lead))


def _convolved(signal: Signal, convolver: Convolver, lead: int) -> Iterator[Block]:
    def longer() -> Iterator[Block]:
        yield from signal.blocks
        yield np.zeros((signal.channels, lead))

    skip = lead
    for piece in rechunk(longer(), convolver.piece_frames):
        out = convolver(piece)
        dropped = min(skip, out.shape[1])
        skip -= dropped
        if dropped < out.shape[1]:
            yield np.ascontiguousarray(out[:, dropped:])
