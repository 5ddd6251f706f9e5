"""Deliverables, one after another: each whole in its folder, or not there at all.

A delivery is made under a hidden name and gets its own in the end. One that is there already and
made of the same stays; another one of ours is replaced; what somebody has changed since is left
alone, unless it is said that it may go.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from masterprint.errors import AudioFileError
from masterprint.files.unfinished import discard_abandoned, hidden_folder
from masterprint.files.whole import locked
from masterprint.release.delivery import disc, masters, sequence, sides, tracks
from masterprint.release.delivery.base import Delivery, Write
from masterprint.release.loading import Album
from masterprint.release.manifest import (
    files_in,
    read_manifest,
    write_manifest,
)
from masterprint.release.note import PAGE, TEXT, write_note
from masterprint.release.platforms import Platforms
from masterprint.release.profiles import Deliverable, Kind
from masterprint.release.workshop import Workshop
from masterprint.tags.covers import cover_of
from masterprint.tags.fields import Cover

KINDS: dict[Kind, Write] = {
    "cassette": sides.write_cassette,
    "cd": disc.write_cd,
    "ddp": disc.write_ddp,
    "masters": masters.write,
    "sequence": sequence.write,
    "tracks": tracks.write,
    "vinyl": sides.write_vinyl,
}
NOT_FACTS = ("masterprint_manifest", "deliverable", "album", "made_of", "files", "notes", "folder",
             "status", "error")  # fmt: skip
NEED_SPACE = "free some space, or choose an output folder on another disk"


@dataclass(frozen=True)
class Delivered:
    """What became of a deliverable.

    Attributes:
        name: of the deliverable.
        folder: where it is.
        status: made anew; unchanged, as it was there, made of the same; or failed.
        error: one sentence where it failed.
        files: in the folder, by path.
        notes: what somebody should read.
        facts: what the manifest says.
    """

    name: str
    folder: Path
    status: Literal["ok", "unchanged", "failed"]
    error: str | None = None
    files: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "deliverable": self.name,
            "folder": str(self.folder),
            "status": self.status,
            "error": self.error,
            "files": list(self.files),
            "notes": list(self.notes),
            **self.facts,
        }


def deliver(
    workshop: Workshop,
    name: str,
    profile: Deliverable,
    folder: Path,
    made: str,
    platforms: Platforms,
) -> Delivered:
    """Make one deliverable.

    Args:
        workshop: the album and its masters.
        name: of the deliverable.
        profile: what it is to be.
        folder: where it goes; what is there is replaced.
        made: as `recipe` gives it.
        platforms: whose services its note tells of.

    Raises:
        MasterprintError: it cannot be made; nothing of it is left, and what was there stays.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        discard_abandoned(folder.parent)
        with hidden_folder(folder.parent) as part:
            inside = part / folder.name
            inside.mkdir()
            delivery = Delivery(workshop, name, profile, inside, cover_in(workshop.album))
            KINDS[profile.kind](delivery)
            services = [platforms.find(each) for each in profile.services]
            if services:
                tracks.tell_outlook(delivery, services)
            files = [path.as_posix() for path in files_in(inside)]
            write_note(delivery, files)
            about = {"deliverable": name, "album": _about(workshop.album), **delivery.facts}
            write_manifest(inside, about | {"notes": delivery.notes}, made)
            _put_in_place(inside, folder, part)
    except OSError as error:
        raise AudioFileError(
            f"{folder}: cannot be delivered: {error.strerror}.", hint=NEED_SPACE
        ) from error
    return Delivered(
        name, folder, "ok", None, (*files, TEXT, PAGE), tuple(delivery.notes), delivery.facts
    )


def unchanged(name: str, folder: Path) -> Delivered:
    """A deliverable that is there, as its manifest has it."""
    data = read_manifest(folder) or {}
    files = tuple(str(file["name"]) for file in data.get("files", []))
    facts = {key: value for key, value in data.items() if key not in NOT_FACTS}
    notes = data.get("notes")
    said = tuple(map(str, notes)) if isinstance(notes, list) else ()
    return Delivered(name, folder, "unchanged", None, files, said, facts)


def cover_in(album: Album) -> Cover | None:
    """The album's picture.

    Raises:
        UsageError: it is no picture that can be used.
    """
    if album.model.cover is None:
        return None
    return cover_of(album.place_of(album.model.cover))


def _about(album: Album) -> Mapping[str, Any]:
    model = album.model
    return {
        "title": model.title,
        "artist": model.artist,
        "upc": model.upc,
        "catalog_number": model.catalog_number,
    }


def _put_in_place(inside: Path, folder: Path, aside: Path) -> None:
    """Give a delivery its name; what had it goes where it will be removed."""
    with locked(folder.parent):
        old = aside / "old"
        if folder.exists():
            folder.rename(old)
        try:
            inside.rename(folder)
        except OSError:
            if old.exists():
                old.rename(folder)
            raise
    shutil.rmtree(old, ignore_errors=True)
