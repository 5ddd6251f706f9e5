"""Tags of AIFF files: an ID3v2 tag in a chunk `ID3 `, as Apple's and all other players have it.

The text chunks of 1989 (NAME, AUTH, `(c) `, ANNO) are left as they are.
"""

from __future__ import annotations

from pathlib import Path

from mutagen.aiff import AIFFFile

from masterprint.tags.changes import Changes
from masterprint.tags.fields import Tags
from masterprint.tags.id3 import MOST_BYTES, change_id3, dump_id3, load_id3, tags_in_id3

NAME = "ID3"


def read(path: Path) -> Tags:
    """What a file says."""
    with path.open("rb") as file:
        return tags_in_id3(load_id3(_data(AIFFFile(file))))


def change(path: Path, part: Path, changes: Changes) -> None:
    """Have `part`, a copy of `path`, say what is to be changed."""
    del path
    with part.open("r+b") as file:
        form = AIFFFile(file)
        tag = load_id3(_data(form))
        change_id3(tag, changes)
        data = dump_id3(tag)
        if data is None:
            if NAME in form:
                del form[NAME]
            return
        if NAME not in form:
            form.insert_chunk(NAME)
        chunk = form[NAME]
        chunk.resize(len(data))
        chunk.write(data)


def _data(form: AIFFFile) -> bytes | None:
    if NAME not in form:
        return None
    chunk = form[NAME]
    chunk.data_size, told = min(chunk.data_size, MOST_BYTES + 1), chunk.data_size
    try:
        return bytes(chunk.read())
    finally:
        chunk.data_size = told
