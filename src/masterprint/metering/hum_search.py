"""Where mains hum lies: the fundamentals whose harmonics stand out for as long as can be."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from masterprint.dsp.paths import best_through
from masterprint.signal import Block

LOWEST_HZ, HIGHEST_HZ = 45.0, 65.0
"""50 and 60 Hz, and what a tape at a wrong speed makes of them."""
STEP_HZ = 0.05
ORDERS = 12
"""Harmonics that are asked: those above smear where the hum drifts."""
CELLS_PER_S = 4
SPAN_CELLS = 16
SPAN_S = SPAN_CELLS / CELLS_PER_S
BESIDE_HZ = 4
TURNS = 160
"""Rates of turning that are looked at, over 4 Hz."""
DAMPED_ABOVE = 10.0
"""A loud note is not much better evidence than hum that is just clear."""
MOST_DRIFT_HZ_PER_S = 0.06
APART_HZ = 0.5
CHANGE_COST = 5.0

Floats = NDArray[np.float64]


class HumSearch:
    """Evidence for each fundamental between 45 and 65 Hz, span by span of 4 s, every 2 s.

    In spectra over half a second (Hann), each bin is a level that turns slowly. Summed over a span,
    at every rate of turning, and each moment weighted by the power of what lies 4 Hz to both sides,
    it says how much likelier the sound is with a steady line there: pauses and the gaps between
    notes count most. These gains, damped, are summed over the harmonics of a fundamental and over
    the channels.

    Args:
        sample_rate_hz: of the blocks: a multiple of 4, at least 1800.
        channels: rows of the blocks.
    """

    def __init__(self, sample_rate_hz: int, channels: int) -> None:
        self._rate = sample_rate_hz
        self._cell = sample_rate_hz // CELLS_PER_S
        self._hop = SPAN_CELLS // 2 * self._cell
        self._window = np.hanning(2 * self._cell + 1)[:-1]
        self._line = np.zeros((channels, 0))
        self.grid_hz: Floats = np.arange(LOWEST_HZ, HIGHEST_HZ + STEP_HZ / 2, STEP_HZ)
        hz = np.outer(np.arange(1, ORDERS + 1), self.grid_hz)
        self._bin = np.round(hz).astype(np.int64)
        self._turn = np.round((hz - self._bin) * TURNS / CELLS_PER_S).astype(np.int64) % TURNS
        self._bins = int(self._bin.max()) + BESIDE_HZ + 1
        knots = np.arange(SPAN_CELLS - 1)
        self._taper = np.sin(np.pi * (knots + 1) / SPAN_CELLS) ** 2
        self._turned = np.exp(-2j * np.pi * np.outer(knots, np.arange(self._bins)) / CELLS_PER_S)
        self._evidence: list[NDArray[np.float32]] = []

    def feed(self, block: Block) -> None:
        """Take in the next frames."""
        line = np.concatenate([self._line, block], axis=1)
        start = 0
        while start + 2 * self._hop <= line.shape[1]:
            self._take(line[:, start : start + 2 * self._hop])
            start += self._hop
        self._line = line[:, start:].copy()

    @property
    def spans(self) -> int:
        """How many have been looked at."""
        return len(self._evidence)

    def candidates(self, count: int) -> list[float]:
        """The fundamentals with most evidence, over the whole, best first."""
        through = best_through(np.array(self._evidence, np.float64), _reach(), CHANGE_COST)
        found: list[float] = []
        for place in np.argsort(-through, kind="stable"):
            hz = round(float(self.grid_hz[place]), 2)
            if all(abs(hz - other) > APART_HZ for other in found):
                found.append(hz)
            if len(found) == count:
                break
        return found

    def _take(self, frame: Block) -> None:
        total = np.zeros(len(self.grid_hz))
        for row in frame:
            if not row.any():
                continue
            parts = np.lib.stride_tricks.sliding_window_view(row, 2 * self._cell)[:: self._cell]
            spectra = np.fft.rfft(parts * self._window, self._rate, axis=1)[:, : self._bins]
            power = spectra.real**2 + spectra.imag**2
            noise = np.ones_like(power)
            noise[:, BESIDE_HZ:-BESIDE_HZ] = 0.5 * (
                power[:, 2 * BESIDE_HZ :] + power[:, : -2 * BESIDE_HZ]
            )
            weight = self._taper[:, None] / (noise + 1e-15 * power.max() + 1e-30)
            turning = np.fft.fft(spectra * self._turned * weight, TURNS, axis=0)
            gain = (turning.real**2 + turning.imag**2) / weight.sum(axis=0)
            total += np.log1p(gain[self._turn, self._bin] / DAMPED_ABOVE).sum(axis=0)
        self._evidence.append(total.astype(np.float32))


def _reach() -> int:
    return math.ceil(MOST_DRIFT_HZ_PER_S * SPAN_S / 2 / STEP_HZ)
