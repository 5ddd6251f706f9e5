"""Crackle: clicks so many that each lies among others.

Where clicks are dense, the matched filter of `click_search` hears each in the next. So two plain
residuals are taken: forward, in which a click and some frames after it stand out, and backward, in
which it and some frames before it do. What stands out of both is the click itself (see Godsill and
Rayner, 1998, chapter 5). Model and level are found anew from what has been filled in.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from masterprint.dsp.autoregression import model, own_correlation, whiten
from masterprint.dsp.click_finder import QUIET, Finder, Search, Span
from masterprint.dsp.click_search import surroundings
from masterprint.dsp.gap_filling import least_squares

Array = NDArray[np.float64]

MOST_SHARE = 0.35
"""Share of some milliseconds that may be crackle; where more stands out, it is a drum."""
MANY = 0.0065
"""Clicks for each frame that are crackle without more ado: twice as many as a voice has pulses."""


class CrackleFinder:
    """Looks for crackle in one channel, cell by cell.

    Single clicks are looked for first, as strictly as ever; only where they have been many lately
    (`clicks_per_s`) are fainter ones looked for among them.
    """

    def __init__(
        self, search: Search, turns: tuple[float, ...], rate: int, clicks_per_s: float
    ) -> None:
        self._strict = Finder(search)
        self._search = search
        self._turns = turns
        self._taper = np.hanning(search.cell + 2 * search.context + 2)[1:-1]
        self._keep = 1.0 - search.cell / rate  # of the count, from cell to cell: about a second
        self._count = 0.0
        self._enough = clicks_per_s
        self._over = 0

    def look(self, audio: Array, head: int, tail: int) -> list[Span]:
        """Look through the cell amid this audio, which is cleaned there; see `Finder.look`."""
        search = self._search
        first = max(search.context + self._over, head + search.order)
        last = min(len(audio), tail) - search.order
        stop = search.context + search.cell
        if first >= min(stop, last) or not audio.any():
            self._over = 0
            return []
        clean = audio
        marked = self._marked(audio, clean, self._turns[0], first, last)[0]
        dense = np.count_nonzero(np.diff(marked.astype(np.int8)) > 0) > MANY * len(audio)
        if not dense:
            clean = audio.copy()
            found = self._strict.look(clean, head, tail)
            self._count = self._keep * self._count + len(found)
        if not dense and self._count < self._enough:
            found = [(begin, n) for begin, n in found if begin + search.context >= first]
            self._over = 0
            for begin, length in found:
                span = slice(begin + search.context, begin + search.context + length)
                audio[span] = clean[span]
                self._over = max(0, span.stop - stop)
            return found
        for threshold in self._turns:
            marked, coefficients = self._marked(audio, clean, threshold, first, last)
            clean = audio.copy()
            places = np.flatnonzero(marked)
            least_squares(clean, places, own_correlation(coefficients), np.zeros(len(places)))
        self._over = 0
        edges = np.flatnonzero(np.diff(np.pad(marked[:stop], 1).astype(np.int8)))
        found = [
            (int(begin), int(end - begin)) for begin, end in edges.reshape(-1, 2) if end > first
        ]
        for begin, length in found:
            audio[begin : begin + length] = clean[begin : begin + length]
        return [(begin - search.context, length) for begin, length in found]

    def _marked(
        self, audio: Array, clean: Array, threshold: float, first: int, last: int
    ) -> tuple[NDArray[np.bool_], Array]:
        """What stands out of both residuals by a model of cleaned audio; and the model."""
        residual, matched, deviation, crowd, forward, backward = np.zeros((6, len(audio)))
        coefficients = model(clean, self._taper, self._search.order)
        whiten(clean, coefficients, residual, matched)
        surroundings(residual, matched, self._search.level, QUIET, 0.0, deviation, crowd)
        whiten(audio, coefficients, forward, matched)
        whiten(np.ascontiguousarray(audio[::-1]), coefficients, backward, matched)
        both = np.minimum(np.abs(forward), np.abs(backward[::-1]))
        marked = np.zeros(len(audio), dtype=np.bool_)
        marked[first:last] = both[first:last] > threshold * deviation[first:last]
        marked[1:-1] |= marked[:-2] & marked[2:]  # a single frame between two goes with them
        # Where most of some milliseconds would go, it is a drum.
        width = self._search.level // 2
        total = np.cumsum(np.pad(marked, (width, width + 1)), dtype=np.int64)
        share = total[2 * width :][: len(audio)] - total[: len(audio)]
        marked &= share < MOST_SHARE * 2 * width
        return marked, coefficients
