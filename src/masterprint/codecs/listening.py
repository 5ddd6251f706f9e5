"""What a codec makes of a programme: encoded, decoded again and measured."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from masterprint.codecs.encoding import Passing, decode, encode_to
from masterprint.codecs.formats import Format
from masterprint.codecs.lag import Found, Stretch
from masterprint.dsp.decibels import decibels
from masterprint.files.reading import AudioFile
from masterprint.metering.truepeak import TruePeakMeter
from masterprint.signal import Block

SILENCE = 1e-10
"""What decoders give back for nothing is not always nothing."""


class Peaks:
    """The true peak of what passes, and the samples over full scale."""

    def __init__(self, sample_rate_hz: int, channels: int) -> None:
        self._meter = TruePeakMeter(sample_rate_hz, channels)
        self._sample_peak = 0.0
        self.clipped_samples = 0

    def feed(self, block: Block) -> None:
        """Measure a block of shape (channels, frames)."""
        if not block.shape[1]:
            return
        self._meter.feed(block)
        sizes = np.abs(block)
        self._sample_peak = max(self._sample_peak, float(sizes.max()))
        self.clipped_samples += int(np.count_nonzero(sizes > 1.0))

    def passing(self, blocks: Iterator[Block]) -> Iterator[Block]:
        """The same blocks, measured."""
        for block in blocks:
            self.feed(block)
            yield block

    def true_peak_dbtp(self) -> float | None:
        """The largest magnitude, between samples too; None for silence."""
        peak = max(self._sample_peak, float(self._meter.finish().max()))
        return decibels(peak) if peak > SILENCE else None


@dataclass(frozen=True)
class Listened:
    """An encoded file as a player gives it back.

    Attributes:
        sample_rate_hz: of the encoded file.
        true_peak_dbtp: of what is decoded; None for silence.
        clipped_samples: decoded samples over full scale, which a player of integers cuts off.
        offset_frames: by how much what is decoded is late; None where that cannot be told.
        length_difference_frames: by how much it is longer than what was encoded.
        size_bytes: of the file.
        seconds: of the programme.
    """

    sample_rate_hz: int
    true_peak_dbtp: float | None
    clipped_samples: int
    offset_frames: int | None
    length_difference_frames: int
    size_bytes: int
    seconds: float


def listen(
    file: AudioFile,
    part: Path,
    fmt: Format,
    gain_db: float = 0.0,
    before: Passing | None = None,
) -> Listened:
    """Encode to a file that nobody else knows, and hear what comes back.

    `before` is given the source's blocks as they are.
    """
    stretch = Stretch()
    encode_to(file, part, fmt, gain_db, before, stretch.passing)
    decoded = decode(part, fmt)
    after = Peaks(decoded.sample_rate_hz, decoded.channels)
    found = Found(stretch)
    for block in decoded.blocks:
        after.feed(block)
        found.feed(block)
    return Listened(
        sample_rate_hz=decoded.sample_rate_hz,
        true_peak_dbtp=after.true_peak_dbtp(),
        clipped_samples=after.clipped_samples,
        offset_frames=found.lag_frames(),
        length_difference_frames=found.frames - stretch.frames,
        size_bytes=part.stat().st_size,
        seconds=stretch.frames / decoded.sample_rate_hz,
    )
