"""What makes a compact disc that every plant takes and every player plays (Red Book, IEC 60908).

`problems` keep a disc from being made; `warnings` do not, but somebody should know. Each is one
sentence with the track, what was found, what is expected, and what to do.
"""

from __future__ import annotations

from collections.abc import Iterator

from masterprint.codes import ean_of, isrc_of, isrc_shown
from masterprint.disc.layout import (
    FIRST_PREGAP_SECTORS,
    SECTORS_PER_S,
    Disc,
    DiscTrack,
    shown_track,
    timecode,
)
from masterprint.disc.text_rules import MOST_TRACKS, text_problems, text_warnings

SHORTEST_TRACK_SECTORS = 4 * SECTORS_PER_S
LONG_SECTORS = 78 * 60 * SECTORS_PER_S
MOST_SECTORS = (79 * 60 + 57) * SECTORS_PER_S
"""What plants take if they do not say otherwise."""
MOST_ADDRESS = (100 * 60) * SECTORS_PER_S - 1
"""99:59:74, the last that the subcode can tell."""


def problems(disc: Disc, most_sectors: int = MOST_SECTORS) -> list[str]:
    """Why a disc cannot be made; empty where it can.

    Args:
        disc: what is to be on it.
        most_sectors: the longest programme that the plant takes.
    """
    return [*layout_problems(disc, most_sectors), *text_problems(disc)]


def layout_problems(disc: Disc, most_sectors: int = MOST_SECTORS) -> list[str]:
    """Those of places, lengths and codes alone, without the texts."""
    if not disc.tracks:
        return ["The disc has no tracks; 1 to 99 are expected."]
    return [
        *_counts(disc),
        *_places(disc),
        *_length(disc, most_sectors),
        *_codes(disc),
    ]


def warnings(disc: Disc) -> list[str]:
    """What a disc may have, but somebody should know of."""
    return [*_unusual(disc), *text_warnings(disc)] if disc.tracks else []


def _counts(disc: Disc) -> Iterator[str]:
    if len(disc.tracks) > MOST_TRACKS:
        yield (
            f"The disc has {len(disc.tracks)} tracks; a CD holds 1 to {MOST_TRACKS}: join some, or "
            "make two discs."
        )


def _places(disc: Disc) -> Iterator[str]:
    first = disc.tracks[0]
    if first.pregap not in (None, 0):
        yield (
            f"{_name(1, first)}: its pause begins at {timecode(first.pregap or 0)}, where the "
            "beginning of the programme is expected."
        )
    elif first.start > 0 and first.pregap is None:
        yield (
            f"{_name(1, first)}: begins at {timecode(first.start)}, and no track has what is "
            "before it: let its pause begin at 00:00:00 if it is to be hidden."
        )
    if first.start + disc.lead_sectors < FIRST_PREGAP_SECTORS:
        yield (
            f"{_name(1, first)}: begins {first.start + disc.lead_sectors} sectors into the disc, "
            f"where at least {FIRST_PREGAP_SECTORS} (2 s) are expected."
        )
    for number, track in disc.numbered():
        if track.start < 0 or track.begins < 0:
            yield f"{_name(number, track)}: begins before the programme does."
        if number > 1:
            yield from _follows(number, track, disc.tracks[number - 2])
        end = disc.end_of(number)
        if 0 <= end - track.start < SHORTEST_TRACK_SECTORS:
            yield (
                f"{_name(number, track)}: lasts {(end - track.start) / SECTORS_PER_S:.2f} s; a "
                "CD track lasts at least 4 s: join it to its neighbour, or add a pause after it."
            )
        last = track.start
        limit = disc.tracks[number].begins if number < len(disc.tracks) else disc.sectors
        for index, place in enumerate(track.indexes, 2):
            if not last < place < limit:
                yield (
                    f"{_name(number, track)}: index {index} is at {timecode(max(0, place))}, where "
                    f"a place between {timecode(last)} and {timecode(limit)} is expected."
                )
            last = place
        if len(track.indexes) > 98:
            yield f"{_name(number, track)}: has {len(track.indexes) + 1} indexes; 99 are possible."
    last_track = disc.tracks[-1]
    if disc.sectors <= last_track.start:
        yield (
            f"{_name(len(disc.tracks), last_track)}: begins at {timecode(last_track.start)}, where "
            f"the programme has ended already ({timecode(max(0, disc.sectors))})."
        )


