"""Where clicks are, in audio that comes bit by bit."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from masterprint.dsp.autoregression import model, own_correlation, whiten
from masterprint.dsp.click_extents import factorise, next_disturbance
from masterprint.dsp.click_search import surroundings
from masterprint.dsp.click_traces import take_out, without
from masterprint.dsp.click_verdict import Disturbance, Rules, is_click

Array = NDArray[np.float64]
Span = tuple[int, int]
"""Where something begins, and how many frames it has."""

QUIET = 3e-6
"""Standard deviation (-110 dBFS) that every residual is taken to have."""
MOST_IN_CELL = 400
LENIENT_PATIENCE = 40.0
SKIP = 0.25
"""Share of what was no click that is passed over, before the search goes on."""


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
        patience: worth that may be lost on the way to a frame that is worth more, in prices.
        crowd: how far a click must stand out from the largest surprises around it.
        lenient: how many turns, from the first, take for a click what is hardly one: they clear
            the way for the model, and what they find is found again or not.
        rules: what a click has to satisfy.
    """

    order: int
    cell: int
    context: int
    longest: int
    level: int
    thresholds: tuple[float, ...]
    price: float
    patience: float
    crowd: float
    lenient: int
    rules: Rules

    @property
    def lenient_rules(self) -> Rules:
        """What it has to satisfy in the first turns."""
        return replace(
            self.rules,
            allowed=4.0,
            share=0.1,
            restless=1.0,
            brighter=1e9,
            hidden=0.0,
            faint=0.0,
            each=0.0,
            each_of_long=0.0,
            longest=self.longest,
        )


class Finder:
    """Looks for clicks in one channel, cell by cell."""

    def __init__(self, search: Search) -> None:
        self.search = search
        self._taper = np.hanning(search.cell + 2 * search.context + 2)[1:-1]
        self._columns = np.zeros((search.longest, search.order))
        self._diagonal = np.zeros(search.longest)
        self._change = np.zeros(search.longest)
        self._after = np.zeros(search.longest + search.order)
        self._place = np.zeros(3, dtype=np.int64)
        self._over = 0  # frames of a cell that belong to a click of the cell before

    def look(self, audio: Array, head: int, tail: int) -> list[Span]:
        """Look through the cell amid this audio, which is cleaned there.

        Each turn has a model of what the turn before has cleaned, and begins anew; so that the
        clicks themselves do not count as music.

        Args:
            audio: context, cell, context.
            head, tail: where the programme begins and ends, in frames of `audio`; nothing is
                found so near to them that the model has nothing to go by.
        """
        search = self.search
        first = max(search.context + self._over, head + search.order)
        last = min(len(audio), tail) - search.order - search.longest
        stop = search.context + search.cell
        self._over = 0
        if not audio.any():
            return []
        clean = audio
        residual, matched, deviation, crowd = np.zeros((4, len(audio)))
        found: list[Span] = []
        same = False
        for turn, threshold in enumerate(search.thresholds):
            if same and threshold == search.thresholds[turn - 1]:
                break
            if turn == 0 or found or not same:
                coefficients = model(clean, self._taper, search.order)
                own = own_correlation(coefficients)
                factors = False
                whiten(clean, coefficients, residual, matched)
                surroundings(residual, matched, search.level, QUIET, search.crowd, deviation, crowd)
                if found:
                    whiten(audio, coefficients, residual, matched)
                clean = audio.copy()
            bar = np.maximum(threshold * np.sqrt(own[0]) * deviation, crowd)
            before, found = found, []
            if np.any(np.abs(matched[first:last]) > bar[first:last]):
                if not factors:
                    factorise(own, self._columns, self._diagonal)
                    factors = True
                found = self._turn(
                    clean, residual, matched, deviation, bar, coefficients, own, first, last,
                    threshold, turn < search.lenient,
                )  # fmt: skip
            same = before == found
        clicks = [(begin, length) for begin, length in found if begin < stop]
        for begin, length in clicks:
            audio[begin : begin + length] = clean[begin : begin + length]
        if clicks:
            self._over = max(0, sum(clicks[-1]) - stop)
        return [(begin - search.context, length) for begin, length in clicks]

    def _turn(
        self, audio: Array, residual: Array, matched: Array, deviation: Array, bar: Array,
        coefficients: Array, own: Array, first: int, last: int, threshold: float, lenient: bool,
    ) -> list[Span]:  # fmt: skip
        """Find clicks that are noticed between two places, and take them out."""
        search = self.search
        rules = search.lenient_rules if lenient else search.rules
        patience = LENIENT_PATIENCE if lenient else search.patience
        found: list[Span] = []
        n = blocked = first
        while len(found) < MOST_IN_CELL:
            explained = next_disturbance(
                residual, matched, deviation, bar, self._columns, self._diagonal, n, blocked, last,
                threshold, search.price, patience, self._change, self._place,
            )  # fmt: skip
            begin, length, n = (int(each) for each in self._place)
            if length == 0:
                break
            change = self._change[:length]
            without(residual, coefficients, change, begin, length, self._after)
            one = Disturbance(begin, change, explained, float(deviation[n]) ** 2)
            if is_click(one, rules, audio, residual, self._after, own):
                take_out(audio, residual, matched, coefficients, change, self._after, begin, length)
                found.append((begin, length))
                blocked = begin + length
                n = max(n, blocked)
            else:
                # A drum that rings on is not searched again at each of its frames.
                n = max(n + 1 + search.order // 4, begin + 5, begin + int(SKIP * length))
        return found
