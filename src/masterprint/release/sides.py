"""Sides of a record or a cassette: which tracks go where, and how long that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from masterprint.errors import UsageError
from masterprint.release.album import Vinyl
from masterprint.release.layout import gap_before
from masterprint.release.loading import Album

COMFORTABLE_S = {
    (12, 33): 1170.0, (12, 45): 870.0, (10, 33): 810.0, (10, 45): 600.0, (7, 33): 420.0,
    (7, 45): 300.0,
}  # fmt: skip
"""Size in inches and turns a minute: up to here a side can be cut at a good level."""
LONGEST_S = {
    (12, 33): 1440.0, (12, 45): 960.0, (10, 33): 960.0, (10, 45): 720.0, (7, 33): 480.0,
    (7, 45): 360.0,
}  # fmt: skip
"""Up to here it can be cut at all, softer and with less bass."""
MOST_SIDES = 16
NOUNS = {"vinyl": "record", "cassette": "cassette"}


@dataclass(frozen=True)
class Side:
    """A side.

    Attributes:
        name: "A", "B" and so on.
        indexes: of its tracks in the album, from 0.
        seconds: how long it plays.
    """

    name: str
    indexes: tuple[int, ...]
    seconds: float


def limits_of(vinyl: Vinyl) -> tuple[float, float]:
    """What a side of a record holds comfortably, and at all, in seconds."""
    key = (vinyl.size_inch, vinyl.rpm)
    return COMFORTABLE_S[key], LONGEST_S[key]


def sides_of(
    album: Album,
    lengths_s: Sequence[float],
    counts: Sequence[int] | None,
    comfortable_s: float,
    medium: str,
) -> list[Side]:
    """The sides of an album.

    Args:
        album: whose tracks.
        lengths_s: of each track's audio.
        counts: numbered tracks on each side; None for a suggestion: as few pairs of sides as keep
            each within the comfortable length, as even as the order of the tracks allows, the
            longer one first. No crossfade and no segue is torn apart.
        comfortable_s: what a side holds.
        medium: setting that `counts` comes from, for errors.

    Raises:
        UsageError: the counts do not add up to the tracks, or part what is crossfaded.
    """
    units = _units(album)
    weights = [_length(album, unit, lengths_s) for unit in units]
    if counts is None:
        groups = _suggested(album, units, weights, comfortable_s)
    else:
        if sum(counts) != len(units):
            raise UsageError(
                f"found {sum(counts)} tracks on the sides of the {NOUNS[medium]}; the album has "
                f"{len(units)}.",
                hint="what is hidden does not count",
            )
        ends = [sum(counts[: n + 1]) for n in range(len(counts))]
        groups = [units[end - count : end] for end, count in zip(ends, counts, strict=True)]
        for group in groups[1:]:
            track = album.tracks[group[0][0]]
            if track.crossfade_s is not None:
                raise UsageError(
                    f"the sides of the {NOUNS[medium]} part track {album.numbers[group[0][0]]}, "
                    f"{track.title!r}, from the one that it is crossfaded with."
                )
    found = []
    for number, group in enumerate(groups):
        indexes = tuple(index for unit in group for index in unit)
        found.append(Side(_name(number), indexes, _length(album, indexes, lengths_s)))
    return found


def _units(album: Album) -> list[tuple[int, ...]]:
    """Numbered tracks with what is hidden behind them; before the first, with the first."""
    units: list[list[int]] = []
    for index, track in enumerate(album.tracks):
        if units and (track.hidden or album.numbers[index - 1] == 0):
            units[-1].append(index)
        else:
            units.append([index])
    return [tuple(unit) for unit in units]


def _length(album: Album, indexes: Sequence[int], lengths_s: Sequence[float]) -> float:
    """Seconds that these tracks play, with the pause before the album where it begins here."""
    total = 0.0
    for place, index in enumerate(indexes):
        total += lengths_s[index]
        if place or index == 0:
            total += gap_before(album, index) - (album.tracks[index].crossfade_s or 0.0)
    return total


def _suggested(
    album: Album, units: Sequence[tuple[int, ...]], weights: Sequence[float], comfortable_s: float
) -> list[list[tuple[int, ...]]]:
    joined = [_holds_on(album, unit[0]) for unit in units]
    best: list[list[tuple[int, ...]]] | None = None
    for count in range(2, min(MOST_SIDES, len(units)) + 1, 2):
        ends = _best_cut(weights, joined, count)
        if ends is None:
            break
        starts = [0, *ends[:-1]]
        best = [list(units[start:end]) for start, end in zip(starts, ends, strict=True)]
        if max(sum(weights[s:e]) for s, e in zip(starts, ends, strict=True)) <= comfortable_s:
            break
    return best or [list(units)]


def _holds_on(album: Album, index: int) -> bool:
    """Whether a track begins where the one before it sounds."""
    return index > 0 and gap_before(album, index) == 0.0


def _best_cut(weights: Sequence[float], joined: Sequence[bool], count: int) -> list[int] | None:
    """Ends of `count` sides of which the longest is as short as it can be; None where none are.

    Dynamic programming over where sides end; of equals, the one with the longer sides first.
    """
    total = len(weights)
    sums = [0.0]
    for weight in weights:
        sums.append(sums[-1] + weight)
    best: dict[tuple[int, int], tuple[float, list[int]]] = {(0, 0): (0.0, [])}
    for side in range(1, count + 1):
        for end in range(side, total + 1):
            if end < total and joined[end]:
                continue
            for start in range(end - 1, side - 2, -1):
                if (before := best.get((side - 1, start))) is None:
                    continue
                longest = max(before[0], sums[end] - sums[start])
                if (side, end) not in best or longest < best[side, end][0] - 1e-9:
                    best[side, end] = (longest, [*before[1], end])
    found = best.get((count, total))
    return found[1] if found else None


def _name(number: int) -> str:
    return "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[number] if number < 26 else str(number + 1)
