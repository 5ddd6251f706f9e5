"""A disc as it comes from others: a DDP set in a folder, or a cue sheet beside its image."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from masterprint.disc.cue_reading import MOST_BYTES, read_cue
from masterprint.disc.ddp_reading import DdpSet, read_ddp
from masterprint.disc.extraction import Programme, raw_programme, wav_programme
from masterprint.disc.layout import FIRST_PREGAP_SECTORS, Disc, timecode, with_lead
from masterprint.disc.rules import MOST_ADDRESS, layout_problems, problems, warnings
from masterprint.disc.set_files import file_in, plain_name, small_file
from masterprint.errors import UsageError


@dataclass(frozen=True)
class DiscSource:
    """A disc that has been read.

    Attributes:
        kind: "ddp" or "cue".
        disc: what is on it.
        programme: where its audio lies; None where it is missing.
        ddp: the set, if it is one.
        problems: what does not agree or is against the rules, a sentence each.
        notes: what is worth knowing.
    """

    kind: str
    disc: Disc
    programme: Programme | None
    ddp: DdpSet | None
    problems: tuple[str, ...]
    notes: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain data; times as mm:ss:ff from the beginning of the disc."""
        return {
            "kind": self.kind,
            **_of_disc(self.disc),
            "tracks": list(_of_tracks(self.disc)),
            "set": _of_set(self.ddp) if self.ddp else None,
            "problems": list(self.problems),
            "notes": list(self.notes),
        }


def read_disc(path: Path) -> DiscSource:
    """Read a DDP set (a folder, or a file in it such as DDPID) or a cue sheet.

    Raises:
        UsageError: it is neither, or makes no sense.
        AudioFileError: a file cannot be read, or is not as a disc has it.
    """
    if path.is_file() and path.suffix.lower() == ".cue":
        return _from_cue(path)
    if path.name.upper() in ("DDPID", "DDPMS"):
        return _from_ddp(path.parent)
    return _from_ddp(path)


def _from_ddp(folder: Path) -> DiscSource:
    _need_set(folder)
    found = read_ddp(folder)
    longest = MOST_ADDRESS - FIRST_PREGAP_SECTORS
    return DiscSource(
        "ddp",
        found.disc,
        raw_programme(found.image_path, found.disc.lead_sectors),
        found,
        # The texts are on it already, in whatever characters.
        (*found.problems, *layout_problems(found.disc, longest)),
        (*found.notes, *warnings(found.disc)),
    )


def _need_set(folder: Path) -> None:
    """Say which is meant where a delivery is given for what is in it."""
    if not folder.is_dir() or file_in(folder, "DDPID") is not None:
        return
    inside = [path.parent for path in folder.glob("*/DDPID")] + list(folder.glob("*.cue"))
    if inside:
        raise UsageError(
            f"{folder}: has no file DDPID, which a DDP set needs.",
            hint=f"did you mean {str(sorted(inside)[0])!r}?",
        )


def _from_cue(path: Path) -> DiscSource:
    data = small_file(path, MOST_BYTES)
    sheet = read_cue(data, name=str(path))
    found: list[str] = []
    programme = None
    image = file_in(path.parent, plain_name(sheet.file_name, str(path)))
    if image is None:
        found.append(f"{sheet.file_name} is missing, which the cue sheet names")
    elif sheet.file_type == "BINARY":
        programme = raw_programme(image, 0)
    else:
        programme = wav_programme(image)
    if programme is not None:
        sheet = read_cue(data, programme.sectors, name=str(path))
        found += problems(sheet.disc, MOST_ADDRESS - FIRST_PREGAP_SECTORS)
    notes = (*sheet.notes, *warnings(sheet.disc))
    return DiscSource("cue", sheet.disc, programme, None, tuple(found), notes)


def _of_disc(disc: Disc) -> dict[str, Any]:
    found = asdict(disc)
    del found["tracks"], found["sectors"], found["lead_sectors"]
    whole = with_lead(disc)
    return found | {"sectors": disc.sectors, "lead_out": timecode(whole.sectors)}


def _of_tracks(disc: Disc) -> Iterator[dict[str, Any]]:
    whole = with_lead(disc)
    for number, track in whole.numbered():
        row = asdict(track)
        row["start"] = timecode(track.start)
        row["pregap"] = None if track.pregap is None else timecode(track.pregap)
        row["indexes"] = [timecode(place) for place in track.indexes]
        # Without the pause that follows, as on the PQ sheet.
        end = whole.tracks[number].begins if number < len(whole.tracks) else whole.sectors
        row["length"] = timecode(max(0, end - track.start))
        yield {"number": number, **row}


def _of_set(found: DdpSet) -> dict[str, Any]:
    return {
        "master_id": found.master_id,
        "files": found.files,
        "image": {
            "sectors": found.image.sectors,
            "md5": found.image.md5,
            "sha256": found.image.sha256,
            "crc32": f"{found.image.crc32:08x}",
        },
        "cdtext_packs": found.cdtext.packs if found.cdtext else 0,
        "checksums": [
            {"source": told.source, "file": told.name, "method": told.method, "agrees": agrees}
            for told, agrees in found.checksums
        ],
    }
