"""How one channel lies against the other: delay, polarity and level of what both have in common."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from masterprint.signal import Block

WINDOW_S = 0.18
SPAN_S = 2.0
"""What is looked at by itself."""
LOWEST_HZ, HIGHEST_HZ = 150.0, 15000.0
FINER = 8
"""Steps per frame in which the first peak is looked for."""
BESIDE_FRAMES = 8
MOST_COHERENT = 0.9999
MOST_WEIGHT = 10.0
QUIET = 1e-3
"""Spans with so little of the loudest one's power are not asked."""


@dataclass(frozen=True)
class Lie:
    """How the right channel lies against the left one.

    Attributes:
        delay_frames: by which it is later.
        inverted: whether its polarity is turned.
        louder_db: how much louder it is, in what both have in common.
        coherence: how much they have in common, 0 to 1, over all frequencies.
        rival: how high the next best delay stands beside this one, 0 to 1.
        fit: how near phase is to what this delay makes it over all frequencies, at most 1; low
            where parts of a mix lie in phase and others out of it.
    """

    delay_frames: float
    inverted: bool
    louder_db: float
    coherence: float
    rival: float
    fit: float


class Span(NamedTuple):
    """Two seconds of a programme.

    `lie` is None where the channels have nothing in common; `middle` is the frame about which the
    power lies.
    """

    lie: Lie | None
    power: float
    middle: float


class ChannelDelay:
    """Cross-spectra of two channels, over all of a programme and in spans of two seconds.

    Knapp and Carter, "The generalized correlation method for estimation of time delay", IEEE ASSP
    24(4), 1976: the cross-spectrum, of which only the phase counts, weighted by what the coherence
    says that it is worth (maximum likelihood). Its peak gives lag and polarity; the slope of what
    phase is left by frequency, by weighted least squares, gives the fraction.

    Args:
        sample_rate_hz: of the blocks, which have two rows.
        most_frames: how far the search goes.
    """

    def __init__(self, sample_rate_hz: int, most_frames: float) -> None:
        self._size = 1 << math.ceil(math.log2(max(WINDOW_S * sample_rate_hz, 4 * most_frames)))
        self._window = np.hanning(self._size + 1)[:-1]
        self._most = most_frames
        hz = np.arange(self._size // 2 + 1) * (sample_rate_hz / self._size)
        self._heard = (hz >= LOWEST_HZ) & (hz <= min(HIGHEST_HZ, 0.42 * sample_rate_hz))
        self._per_span = max(2, round(2 * SPAN_S * sample_rate_hz / self._size))
        self._line = np.zeros((2, 0))
        self._sums = self._nothing()
        self._span = self._nothing()
        self._in_span = 0
        self._position = 0
        self._moment = self._weight = 0.0
        self.spans: list[Span] = []

    def feed(self, block: Block) -> None:
        """Take in the next frames."""
        line = np.concatenate([self._line, block], axis=1)
        start = 0
        while start + self._size <= line.shape[1]:
            self._take(line[:, start : start + self._size])
            start += self._size // 2
        self._line = line[:, start:].copy()

    def finish(self) -> Lie | None:
        """How they lie over all; None where they have nothing in common."""
        if self._in_span:
            self._close_span()
        return self._lie(self._sums)

    def agreement(self, delay_frames: float, within_frames: float) -> float:
        """Share of the programme, by power of its spans, that has about the same delay."""
        loudest = max((span.power for span in self.spans), default=0.0)
        asked = [span for span in self.spans if span.power > QUIET * loudest]
        agreed = sum(
            span.power
            for span in asked
            if span.lie is not None and abs(span.lie.delay_frames - delay_frames) <= within_frames
        )
        total = sum(span.power for span in asked)
        return agreed / total if total else 0.0

    def _nothing(self) -> NDArray[np.complex128]:
        return np.zeros((3, self._size // 2 + 1), np.complex128)

    def _take(self, frame: Block) -> None:
        left, right = np.fft.rfft(frame * self._window)
        self._span[0] += np.conj(left) * right
        of_left, of_right = left.real**2 + left.imag**2, right.real**2 + right.imag**2
        self._span[1] += of_left
        self._span[2] += of_right
        power = float((of_left + of_right)[self._heard].sum())
        self._weight += power
        self._moment += power * (self._position + self._size / 2)
        self._position += self._size // 2
        self._in_span += 1
        if self._in_span == self._per_span:
            self._close_span()

    def _close_span(self) -> None:
        middle = self._moment / self._weight if self._weight else 0.0
        self.spans.append(Span(self._lie(self._span), self._weight, middle))
        self._moment = self._weight = 0.0
        self._sums += self._span
        self._span = self._nothing()
        self._in_span = 0

    def _lie(self, sums: NDArray[np.complex128]) -> Lie | None:
        cross, left, right = sums[0], sums[1].real, sums[2].real
        both = left * right
        alike = np.zeros_like(both)
        np.divide(np.abs(cross) ** 2, both, out=alike, where=self._heard & (both > 0))
        power = (left + right) * self._heard
        if not power.sum() > 0 or not alike.any():
            return None
        coherence = float((alike * power).sum() / power.sum())
        clipped = np.minimum(alike, MOST_COHERENT)
        weight = clipped / (1.0 - clipped)
        phase = np.zeros_like(cross)
        np.divide(cross, np.abs(cross), out=phase, where=np.abs(cross) > 0)
        bounded = np.minimum(weight, MOST_WEIGHT)
        steps = np.fft.irfft(phase * bounded, FINER * self._size)
        reach = int(self._most * FINER)
        near = np.concatenate([steps[-reach:] if reach else steps[:0], steps[: reach + 1]])
        place = int(np.argmax(np.abs(near)))
        elsewhere = np.abs(np.arange(len(near)) - place) > BESIDE_FRAMES * FINER
        rival = float(np.abs(near[elsewhere]).max(initial=0.0) / np.abs(near[place]))
        lag = (place - reach) / FINER
        inverted = bool(near[place] < 0)
        turns = np.arange(len(cross)) / self._size
        turned = phase * (-1 if inverted else 1)
        for _ in range(2):
            left_over = np.angle(turned * np.exp(2j * np.pi * turns * lag))
            slope = float((weight * turns * left_over).sum() / (weight * turns**2).sum())
            lag -= slope / (2.0 * np.pi)
        along = (turned * np.exp(2j * np.pi * turns * lag)).real
        fit = float((bounded * along).sum() / bounded.sum())
        louder_db = 10.0 * math.log10(float((alike * right).sum() / (alike * left).sum()))
        return Lie(lag, inverted, louder_db, coherence, rival, fit)
