"""Tags of Ogg files: Vorbis, Opus (RFC 7845, 5.2) and FLAC in Ogg, all with Vorbis comments."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mutagen.oggflac import OggFLAC
from mutagen.oggopus import OggOpus
from mutagen.oggvorbis import OggVorbis

from masterprint.tags.changes import Changes
from masterprint.tags.fields import Tags
from masterprint.tags.vorbis import (
    change_comments,
    change_picture,
    cover_among,
    pictures_in,
    tags_in_comments,
)

CODECS: dict[bytes, Any] = {
    b"\x01vorbis": OggVorbis,
    b"OpusHead": OggOpus,
    b"\x7fFLAC": OggFLAC,
}
"""By what the first packet begins with, behind a page header of 28 bytes."""
PACKET_AT = 28


def read(path: Path) -> Tags:
    """What a file says."""
    file = _opened(path)
    comments = file.tags if file.tags is not None else {}
    pictures = [picture for _, picture in pictures_in(comments) if picture is not None]
    return tags_in_comments(comments, cover_among(pictures), isinstance(file, OggOpus))


def change(path: Path, part: Path, changes: Changes) -> None:
    """Have `part`, a copy of `path`, say what is to be changed. Opus' header gain stays."""
    del path
    file = _opened(part)
    change_comments(file.tags, changes, isinstance(file, OggOpus))
    change_picture(file.tags, changes)
    file.save()


def _opened(path: Path) -> Any:
    with path.open("rb") as source:
        start = source.read(PACKET_AT + 8)[PACKET_AT:]
    codec = next(codec for magic, codec in CODECS.items() if start.startswith(magic))
    return codec(path)
