"""Vorbis comments, in FLAC and Ogg: names by Picard's tag map, text in UTF-8.

Pictures are FLAC's blocks (RFC 9639, 8.8); in Ogg they are comments METADATA_BLOCK_PICTURE, the
same in base64. The ℗ line is PRODUCEDNOTICE, the name that TagLib has for ID3's frame of it.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, MutableMapping
from typing import Any

from mutagen import MutagenError
from mutagen.flac import Picture

from masterprint.tags.changes import Changes, number_of, pair_of
from masterprint.tags.covers import cover_in
from masterprint.tags.fields import Cover, ReplayGain, Tags
from masterprint.tags.gains import (
    GAIN_KEYS,
    OPUS_KEYS,
    gain_from,
    gain_from_opus,
    gain_texts,
    opus_texts,
)

NAMES: dict[str, tuple[str, ...]] = {
    "title": ("TITLE",),
    "artist": ("ARTIST",),
    "album_artist": ("ALBUMARTIST", "ALBUM ARTIST"),
    "album": ("ALBUM",),
    "year": ("DATE", "YEAR"),
    "genre": ("GENRE",),
    "isrc": ("ISRC",),
    "upc": ("BARCODE", "UPC", "EAN"),
    "catalog_number": ("CATALOGNUMBER",),
    "label": ("LABEL", "ORGANIZATION"),
    "copyright": ("COPYRIGHT",),
    "phonogram": ("PRODUCEDNOTICE", "PHONOGRAM"),
    "composer": ("COMPOSER",),
    "publisher": ("PUBLISHER",),
    "iswc": ("ISWC",),
    "comment": ("COMMENT", "DESCRIPTION"),
    "language": ("LANGUAGE",),
}
"""The first is written; all are read, and give way to what is written."""
TOTALS = {"track": ("TRACKTOTAL", "TOTALTRACKS"), "disc": ("DISCTOTAL", "TOTALDISCS")}
"""Both are written: half of the players look for one, half for the other."""
PICTURE = "METADATA_BLOCK_PICTURE"
FRONT, OTHER = 3, 0

Comments = MutableMapping[str, Any]


def tags_in_comments(comments: Comments, cover: Cover | None, is_opus: bool = False) -> Tags:
    """What comments say. Several values of one name are told as one, with semicolons."""
    said: dict[str, Any] = {
        field: next(filter(None, (_text(comments, name) for name in names)), None)
        for field, names in NAMES.items()
    }
    for field, names in TOTALS.items():
        number, total = pair_of(_text(comments, f"{field}number".upper()))
        totals = [number_of(_text(comments, name)) for name in names]
        said[field] = number
        said[f"{field}s"] = next(filter(None, totals), total)
    gain = gain_from({key: _text(comments, key) for key in GAIN_KEYS})
    if is_opus:
        gain = gain_from_opus({key: _text(comments, key) for key in OPUS_KEYS}) or gain
    return Tags(cover=cover, gain=gain, **said)


def change_comments(comments: Comments, changes: Changes, is_opus: bool = False) -> None:
    """Have comments say what is to be changed; pictures apart."""
    for field in changes.touched & NAMES.keys():
        for name in NAMES[field]:
            _set(comments, name, None)
        _set(comments, NAMES[field][0], changes.text(field))
    for field, names in TOTALS.items():
        if (numbers := changes.numbers(field)) is not None:
            number, total = (None if each is None else str(each) for each in numbers)
            _set(comments, f"{field}number".upper(), number)
            for name in names:
                _set(comments, name, total)
    if "gain" in changes.touched:
        gain: ReplayGain | None = changes.tags.gain
        for key in (*GAIN_KEYS, *OPUS_KEYS) if is_opus else GAIN_KEYS:
            _set(comments, key, None)
        for key, text in (opus_texts(gain) if is_opus else gain_texts(gain)).items():
            _set(comments, key, text)


def picture_of(cover: Cover) -> Picture:
    """A cover as a block of FLAC."""
    picture = Picture()
    picture.type, picture.mime, picture.data = FRONT, cover.mime, cover.data
    picture.width, picture.height, picture.depth = cover.width, cover.height, 24
    return picture


def cover_among(pictures: list[Picture]) -> Cover | None:
    """The front cover, else a picture of no particular kind."""
    ordered = [each for kind in (FRONT, OTHER) for each in pictures if each.type == kind]
    return next(filter(None, (cover_in(each.data) for each in ordered)), None)


def pictures_in(comments: Comments) -> Iterator[tuple[str, Picture | None]]:
    """The pictures in comments, each with its text; None where it makes no sense."""
    for text in comments.get(PICTURE, []):
        try:
            yield text, Picture(base64.b64decode(text, validate=False))
        except (MutagenError, binascii.Error, ValueError):
            yield text, None


def change_picture(comments: Comments, changes: Changes) -> None:
    """Have comments hold the cover that is to be; other pictures stay."""
    if "cover" not in changes.touched:
        return
    kept = [
        text
        for text, picture in pictures_in(comments)
        if picture is None or picture.type not in (FRONT, OTHER)
    ]
    if (cover := changes.tags.cover) is not None:
        kept.insert(0, base64.b64encode(picture_of(cover).write()).decode("ascii"))
    if kept:
        comments[PICTURE] = kept
    elif PICTURE in comments:
        del comments[PICTURE]


def _text(comments: Comments, name: str) -> str | None:
    return "; ".join(text for text in comments.get(name, []) if text) or None


def _set(comments: Comments, name: str, text: str | None) -> None:
    if text is not None:
        comments[name] = [text]
    elif name in comments:
        del comments[name]
