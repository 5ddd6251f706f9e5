"""Where a decoded programme lies against what was encoded, whatever its headers say.

The stretch of the source that has most to hear is kept while it passes to the encoder, and looked
for in what is decoded, by cross-correlation around the place where it should be. Both are
differentiated, so that bass, which looks alike at many offsets, does not outweigh the rest.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from masterprint.signal import Block, rechunk

STRETCH_FRAMES = 1 << 15
REACH_FRAMES = 6000
"""How far it is looked for: more than any encoder's delay with its padding (MP3 1105 and 1152, AAC
2112, Opus 3840)."""
LEAST_LIKENESS = 0.1
"""Correlation, 1 where nothing is changed. What has nothing to do with each other stays below..."""
CHANCE = 4.0
"""... or, where it is short, below this over the root of its samples."""
LEAST_FRAMES = 256
"""Fewer look alike by chance."""
AS_HIGH = 0.9
"""Of the highest peak of the correlation: in a tone or a loop several are; then the one nearest to
where it should be."""


class Stretch:
    """Keeps the liveliest stretch of what passes."""

    def __init__(self) -> None:
        self.start = 0
        self.audio: Block | None = None
        self.frames = 0
        self._energy = 0.0

    def passing(self, blocks: Iterator[Block]) -> Iterator[Block]:
        """The same audio."""
        for block in rechunk(blocks, STRETCH_FRAMES):
            steps = np.diff(block, axis=1)
            energy = float(np.einsum("cn,cn->", steps, steps))  # vdot would wake all cores
            if energy > self._energy:
                self._energy, self.start, self.audio = energy, self.frames, block
            self.frames += block.shape[1]
            yield block


class Found:
    """Takes the decoded blocks around where a stretch should be."""

    def __init__(self, stretch: Stretch) -> None:
        self._stretch = stretch
        length = 0 if stretch.audio is None else stretch.audio.shape[1]
        self._first = stretch.start - REACH_FRAMES
        self._last = stretch.start + length + REACH_FRAMES
        self._parts: list[Block] = []
        self.frames = 0

    def feed(self, block: Block) -> None:
        """Look at a decoded block."""
        begin = max(0, self._first - self.frames)
        end = min(block.shape[1], self._last - self.frames)
        if begin < end:
            self._parts.append(block[:, begin:end].copy())
        self.frames += block.shape[1]

    def lag_frames(self) -> int | None:
        """By how much the decoded programme is late; None where that cannot be told."""
        if self._stretch.audio is None or not self._parts:
            return None
        around = np.concatenate(self._parts, axis=1)
        first = max(0, self._first)
        due = self._stretch.start - first
        place = find_in(around, self._stretch.audio, due)
        return None if place is None else place - due


def find_in(within: Block, audio: Block, due: int) -> int | None:
    """Where a piece of audio begins in another; negative where its beginning is cut off there.

    Args:
        within, audio: shape (channels, frames), as many channels each.
        due: where it should be: of several places that look alike, the nearest is taken.
    """
    if len(audio) != len(within) or min(audio.shape[1], within.shape[1]) < LEAST_FRAMES:
        return None
    a, b = np.diff(audio, axis=1), np.diff(within, axis=1)
    size = 1 << (a.shape[1] + b.shape[1]).bit_length()
    cross = np.zeros(size)
    for mine, other in zip(a, b, strict=True):
        cross += np.fft.irfft(np.fft.rfft(other, size) * np.conj(np.fft.rfft(mine, size)), size)
    by_lag = np.concatenate([cross[size - a.shape[1] + 1 :], cross[: b.shape[1]]])
    energy = float(np.vdot(a, a)) * float(np.vdot(b, b))
    if energy <= 0.0:
        return None
    place: int = _nearest_peak(by_lag, a.shape[1] - 1 + due)
    height = float(by_lag[place])
    here = math.sqrt(float(np.vdot(a, a)) * _energy_under(b, place - a.shape[1] + 1, a.shape[1]))
    if not height > max(LEAST_LIKENESS, CHANCE / math.sqrt(a.size)) * here:
        return None
    return int(place - a.shape[1] + 1)


def _nearest_peak(height: NDArray[np.float64], middle: int) -> int:
    inner = height[1:-1]
    peaks = np.flatnonzero((inner >= height[:-2]) & (inner >= height[2:])) + 1
    if not len(peaks):
        return int(np.argmax(height))
    high = peaks[height[peaks] >= AS_HIGH * height[peaks].max()]
    return int(high[np.argmin(np.abs(high - middle))])


def _energy_under(rows: Block, start: int, frames: int) -> float:
    part = rows[:, max(0, start) : max(0, start + frames)]
    return float(np.vdot(part, part))
