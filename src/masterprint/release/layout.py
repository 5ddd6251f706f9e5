"""An album laid out: its masters as pieces of a timeline, all of them or those of one side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from masterprint.chain.model import Chain
from masterprint.dsp.resampling import converted_frames
from masterprint.files.reading import AudioFile, open_audio
from masterprint.release.album import Track
from masterprint.release.assembly import Source
from masterprint.release.levels import ceiling_of
from masterprint.release.loading import Album
from masterprint.release.timeline import Piece, Timeline, lay_down
from masterprint.stages.fade import Fade


@dataclass(frozen=True)
class Layout:
    """Tracks that follow one another.

    Attributes:
        indexes: of the tracks in the album, from 0.
        timeline: where they lie.
        sources: their audio, in the same order.
        ceiling_dbtp: the lowest that a chain of theirs holds; None where none does.
    """

    indexes: tuple[int, ...]
    timeline: Timeline
    sources: tuple[Source, ...]
    ceiling_dbtp: float | None

    def channels(self, place: int) -> int:
        """Of the track at a place among these."""
        runs = self.timeline.runs
        return next(run.channels for run in runs if any(part.index == place for part in run.parts))


def laid_out(
    album: Album,
    masters: Sequence[Path],
    chains: Sequence[Chain],
    indexes: Sequence[int] | None = None,
    head_s: float = 0.0,
) -> Layout:
    """The tracks of an album in their places.

    Args:
        album: whose tracks.
        masters, chains: of all its tracks, in order.
        indexes: of the tracks that are wanted, in order; all by default.
        head_s: silence before the first of them.

    Raises:
        AudioFileError: a master is missing or cannot be read.
        UsageError: a crossfade is not possible.
    """
    wanted = range(len(masters)) if indexes is None else indexes
    files = [open_audio(masters[index]) for index in wanted]
    shapes = [(each.sample_rate_hz, each.channels, _frames(each)) for each in files]
    sources = [
        Source(file.signal, fade_of(track), track.crossfade_curve, file.bits)
        for file, track in zip(files, (album.tracks[index] for index in wanted), strict=True)
    ]
    ceilings = [ceiling_of(chains[index]) for index in wanted]
    held = [ceiling for ceiling in ceilings if ceiling is not None]
    timeline = lay_down(pieces_of(album, shapes, wanted, head_s))
    return Layout(tuple(wanted), timeline, tuple(sources), min(held, default=None))


def pieces_of(
    album: Album,
    shapes: Sequence[tuple[int, int, int]],
    indexes: Sequence[int],
    head_s: float = 0.0,
) -> list[Piece]:
    """Tracks as pieces of a timeline.

    Args:
        album: whose tracks.
        shapes: sample rate, channels and frames of each of them.
        indexes: of the tracks in the album.
        head_s: silence before the first.
    """
    pieces: list[Piece] = []
    for index, shape in zip(indexes, shapes, strict=True):
        follows = bool(pieces) or index == 0
        track = album.tracks[index]
        gap_s = gap_before(album, index) if follows else 0.0
        pieces.append(
            Piece(
                title_of(album, index),
                *shape,
                gap_s=gap_s if pieces else gap_s + head_s,
                crossfade_s=track.crossfade_s if follows else None,
            )
        )
    return pieces


def expected_shape(mix: AudioFile, chain: Chain) -> tuple[int, int, int]:
    """Sample rate, channels and frames that a master will have, unless its chain trims it."""
    rate = chain.master.sample_rate_hz or mix.sample_rate_hz
    frames = _frames(mix) + round(chain.tail_s * mix.sample_rate_hz)
    return rate, mix.channels, converted_frames(frames, mix.sample_rate_hz, rate)


def title_of(album: Album, index: int) -> str:
    """A track, as it is called in messages."""
    track, number = album.tracks[index], album.numbers[index]
    return f"{'hidden track' if track.hidden else f'track {number}'}, {track.title!r}"


def hidden_apart(album: Album, index: int) -> str:
    """Why a hidden track that is alone in its run cannot be."""
    return (
        f"{title_of(album, index)}: is hidden behind a track of another sample rate or number of "
        "channels, and cannot lie in its file: give their chains one sample_rate_hz in `master`"
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


def _frames(file: AudioFile) -> int:
    """Of a file; counted where no header tells them."""
    if file.frames is not None:
        return file.frames
    return sum(block.shape[1] for block in file.signal().blocks)
