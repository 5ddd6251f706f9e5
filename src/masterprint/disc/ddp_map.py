"""DDPMS, read: which streams a DDP set has, and in which files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from masterprint.disc.ddp_packets import MAP, MAP_BYTES, MAP_MARKER, field_of, number_of
from masterprint.disc.set_files import file_in, plain_name, small_file
from masterprint.errors import UsageError

MOST_STREAMS = 200


@dataclass(frozen=True)
class Stream:
    """A stream of a set.

    Attributes:
        kind: "D0" for audio or data, "S0" for subcode.
        subcode: "PQ DESCR" or "CDTEXT".
        mode: "DA" for audio.
        name: of its file.
        length: in bytes, of audio in sectors; None where it is not told.
        pregap: sectors before track 1 in an image; None where it is not told.
    """

    kind: str
    subcode: str
    mode: str
    name: str
    length: int | None
    pregap: int | None


@dataclass(frozen=True)
class Streams:
    """The streams that make a disc of audio; `notes` are about the others."""

    pq: Stream
    image: Stream
    cdtext: Stream | None
    notes: tuple[str, ...]


def read_map(folder: Path) -> Streams:
    """Which files of the set in a folder are what.

    Raises:
        UsageError: there is no DDPMS, or it makes no sense, or tells of no disc of audio.
    """
    path = needed_file(folder, "DDPMS", "a DDP set")
    data = small_file(path, MOST_STREAMS * MAP_BYTES)
    found = []
    for at in range(0, len(data) - MAP_BYTES + 1, MAP_BYTES):
        packet = data[at : at + MAP_BYTES]
        number = at // MAP_BYTES + 1
        try:
            if (marker := field_of(MAP, packet, "marker")) != MAP_MARKER:
                raise ValueError(f"begins with {marker!r}, where {MAP_MARKER} is expected")
            stream = Stream(
                kind=field_of(MAP, packet, "stream"),
                subcode=field_of(MAP, packet, "subcode"),
                mode=field_of(MAP, packet, "mode"),
                name=field_of(MAP, packet, "name"),
                length=number_of(MAP, packet, "length"),
                pregap=number_of(MAP, packet, "pregap"),
            )
        except ValueError as error:
            raise UsageError(f"{path}: packet {number}: {error}.") from error
        if stream.kind in ("D0", "S0"):
            plain_name(stream.name, str(path))
        found.append(stream)
    if not found:
        raise UsageError(f"{path}: has {len(data)} bytes, where packets of 128 are expected.")
    return _chosen(found, path)


def _chosen(streams: list[Stream], path: Path) -> Streams:
    def one(found: list[Stream], what: str) -> Stream:
        if len(found) != 1:
            raise UsageError(f"{path}: names {len(found)} {what}, where one is expected.")
        return found[0]

    subcode = [stream for stream in streams if stream.kind == "S0"]
    pq = one([s for s in subcode if s.subcode == "PQ DESCR"], "PQ descriptors")
    audio = [s for s in streams if s.kind == "D0" and s.mode == "DA"]
    image = one(audio, "images of audio")
    texts = [s for s in subcode if s.subcode == "CDTEXT"]
    text = one(texts, "files of CD-Text") if texts else None
    others = [stream for stream in streams if stream not in (pq, image, text)]
    notes = [f"the stream {stream.kind} {stream.name} is not read" for stream in others]
    return Streams(pq, image, text, tuple(notes))


def needed_file(folder: Path, name: str, told_by: str) -> Path:
    """A file that must be there.

    Raises:
        UsageError: it is missing, or its name leads elsewhere.
    """
    found = file_in(folder, plain_name(name, str(folder / told_by)))
    if found is None:
        raise UsageError(f"{folder}: has no file {name}, which {told_by} needs.")
    return found
