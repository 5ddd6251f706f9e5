"""The null test: two files aligned, one taken off the other, and what is left measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from masterprint.ahead import ahead
from masterprint.dsp.decibels import decibels, power_decibels
from masterprint.metering.likeness import Likeness
from masterprint.metering.octaves import OctaveMeter
from masterprint.metering.residual import ResidualMeter
from masterprint.rendering.alignment import Found, find_offset
from masterprint.rendering.left_over import left_over
from masterprint.rendering.null_notes import notes
from masterprint.rendering.null_result import Band, NullResult
from masterprint.rendering.pairing import SILENCE, Meeting, Pair, pair
from masterprint.rendering.verdict import (
    CLOSE_DEPTH_DB,
    CLOSE_PEAK_DBFS,
    LEAST_CORRELATION,
    NOTHING_COMMON,
    Verdict,
    depth_of,
    explained_peak,
    step_of,
)

PASSES = 5
"""How often `null_files` says that something begins, at most."""
UNEQUAL_LEVEL_DB = 0.01


def null_files(
    a: Path, b: Path, *, align: bool = True, step: Callable[[str], None] = lambda name: None
) -> NullResult:
    """Compare two files, B against A, in a few streaming passes.

    Args:
        a, b: audio files.
        align: look for offset, polarity and gain. Without, they are compared sample by sample as
            they lie.
        step: is told what begins, at most `PASSES` times.

    Raises:
        AudioFileError: one cannot be read.
        SignalError: a sample is NaN or infinite.
        UsageError: the numbers of channels cannot be matched.
    """
    files = pair(a, b)
    meeting = Meeting(files)
    step("comparing")
    likeness = _likeness(meeting)
    found = None
    if align and not (likeness.same and files.lengths[0] == files.lengths[1]):
        step("looking for the offset")
        found = find_offset(files)
        if found is not None and (found.offset or found.fit.fraction or found.swapped):
            meeting = Meeting(files, found.offset, found.fit.fraction, found.swapped)
            step("comparing levels")
            likeness = _likeness(meeting)
    step("measuring what is left")
    return _measure(meeting, likeness, found, align)


def _likeness(meeting: Meeting) -> Likeness:
    likeness = Likeness(meeting.pair.channels)
    for a, b in meeting.blocks():
        likeness.feed(a, b)
    return likeness


def _measure(meeting: Meeting, likeness: Likeness, found: Found | None, align: bool) -> NullResult:
    files, rate = meeting.pair, meeting.pair.sample_rate_hz
    correlation = likeness.correlation
    sure = found is not None and found.fit.sure
    common = likeness.channel_correlation >= (NOTHING_COMMON if sure else LEAST_CORRELATION)
    factor = likeness.factor if align and common else 1.0
    polarity = -1.0 if factor < 0 else 1.0
    first = meeting.first + meeting.edge
    residual = ResidualMeter(rate, files.channels, first)
    own_level = ResidualMeter(rate, files.channels, first)
    octaves = OctaveMeter(rate, 2 * files.channels)

    for one, other in ahead(meeting.blocks()):
        left = one - factor * other
        residual.feed(left)
        own_level.feed(left if factor == polarity else one - polarity * other)
        octaves.feed(np.concatenate([one, left]))

    mean_square = likeness.mean_square
    level, by_channel = likeness.levels()
    peaks = likeness.peaks
    result = NullResult(
        a=files.a.path,
        b=files.b.path,
        verdict="different",
        aligned=align,
        sample_rate_hz=rate,
        channels=files.channels,
        overlap_frames=meeting.overlap,
        overlap_s=meeting.overlap / rate,
        edge_s=meeting.edge / rate,
        offset_frames=meeting.offset,
        offset_fraction=meeting.fraction,
        offset_ms=1000.0 * (meeting.offset + meeting.fraction) / rate,
        inverted=factor < 0,
        correlation=correlation,
        gain_db=_gain_db(factor) if align and common else None,
        level_db=None if level is None else decibels(level),
        channel_levels_db=_channel_levels(by_channel) if common else (),
        swapped=meeting.swapped,
        dc=likeness.dc,
        programme_rms_dbfs=power_decibels(mean_square),
        residual=residual.result(mean_square),
        residual_at_own_level=own_level.result(mean_square),
        bands=_bands(octaves, files.channels),
        left_over=left_over(meeting),
        silent=tuple(name for name, peak in zip("ab", peaks, strict=True) if peak <= SILENCE),
        notes=(),
    )
    steps = (step_of(files.a, peaks[0]), step_of(files.b, peaks[1]))
    explained = explained_peak(steps, factor, peaks[0])
    verdict = _verdict(result, files, likeness, residual.peak, explained)
    return replace(result, verdict=verdict, notes=tuple(notes(result, files, likeness, found)))


def _verdict(
    result: NullResult, files: Pair, likeness: Likeness, peak: float, explained: float
) -> Verdict:
    if not likeness.frames:
        return "different"
    nothing_heard = len(result.silent) == 2 and any(not rest.silent for rest in result.left_over)
    if result.swapped or nothing_heard:
        return "different"
    interpolated = (files.converted and len(result.silent) != 2) or result.offset_fraction
    if not interpolated and len(result.silent) != 1:
        moved = result.left_over or result.offset_frames or files.converted
        exact = likeness.same and not moved
        alike = files.a.channels == files.b.channels and depth_of(files.a) == depth_of(files.b)
        if exact and alike:
            return "identical"
        # As they lie, what a gain explains is not the same.
        if peak <= (explained if result.aligned or explained == 0.0 else 0.0):
            return "same"
    depth = result.residual.null_depth_db
    if peak == 0.0 or (
        20.0 * np.log10(peak) <= CLOSE_PEAK_DBFS and depth is not None and depth <= CLOSE_DEPTH_DB
    ):
        return "close"
    return "different"


def _gain_db(factor: float) -> float | None:
    level = decibels(abs(factor))
    return None if level is None else 0.0 - level


def _channel_levels(levels: list[float | None]) -> tuple[float | None, ...]:
    in_db = tuple(None if level is None else decibels(level) for level in levels)
    known = [level for level in in_db if level is not None]
    return in_db if known and max(known) - min(known) > UNEQUAL_LEVEL_DB else ()


def _bands(octaves: OctaveMeter, channels: int) -> tuple[Band, ...]:
    squares = octaves.mean_squares()
    programme, residual = squares[:channels].mean(axis=0), squares[channels:].mean(axis=0)
    return tuple(
        Band(centre, power_decibels(float(one)), power_decibels(float(other)))
        for centre, one, other in zip(octaves.bands, programme, residual, strict=True)
    )
