"""A Signal: blocks of audio on their way through a chain, and what joins and parts them."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from masterprint.errors import SignalError
from masterprint.scratch import Scratch

Block = NDArray[np.float64]
"""Audio of shape (channels, frames), float64, C-contiguous, full scale at 1.0. Never modified."""

BLOCK_FRAMES = 1 << 16
"""Frames per block where Masterprint chooses: amortises Python, fits the caches."""

LARGEST_SAMPLE = 1e10
"""Above +200 dBFS no audio is meant, and squares begin to overflow."""
MOST_CHANNELS = 64
UNEQUAL = "A stage gave more frames than it took, or fewer."


def audio_from(array: Any) -> Block:
    """A caller's array as audio of shape (channels, frames), float64.

    Raises:
        SignalError: another shape, integers (whose full scale is not 1.0), samples without sense.
    """
    audio = np.asarray(array)
    if audio.ndim != 2 or not 1 <= len(audio) <= MOST_CHANNELS:
        turned = audio.ndim == 2 and 1 <= audio.shape[1] <= MOST_CHANNELS
        raise SignalError(
            f"The array has the shape {audio.shape}, where (channels, frames) with at most "
            f"{MOST_CHANNELS} channels is expected.",
            hint="pass it turned, as array.T" if turned else None,
        )
    if not np.issubdtype(audio.dtype, np.floating):
        raise SignalError(
            f"The array holds {audio.dtype}, where floating point with full scale at 1.0 is "
            "expected.",
            hint="divide integers by their full scale, int16 by 32768.0",
        )
    if not np.all(np.abs(audio) <= LARGEST_SAMPLE):
        raise SignalError(
            "The array holds samples that are NaN, infinite or beyond "
            f"{LARGEST_SAMPLE:.0e}, where audio is expected."
        )
    return np.asarray(audio, dtype=np.float64)


@dataclass(frozen=True)
class Signal:
    """Blocks that can be taken once, with what every stage needs to know of them.

    Attributes:
        blocks: arrays of shape (channels, frames), any number of frames each.
        sample_rate_hz: frames per second.
        channels: rows of every block.
        frames: how many there will be in all, where that is known beforehand.
        reserve: linear amplitude that a ceiling leaves free for what comes after it (dither).
        report: where a stage writes down what it decided and did, for the render's JSON.
        place: where in a chain the signal is, such as "stage 3", for errors.
        deadline: `time.monotonic()` by which a render must be over; plugins are held to it.
        answer_s: seconds that a plugin may take for a single answer.
    """

    blocks: Iterator[Block]
    sample_rate_hz: int
    channels: int
    frames: int | None = None
    reserve: float = 0.0
    report: dict[str, Any] = field(default_factory=dict, compare=False)
    place: str = ""
    deadline: float = math.inf
    answer_s: float = 60.0

    def map(self, process: Callable[[Block], Block]) -> Signal:
        """The signal with `process` applied to each block in turn."""
        return replace(self, blocks=(process(block) for block in self.blocks))

    def carrying(self, blocks: Iterator[Block], channels: int | None = None) -> Signal:
        """The same signal with other blocks in it, and perhaps another number of channels."""
        return replace(
            self, blocks=blocks, channels=self.channels if channels is None else channels
        )

    @classmethod
    def of(cls, audio: Block, sample_rate_hz: int, block_frames: int = BLOCK_FRAMES) -> Signal:
        """A signal of an array that is already in memory, shape (channels, frames)."""
        channels, frames = audio.shape
        blocks = (
            np.ascontiguousarray(audio[:, start : start + block_frames], dtype=np.float64)
            for start in range(0, frames, block_frames)
        )
        return cls(blocks, sample_rate_hz, channels, frames)

    def collect(self) -> Block:
        """All blocks as one array of shape (channels, frames)."""
        blocks = list(self.blocks)
        return np.concatenate(blocks, axis=1) if blocks else np.zeros((self.channels, 0))


class Reader:
    """Takes frames from blocks in the amounts that the taker wants."""

    def __init__(self, blocks: Iterable[Block]) -> None:
        self._blocks = iter(blocks)
        self._waiting: deque[Block] = deque()
        self._available = 0

    def take(self, frames: int) -> Block | None:
        """The next `frames` frames; fewer at the end, None after it."""
        while self._available < frames:
            block = next(self._blocks, None)
            if block is None:
                break
            if block.shape[1]:
                self._waiting.append(block)
                self._available += block.shape[1]
        frames = min(frames, self._available)
        if frames == 0:
            return None
        self._available -= frames
        parts: list[Block] = []
        while frames:
            first = self._waiting.popleft()
            if first.shape[1] > frames:
                self._waiting.appendleft(first[:, frames:])
                first = first[:, :frames]
            parts.append(first)
            frames -= first.shape[1]
        return np.ascontiguousarray(parts[0]) if len(parts) == 1 else np.concatenate(parts, axis=1)


def rechunk(blocks: Iterable[Block], frames: int) -> Iterator[Block]:
    """The same audio in blocks of exactly `frames` frames, the last one perhaps shorter.

    For work whose arithmetic depends on where a block begins, such as a Fourier transform.
    """
    reader = Reader(blocks)
    while (block := reader.take(frames)) is not None:
        yield block


def fork(source: Iterator[tuple[Block, ...]], ways: int) -> list[Iterator[Block]]:
    """Part a stream of tuples into `ways` streams that may be taken at different speeds.

    What one branch has taken and another has not waits in `Scratch`, on disk when it grows long.
    """
    waiting = [Scratch() for _ in range(ways)]

    def branch(way: int) -> Iterator[Block]:
        mine = waiting[way]
        try:
            while True:
                if not mine:
                    blocks = next(source, None)
                    if blocks is None:
                        return
                    for other, block in zip(waiting, blocks, strict=True):
                        other.append(block)
                yield mine.take()
        finally:
            mine.close()

    return [branch(way) for way in range(ways)]


def join(first: Iterator[Block], *others: Iterator[Block]) -> Iterator[tuple[Block, ...]]:
    """Streams of one length side by side, in the blocks of the first.

    All are run to their ends: a stage reports what it did behind its last block.
    """
    readers = [Reader(other) for other in others]
    for block in first:
        frames = block.shape[1]
        if frames:
            partners = [reader.take(frames) for reader in readers]
            if any(partner is None or partner.shape[1] < frames for partner in partners):
                raise SignalError(UNEQUAL)
            yield (block, *(partner for partner in partners if partner is not None))
    if any(reader.take(1) is not None for reader in readers):
        raise SignalError(UNEQUAL)
