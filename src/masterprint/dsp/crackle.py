"""Crackle taken out of one channel, window by window."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from masterprint.dsp.autoregression import model, own_correlation, whiten
from masterprint.dsp.crackle_filling import solve, take_out, weigh
from masterprint.dsp.crackle_search import close, let_go, levels, pick

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

FLOOR = 1e-6
"""What the residual is taken to have at least (-120 dBFS), so that silence has no clicks."""
SHARE, SURE_SHARE = 0.35, 1.0
"""How much of the largest residual after it a frame has to explain; and what a sure click does."""
SURE = 12.0
"""How far above the residual a click that is counted stands at least."""
LEAST_GAPS = 4
"""Intervals that tell whether clicks are regular."""
PICKS, CHOICES, WEIGHINGS = 4, 4, 2
"""How often a window is looked through with one model, something let go, changes weighed."""


@dataclass(frozen=True)
class Crackle:
    """How crackle is looked for at a sample rate.

    Attributes:
        order: of the model.
        cell: frames that are repaired at a time.
        context: frames that are heard on either side of them.
        thresholds: how far above the residual a click stands, for each model in turn.
        least: how certain a change has to be.
        width: frames of the spans that levels are taken from.
        reach: frames on either side of which a click is the highest.
        gap: frames between two that go with them.
    """

    order: int
    cell: int
    context: int
    thresholds: tuple[float, ...]
    least: float
    width: int
    reach: int
    gap: int

    @classmethod
    def at(cls, rate: int, sensitivity: float) -> Crackle:
        """For a sample rate, and from 0 for loud crackle to 1 for faint."""
        scale = rate / 44100.0
        factor = 2.0 ** (0.5 - sensitivity)
        return cls(
            order=round(32 * scale**0.5),
            cell=round(2048 * scale),
            context=round(512 * scale),
            thresholds=(5.0 * factor, 4.0 * factor, 4.0 * factor),
            least=3.5 * factor,
            width=round(64 * scale),
            reach=round(4 * scale**0.5),
            gap=round(4 * scale),
        )

    @property
    def window(self) -> int:
        """Frames that are heard at a time."""
        return self.cell + 2 * self.context

    def count(self, audio: Array, first: int, last: int) -> tuple[int, float]:
        """How many clicks stand out in the cell amid a window, and the level of its residual.

        What is asked for is strict: single frames, in a residual that has nothing like them. What
        comes at regular intervals does not count: it is the edges of a synthesiser's wave.
        """
        if not audio.any():
            return 0, 0.0
        taper = np.hanning(self.window + 2)[1:-1]
        coefficients = model(audio, taper, self.order)
        residual, matched, level = np.zeros((3, len(audio)))
        marked = np.zeros(len(audio), dtype=np.bool_)
        whiten(audio, coefficients, residual, matched)
        levels(residual, marked, self.width, FLOOR, level)
        own = own_correlation(coefficients)
        begin = max(first, self.context)
        end = min(last, self.context + self.cell)
        found = pick(
            residual, matched, own, level, SURE, SURE_SHARE, self.reach, begin, end, marked
        )
        if _regular(np.flatnonzero(marked)):
            found = 0
        return found, float(np.median(level[self.context : self.context + self.cell]))

    def clean(self, audio: Array, first: int, last: int) -> tuple[Array, Flags]:
        """A window without its crackle, looked for between two places; and which frames changed."""
        taper = np.hanning(self.window + 2)[1:-1]
        marked = np.zeros(len(audio), dtype=np.bool_)
        change = np.zeros(len(audio))
        if not audio.any():
            return audio, marked
        # What is before the cell is clean by now; of what is after it, the nearest matters.
        first = max(first, self.context - self.order)
        last = min(last, self.context + self.cell + self.context // 2)
        residual, matched, level, heard, heard_matched = np.zeros((5, len(audio)))
        for turn, threshold in enumerate(self.thresholds):
            before = marked.copy()
            coefficients = model(audio - change, taper, self.order)
            own = own_correlation(coefficients)
            whiten(audio, coefficients, heard, heard_matched)
            places = np.flatnonzero(marked)
            residual[:], matched[:] = heard, heard_matched
            take_out(places, change, coefficients, own, residual, matched)
            levels(residual, marked, self.width, FLOOR, level)
            none = np.zeros(0)
            for _ in range(PICKS):
                new = pick(
                    residual, matched, own, level, threshold, SHARE, self.reach, first, last, marked
                )
                close(marked, self.gap, 0 if new else 1, first, last)
                places = np.flatnonzero(marked)
                if not new:
                    break
                solve(heard_matched, places, own, np.zeros(len(places)), change, none)
                residual[:], matched[:] = heard, heard_matched
                take_out(places, change, coefficients, own, residual, matched)
            for _ in range(CHOICES):
                spread = np.zeros(len(places))
                solve(heard_matched, places, own, np.zeros(len(places)), change, spread)
                if not let_go(change, places, spread, level, self.least, marked):
                    break
                places = np.flatnonzero(marked)
            kept = np.where(marked, change, 0.0)
            change[:] = kept
            for _ in range(WEIGHINGS):
                trust = np.zeros(len(places))
                weigh(places, change, level, trust)
                solve(heard_matched, places, own, trust, change, none)
            if turn and np.array_equal(before, marked):
                break
        return audio - change, marked


def _regular(places: NDArray[np.int64]) -> bool:
    """Whether most intervals are those of one or two before: of a wave with one or two edges."""
    gaps = np.diff(places)
    if len(gaps) < LEAST_GAPS:
        return False
    same = np.zeros(len(gaps), dtype=np.bool_)
    for back in (1, 2):
        same[back:] |= np.abs(gaps[back:] - gaps[:-back]) <= 1
    return bool(np.count_nonzero(same) > len(gaps) // 2)
