"""Where clicks are, in audio that comes bit by bit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from masterprint.dsp.autoregression import model, own_correlation, whiten
from masterprint.dsp.click_search import seek, surroundings

Array = NDArray[np.float64]
Span = tuple[int, int]
"""Where something begins, and how many frames it has."""

QUIET = 3e-6
"""Standard deviation (-110 dBFS) that every residual is taken to have."""
MOST_IN_CELL = 400


@dataclass(frozen=True)
class Search:
    """How clicks are looked for.

    Attributes:
        order: of the model.
        cell: frames that are looked through at a time.
        context: frames on either side of a cell that the model also hears.
        longest: frames of the longest click.
        level: frames over which the level of the residual is judged.
        thresholds: deviations that a click must stand out by, one for each turn.
        price: variances that each further frame of a click must explain.
        allowed: leftover energy, in variances for each coefficient, that is calm.
        share: leftover energy, as a share of the click's, that is calm.
        calm: frames after a click that must be calm.
        restless: share of them that need not be.
        brighter: how many times the energy of differences after it may be what it was before.
        outshines: how many times as bright as what follows a click needs no calm.
        patience: worth that may be lost on the way to a frame that is worth more, in prices.
        near: frames behind a click in which leftover energy is counted.
        lag: frames between those whose differences tell brightness.
        crowd: how far a click must stand out from the largest surprises around it.
    """

    order: int
    cell: int
    context: int
    longest: int
    level: int
    thresholds: tuple[float, ...]
    price: float
    allowed: float
    share: float
    calm: int
    restless: float
    brighter: float
    outshines: float
    patience: float
    near: int
    lag: int
    crowd: float


class Finder:
    """Looks for clicks in one channel, cell by cell."""

    def __init__(self, search: Search) -> None:
        self.search = search
        width = search.cell + 2 * search.context
        self._taper = np.hanning(width + 2)[1:-1]
        self._columns = np.zeros((search.longest, search.order))
        self._diagonal = np.zeros(search.longest)
        self._over = 0  # frames of a cell that belong to a click of the cell before

    def look(self, audio: Array, head: int, tail: int) -> list[Span]:
        """Look through the cell amid this audio, which is cleaned there.

        Args:
            audio: context, cell, context.
            head, tail: where the programme begins and ends, in frames of `audio`; nothing is
                found so near to them that the model has nothing to go by.
        """
        search = self.search
        if not audio.any():
            return []
        clean = audio
        residual, matched, deviation, crowd = np.zeros((4, len(audio)))
        spans = np.zeros((MOST_IN_CELL, 2), dtype=np.int64)
        grown = np.zeros(1, dtype=np.int64)
        first = max(search.context + self._over, head + search.order)
        self._over = 0
        stop = search.context + search.cell
        last = min(len(audio), tail) - search.order - search.longest
        found, same = 0, False
        for turn, threshold in enumerate(search.thresholds):
            if same and threshold == search.thresholds[turn - 1]:
                break
            if turn == 0 or found or not same:
                # The model hears what the last turn has cleaned; the search begins anew.
                coefficients = model(clean, self._taper, search.order)
                own = own_correlation(coefficients)
                whiten(clean, coefficients, residual, matched)
                surroundings(residual, matched, search.level, QUIET, search.crowd, deviation, crowd)
                grown[0] = 0
                if found > 0:
                    whiten(audio, coefficients, residual, matched)
                clean = audio.copy()
            rough = threshold > 15.0
            rules = np.array(
                [
                    threshold, search.price, 4.0 if rough else search.allowed,
                    0.1 if rough else search.share, search.calm, 2.0 if rough else search.restless,
                    1e9 if rough else search.brighter, search.outshines,
                    40.0 if rough else search.patience, search.near, search.lag,
                ]
            )  # fmt: skip
            before = spans[:found].copy()
            found = seek(
                clean, residual, matched, deviation, coefficients, own, self._columns,
                self._diagonal, grown, crowd, first, last, rules, spans,
            )  # fmt: skip
            same = np.array_equal(before, spans[:found])
        clicks = [(int(begin), int(length)) for begin, length in spans[:found] if begin < stop]
        for begin, length in clicks:
            audio[begin : begin + length] = clean[begin : begin + length]
        if clicks:
            self._over = max(0, sum(clicks[-1]) - stop)
        return [(begin - search.context, length) for begin, length in clicks]
