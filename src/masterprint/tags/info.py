"""RIFF's own tags, the chunk `LIST` of form `INFO`: an id, u32 size, text that a NUL ends, padding.

Nobody has agreed on its encoding: FFmpeg and libsndfile take UTF-8, MediaInfo and Windows a code
page, ExifTool what a chunk `CSET` says. So our fields stand there where all of them are ASCII, and
otherwise in `id3 ` alone, which everybody reads where INFO says nothing. Beside `bext` FFmpeg reads
no `id3 `, and would take the day of its origination for that of the release: there, those that are
ASCII stay. What others wrote is read in the code page of CSET, else that of Windows.

Ids and their meaning are those of Picard's tag map, which gives none to ISRC, barcode, catalogue
number and label: those stand in `id3 ` and `axml`. (The id `ISRC` means the source, that is, who
supplied the subject.)
"""

from __future__ import annotations

import codecs
import re
import struct
from typing import Any

from masterprint.tags.changes import Changes, pair_of, shown_pair
from masterprint.tags.fields import Tags

IDS = {
    "title": b"INAM",
    "artist": b"IART",
    "album": b"IPRD",
    "year": b"ICRD",
    "genre": b"IGNR",
    "comment": b"ICMT",
    "copyright": b"ICOP",
    "composer": b"IMUS",
    "language": b"ILNG",
}
TRACK = (b"ITRK", b"IPRT")
"""Written is the first; both are read."""
OURS = {*IDS.values(), *TRACK}
SOURCE = b"ISRC"
MOST_ENTRIES = 10000
_IS_A_CODE = re.compile(rb"(?:ISRC:? ?)?[A-Z]{2}-?[A-Z0-9]{3}-?\d\d-?\d{5}\s*\0*")

Entries = list[tuple[bytes, bytes]]


def encoding_of(cset: bytes | None) -> str:
    """What a CSET chunk says that text is in, as Python calls it; else what Windows would take."""
    page = int.from_bytes((cset or b"")[:2], "little")
    try:
        return codecs.lookup(f"cp{page}").name
    except LookupError:
        return "cp1252"


def parse_info(data: bytes) -> Entries:
    """The ids and bytes of a list, `data` beginning behind INFO; it may end early."""
    found: Entries = []
    place = 0
    while place + 8 <= len(data) and len(found) < MOST_ENTRIES:
        name, size = struct.unpack_from("<4sI", data, place)
        found.append((name, data[place + 8 : place + 8 + size]))
        place += 8 + size + size % 2
    return found


def tags_in_info(entries: Entries, encoding: str) -> Tags:
    """What a list says; the first of an id counts. Tags has more fields than it."""
    texts = {name: _text(data, encoding) for name, data in reversed(entries)}
    said: dict[str, Any] = {field: texts.get(name) for field, name in IDS.items()}
    track, tracks = pair_of(texts.get(TRACK[0]) or texts.get(TRACK[1]))
    return Tags(track=track, tracks=tracks, **said)


def changed_info(entries: Entries, changes: Changes) -> Entries:
    """The list with what is to be changed; entries of other ids keep their bytes and order."""
    new: dict[bytes, str | None] = {
        name: changes.text(field) for field, name in IDS.items() if field in changes.touched
    }
    numbers = changes.numbers("track")
    if numbers is not None:
        new |= {TRACK[0]: shown_pair(numbers), TRACK[1]: None}
    if "isrc" in changes.touched and any(
        name == SOURCE and _IS_A_CODE.fullmatch(data) for name, data in entries
    ):
        # Some programs put the code there. It is not what the id means, but must not contradict.
        new[SOURCE] = changes.text("isrc")
    kept: Entries = []
    for name, data in entries:
        if name not in new:
            kept.append((name, data))
        elif (text := new[name]) is not None:
            kept.append((name, _bytes(text)))
            new[name] = None
    return kept + [(name, _bytes(text)) for name, text in new.items() if text is not None]


def agreed(entries: Entries, beside_bext: bool = False) -> Entries:
    """The list with our fields where all of them are ASCII, else without; others' stay.

    Beside a `bext`, only those go that are not ASCII.
    """
    foreign = {name for name, data in entries if name in OURS and not data.isascii()}
    gone = OURS if foreign and not beside_bext else foreign
    return [(name, data) for name, data in entries if name not in gone]


def says_ours(entries: Entries) -> bool:
    """Whether one of our fields is there."""
    return any(name in OURS for name, _ in entries)


def build_info(entries: Entries) -> bytes | None:
    """What stands behind INFO; None where nothing does."""
    return (
        b"".join(
            struct.pack("<4sI", name, len(data)) + data + bytes(len(data) % 2)
            for name, data in entries
        )
        or None
    )


def _text(data: bytes, encoding: str) -> str | None:
    data = data.split(b"\0")[0].strip()
    return data.decode("utf-8" if _is_utf8(data) else encoding, "replace") or None


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _bytes(text: str) -> bytes:
    return text.encode("utf-8") + b"\0"
