"""The cue sheet beside an image: one file, times relative to it, as strict readers want it.

One FILE; INDEX 00 and 01 instead of PREGAP, which would add silence that is not in the file; codes
without hyphens; ISO 8859-1 and CRLF. What cue sheets have no command for (composer, genre, ...)
stands in REM lines, which readers skip or know.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import PurePath

from masterprint.codes import ean13
from masterprint.disc.layout import Disc, DiscTrack, timecode
from masterprint.disc.texts import with_plain_quotes
from masterprint.errors import UsageError

COMMANDS = {"title": "TITLE", "performer": "PERFORMER", "songwriter": "SONGWRITER"}
REMARKS = {
    "composer": "COMPOSER",
    "arranger": "ARRANGER",
    "message": "MESSAGE",
    "genre": "GENRE",
    "catalog_number": "CATALOGNUMBER",
}
_TYPES = {".dat": "BINARY", ".bin": "BINARY", ".aiff": "AIFF", ".aif": "AIFF"}


def cue_sheet(disc: Disc, image_name: str, *, remarks: Mapping[str, str] | None = None) -> bytes:
    """A cue sheet.

    Args:
        disc: whose rules have been checked. For IMAGE.DAT of a DDP set, `with_lead(disc)`.
        image_name: of the file beside it; raw audio (.dat, .bin), AIFF, or else WAV.
        remarks: more REM lines, such as {"DATE": "2026"}.

    Raises:
        UsageError: a text or the file's name cannot stand in a cue sheet.
    """
    lines = list(_lines(disc, image_name, remarks or {}))
    for line in lines:
        if any(unicodedata.category(character) == "Cc" for character in line):
            raise UsageError(f"{line.strip()!r}: a cue sheet has no control characters.")
    try:
        return "".join(line + "\r\n" for line in lines).encode("latin-1")
    except UnicodeEncodeError as error:
        character = error.object[error.start]
        number = error.object[: error.start].count("\r\n")
        raise UsageError(
            f"{lines[number].strip()}: a cue sheet for discs has no {character!r} (ISO 8859-1)."
        ) from error


def _lines(disc: Disc, image_name: str, remarks: Mapping[str, str]) -> Iterator[str]:
    if '"' in image_name:
        raise UsageError(f"{image_name!r}: a cue sheet cannot name a file with double quotes.")
    yield from _remarks(disc, "")
    for name, text in remarks.items():
        yield f"REM {name} {_quoted(text)}"
    if disc.upc:
        yield f"CATALOG {ean13(disc.upc)}"
    yield from _texts(disc, "")
    kind = _TYPES.get(PurePath(image_name).suffix.lower(), "WAVE")
    yield f'FILE "{image_name}" {kind}'
    for number, track in disc.numbered():
        yield f"  TRACK {number:02d} AUDIO"
        yield from _texts(track, "    ")
        yield from _remarks(track, "    ")
        flags = ["DCP"] * track.copy_permitted + ["PRE"] * track.pre_emphasis
        if flags:
            yield f"    FLAGS {' '.join(flags)}"
        if track.isrc:
            yield f"    ISRC {track.isrc}"
        if track.pregap is not None:
            yield f"    INDEX 00 {timecode(track.pregap)}"
        for index, place in enumerate([track.start, *track.indexes], 1):
            yield f"    INDEX {index:02d} {timecode(place)}"


def _texts(owner: Disc | DiscTrack, indent: str) -> Iterator[str]:
    for field, command in COMMANDS.items():
        if text := getattr(owner, field):
            yield f"{indent}{command} {_quoted(text)}"


def _remarks(owner: Disc | DiscTrack, indent: str) -> Iterator[str]:
    for field, name in REMARKS.items():
        if text := getattr(owner, field, None):
            yield f"{indent}REM {name} {_quoted(text)}"


def _quoted(text: str) -> str:
    return f'"{with_plain_quotes(text)}"'
