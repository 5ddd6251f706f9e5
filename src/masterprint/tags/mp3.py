"""Tags of MP3 files: an ID3v2 tag in front. An ID3v1 tag at the end is kept up to date."""

from __future__ import annotations

from pathlib import Path

from mutagen.id3 import ID3, ID3NoHeaderError

from masterprint.tags.changes import Changes
from masterprint.tags.fields import Tags
from masterprint.tags.id3 import (
    FRAMES,
    HEAD_BYTES,
    MOST_BYTES,
    change_id3,
    load_id3,
    need_sane,
    tags_in_id3,
    version_of,
)


def read(path: Path) -> Tags:
    """What a file says."""
    return tags_in_id3(_loaded(path))


def change(path: Path, part: Path, changes: Changes) -> None:
    """Have `part`, a copy of `path`, say what is to be changed."""
    del path
    tag = _loaded(part)
    change_id3(tag, changes)
    tag.save(part, v1=1, v2_version=version_of(tag), v23_sep=None)


def tag_size(head: bytes) -> int:
    """How long a tag is with its header, which has seven bits in each byte of the size; 0: none."""
    if len(head) < HEAD_BYTES or head[:3] != b"ID3":
        return 0
    size = 0
    for byte in head[6:10]:
        size = size << 7 | byte & 0x7F
    return HEAD_BYTES + size + (HEAD_BYTES if head[5] & 0x10 else 0)


def _loaded(path: Path) -> ID3:
    with path.open("rb") as source:
        size = tag_size(source.read(HEAD_BYTES))
        source.seek(0)
        data = source.read(min(size, MOST_BYTES + 1))
    if data:
        need_sane(data)
        return load_id3(data)
    try:
        return ID3(path, known_frames=FRAMES)  # what ID3v1 says, if there is one
    except ID3NoHeaderError:
        return ID3()
