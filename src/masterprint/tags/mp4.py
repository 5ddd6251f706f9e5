"""Tags of MP4 files (AAC or ALAC in .m4a): the atoms that iTunes has made the custom.

What it has no atom for is `----:com.apple.iTunes:NAME`, by Picard's tag map. The ℗ line and the
publisher of the work have atoms of Apple's own, ©phg and ©pub (AVFoundation's PhonogramRights and
Publisher).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mutagen.mp4 import MP4, AtomDataType, MP4Cover, MP4FreeForm

from masterprint.tags.changes import Changes
from masterprint.tags.covers import cover_in
from masterprint.tags.fields import Tags
from masterprint.tags.gains import GAIN_KEYS, gain_from, gain_texts

TEXTS = {
    "title": "\xa9nam",
    "artist": "\xa9ART",
    "album_artist": "aART",
    "album": "\xa9alb",
    "year": "\xa9day",
    "genre": "\xa9gen",
    "copyright": "cprt",
    "phonogram": "\xa9phg",
    "composer": "\xa9wrt",
    "publisher": "\xa9pub",
    "comment": "\xa9cmt",
}
OWN_TEXTS = {
    "isrc": "ISRC",
    "upc": "BARCODE",
    "catalog_number": "CATALOGNUMBER",
    "label": "LABEL",
    "iswc": "ISWC",
    "language": "LANGUAGE",
}
PAIRS = {"track": "trkn", "disc": "disk"}
PREFIX = "----:com.apple.iTunes:"
LARGEST = 0xFFFF


def read(path: Path) -> Tags:
    """What a file says. Several values of one atom are told as one, with semicolons."""
    tags = MP4(path).tags or {}
    said: dict[str, Any] = {field: _text(tags.get(name)) for field, name in TEXTS.items()}
    if said["year"]:
        said["year"] = said["year"].split("T")[0]  # shops write the hour of release, too
    own = {
        key[len(PREFIX) :].upper(): _text(tags[key])
        for key in reversed(list(tags))
        if key.startswith(PREFIX)
    }
    said |= {field: own.get(name) for field, name in OWN_TEXTS.items()}
    for field, name in PAIRS.items():
        number, total = next(iter(tags.get(name) or []), (0, 0))
        said[field], said[f"{field}s"] = number or None, total or None
    covers = (cover_in(bytes(each)) for each in tags.get("covr") or [])
    return Tags(cover=next(filter(None, covers), None), gain=gain_from(own), **said)


def change(path: Path, part: Path, changes: Changes) -> None:
    """Have `part`, a copy of `path`, say what is to be changed."""
    del path
    file = MP4(part)
    if file.tags is None:
        file.add_tags()
    tags = file.tags
    for field in changes.touched & TEXTS.keys():
        text = changes.text(field)
        _set(tags, TEXTS[field], None if text is None else [text])
    own = {OWN_TEXTS[field]: changes.text(field) for field in changes.touched & OWN_TEXTS.keys()}
    if "gain" in changes.touched:
        texts = gain_texts(changes.tags.gain)
        own |= {key: texts.get(key) for key in GAIN_KEYS}
    for name, text in own.items():
        for key in [key for key in tags if key.upper() == PREFIX.upper() + name]:
            del tags[key]
        if text is not None:
            tags[PREFIX + name] = [MP4FreeForm(text.encode("utf-8"), AtomDataType.UTF8)]
    for field, name in PAIRS.items():
        if (numbers := changes.numbers(field)) is not None:
            pair = tuple(min(number or 0, LARGEST) for number in numbers)
            _set(tags, name, [pair] if any(pair) else None)
    if "cover" in changes.touched:
        # The first is the front cover, whatever else there is.
        covers = list(tags.get("covr") or [])[1:]
        if (cover := changes.tags.cover) is not None:
            is_png = cover.mime == "image/png"
            form = MP4Cover.FORMAT_PNG if is_png else MP4Cover.FORMAT_JPEG
            covers.insert(0, MP4Cover(cover.data, form))
        _set(tags, "covr", covers or None)
    file.save()


def _text(values: Any) -> str | None:
    texts = [
        each.decode("utf-8", "replace") if isinstance(each, bytes) else str(each)
        for each in values or []
    ]
    return "; ".join(text for text in texts if text) or None


def _set(tags: Any, name: str, values: list[Any] | None) -> None:
    if values is not None:
        tags[name] = values
    elif name in tags:
        del tags[name]
