"""Writing a DDP 2.00 set: what a pressing plant makes a compact disc from.

============== =================================================================
DDPID          what this is, and the UPC
DDPMS          which other files there are, and how long
CDTEXT.BIN     CD-Text, where there is any
PQDESCR        tracks, indexes, flags, ISRCs; times from the beginning of the image
IMAGE.DAT      the audio: 16 bits, little-endian, left and right by turns, no header
CHECKSUM.MD5   of all these; CHECKSUM.TXT has CRC-32 (neither is part of DDP)
============== =================================================================

The image begins with the first pregap, 2 s of silence; sector n of it is time n of the PQ
descriptor. The last packet, the lead-out, is written twice, as every writer does.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from masterprint.codes import ean13
from masterprint.disc.cdtext import cdtext_packs
from masterprint.disc.ddp_packets import (
    COPY_PERMITTED,
    DDPID,
    DDPID_BYTES,
    LEAD_OUT,
    LEVEL,
    MAP,
    MAP_BYTES,
    MAP_MARKER,
    NAME_BYTES,
    PQ,
    PQ_BYTES,
    PQ_MARKER,
    PRE_EMPHASIS,
    packet,
)
from masterprint.disc.image import ImageFacts, write_image
from masterprint.disc.layout import Disc, DiscTrack, timecode, with_lead
from masterprint.errors import AudioFileError, UsageError
from masterprint.files.whole import write_whole

MASTER_ID_BYTES = DDPID["master_id"][1]


@dataclass(frozen=True)
class DdpNames:
    """Names of the files in a set; only DDPID and DDPMS are fixed. At most 17 characters."""

    pq: str = "PQDESCR"
    image: str = "IMAGE.DAT"
    cdtext: str = "CDTEXT.BIN"


def ddp_files(
    disc: Disc, *, names: DdpNames | None = None, master_id: str = ""
) -> dict[str, bytes]:
    """The small files of a set, in the order in which checksums list them; no image.

    Args:
        disc: whose rules have been checked.
        names: of the files.
        master_id: free text that identifies the set to people, at most 48 characters of ASCII; it
            does not get onto the disc.

    Raises:
        UsageError: a text does not fit CD-Text; a name or the master id is not as above; there
            are no tracks, or more than can be numbered.
    """
    if not 1 <= len(disc.tracks) <= 99:
        raise UsageError(f"The disc has {len(disc.tracks)} tracks; 1 to 99 are expected.")
    names = names or DdpNames()
    whole = with_lead(disc)
    cdtext = cdtext_packs(disc)
    upc = ean13(disc.upc) if disc.upc else ""
    try:
        pq = b"".join(_pq(whole))
        ddpid = packet(DDPID, DDPID_BYTES, level=LEVEL, upc=upc, master_id=master_id, type="CD")
        streams = [
            _stream("S0", len(pq), names.pq, subcode="PQ DESCR"),
            _stream(
                "D0",
                whole.sectors,
                names.image,
                mode="DA",
                storage="7",  # whole sectors of 2352 bytes
                scrambled="1",
                pregap=whole.tracks[0].start,
            ),
        ]
        if cdtext:
            text = _stream("S0", len(cdtext), names.cdtext, subcode="CDTEXT", track="00")
            streams.insert(0, text)
    except ValueError as error:
        raise UsageError(f"The DDP set cannot be written: {error}.") from error
    found = {"DDPID": ddpid, "DDPMS": b"".join(streams)}
    if cdtext:
        found[names.cdtext] = cdtext
    return found | {names.pq: pq}


def checksum_files(
    files: Mapping[str, bytes], image: ImageFacts, image_name: str = DdpNames.image
) -> dict[str, bytes]:
    """CHECKSUM.MD5, as md5sum checks it, and CHECKSUM.TXT with CRC-32.

    Args:
        files: the small files, from `ddp_files`.
        image: what was written as the image.
    """
    md5 = {name: hashlib.md5(data).hexdigest() for name, data in files.items()}
    crc = {name: zlib.crc32(data) for name, data in files.items()}
    md5[image_name], crc[image_name] = image.md5, image.crc32
    lines = [f"{digest} *{name}\n" for name, digest in md5.items()]
    crc_lines = [f"{name}={value:08X}\n" for name, value in crc.items()]
    return {
        "CHECKSUM.MD5": "".join(lines).encode("ascii"),
        "CHECKSUM.TXT": "".join(["[CRC32 Checksum]\n", *crc_lines]).encode("ascii"),
    }


def _stream(kind: str, length: int, name: str, **values: str | int) -> bytes:
    return packet(
        MAP,
        MAP_BYTES,
        marker=MAP_MARKER,
        stream=kind,
        length=length,
        name_bytes=NAME_BYTES,
        name=name,
        **values,
    )


def _pq(whole: Disc) -> Iterator[bytes]:
    """The PQ descriptor of a disc that is counted from its very beginning."""
    yield _index("00", 0, 0, upc=ean13(whole.upc) if whole.upc else "")
    for number, track in whole.numbered():
        first = track.pregap if number > 1 else 0
        places = [] if first is None else [(0, first)]
        places += list(enumerate([track.start, *track.indexes], 1))
        for which, (index, place) in enumerate(places):
            # The first packet of a track has its ISRC; where others have it, too, some readers
            # take the track for doubled.
            isrc = track.isrc or "" if which == 0 else ""
            yield _index(f"{number:02d}", index, place, control=_control(track), isrc=isrc)
    for _ in range(2):
        yield _index(LEAD_OUT, 1, whole.sectors)


def _index(track: str, index: int, sectors: int, control: int = 0, **values: str) -> bytes:
    return packet(
        PQ,
        PQ_BYTES,
        marker=PQ_MARKER,
        track=track,
        index=f"{index:02d}",
        time=timecode(sectors).replace(":", ""),
        control=f"{control:X}",
        mode="1",
        **values,
    )


def _control(track: DiscTrack) -> int:
    return track.pre_emphasis * PRE_EMPHASIS + track.copy_permitted * COPY_PERMITTED


def write_ddp(
    folder: Path,
    disc: Disc,
    blocks: Iterable[NDArray[Any]],
    *,
    names: DdpNames | None = None,
    master_id: str = "",
) -> tuple[ImageFacts, dict[str, bytes]]:
    """Write a whole set, checksums included, into a folder that has none; the image first.

    Args:
        folder: is made where it is missing.
        disc: whose rules have been checked.
        blocks: the programme, as in `write_image`.
        names, master_id: as in `ddp_files`.

    Returns:
        What is in the image, and the other files by name.

    Raises:
        UsageError: a text or a name does not fit, or an image is there already.
        AudioFileError: it cannot be written, or the programme has not the disc's length.
    """
    names = names or DdpNames()
    files = ddp_files(disc, names=names, master_id=master_id)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        image = write_image(folder / names.image, disc.lead_sectors, blocks, sectors=disc.sectors)
        files |= checksum_files(files, image, names.image)
        for name, data in files.items():
            write_whole(folder / name, data)
    except OSError as error:
        raise AudioFileError(f"{folder}: cannot be written: {error.strerror}.") from error
    return image, files
