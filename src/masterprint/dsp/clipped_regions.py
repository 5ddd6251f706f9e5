"""Clipped regions of a programme, rebuilt frame by frame."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from masterprint.dsp.chosen_model import find_lags, find_model
from masterprint.dsp.declipping import BEHIND, RIDGE, expect, rebuild, room_for
from masterprint.signal import Block, Signal, rechunk

HALF_FRAME_S = 0.046
NOISE = 1e-8
"""Of the power, taken to be noise, so that the model of a pure tone stays a model."""
MOST_CLIPPED = 0.9
"""Share of a frame; where more is clipped, too little is left to rebuild it from."""
PENALTY = 0.5
"""What a coefficient more has to bring, over the count of samples that tell about it."""
HIGHEST = 32.0
"""A peak rises to this many times its clip level at most, 30 dB."""


class Effort(NamedTuple):
    """How much work a frame is worth.

    Attributes:
        order: the highest of a model.
        steps: how often the model is made anew.
        most_work: multiplications by frame of audio and step; bounds the order where much is cut.
    """

    order: int
    steps: int
    most_work: float


class ClippedRegions:
    """Rebuilds clipped samples of pieces of `half` frames; all others pass as they are.

    A frame is two pieces. What is rebuilt in one is the starting point of the next, half a frame
    later, and the two results are blended by Hann windows. Both sides of a frame are known too,
    from the piece before it and the one behind.

    Args:
        levels: from where on samples are clipped, (channels, 2): upwards and, as a positive number,
            downwards; infinity for nowhere.
        sample_rate_hz: of the pieces.
        effort: how much work each frame is worth.
    """

    def __init__(self, levels: NDArray[np.float64], sample_rate_hz: int, effort: Effort) -> None:
        channels = len(levels)
        self.half = half = 1 << round(np.log2(HALF_FRAME_S * sample_rate_hz))
        self.half_s = half / sample_rate_hz
        self.regions = np.zeros(channels, np.int64)
        self.samples = np.zeros(channels, np.int64)
        self.left_alone = np.zeros(channels, np.int64)
        self.peaks = np.zeros(channels)
        self._levels, self._effort = levels, effort
        self._audio = np.zeros((channels, 4 * half))
        self._bounds = np.zeros((channels, 4 * half))
        self._room = np.empty(0)
        self._window_energy = 0.75 * half
        self._window = 0.5 - 0.5 * np.cos(np.pi * (np.arange(2 * half) + 0.5) / half)

    def run(self, signal: Signal) -> Iterator[Block]:
        """The whole programme, rebuilt."""
        rest = [np.zeros((signal.channels, 2 * self.half))]
        late = 2 * self.half
        frames = 0

        def counted() -> Iterator[Block]:
            nonlocal frames
            for block in signal.blocks:
                frames += block.shape[1]
                yield block

        gone = -late
        for piece in rechunk(itertools.chain(counted(), rest), self.half):
            short = self.half - piece.shape[1]
            out = self._next(np.pad(piece, ((0, 0), (0, short))) if short else piece)
            gone += self.half
            if gone > 0:
                over = max(0, gone - frames)
                yield np.ascontiguousarray(out[:, : self.half - over])

    def _next(self, piece: Block) -> Block:
        """Take a piece in; give back the one before the last, which is done."""
        half = self.half
        for line in (self._audio, self._bounds):
            line[:, : 3 * half] = line[:, half:].copy()
        self._audio[:, 3 * half :] = piece
        up, down = self._levels[:, :1], self._levels[:, 1:]
        bounds = np.where((piece >= up) | (-piece >= down), piece, 0.0)
        self._count(bounds)
        self._bounds[:, 3 * half :] = bounds
        for row in range(len(piece)):
            self._frame(row)
        return self._audio[:, half : 2 * half].copy()

    def _count(self, bounds: Block) -> None:
        before = self._bounds[:, 3 * self.half - 1 : 3 * self.half]
        signs = np.sign(np.concatenate([before, bounds], axis=1))
        starts = (signs[:, 1:] != 0.0) & (signs[:, 1:] != signs[:, :-1])
        self.regions += np.count_nonzero(starts, axis=1)
        self.samples += np.count_nonzero(bounds, axis=1)

    def _frame(self, row: int) -> None:
        half = self.half
        inside = slice(half, 3 * half)
        places = np.flatnonzero(self._bounds[row, inside])
        share = len(places) / (2 * half)
        if not len(places):
            return
        if share > MOST_CLIPPED:
            self.left_alone[row] += 1
            return
        order = int(
            min(self._effort.order, half - 1, np.sqrt(2.0 * self._effort.most_work / share**3))
        )
        line = np.append(self._audio[row], np.zeros(BEHIND))
        at = places + half
        bounds = self._bounds[row, at]
        free = np.ones(len(places), np.bool_)
        taps = np.empty(order + 1)
        if room_for(len(places), order) > len(self._room):
            self._room = np.empty(room_for(len(places), order))
        for _ in range(self._effort.steps):
            tapered = line[inside] * self._window
            lags = find_lags(tapered, order)
            used = find_model(lags, NOISE, PENALTY / _telling(tapered), taps)
            if not used:
                return
            full = np.correlate(taps[: used + 1], taps[: used + 1], "full")
            bonds = np.ascontiguousarray(full[used:])
            rebuild(line, at, bounds, free, bonds, RIDGE, self._room)
        expect(line, at, bounds, bonds, max(0.0, float(taps @ lags)) / self._window_energy)
        new = np.sign(bounds) * np.clip(np.abs(line[at]), np.abs(bounds), HIGHEST * np.abs(bounds))
        first = places < half
        weight = np.where(first, self._window[places], 1.0)
        old = self._audio[row, at]
        mixed = old + weight * (new - old)
        self._audio[row, at] = np.sign(bounds) * np.maximum(np.abs(mixed), np.abs(bounds))
        done = self._audio[row, at[first]]
        self.peaks[row] = max(self.peaks[row], float(np.abs(done).max(initial=0.0)))


def _telling(audio: NDArray[np.float64]) -> float:
    """How many samples carry the energy: few where a frame holds a stroke and its dying away."""
    power = audio * audio
    return float(power.sum() ** 2 / max(float(power @ power), 1e-300))
