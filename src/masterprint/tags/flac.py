"""Tags of FLAC files: a block of Vorbis comments, and blocks of pictures (RFC 9639, 8.6 and 8.8).

The other blocks (seek table, cue sheet, application) are left as they are.
"""

from __future__ import annotations

from pathlib import Path

from mutagen.flac import FLAC

from masterprint.errors import AudioFileError
from masterprint.tags.changes import Changes
from masterprint.tags.fields import Tags
from masterprint.tags.vorbis import (
    FRONT,
    OTHER,
    change_comments,
    cover_among,
    picture_of,
    tags_in_comments,
)


def read(path: Path) -> Tags:
    """What a file says."""
    file = FLAC(path)
    return tags_in_comments(file.tags or {}, cover_among(file.pictures))


def change(path: Path, part: Path, changes: Changes) -> None:
    """Have `part`, a copy of `path`, say what is to be changed."""
    with path.open("rb") as source:
        if source.read(3) == b"ID3":
            raise AudioFileError(
                f"{path}: has an ID3 tag in front, which is not FLAC, and would contradict what is "
                "written; it was left as it is.",
                hint="ffmpeg -i FILE -c copy NEW.flac makes one without it, with the same audio",
            )
    file = FLAC(part)
    if file.tags is None:
        file.add_tags()
    change_comments(file.tags, changes)
    if "cover" in changes.touched:
        kept = [each for each in file.pictures if each.type not in (FRONT, OTHER)]
        file.clear_pictures()
        cover = changes.tags.cover
        for picture in ([picture_of(cover)] if cover is not None else []) + kept:
            file.add_picture(picture)
    file.save()
