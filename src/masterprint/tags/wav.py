"""Tags of WAV files, RF64 and BW64 too, where different readers look in different chunks.

Title, artist and the like stand in `LIST INFO`, which every program reads, where they are ASCII;
all fields and the cover in `id3 `, which players read; the ISRC in `axml`, where broadcasters look
for it. `bext` and `iXML` are written when a `Bext` is given. When they contradict each other,
`id3 ` is believed first, then `axml`, then INFO: it holds the most, and is what players show.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from masterprint.errors import AudioFileError
from masterprint.tags.axml import build_axml, parse_axml
from masterprint.tags.bext import Bext, build_bext, parse_bext
from masterprint.tags.changes import Changes
from masterprint.tags.fields import FIELDS, Tags
from masterprint.tags.id3 import change_id3, dump_id3, load_id3, tags_in_id3
from masterprint.tags.info import (
    Entries,
    agreed,
    build_info,
    changed_info,
    encoding_of,
    parse_info,
    says_ours,
    tags_in_info,
)
from masterprint.tags.ixml import MIRRORS, build_ixml, mirror_of, parse_ixml
from masterprint.tags.replacing import replacing
from masterprint.tags.rewriting import LIMIT, rewrite
from masterprint.tags.riff import Riff, scan_riff
from masterprint.tags.xml_places import XmlError

UNDERSTOOD = {
    *(b"fmt ", b"data", b"fact", b"ds64", b"bext", b"iXML", b"axml", b"LIST INFO", b"CSET", b"id3 ")
}
"""Keys of the chunks whose meaning is known here; the others are carried along."""


@dataclass(frozen=True)
class WavContents:
    """What a WAV file holds beside its audio.

    Attributes:
        tags: what its chunks say together.
        bext: its broadcast extension, if it has one.
        ixml: texts in iXML by their path.
        chunks: the names of all its chunks, in order.
        unknown: those that are carried along as they are.
        trailing_bytes: behind the last chunk.
    """

    tags: Tags
    bext: Bext | None
    ixml: dict[str, str]
    chunks: tuple[str, ...]
    unknown: tuple[str, ...]
    trailing_bytes: int


def read(path: Path) -> Tags:
    """What a file says."""
    return read_wav(path).tags


def read_wav(path: Path) -> WavContents:
    """What a file says, and what it consists of."""
    riff = scan_riff(path)
    in_id3 = tags_in_id3(load_id3(riff.first(b"id3 ")))
    in_axml = Tags(isrc=next(filter(None, map(parse_axml, riff.all(b"axml"))), None))
    in_info = tags_in_info(_entries(riff), encoding_of(riff.first(b"CSET")))
    bext = riff.first(b"bext")
    return WavContents(
        _first_of(in_id3, in_axml, in_info),
        None if bext is None else parse_bext(bext),
        parse_ixml(riff.first(b"iXML") or b""),
        tuple(chunk.name for chunk in riff.chunks),
        tuple(chunk.name for chunk in riff.chunks if chunk.key not in UNDERSTOOD),
        riff.file_size - riff.end,
    )


def change(
    path: Path,
    changes: Changes,
    bext: Bext | None = None,
    remove: Collection[str] = (),
    limit: int = LIMIT,
) -> None:
    """Replace a file by one that says what is to be changed.

    Args:
        path: of the file.
        changes: of its tags.
        bext: what its broadcast extension is to say; None leaves it.
        remove: may name `bext`, which takes that chunk out.
        limit: largest size of a RIFF file; for tests.

    Raises:
        AudioFileError: it cannot be written, or a chunk in it cannot be changed.
        ValueError: `bext` has text that does not fit.
    """
    riff = scan_riff(path)
    chunks: dict[bytes, bytes | None] = {}
    if bext is not None:
        chunks[b"bext"] = build_bext(bext, riff.first(b"bext"))
    elif "bext" in remove:
        chunks[b"bext"] = None
    if changes.touched:
        # Who finds tags in one chunk looks into no other: each says all that it can.
        tag, entries = load_id3(riff.first(b"id3 ")), _entries(riff)
        change_id3(tag, changes if tag else changes.everything())
        is_bwf = chunks.get(b"bext", riff.first(b"bext")) is not None
        entries = changed_info(entries, changes if says_ours(entries) else changes.everything())
        chunks |= {b"id3 ": dump_id3(tag), b"LIST INFO": build_info(agreed(entries, is_bwf))}
    with _told(path, "iXML"):
        chunks |= _new_ixml(riff, changes, bext, "bext" in remove)
    with _told(path, "axml"):
        chunks |= _new_axml(riff, changes)
    # Libsndfile loses its way behind chunks of odd sizes in RF64, so there shall be none.
    for key, fill in ((b"bext", b"\0"), (b"iXML", b"\n"), (b"axml", b"\n")):
        if (data := chunks.get(key)) and len(data) % 2:
            chunks[key] = data + fill
    with replacing(path, copied=False) as part, part.open("r+b") as out:
        rewrite(riff, chunks, out, limit)


def _new_ixml(
    riff: Riff, changes: Changes, bext: Bext | None, goes: bool
) -> dict[bytes, bytes | None]:
    """The mirror of a bext that is given; of the tags only what is there already, or goes along."""
    old = riff.first(b"iXML")
    if bext is None and (
        old is None or (not goes and changes.touched.isdisjoint(("album", "comment")))
    ):
        return {}
    values = dict.fromkeys(MIRRORS) if bext is None and goes else {}
    if bext is not None:
        values |= mirror_of(bext)
    if bext is not None and old is not None and (before := riff.first(b"bext")) is not None:
        # What bext says as it did stays: iXML may say it with letters that bext does not have.
        same = mirror_of(parse_bext(before)).items()
        values = {path: text for path, text in values.items() if (path, text) not in same}
    for field, name in (("album", "PROJECT"), ("comment", "NOTE")):
        if field in changes.touched or (old is None and changes.text(field)):
            values[(name,)] = changes.text(field)
    new = build_ixml(values, old)
    return {b"iXML": new if parse_ixml(new).keys() - {"IXML_VERSION"} else None}


def _new_axml(riff: Riff, changes: Changes) -> dict[bytes, bytes | None]:
    old = riff.first(b"axml")
    if "isrc" not in changes.touched or (old is None and changes.tags.isrc is None):
        return {}
    return {b"axml": build_axml(changes.tags.isrc, old)}


@contextmanager
def _told(path: Path, name: str) -> Iterator[None]:
    try:
        yield
    except XmlError as error:
        raise AudioFileError(
            f"{path}: its chunk {name!r} cannot be changed: {error}; the file was left as it is."
        ) from error


def _entries(riff: Riff) -> Entries:
    """Those of all INFO lists; `data` of a list begins with its form."""
    return [entry for data in riff.all(b"LIST INFO") for entry in parse_info(data[4:])]


def _first_of(*sources: Tags) -> Tags:
    return Tags(
        **{
            field: next((value for tags in sources if (value := getattr(tags, field))), None)
            for field in FIELDS
        }
    )
