"""Levels in octave bands."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from masterprint.signal import Block

NOMINAL_HZ = (31.5, 63.0, 125.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0, 16000.0)
"""How IEC 61260-1 names the bands; their exact centres are 1000 x 10^(0.3 k)."""
RESOLUTION_HZ = 1.0


class OctaveMeter:
    """Mean squares of programmes in the octave bands of IEC 61260-1, edges at 10^(+-0.15).

    The bands are cut out of the spectrum with straight sides, so that a figure is what lies in the
    band and nothing else: spectra of a second or more under sine windows that overlap by
    half. The squares of these windows add up to 1 everywhere, so that bands add up to the
    whole, whenever something happens. Silence is assumed before and after.

    Args:
        sample_rate_hz: bands that begin above half of it are not there; the last ends there.
        rows: of the blocks that will come.
    """

    def __init__(self, sample_rate_hz: int, rows: int) -> None:
        self._size = 1 << int(sample_rate_hz / RESOLUTION_HZ).bit_length()
        self._hop = self._size // 2
        self._window = np.sin(np.pi * np.arange(self._size) / self._size)
        centres = 1000.0 * 10.0 ** (0.3 * np.arange(-5, 5))
        edges = np.append(centres * 10.0**-0.15, centres[-1] * 10.0**0.15)
        self._edges = np.ceil(edges * self._size / sample_rate_hz).astype(int)
        self.bands = tuple(
            nominal
            for nominal, low in zip(NOMINAL_HZ, edges, strict=False)
            if low < sample_rate_hz / 2
        )
        self._line = np.zeros((rows, self._hop))
        self._squares = np.zeros((rows, self._hop + 1))
        self._frames = 0

    def feed(self, block: Block) -> None:
        """Take in a block of shape (rows, frames)."""
        self._frames += block.shape[1]
        self._take(block)

    def mean_squares(self) -> NDArray[np.float64]:
        """Of each row in each band, shape (rows, bands); call it once, at the end."""
        if not self._frames:
            return np.zeros((len(self._squares), len(self.bands)))
        self._take(np.zeros((len(self._line), self._size)))
        spectrum = self._squares * (2.0 / (self._size * self._frames))  # Parseval
        spectrum[:, 0] /= 2.0
        spectrum[:, -1] /= 2.0
        running = np.concatenate([np.zeros((len(spectrum), 1)), np.cumsum(spectrum, axis=1)], 1)
        edges = np.minimum(self._edges[: len(self.bands) + 1], self._hop + 1)
        return np.asarray(np.diff(running[:, edges], axis=1))

    def _take(self, block: Block) -> None:
        line = np.concatenate([self._line, block], axis=1)
        count = max(0, (line.shape[1] - self._size) // self._hop + 1)
        for row in range(len(line)):
            for start in range(0, count * self._hop, self._hop):
                piece = line[row, start : start + self._size]
                if piece.any():
                    spectrum = np.fft.rfft(piece * self._window)
                    self._squares[row] += spectrum.real**2 + spectrum.imag**2
        self._line = line[:, count * self._hop :]
