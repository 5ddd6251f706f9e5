"""Reading a DDP set back, our own or another writer's, and finding what does not agree in it.

DDPMS tells the other files; of these, one PQ descriptor and one image of audio are needed, CD-Text
may be missing. Numbers may be padded with zeros or spaces. A set that makes no sense is refused;
one that does, but not entirely, is read, and each fault becomes a sentence in `problems`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from masterprint.disc.cdtext_reading import MOST_BYTES as MOST_CDTEXT_BYTES
from masterprint.disc.cdtext_reading import CdText, read_packs
from masterprint.disc.checksums import Told, checksums_in
from masterprint.disc.ddp_map import Stream, needed_file, read_map
from masterprint.disc.ddp_packets import DDPID, DDPID_BYTES, PQ_BYTES, field_of
from masterprint.disc.image import SECTOR_BYTES, ImageFacts, hashed
from masterprint.disc.layout import FIRST_PREGAP_SECTORS, Disc, DiscTrack, timecode
from masterprint.disc.pq_reading import MOST_PACKETS, Pq, read_pq
from masterprint.disc.set_files import file_in, listed, small_file
from masterprint.disc.texts import FIELDS
from masterprint.errors import UsageError

SPARE_BYTES = 64
"""More than CD-Text can have: lengths in front, zeros behind."""


@dataclass(frozen=True)
class DdpSet:
    """A DDP set that has been read.

    Attributes:
        disc: what is on it, counted from where the programme begins (after `lead_sectors`).
        image_path, image: the audio, and what is in it.
        master_id: free text of the set.
        files: names of its files by role: "PQ", "image", "CD-Text" where there is any.
        cdtext: None without.
        checksums: what checksum files tell, and whether it agrees.
        problems: what does not agree, a sentence each.
        notes: what is worth knowing, but no fault.
    """

    disc: Disc
    image_path: Path
    image: ImageFacts
    master_id: str
    files: dict[str, str]
    cdtext: CdText | None
    checksums: tuple[tuple[Told, bool], ...]
    problems: tuple[str, ...]
    notes: tuple[str, ...]


def read_ddp(folder: Path) -> DdpSet:
    """Read a set, all of it: checksums take the time that reading the image takes.

    Raises:
        UsageError: there is no DDP set of audio, or it makes no sense.
        AudioFileError: a file is missing or cannot be read.
    """
    problems: list[str] = []
    notes: list[str] = []
    listed(folder)
    ddpid = small_file(needed_file(folder, "DDPID", "a DDP set"), 4 * DDPID_BYTES)
    level = field_of(DDPID, ddpid, "level")
    if not level.startswith("DDP "):
        raise UsageError(f"{folder / 'DDPID'}: begins with {level!r}, where DDP 2.00 is expected.")
    if len(ddpid) != DDPID_BYTES:
        problems.append(f"DDPID has {len(ddpid)} bytes, where {DDPID_BYTES} are expected")
    if level.startswith("DDP 2") and field_of(DDPID, ddpid, "type") not in ("CD", ""):
        raise UsageError(
            f"{folder / 'DDPID'}: is of type {field_of(DDPID, ddpid, 'type')!r}, where CD is "
            "expected."
        )
    streams = read_map(folder)
    pq_stream, image_stream, text_stream = streams.pq, streams.image, streams.cdtext
    notes += streams.notes

    pq_path = needed_file(folder, pq_stream.name, "DDPMS")
    pq_data = small_file(pq_path, MOST_PACKETS * PQ_BYTES)
    _check_length(pq_stream, len(pq_data), problems)
    pq = read_pq(pq_data, pq_stream.name)
    problems += pq.problems
    notes += pq.notes

    cdtext, text_path = None, file_in(folder, text_stream.name) if text_stream else None
    if text_stream and text_path is None:
        problems.append(f"{text_stream.name} is missing, which DDPMS names")
    elif text_stream and text_path is not None:
        data = small_file(text_path, MOST_CDTEXT_BYTES + SPARE_BYTES)
        _check_length(text_stream, len(data), problems)
        try:
            cdtext = read_packs(data)
        except UsageError as error:
            raise UsageError(f"{text_path}: {error.message}", hint=error.hint) from error
        problems += [f"{text_stream.name}: {problem}" for problem in cdtext.problems]
        if cdtext.languages > 1:
            notes.append(f"CD-Text has {cdtext.languages} languages; the first is read")

    image_path = needed_file(folder, image_stream.name, "DDPMS")
    paths = {"DDPID": folder / "DDPID", "DDPMS": folder / "DDPMS", pq_stream.name: pq_path}
    if text_stream and text_path is not None:
        paths[text_stream.name] = text_path
    paths[image_stream.name] = image_path
    image, size = hashed(image_path)
    _check_image(image_stream, image_path.name, size, pq, problems)
    known = {name: hashed(path)[0] for name, path in paths.items() if path != image_path}
    known[image_stream.name] = image
    checksums = tuple(
        (one, one.digest == known[one.name].digest(one.method))
        for one in checksums_in(folder, list(paths))
    )
    problems += [
        f"{one.source}: the {one.method} of {one.name} does not agree: it has changed, or was "
        "damaged on its way"
        for one, agrees in checksums
        if not agrees
    ]
    upc = _upc(field_of(DDPID, ddpid, "upc"), pq, cdtext, problems)
    disc = _disc(pq, cdtext, upc, image.lead_is_silent, problems)
    files = {"PQ": pq_stream.name, "image": image_stream.name}
    if text_stream:
        files["CD-Text"] = text_stream.name
    return DdpSet(
        disc=disc,
        image_path=image_path,
        image=image,
        master_id=field_of(DDPID, ddpid, "master_id"),
        files=files,
        cdtext=cdtext,
        checksums=checksums,
        problems=tuple(problems),
        notes=tuple(notes),
    )


def _check_length(stream: Stream, size: int, problems: list[str]) -> None:
    if stream.length != size:
        told = "no length" if stream.length is None else f"{stream.length} bytes"
        problems.append(f"{stream.name} has {size} bytes, where DDPMS tells {told}")


def _check_image(stream: Stream, name: str, size: int, pq: Pq, problems: list[str]) -> None:
    expected = pq.lead_out * SECTOR_BYTES
    if size != expected:
        problems.append(
            f"{name} has {size} bytes, where the lead-out at {timecode(pq.lead_out)} makes "
            f"{expected}: it is {'cut short' if size < expected else 'too long'}"
        )
    if stream.length != pq.lead_out:
        told = "no length" if stream.length is None else f"{stream.length} sectors"
        problems.append(f"DDPMS tells {told} of {name}, and the lead-out makes {pq.lead_out}")
    first = pq.tracks[0].start
    if stream.pregap is not None and stream.pregap != first:
        problems.append(
            f"DDPMS tells {stream.pregap} sectors before track 1, the PQ descriptor {first}"
        )


def _upc(ddpid: str, pq: Pq, cdtext: CdText | None, problems: list[str]) -> str | None:
    told = {"DDPID": ddpid, "the PQ descriptor": pq.upc, "CD-Text": cdtext.upc if cdtext else ""}
    told = {place: upc for place, upc in told.items() if upc.strip("0")}
    if len({upc.zfill(13) for upc in told.values()}) > 1:
        each = ", ".join(f"{upc} in {place}" for place, upc in told.items())
        problems.append(f"the UPC is not the same everywhere: {each}")
    if told and not pq.upc.strip("0"):
        problems.append(
            "the PQ descriptor has no UPC, though the set has one elsewhere: it may not get onto "
            "the disc"
        )
    return next(iter(told.values()), None)


def _disc(
    pq: Pq, cdtext: CdText | None, upc: str | None, silent: bool, problems: list[str]
) -> Disc:
    # What is hidden before track 1 may begin right at the beginning of the image, in other
    # people's sets. Otherwise the first 2 s are silence, and the programme begins after them.
    first = pq.tracks[0].start
    lead = FIRST_PREGAP_SECTORS if silent and first >= FIRST_PREGAP_SECTORS else 0
    tracks = []
    for number, track in enumerate(pq.tracks, 1):
        isrc = cdtext.isrcs[number - 1] if cdtext and number <= len(cdtext.isrcs) else ""
        if isrc and track.isrc and isrc != track.isrc:
            problems.append(
                f"track {number} has the ISRC {track.isrc} in the PQ descriptor and {isrc} in "
                "CD-Text"
            )
        tracks.append(_track(number, track, lead, cdtext))
    texts = {name: cdtext.text(name, 0) for name in FIELDS} if cdtext else {}
    return Disc(
        sectors=pq.lead_out - lead,
        tracks=tuple(tracks),
        upc=upc,
        catalog_number=(cdtext and cdtext.disc_id) or None,
        genre=(cdtext and cdtext.genre) or None,
        language=(cdtext and cdtext.language) or "en",
        lead_sectors=lead,
        **texts,
    )


def _track(number: int, track: DiscTrack, lead: int, cdtext: CdText | None) -> DiscTrack:
    texts: dict[str, Any] = {name: cdtext.text(name, number) for name in FIELDS} if cdtext else {}
    pregap = None if track.pregap is None else track.pregap - lead
    if number == 1:
        pregap = 0 if track.start > lead else None
    return replace(
        track,
        start=track.start - lead,
        pregap=pregap,
        indexes=tuple(place - lead for place in track.indexes),
        **texts,
    )
