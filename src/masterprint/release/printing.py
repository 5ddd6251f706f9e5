"""Tracks as files of their own, cut from the programme at the rate that their masters have."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from masterprint.dsp.decibels import amplitude
from masterprint.dsp.resampling import resample
from masterprint.errors import UsageError
from masterprint.files.formats import MasterFormat
from masterprint.files.quantiser import reserve
from masterprint.files.writing import write_master
from masterprint.release.assembly import ceiling_stage, cut, run_signal
from masterprint.release.consistency import TrackFigures, TrackMeter
from masterprint.release.layout import Layout, hidden_apart
from masterprint.release.loading import Album
from masterprint.release.timeline import Run
from masterprint.signal import Signal
from masterprint.stages.run import run_stage

Gaps = Literal["keep", "none"]


@dataclass(frozen=True)
class Printed:
    """A track as a file.

    Attributes:
        path: 24-bit WAV.
        number: of the track, from 1; 0 for what is hidden before the first.
        index: of the track in the album, from 0.
        figures: what it measures.
        pcm_sha256: hash of its samples.
    """

    path: Path
    number: int
    index: int
    figures: TrackFigures
    pcm_sha256: str


@dataclass(frozen=True)
class Stretch:
    """What becomes a file: first frame in a run, and the frame behind the last."""

    number: int
    index: int
    begin: int
    end: int


def stretches(album: Album, layout: Layout, gaps: Gaps = "keep") -> list[tuple[Run, list[Stretch]]]:
    """What of each run becomes which file.

    A file ends where the next track begins, so that all of them, played one after the other, are
    the programme; with `gaps` none it ends with its own audio. What is hidden belongs to the track
    before it; hidden before the first, it is a file of number 0.

    Raises:
        UsageError: what is hidden has another rate than the track that it belongs to.
    """
    found = []
    for run in layout.timeline.runs:
        mine: list[Stretch] = []
        for part in run.parts:
            index = layout.indexes[part.index]
            track, number = album.tracks[index], album.numbers[index]
            if track.hidden and number and not mine:
                raise UsageError(hidden_apart(album, index))
            if mine and not track.hidden:
                end = min(mine[-1].end, part.begin) if gaps == "none" else part.begin
                mine[-1] = replace(mine[-1], end=end)
            if not track.hidden or not mine:
                mine.append(Stretch(number, index, part.begin, part.end))
            mine[-1] = replace(mine[-1], end=part.end)
        if gaps == "keep":
            mine[-1] = replace(mine[-1], end=run.frames)
        found.append((run, mine))
    return found


def print_tracks(
    album: Album,
    layout: Layout,
    name_of: Callable[[Stretch], Path],
    *,
    gaps: Gaps = "keep",
    sample_rate_hz: int | None = None,
    gain_db: Callable[[Stretch], float] = lambda stretch: 0.0,
    ceiling_dbtp: float | None = None,
    done: Callable[[str], None] = lambda name: None,
) -> Iterator[Printed]:
    """Write every track as a 24-bit WAV.

    Where the masters have 24 bits, and nothing is converted, joined or faded, their samples are
    those of the masters.

    Args:
        album, layout: what is printed.
        name_of: where each goes; the folders exist.
        gaps: whether the silence behind a track goes with it.
        sample_rate_hz: of all files; None for that of each master.
        gain_db: for each track.
        ceiling_dbtp: that conversion and gain must not pass; that of the layout by default.
        done: told the title of each that begins.
    """
    master = MasterFormat()
    ceiling = layout.ceiling_dbtp if ceiling_dbtp is None else ceiling_dbtp
    for run, mine in stretches(album, layout, gaps):
        spans = [(each.begin, each.end) for each in mine]
        whole = run_signal(run, layout.sources, layout.ceiling_dbtp)
        for stretch, piece in zip(mine, cut(whole, spans), strict=True):
            done(album.tracks[stretch.index].title)
            signal = _worked(piece, sample_rate_hz, gain_db(stretch), ceiling, master)
            meter = TrackMeter(signal.sample_rate_hz, signal.channels, master.full_scale)
            path = name_of(stretch)
            written = write_master(meter.listening(signal), path, master, heard=meter.feed)
            yield Printed(path, stretch.number, stretch.index, meter.result(), written.pcm_sha256)


def _worked(
    piece: Signal, sample_rate_hz: int | None, gain_db: float, ceiling: float | None,
    master: MasterFormat,
) -> Signal:  # fmt: skip
    rate = sample_rate_hz or piece.sample_rate_hz
    if rate == piece.sample_rate_hz and not gain_db:
        return piece
    gain = amplitude(gain_db)
    signal = resample(piece.map(lambda block: block * gain), rate)
    return run_stage(ceiling_stage(ceiling), replace(signal, reserve=reserve(master)))
