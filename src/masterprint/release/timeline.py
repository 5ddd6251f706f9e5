"""Where every track lies in the programme: to the frame, at the rates that the masters have.

Consecutive masters of one rate and one number of channels are a *run*: they are joined as they are,
and where another rate is wanted the run is converted as a whole, so that no join is heard. The
silence before a run of another rate belongs to the end of the run before it.

    programme   |-------------- run 1, 96 kHz --------------|------ run 2, 44.1 kHz -----|
    parts       gap |--- part ---| gap |--- part ---|   gap  |--- part ---|
                                               |--- part ---|              crossfade: an overlap
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from masterprint.dsp.resampling import converted_frames
from masterprint.errors import UsageError


@dataclass(frozen=True)
class Piece:
    """A master, or a mix in its place, before it is laid down.

    Attributes:
        name: what errors call it.
        sample_rate_hz, channels, frames: its shape.
        gap_s: silence before it, in seconds.
        crossfade_s: overlap with the piece before it; None without.
    """

    name: str
    sample_rate_hz: int
    channels: int
    frames: int
    gap_s: float = 0.0
    crossfade_s: float | None = None


@dataclass(frozen=True)
class Part:
    """A piece in its run.

    Attributes:
        index: of the piece, from 0.
        begin, end: where its audio begins and ends, in frames of the run.
        crossfade: frames at its beginning that lie over the end of the part before.
    """

    index: int
    begin: int
    end: int
    crossfade: int


@dataclass(frozen=True)
class Run:
    """Consecutive parts of one rate and one number of channels.

    Attributes:
        sample_rate_hz, channels: theirs.
        parts: in order.
        frames: length, with the silence up to the next run.
    """

    sample_rate_hz: int
    channels: int
    parts: tuple[Part, ...]
    frames: int


@dataclass(frozen=True)
class Timeline:
    """The whole programme."""

    runs: tuple[Run, ...]

    @property
    def highest_rate_hz(self) -> int:
        """Of all runs."""
        return max(run.sample_rate_hz for run in self.runs)

    def frames_at(self, sample_rate_hz: int) -> int:
        """Length of the programme when every run is converted to a rate."""
        return sum(
            converted_frames(run.frames, run.sample_rate_hz, sample_rate_hz) for run in self.runs
        )

    def placed_at(self, sample_rate_hz: int) -> Iterator[tuple[int, Fraction, Fraction]]:
        """Index, beginning and end of every part, in frames of that rate, which may be broken."""
        offset = 0
        for run in self.runs:
            ratio = Fraction(sample_rate_hz, run.sample_rate_hz)
            for part in run.parts:
                yield part.index, offset + part.begin * ratio, offset + part.end * ratio
            offset += converted_frames(run.frames, run.sample_rate_hz, sample_rate_hz)


def lay_down(pieces: Sequence[Piece]) -> Timeline:
    """The timeline of pieces that follow one another.

    Raises:
        UsageError: a crossfade is longer than what it joins, or joins what has two rates.
    """
    runs: list[Run] = []
    parts: list[Part] = []
    cursor = 0
    for index, piece in enumerate(pieces):
        before = pieces[index - 1] if index else None
        same = before is not None and _shape(before) == _shape(piece)
        if before is not None and not same:
            if piece.crossfade_s is not None:
                raise UsageError(
                    f"{piece.name}: cannot be crossfaded with {before.name}, because one is "
                    f"{_shape_text(before)} and the other {_shape_text(piece)}.",
                    hint="give their chains one sample_rate_hz in `master`",
                )
            cursor += round(piece.gap_s * before.sample_rate_hz)
            runs.append(Run(before.sample_rate_hz, before.channels, tuple(parts), cursor))
            parts, cursor = [], 0
        else:
            cursor += round(piece.gap_s * piece.sample_rate_hz)
        crossfade = round((piece.crossfade_s or 0.0) * piece.sample_rate_hz)
        if crossfade:
            _need_room(piece, before, parts[-1] if parts else None, crossfade)
        begin = cursor - crossfade
        cursor = begin + piece.frames
        parts.append(Part(index, begin, cursor, crossfade))
    last = pieces[-1]
    runs.append(Run(last.sample_rate_hz, last.channels, tuple(parts), cursor))
    return Timeline(tuple(runs))


def _shape(piece: Piece) -> tuple[int, int]:
    return piece.sample_rate_hz, piece.channels


def _shape_text(piece: Piece) -> str:
    channels = {1: "mono", 2: "stereo"}.get(piece.channels, f"{piece.channels} channels")
    return f"{piece.sample_rate_hz} Hz, {channels}"


def _need_room(piece: Piece, before: Piece | None, part: Part | None, crossfade: int) -> None:
    """Refuse a crossfade for which one of the two is too short."""
    if before is None or part is None:
        raise UsageError(f"{piece.name}: is the first, so there is nothing to crossfade it with.")
    free = part.end - part.begin - part.crossfade
    for name, frames in ((before.name, free), (piece.name, piece.frames)):
        if crossfade > frames:
            raise UsageError(
                f"{piece.name}: its crossfade of {piece.crossfade_s:g} s is longer than the "
                f"{frames / piece.sample_rate_hz:.1f} s that {name} has for it."
            )
