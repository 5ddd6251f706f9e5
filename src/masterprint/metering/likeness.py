"""What two aligned programmes have in common: level, polarity, offset from zero, correlation."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from masterprint.signal import Block

CLEAR = 0.5
"""A channel whose correlation is above has a polarity."""
PROVED_BY = 0.25
"""A difference in DC is believed if it explains all but this much of what a gain leaves: 6 dB."""
LEAST_DC = 1e-5
"""Of full scale, -100 dBFS: less is rounding."""
LEAST_FRAMES = 1000
"""Of so few, any mean may be part of the programme."""


class Likeness:
    """Sums from which the level difference and the correlation of two programmes come.

    Where the programmes differ in DC, levels and correlation are those of what moves.

    Attributes:
        same: whether all samples have been equal so far.
        mirrored: whether all have been equal but for their sign.
        frames: fed so far.
    """

    def __init__(self, channels: int) -> None:
        self.same = self.mirrored = True
        self.frames = 0
        self._squares = np.zeros((3, channels))
        self._totals = np.zeros((2, channels))
        self._peaks = np.zeros(2)

    def feed(self, a: Block, b: Block) -> None:
        """Compare blocks of one shape (channels, frames)."""
        self.frames += a.shape[1]
        self.same = self.same and bool(np.array_equal(a, b))
        self.mirrored = self.mirrored and bool(np.array_equal(a, -b))
        for row, (one, other) in enumerate(((a, a), (b, b), (a, b))):
            self._squares[row] += np.einsum("cn,cn->c", one, other)
        self._totals += [a.sum(axis=1), b.sum(axis=1)]
        self._peaks = np.maximum(self._peaks, [np.abs(a).max(), np.abs(b).max()])

    @property
    def peaks(self) -> tuple[float, float]:
        """Largest magnitudes of A and B."""
        return float(self._peaks[0]), float(self._peaks[1])

    @property
    def mean_square(self) -> float:
        """Of A, over all channels."""
        return float(self._squares[0].sum()) / max(1, self.frames * self._squares.shape[1])

    @property
    def dc(self) -> tuple[float, ...]:
        """By channel, what B's mean has that A's at B's level has not; empty where none matters."""
        of_a, of_b, of_both = self._centred.sum(axis=1)
        if self.frames < LEAST_FRAMES or not (of_a > 0 and of_b > 0 and of_both):
            return ()
        offsets = (self._totals[1] - self._totals[0] * (of_b / of_both)) / self.frames
        if np.abs(offsets).max() < LEAST_DC:
            return ()
        if _rest(self._centred) > PROVED_BY * _rest(self._squares):
            return ()
        return tuple(offsets.tolist())

    @property
    def correlation(self) -> float | None:
        """Coefficient over all channels, -1 to 1; None where a programme is silent."""
        of_a, of_b, of_both = self._sums.sum(axis=1)
        if not (of_a > 0 and of_b > 0):
            return None
        return float(max(-1.0, min(1.0, of_both / math.sqrt(of_a * of_b))))

    @property
    def channel_correlation(self) -> float:
        """The same where each channel may have its own polarity, 0 to 1; 0 where one is silent."""
        of_a, of_b, of_both = np.abs(self._sums).sum(axis=1)
        return float(min(1.0, of_both / math.sqrt(of_a * of_b))) if of_a * of_b > 0 else 0.0

    def polarities(self) -> list[int]:
        """1 or -1 for each channel in which A and B are alike; 0 for any other."""
        return [
            int(np.sign(both)) if abs(both) > CLEAR * math.sqrt(a * b) else 0
            for a, b, both in zip(*self._sums, strict=True)
        ]

    @property
    def factor(self) -> float:
        """What B is multiplied by for the deepest null: least squares, sum(ab) / sum(bb).

        Where some channels are inverted and others not, it levels all and turns none.
        """
        if self.same:
            return 1.0
        if self.mirrored:
            return -1.0
        _, of_b, of_both = self._sums.sum(axis=1)
        if {1, -1} <= set(self.polarities()):
            of_both = np.abs(self._sums[2]).sum()
        return float(of_both / of_b) if of_b > 0 else 1.0

    def levels(self) -> tuple[float | None, list[float | None]]:
        """RMS of B over that of A, over all channels and for each; None where one is silent."""
        of_a, of_b, _ = self._sums
        return _ratio(of_b.sum(), of_a.sum()), [
            _ratio(b, a) for a, b in zip(of_a, of_b, strict=True)
        ]

    def silent(self) -> tuple[list[int], list[int]]:
        """Numbers of the channels that are digital silence in A only, and in B only."""
        one, other = self._squares[0] == 0, self._squares[1] == 0
        only_a, only_b = np.flatnonzero(one & ~other) + 1, np.flatnonzero(other & ~one) + 1
        return only_a.tolist(), only_b.tolist()

    @property
    def _sums(self) -> NDArray[np.float64]:
        return self._centred if self.dc else self._squares

    @property
    def _centred(self) -> NDArray[np.float64]:
        of_a, of_b = self._totals
        means = np.array([of_a * of_a, of_b * of_b, of_a * of_b]) / max(1, self.frames)
        centred = self._squares - means
        centred[:2] = np.maximum(centred[:2], 0.0)
        return np.asarray(centred)


def _rest(sums: NDArray[np.float64]) -> float:
    """What is left of A's energy when B is taken off at its best level."""
    of_a, of_b, of_both = sums.sum(axis=1)
    return float(of_a - of_both**2 / of_b) if of_b > 0 else float(of_a)


def _ratio(power: float, reference: float) -> float | None:
    return math.sqrt(power / reference) if power > 0 and reference > 0 else None
