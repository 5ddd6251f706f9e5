"""An album laid out: its masters as pieces of a timeline, all of them or those of one side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from masterprint.files.reading import AudioFile, open_audio
from masterprint.release.album import Track
from masterprint.release.assembly import Source
from masterprint.release.levels import ceiling_of
from masterprint.release.loading import Album
from masterprint.release.timeline import Piece, Timeline, lay_down
from masterprint.rendering.job import RenderJob
from masterprint.stages.fade import Fade


@dataclass(frozen=True)
class Layout:
    """Tracks that follow one another.

    Attributes:
        indexes: of the tracks in the album, from 0.
        files: the master of each, or its mix where masters are not there yet.
        timeline, sources: of the same.
        ceiling_dbtp: the lowest that a chain of theirs holds; None where none does.
    """

    indexes: tuple[int, ...]
    files: tuple[AudioFile, ...]
    timeline: Timeline
    sources: tuple[Source, ...]
    ceiling_dbtp: float | None

    @property
    def channels(self) -> set[int]:
        """Numbers of channels that occur."""
        return {run.channels for run in self.timeline.runs}


def laid_out(
    album: Album,
    jobs: Sequence[RenderJob],
    of: Callable[[RenderJob], Path] = lambda job: job.master,
    indexes: Sequence[int] | None = None,
    head_s: float = 0.0,
) -> Layout:
    """The tracks of an album in their places.

    Args:
        album: whose tracks.
        jobs: that make the masters, in order.
        of: what is laid out of each: its master, or its mix.
        indexes: of the tracks that are wanted, in order; all by default.
        head_s: silence before the first of them, in place of its own gap where some are left out.

    Raises:
        AudioFileError: a file is missing or cannot be read.
        UsageError: a crossfade is not possible.
    """
    wanted = range(len(jobs)) if indexes is None else indexes
    files: list[AudioFile] = []
    pieces: list[Piece] = []
    sources: list[Source] = []
    for index in wanted:
        track, file = album.tracks[index], open_audio(of(jobs[index]))
        frames = file.frames if file.frames is not None else _counted(file)
        is_first = not pieces
        gap_s = gap_before(album, index) if index == 0 or not is_first else 0.0
        pieces.append(
            Piece(
                f"track {album.numbers[index]}, {track.title!r}",
                file.sample_rate_hz,
                file.channels,
                frames,
                gap_s + (head_s if is_first else 0.0),
                None if is_first and indexes is not None else track.crossfade_s,
            )
        )
        files.append(file)
        sources.append(Source(file.signal, fade_of(track), track.crossfade_curve, file.bits))
    ceilings = [ceiling_of(jobs[index].chain) for index in wanted]
    held = [ceiling for ceiling in ceilings if ceiling is not None]
    return Layout(
        tuple(wanted), tuple(files), lay_down(pieces), tuple(sources), min(held, default=None)
    )


def gap_before(album: Album, index: int) -> float:
    """Seconds of silence before a track; the first has none unless it says so."""
    track = album.tracks[index]
    if track.crossfade_s is not None:
        return 0.0
    if track.gap_s is not None:
        return track.gap_s
    return album.model.gap_s if index else 0.0


def fade_of(track: Track) -> Fade | None:
    """The fades at the ends of a track."""
    if not (track.fade_in_s or track.fade_out_s):
        return None
    return Fade(
        in_s=track.fade_in_s,
        out_s=track.fade_out_s,
        in_curve=track.fade_curve,
        out_curve=track.fade_curve,
    )


def _counted(file: AudioFile) -> int:
    """The frames of a file whose header does not tell them."""
    return sum(block.shape[1] for block in file.signal().blocks)
