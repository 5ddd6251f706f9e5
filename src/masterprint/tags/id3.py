"""ID3v2 in MP3, AIFF and WAV: frames by Picard's tag map, through mutagen.

A new tag is version 2.4 with UTF-8: 2.3 has no frame for the ℗ line, no place for a date of year
and month, and takes AC/DC for two artists; whatever plays music today reads 2.4. A tag of version
2.3 that is there stays 2.3, since its owner may have a reason for it (2.2 becomes 2.3); in 2.3 the
℗ line is a TXXX, and of a date without a day only the year is kept.

Frames that mean none of our fields are copied byte for byte.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from typing import Any

from mutagen import id3
from mutagen.id3 import ID3

from masterprint.errors import AudioFileError
from masterprint.tags.changes import Changes, pair_of, shown_pair
from masterprint.tags.covers import cover_in
from masterprint.tags.fields import Tags
from masterprint.tags.gains import GAIN_KEYS, gain_from, gain_texts

MOST_BYTES = 64 << 20
"""Of a tag, and of what is packed in one of its frames."""
MOST_FRAMES = 2000
_TOO_LARGE = f"its ID3 tag has more than {MOST_BYTES >> 20} MiB or {MOST_FRAMES} frames."
TEXTS = {
    "title": "TIT2",
    "artist": "TPE1",
    "album_artist": "TPE2",
    "album": "TALB",
    "genre": "TCON",
    "isrc": "TSRC",
    "label": "TPUB",
    "copyright": "TCOP",
    "composer": "TCOM",
    "language": "TLAN",
}
OWN_TEXTS = {
    "upc": "BARCODE",
    "catalog_number": "CATALOGNUMBER",
    "iswc": "ISWC",
    # Not PUBLISHER: ffmpeg takes that and TPUB, which is the label, for one and drops one of them.
    "publisher": "MUSIC PUBLISHER",
}
PHONOGRAM, PHONOGRAM_IN_23 = "TPRO", "PRODUCEDNOTICE"
"""The frame of 2.4, and TagLib's name for it where there is none."""
PAIRS = {"track": "TRCK", "disc": "TPOS"}
DATES = ("TDRC", "TYER", "TDAT")
COMMENT_LANGUAGE = "eng"
"""Apple's and other players show comments of this language only, whatever they are in."""
FRONT, OTHER = 3, 0
HEAD_BYTES = 10
"""Of a frame, and of the tag itself."""
_OURS = {*TEXTS.values(), *PAIRS.values(), *DATES, PHONOGRAM, "TXXX", "COMM", "APIC"}
FRAMES = {name: frame for name, frame in id3.Frames.items() if name in _OURS}
"""What mutagen is to take apart; all else it copies."""


def load_id3(data: bytes | None) -> ID3:
    """The tag in these bytes, or an empty one.

    Raises:
        mutagen.MutagenError: it is none, or of a version that nobody has written.
        AudioFileError: it is larger than any has reason to be.
    """
    if not data:
        return ID3()
    need_sane(data)
    tag = ID3(io.BytesIO(data), known_frames=FRAMES, translate=False, load_v1=False)
    if tag.version < (2, 3, 0):
        tag = ID3(io.BytesIO(data), translate=True, v2_version=3, load_v1=False)
    return tag


def version_of(tag: ID3) -> int:
    """The version that a tag is written in: 4, or 3 where it comes in 2.3 or older."""
    return 3 if tag.version[0] == 2 and tag.version[1] < 4 else 4


def dump_id3(tag: ID3) -> bytes | None:
    """A tag's bytes, None where it says nothing.

    Behind its last frame is room for the head of another, without which ExifTool doubts the size of
    a last one that is large.
    """
    if not tag and not tag.unknown_frames:
        return None
    out = io.BytesIO()
    tag.save(out, v1=0, v2_version=version_of(tag), v23_sep=None, padding=lambda info: HEAD_BYTES)
    return out.getvalue()


def tags_in_id3(tag: ID3) -> Tags:
    """What a tag says. Several values of one frame are told as one, with semicolons."""
    said: dict[str, Any] = {field: _text(tag.get(name)) for field, name in TEXTS.items()}
    own = {frame.desc.upper(): _text(frame) for frame in reversed(tag.getall("TXXX"))}
    said |= {field: own.get(name) for field, name in OWN_TEXTS.items()}
    if "TCON" in tag:
        said["genre"] = "; ".join(tag["TCON"].genres) or None
    said["phonogram"] = _text(tag.get(PHONOGRAM)) or own.get(PHONOGRAM_IN_23)
    for field, name in PAIRS.items():
        said[field], said[f"{field}s"] = pair_of(_text(tag.get(name)))
    said["comment"] = next((_text(frame) for frame in _comments(tag)), None)
    said["cover"] = next(filter(None, (cover_in(frame.data) for frame in _pictures(tag))), None)
    return Tags(year=_date(tag), gain=gain_from(own), **said)


