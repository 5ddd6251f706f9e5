"""Two files side by side: at one rate, with as many channels, and one moved against the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from masterprint.ahead import ahead
from masterprint.dsp.fir import convolve, linear_phase_taps
from masterprint.dsp.resampling import converted_frames, resample
from masterprint.errors import UsageError
from masterprint.files.reading import AudioFile, open_audio
from masterprint.signal import BLOCK_FRAMES, Block, Reader, Signal

SHARED_BAND = (0.43, 0.4535)
"""Of the lower rate: converters agree up to here, and from there nothing is compared (20 kHz at
44.1 kHz), because each has its own way of ending the band."""
SILENCE = 1e-10
"""Peaks below, -200 dBFS, are digital silence that went through a filter."""


@dataclass(frozen=True)
class Pair:
    """Two files, and what they have to be turned into to be compared.

    Attributes:
        a, b: the files.
        sample_rate_hz: the lower of their rates; the other file is converted to it.
        channels: the larger of their numbers; a mono file stands for two equal channels.
    """

    a: AudioFile
    b: AudioFile
    sample_rate_hz: int
    channels: int

    @property
    def converted(self) -> bool:
        """Whether the files differ in rate."""
        return self.a.sample_rate_hz != self.b.sample_rate_hz

    def signals(self) -> tuple[Signal, Signal]:
        """Both files as they are compared, to be taken once, each decoded in its own thread."""
        return self._signal(self.a), self._signal(self.b)

    def lengths(self) -> tuple[int, int]:
        """Frames of both at the rate of comparison; a file that does not tell is counted."""
        return self._length(self.a), self._length(self.b)

    def _signal(self, file: AudioFile) -> Signal:
        signal = resample(file.signal(), self.sample_rate_hz)
        if file.channels < self.channels:
            signal = replace(
                signal.map(lambda block: np.repeat(block, 2, axis=0)), channels=self.channels
            )
        if self.converted:
            signal = convolve(signal, self._shared_band())
        return signal.carrying(ahead(signal.blocks))

    def _shared_band(self) -> NDArray[np.float64]:
        low, high = (part * self.sample_rate_hz for part in SHARED_BAND)

        def magnitude(hz: NDArray[np.float64]) -> NDArray[np.float64]:
            way = np.clip((hz - low) / (high - low), 0.0, 1.0)
            return np.asarray(np.cos(0.5 * np.pi * way) ** 2)

        return linear_phase_taps(magnitude, self.sample_rate_hz, 0.02)

    def _length(self, file: AudioFile) -> int:
        frames = file.frames
        if frames is None:
            frames = sum(block.shape[1] for block in file.signal().blocks)
        return converted_frames(frames, file.sample_rate_hz, self.sample_rate_hz)


def pair(a: Path, b: Path) -> Pair:
    """Open two files that are to be compared.

    Raises:
        AudioFileError: one cannot be read.
        UsageError: their channels cannot be matched.
    """
    one, other = open_audio(a), open_audio(b)
    counts = sorted((one.channels, other.channels))
    if counts[0] != counts[1] and counts != [1, 2]:
        raise UsageError(
            f"{a} has {one.channels} channels and {b} has {other.channels}: as many in both are "
            "expected, or mono and stereo."
        )
    return Pair(one, other, min(one.sample_rate_hz, other.sample_rate_hz), counts[1])


@dataclass
class Alone:
    """What one file has where the other has nothing.

    Attributes:
        file: "a" or "b".
        where: "start" or "end".
        frames: how many, at the rate of comparison.
        peak: largest magnitude; 0 for digital silence.
    """

    file: str
    where: str
    frames: int = 0
    peak: float = 0.0

    def feed(self, block: Block) -> None:
        """Take a block into account."""
        self.frames += block.shape[1]
        peak = float(np.abs(block).max(initial=0.0))
        self.peak = max(self.peak, peak if peak > SILENCE else 0.0)


@dataclass
class Meeting:
    """The frames in which both files are, once B is moved by an offset.

    Attributes:
        pair: the files.
        offset: frames by which B is later.
        taps: moves B by a fraction of a frame, too; None for not.
        alone: what is left over, complete when `blocks` has been taken to its end.
    """

    pair: Pair
    offset: int = 0
    taps: NDArray[np.float64] | None = None
    alone: list[Alone] = field(default_factory=list)

    def blocks(self) -> Iterator[tuple[Block, Block]]:
        """Blocks of A and B that belong together, each of shape (channels, frames)."""
        signal_a, signal_b = self.pair.signals()
        if self.taps is not None:
            signal_b = convolve(signal_b, self.taps)
        readers = {"a": Reader(signal_a.blocks), "b": Reader(signal_b.blocks)}
        later = Alone("b" if self.offset > 0 else "a", "start")
        while later.frames < abs(self.offset):
            block = readers[later.file].take(min(BLOCK_FRAMES, abs(self.offset) - later.frames))
            if block is None:
                break
            later.feed(block)
        rest = Alone("a", "end")
        while True:
            a, b = readers["a"].take(BLOCK_FRAMES), readers["b"].take(BLOCK_FRAMES)
            frames = min(0 if block is None else block.shape[1] for block in (a, b))
            for name, block in (("a", a), ("b", b)):
                if block is not None and block.shape[1] > frames:
                    rest.file = name
                    rest.feed(block[:, frames:])
            if a is None or b is None:
                break
            yield (
                np.ascontiguousarray(a[:, :frames]),
                np.ascontiguousarray(b[:, :frames]),
            )
        while (block := readers[rest.file].take(BLOCK_FRAMES)) is not None:
            rest.feed(block)
        self.alone = [each for each in (later, rest) if each.frames]
