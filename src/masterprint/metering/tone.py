"""The long-term spectrum of a programme's louder parts, in twenty-fourths of an octave."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from masterprint.signal import Block

PER_OCTAVE = 24
LOWEST_HZ, HIGHEST_HZ = 20.0, 20000.0
WINDOW_S = 0.3
"""At least; 2.7 Hz from bin to bin at 44.1 kHz."""
PIECE_S = 3.0
GATE_DB = -3.0
"""Pieces count from here on, beside the mean of all: whole choruses, not single notes of them."""

EMPTY_DB = -70.0
"""A band that lies so far below the strongest has no music in it."""


def centres(sample_rate_hz: int) -> NDArray[np.float64]:
    """The frequencies in hertz that a spectrum is told at, up to 20 kHz or the rate's own end."""
    highest = min(HIGHEST_HZ, 0.45 * sample_rate_hz)
    count = int(np.floor(PER_OCTAVE * np.log2(highest / LOWEST_HZ))) + 1
    return np.asarray(LOWEST_HZ * 2.0 ** (np.arange(count) / PER_OCTAVE))


class Tone:
    """Power by frequency of each row, in pieces of three seconds.

    Welch, "The use of fast Fourier transform for the estimation of power spectra", 1967: Hann
    windows of 0.3 s and more, half overlapping, from the first frame on. What is left behind the
    last whole one does not count; a programme shorter than one is filled up with silence.

    Args:
        sample_rate_hz: of the blocks.
        rows: of the blocks.
    """

    def __init__(self, sample_rate_hz: int, rows: int) -> None:
        self._size = 1 << int(np.ceil(np.log2(WINDOW_S * sample_rate_hz)))
        self._window = np.hanning(self._size + 1)[:-1]
        self._per_piece = max(1, round(2.0 * PIECE_S * sample_rate_hz / self._size))
        edges = np.append(centres(sample_rate_hz), 0.0)
        edges[-1] = edges[-2] * 2.0 ** (1.0 / PER_OCTAVE)
        edges *= 2.0 ** (-0.5 / PER_OCTAVE)
        self._edges = edges * self._size / sample_rate_hz
        self._line = np.zeros((rows, self._size))
        self._filled = 0
        self._pieces: list[NDArray[np.float64]] = []
        self._piece = np.zeros((rows, self._size // 2 + 1))
        self._in_piece = 0

    def feed(self, block: Block) -> None:
        """Take in the next frames, shape (rows, frames)."""
        taken = 0
        while taken < block.shape[1]:
            part = block[:, taken : taken + self._size - self._filled]
            self._line[:, self._filled : self._filled + part.shape[1]] = part
            self._filled += part.shape[1]
            taken += part.shape[1]
            if self._filled == self._size:
                self._take(self._line)
                self._filled = self._size // 2
                self._line[:, : self._filled] = self._line[:, -self._filled :]

    def loudest(self) -> tuple[NDArray[np.float64], float]:
        """Mean power by frequency over the louder pieces, and what share of all they are.

        Ends the programme. The power is that of each band, shape (rows, bands); zeros for silence.
        """
        if self._filled and not self._pieces and not self._in_piece:
            self._line[:, self._filled :] = 0.0
            self._take(self._line)
        if self._in_piece:
            self._close_piece()
        if not self._pieces:
            return np.zeros((len(self._line), len(self._edges) - 1)), 0.0
        pieces = np.array(self._pieces)
        powers = pieces[:, 0].sum(axis=1)
        loud = powers >= powers.mean() * 10.0 ** (GATE_DB / 10.0)
        return np.asarray(pieces[loud].mean(axis=0)), float(loud.mean())

    def _take(self, frame: Block) -> None:
        spectrum = np.fft.rfft(frame * self._window)
        self._piece += spectrum.real**2 + spectrum.imag**2
        self._in_piece += 1
        if self._in_piece == self._per_piece:
            self._close_piece()

    def _close_piece(self) -> None:
        # A bin's power is spread over its width, so that bands between bins have their part.
        places = np.arange(self._piece.shape[1]) + 0.5
        totals = np.cumsum(self._piece / self._in_piece, axis=1)
        bands = [np.diff(np.interp(self._edges, places, total)) for total in totals]
        self._pieces.append(np.array(bands))
        self._piece = np.zeros_like(self._piece)
        self._in_piece = 0


def smoothed(power: NDArray[np.float64], octaves: float) -> NDArray[np.float64]:
    """Power by frequency averaged over so many octaves around each band; ends count less."""
    half = max(0, round(octaves * PER_OCTAVE / 2))
    kernel = np.ones(2 * half + 1)
    weight = np.convolve(np.ones(power.shape[-1]), kernel, "same")
    return np.array([np.convolve(row, kernel, "same") / weight for row in np.atleast_2d(power)])


def apart_db(
    ours: NDArray[np.float64], theirs: NDArray[np.float64], octaves: float
) -> NDArray[np.float64]:
    """How much more power there is in theirs, averaged over octaves; empty bands as the next below.

    Averages are those of bands that have music in both.

    Args:
        ours, theirs: power by band, shape (bands,).
        octaves: that are averaged over.
    """
    least = 10.0 ** (EMPTY_DB / 10.0)
    full = (ours > least * ours.max()) & (theirs > least * theirs.max())
    if not full.any():
        return np.zeros_like(ours)
    (ours,), (theirs,) = smoothed(ours * full, octaves), smoothed(theirs * full, octaves)
    nearest = np.maximum.accumulate(np.where(full, np.arange(len(full)), full.argmax()))
    return np.asarray(10.0 * np.log10(theirs[nearest] / ours[nearest]))