def change_id3(tag: ID3, changes: Changes) -> None:
    """Have a tag say what is to be changed."""
    version = version_of(tag)
    for field in changes.touched & TEXTS.keys():
        _set(tag, TEXTS[field], changes.text(field), version)
    for field in changes.touched & OWN_TEXTS.keys():
        _set_own(tag, OWN_TEXTS[field], changes.text(field), version)
    if "phonogram" in changes.touched:
        text = changes.text("phonogram")
        _set(tag, PHONOGRAM, text if version == 4 else None, version)
        _set_own(tag, PHONOGRAM_IN_23, text if version == 3 else None, version)
    for field, name in PAIRS.items():
        if (numbers := changes.numbers(field)) is not None:
            _set(tag, name, shown_pair(numbers), version)
    if "year" in changes.touched:
        _set_date(tag, changes.text("year"), version)
    if "comment" in changes.touched:
        for frame in list(_comments(tag)):
            del tag[frame.HashKey]
        if (text := changes.text("comment")) is not None:
            tag.add(id3.COMM(_encoding(version), COMMENT_LANGUAGE, "", [text]))
    if "gain" in changes.touched:
        texts = gain_texts(changes.tags.gain)
        for key in GAIN_KEYS:
            _set_own(tag, key, texts.get(key), version)
    if "cover" in changes.touched:
        for frame in list(_pictures(tag)):
            del tag[frame.HashKey]
        if (cover := changes.tags.cover) is not None:
            text = ""
            while f"APIC:{text}" in tag:  # two pictures may not have one text
                text += " "
            # Latin-1 for a text that is empty: some players stumble over UTF-16 here.
            tag.add(id3.APIC(id3.Encoding.LATIN1, cover.mime, FRONT, text, cover.data))


def need_sane(data: bytes) -> None:
    """Refuse a tag that is huge, has no end of frames, or unpacks without end.

    Raises:
        AudioFileError: without the file's name.
    """
    if len(data) > MOST_BYTES:
        raise AudioFileError(_TOO_LARGE)
    version, body = int.from_bytes(data[3:4], "big"), data[10:]
    if version == 3 and int.from_bytes(data[5:6], "big") & 0x80:
        body = body.replace(b"\xff\x00", b"\xff")
    for bits in (8, 7):  # whichever way the sizes in a tag are counted
        unpacked = 0
        for number, (flags, frame) in enumerate(_frames_in(body, bits)):
            if flags & 0x88:  # 2.3 has 0x80, 2.4 has 0x08; four bytes of size come first
                plain = frame.replace(b"\xff\x00", b"\xff")
                unpacked += max(map(_unpacked_size, (frame, frame[4:], plain[4:])))
            if unpacked > MOST_BYTES or number >= MOST_FRAMES:
                raise AudioFileError(_TOO_LARGE)


def _frames_in(body: bytes, bits: int) -> Iterator[tuple[int, bytes]]:
    """The flags and the data of each frame."""
    place = 0
    while place + 10 <= len(body) and body[place : place + 4] != bytes(4):
        size = 0
        for byte in body[place + 4 : place + 8]:
            size = size << bits | byte & ((1 << bits) - 1)
        yield body[place + 9], body[place + 10 : place + 10 + size]
        place += 10 + size


def _unpacked_size(frame: bytes) -> int:
    """How much there is in a packed frame, counted up to a little more than is allowed."""
    try:
        return len(zlib.decompressobj().decompress(frame, MOST_BYTES + 1))
    except zlib.error:
        return 0


def _text(frame: Any) -> str | None:
    if frame is None:
        return None
    return "; ".join(text for text in map(str, frame.text) if text) or None


def _comments(tag: ID3) -> list[Any]:
    """Without those that have a description, such as iTunNORM."""
    return [frame for frame in tag.getall("COMM") if not frame.desc]


def _pictures(tag: ID3) -> list[Any]:
    """The front cover, then what many programs write for it: a picture of no particular kind."""
    pictures = tag.getall("APIC")
    return [each for kind in (FRONT, OTHER) for each in pictures if each.type == kind]


def _date(tag: ID3) -> str | None:
    date = _text(tag.get("TDRC"))
    if date is not None:
        return date.split(";")[0].replace(" ", "T").split("T")[0]
    year, day = _text(tag.get("TYER")), _text(tag.get("TDAT"))
    if year and day and len(day) == 4 and day.isdecimal():
        return f"{year}-{day[2:]}-{day[:2]}"
    return year


def _set_date(tag: ID3, date: str | None, version: int) -> None:
    for name in DATES:
        tag.delall(name)
    if date is None:
        return
    if version == 4:
        _set(tag, "TDRC", date, version)
        return
    year, _, day = date.partition("-")
    _set(tag, "TYER", year, version)
    if len(day) == 5:
        _set(tag, "TDAT", day[3:] + day[:2], version)


def _set(tag: ID3, name: str, text: str | None, version: int) -> None:
    tag.delall(name)
    if text is not None:
        tag.add(FRAMES[name](encoding=_encoding(version), text=[text]))


def _set_own(tag: ID3, name: str, text: str | None, version: int) -> None:
    for frame in tag.getall("TXXX"):
        if frame.desc.upper() == name:
            del tag[frame.HashKey]
    if text is not None:
        tag.add(id3.TXXX(encoding=_encoding(version), desc=name, text=[text]))


def _encoding(version: int) -> Any:
    return id3.Encoding.UTF8 if version == 4 else id3.Encoding.UTF16