def _follows(number: int, track: DiscTrack, before: DiscTrack) -> Iterator[str]:
    last = max(before.start, *before.indexes) if before.indexes else before.start
    if track.start <= before.start:
        yield (
            f"{_name(number, track)}: begins at {timecode(max(0, track.start))}, where a time "
            f"after {timecode(max(0, before.start))}, where the track before begins, is expected."
        )
    elif track.pregap is not None and not last < track.pregap < track.start:
        yield (
            f"{_name(number, track)}: its pause begins at {timecode(max(0, track.pregap))}, where "
            f"a time after {timecode(max(0, last))} and before its own beginning at "
            f"{timecode(track.start)} is expected: a track without a pause has none."
        )


def _length(disc: Disc, most_sectors: int) -> Iterator[str]:
    address = disc.sectors + disc.lead_sectors
    if address > MOST_ADDRESS:
        yield (
            f"The disc lasts {timecode(disc.sectors)}; no CD can tell a time beyond 99:59:74: "
            "make two discs."
        )
    elif disc.sectors > most_sectors:
        yield (
            f"The disc lasts {timecode(disc.sectors)}; at most {timecode(most_sectors)} are "
            "allowed: leave something out, or ask the plant what it takes."
        )


def _codes(disc: Disc) -> Iterator[str]:
    if disc.upc is not None:
        try:
            ean_of(disc.upc)
        except ValueError as error:
            yield f"The UPC of the disc: {error}."
    seen: dict[str, int] = {}
    for number, track in disc.numbered():
        if track.isrc is None:
            continue
        try:
            if isrc_of(track.isrc) != track.isrc:
                yield (
                    f"{_name(number, track)}: the ISRC is {track.isrc!r}; it is written "
                    f"{isrc_of(track.isrc)} on a disc."
                )
        except ValueError as error:
            yield f"{_name(number, track)}: ISRC: {error}."
            continue
        if (other := seen.setdefault(track.isrc, number)) != number:
            yield (
                f"{_name(number, track)}: has the ISRC {isrc_shown(track.isrc)} of track {other}; "
                "each recording has its own: one of them is wrong."
            )


def _unusual(disc: Disc) -> Iterator[str]:
    if disc.sectors > LONG_SECTORS:
        yield (
            f"The disc lasts {timecode(disc.sectors)}; over 78:00 some plants charge more or do "
            "not guarantee it: ask yours."
        )
    for what in ("isrc", "title"):
        lacking = [number for number, track in disc.numbered() if not getattr(track, what)]
        if 0 < len(lacking) < len(disc.tracks):
            numbers = ", ".join(map(str, lacking[:10])) + (" ..." if len(lacking) > 10 else "")
            plural = "s" if len(lacking) > 1 else ""
            name = "ISRC" if what == "isrc" else what
            yield f"Track{plural} {numbers}: no {name}, which the others have."
    for number, track in disc.numbered():
        if track.pre_emphasis:
            yield (
                f"{_name(number, track)}: has the pre-emphasis flag; players will take the treble "
                "down by up to 10 dB: leave it off unless the audio was made for it."
            )
        if track.isrc and track.isrc[5:] == "0000000":
            yield f"{_name(number, track)}: the ISRC {track.isrc} has no number: a placeholder?"
    if disc.upc and not disc.upc.strip("0"):
        yield "The UPC of the disc is all zeros, which means none: leave it out."


def _name(number: int, track: DiscTrack) -> str:
    return "T" + shown_track(number, track.title)[1:]
