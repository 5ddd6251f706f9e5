"""What one file has where the other has nothing, once they are aligned."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from masterprint.dsp.decibels import decibels
from masterprint.files.reading import AudioFile
from masterprint.rendering.pairing import Meeting


@dataclass(frozen=True)
class LeftOver:
    """What one file has where the other has nothing; digital silence has no peak.

    Attributes:
        file: "a" or "b".
        where: "start" or "end".
        frames, seconds: how much, at the rate of comparison.
        silent: whether all of it is digital silence.
        peak_dbfs: its largest sample.
    """

    file: str
    where: str
    frames: int
    seconds: float
    silent: bool
    peak_dbfs: float | None


def left_over(meeting: Meeting) -> tuple[LeftOver, ...]:
    """What lies before and behind the overlap.

    It is measured in the file as it lies on disk: what was converted rings into the silence beside
    it. At two rates, a single frame at the end is how a converter rounded the length, and nothing.
    """
    files, rate = meeting.pair, meeting.pair.sample_rate_hz
    found = []
    for name, file, begin, length in (
        ("a", files.a, meeting.first, files.lengths[0]),
        ("b", files.b, meeting.first + meeting.offset, files.lengths[1]),
    ):
        start = min(begin, length)
        end = length - start - meeting.overlap
        if start:
            found.append((name, "start", start, _peak(file, 0.0, (start - files.converted) / rate)))
        if end > files.converted:
            peak = _peak(file, (length - end + files.converted) / rate, math.inf)
            found.append((name, "end", end, peak))
    found.sort(key=lambda each: each[1] == "end")
    return tuple(
        LeftOver(name, where, frames, frames / rate, peak == 0.0, decibels(peak))
        for name, where, frames, peak in found
    )


def _peak(file: AudioFile, from_s: float, to_s: float) -> float:
    """The largest magnitude between two moments of a file."""
    first, last = from_s * file.sample_rate_hz, to_s * file.sample_rate_hz
    peak, position = 0.0, 0
    for block in file.signal().blocks:
        low, high = max(0.0, first - position), min(float(block.shape[1]), last - position)
        if low < high:
            peak = max(peak, float(np.abs(block[:, round(low) : round(high)]).max(initial=0.0)))
        position += block.shape[1]
        if position >= last:
            break
    return peak
