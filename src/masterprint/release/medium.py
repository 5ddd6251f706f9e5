"""What a disc, a record and a cassette ask of an album before any of them is made."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from masterprint.chain.yaml_source import Place
from masterprint.disc import rules
from masterprint.disc.layout import SECTORS_PER_S, Disc
from masterprint.errors import UsageError
from masterprint.release.layout import title_of
from masterprint.release.loading import Album
from masterprint.release.sides import Side, limits_of, sides_of
from masterprint.release.timeline import Timeline

Medium = Literal["vinyl", "cassette"]
_OF_TRACK = re.compile(r"track ([0-9]+)\b", re.IGNORECASE)
_OF_DISC = {
    "Disc: title": "title",
    "Disc: performer": "artist",
    "Disc: catalogue number": "catalog_number",
    "Disc: genre": "genre",
    "Disc: language": "language",
}
"""How sentences about the texts of a disc begin, and the settings that these are from."""
MOST_APART_S = 60.0
"""By which the sides of a cassette may differ: the tape runs on for the rest."""


def disc_problems(
    album: Album, timeline: Timeline, disc: Disc
) -> tuple[list[tuple[Place, str]], list[str]]:
    """Why a compact disc of the album cannot be made, with places in its file; and doubts."""
    problems: list[tuple[Place, str]] = []
    mono = [
        title_of(album, part.index)
        for run in timeline.runs
        if run.channels != 2
        for part in run.parts
    ]
    if mono:
        problems.append(
            (
                ("tracks",),
                f"a compact disc holds two channels, and these have another number: "
                f"{'; '.join(mono)}; export them as stereo",
            )
        )
    most = round(album.model.cd.longest_s * SECTORS_PER_S)
    for text in rules.problems(disc, most):
        problems.append((place_of(album, text), text.rstrip(".")))
    return problems, [text.rstrip(".") for text in rules.warnings(disc)]


def side_plan(album: Album, timeline: Timeline, medium: Medium) -> tuple[list[Side], list[str]]:
    """The sides of a record or a cassette, and what is doubtful about them.

    Raises:
        UsageError: a side is too long, or the album's own division is not possible.
    """
    lengths = lengths_of(timeline)
    if medium == "vinyl":
        vinyl = album.model.vinyl
        comfortable, longest = limits_of(vinyl)
        what = f'a {vinyl.size_inch}" record at {vinyl.rpm} rpm'
        counts = vinyl.sides
    else:
        comfortable = longest = album.model.cassette.longest_side_s
        what, counts = "a cassette", album.model.cassette.sides
    sides = sides_of(album, lengths, counts, comfortable, medium)
    too_long = [side for side in sides if side.seconds > longest]
    if too_long:
        named = "; ".join(f"side {side.name} plays {clock(side.seconds)}" for side in too_long)
        raise UsageError(
            f"a side of {what} holds at most {clock(longest)}, and {named}.",
            hint=f"divide the tracks otherwise in {medium}.sides, or leave some out",
        )
    doubts = [
        f"side {side.name} plays {clock(side.seconds)}, and above {clock(comfortable)} a side of "
        f"{what} gets softer"
        for side in sides
        if side.seconds > comfortable
    ]
    if counts is None and medium == "vinyl":
        shared = ", ".join(f"{side.name} {clock(side.seconds)}" for side in sides)
        doubts.append(
            f"the sides of the record are divided as evenly as the order allows: {shared}; to "
            f"settle it, write vinyl.sides: {counts_of(album, sides)}"
        )
    if medium == "cassette":
        doubts += _uneven(sides)
    return sides, doubts


def unlike_channels(album: Album, timeline: Timeline, files: Sequence[Sequence[int]]) -> str | None:
    """Why tracks cannot lie in one file."""
    channels = {part.index: run.channels for run in timeline.runs for part in run.parts}
    for indexes in files:
        first = indexes[0]
        for index in indexes[1:]:
            if channels[index] != channels[first]:
                return (
                    f"{title_of(album, index)}, has {channels[index]} channels and "
                    f"{title_of(album, first)}, {channels[first]}: they cannot lie in one file; "
                    "export mono mixes as stereo"
                )
    return None


def place_of(album: Album, text: str) -> Place:
    """Where the album file has what a sentence about a track or the disc is about."""
    if (number := _OF_TRACK.match(text)) is not None:
        numbered = [index for index, track in enumerate(album.tracks) if not track.hidden]
        return ("tracks", numbered[int(number[1]) - 1])
    what = next((field for words, field in _OF_DISC.items() if text.startswith(words)), None)
    return (what,) if what and getattr(album.model, what) is not None else ("tracks",)


def counts_of(album: Album, sides: list[Side]) -> list[int]:
    """Numbered tracks on each side, as the album file has them."""
    return [sum(not album.tracks[index].hidden for index in side.indexes) for side in sides]


def lengths_of(timeline: Timeline) -> list[float]:
    """Seconds of each part of a timeline, in order."""
    return [
        (part.end - part.begin) / run.sample_rate_hz for run in timeline.runs for part in run.parts
    ]


def clock(seconds: float) -> str:
    """Minutes and seconds."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"


def _uneven(sides: list[Side]) -> list[str]:
    pairs = list(zip(sides[::2], sides[1::2], strict=False))
    found = [
        f"side {b.name} of the cassette is {clock(b.seconds - a.seconds)} longer than side "
        f"{a.name}, where side {a.name} had better be the longer one"
        for a, b in pairs
        if b.seconds > a.seconds + 1.0
    ]
    return found + [
        f"sides {a.name} and {b.name} of the cassette differ by {clock(abs(a.seconds - b.seconds))}"
        for a, b in pairs
        if abs(a.seconds - b.seconds) > MOST_APART_S
    ]
