"""Two files side by side: at one rate, with as many channels, and one moved against the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from masterprint.ahead import ahead
from masterprint.dsp.fir import convolve, linear_phase_taps
from masterprint.dsp.fractional_delay import SINC_REACH, fractional_delay
from masterprint.dsp.resampling import converted_frames, resample
from masterprint.errors import UsageError
from masterprint.files.reading import AudioFile, open_audio
from masterprint.signal import BLOCK_FRAMES, Block, Reader, Signal

SHARED_BAND = (0.43, 0.4535)
"""Of the lower rate: converters agree up to here, and from there nothing is compared (20 kHz at
44.1 kHz), because each has its own way of ending the band."""
CONVERTER_REACH = 140
"""Frames of the lower rate to either side that our converter looks (`dsp/resampling.py`): beyond,
its response to a single sample is below -180 dB, whatever the rates."""
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

    @property
    def reach(self) -> int:
        """Frames to either side that the filters look which make the files comparable."""
        return (len(self._shared_band) // 2 + CONVERTER_REACH) if self.converted else 0

    @cached_property
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
            signal = convolve(signal, self._shared_band)
        return signal.carrying(ahead(signal.blocks))

    @cached_property
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


@dataclass(frozen=True)
class Meeting:
    """The frames in which both files are, once B is moved by an offset.

    A filter rings at the edge of a file as if silence lay behind it. What another converter had
    rung there was cut off with the file's end, and our own filters hear that it is missing, as far
    in as they reach. So where there are filters, their reach is left out at both ends of the
    overlap (each of them is an edge of one file at least); of a short overlap, the middle half is
    compared all the same.

    Attributes:
        pair: the files.
        offset: frames by which B is later.
        fraction: of a frame by which it is later still.
        swapped: whether B's two channels are exchanged.
    """

    pair: Pair
    offset: int = 0
    fraction: float = 0.0
    swapped: bool = False

    @property
    def first(self) -> int:
        """Frame of A with which the overlap begins."""
        return max(0, -self.offset)

    @property
    def overlap(self) -> int:
        """Frames that both files have."""
        of_a, of_b = self.pair.lengths
        return max(0, min(of_a, of_b - self.offset) - self.first)

    @property
    def edge(self) -> int:
        """Frames at either end of the overlap that are not compared."""
        reach = self.pair.reach + (SINC_REACH if self.fraction else 0)
        return min(reach, self.overlap // 4)

    def blocks(self) -> Iterator[tuple[Block, Block]]:
        """Blocks of A and B that belong together, each of shape (channels, frames)."""
        signal_a, signal_b = self.pair.signals()
        if self.fraction:
            signal_b = convolve(signal_b, fractional_delay(self.fraction))
        start = self.first + self.edge
        of_a, of_b = _from(signal_a, start), _from(signal_b, start + self.offset)
        left = self.overlap - 2 * self.edge
        while left:
            a, b = (reader.take(min(BLOCK_FRAMES, left)) for reader in (of_a, of_b))
            if a is None or b is None:
                break
            left -= a.shape[1]
            yield a, np.ascontiguousarray(b[::-1]) if self.swapped else b


def _from(signal: Signal, start: int) -> Reader:
    """The signal without its first `start` frames."""
    reader = Reader(signal.blocks)
    while start:
        block = reader.take(min(BLOCK_FRAMES, start))
        if block is None:
            break
        start -= block.shape[1]
    return reader
