"""Deliverables, one after another: each whole in its folder, or not there at all.

A delivery is made under a hidden name and gets its own in the end. One that is there already and
made of the same stays; another one of ours is replaced; what somebody has changed since is left
alone, unless it is said that it may go.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from masterprint.errors import AudioFileError, MasterprintError, UsageError
from masterprint.files.unfinished import discard_abandoned, hidden_folder
from masterprint.files.whole import locked
from masterprint.release.delivery import disc, masters, sequence, sides, tracks
from masterprint.release.delivery.base import Delivery, Write
from masterprint.release.loading import Album
from masterprint.release.manifest import (
    changed_since,
    files_in,
    made_of,
    read_manifest,
    write_manifest,
)
from masterprint.release.note import PAGE, TEXT, write_note
from masterprint.release.platforms import Platforms
from masterprint.release.profiles import Deliverable, Kind
from masterprint.release.workshop import Workshop
from masterprint.sheets.ingredients import look_at_file
from masterprint.sheets.seal import canonical
from masterprint.tags.covers import cover_of
from masterprint.tags.fields import Cover
from masterprint.version import __version__

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


def recipe(album: Album, profile: Deliverable, works: Sequence[str], platforms: Platforms) -> str:
    """Hashes of everything that a deliverable is made of, with the name of each before it.

    Args:
        album: whose tracks.
        profile: what it is to be.
        works: hashes of what the masters are made of, as `masters.works_of` gives them.
        platforms: whose services its note tells of.
    """
    idle = {"deliver"}
    file = None
    if profile.kind == "masters":  # whose deliveries hold the album file itself
        file = look_at_file(album.file).sha256
    else:
        idle |= {"cd", "vinyl", "cassette"} - _USED.get(profile.kind, set())
    services = [platforms.find(name)[1].model_dump(mode="json") for name in profile.services]
    data = {
        "album": [album.model.model_dump(mode="json", exclude=idle), file],
        "profile": [profile.model_dump(mode="json"), services],
        "masters": list(works),
        "cover": None if album.model.cover is None else _cover_hash(album),
        "version": __version__,
    }
    return " ".join(
        f"{name}:{hashlib.sha256(canonical(part)).hexdigest()[:32]}" for name, part in data.items()
    )


_USED: dict[Kind, set[str]] = {
    "cd": {"cd"}, "ddp": {"cd"}, "sequence": {"cd"}, "vinyl": {"vinyl"}, "cassette": {"cassette"},
}  # fmt: skip
"""The settings of a medium that a deliverable depends on."""
_CHANGED = {
    "masters": "its masters",
    "album": "what the album file says",
    "cover": "the cover",
    "profile": "what the deliverable is to be",
    "version": "the version of Masterprint",
}


def _what_changed(before: str | None, now: str) -> str:
    """What a deliverable is made of that it was not made of before."""
    old = set((before or "").split())
    new = {part.partition(":")[0] for part in now.split() if part not in old}
    if len(new) == len(_CHANGED):
        return "made of something else"
    return f"changed since: {'; '.join(said for part, said in _CHANGED.items() if part in new)}"


def why_deliver(folder: Path, made: str, overwrite: bool) -> str | None:
    """Why a deliverable is to be made, in a few words; None where it is there and the same.

    Raises:
        UsageError: what is there may not be replaced.
    """
    if not folder.exists():
        return "new"
    if not folder.is_dir():
        raise UsageError(f"{folder}: is a file, where the folder of a delivery would go.")
    changed = changed_since(folder)
    if changed is None:
        before = made_of(folder)
        if before == made:
            return "to be replaced, though made of the same" if overwrite else None
        return _what_changed(before, made)
    if not any(folder.iterdir()):
        return "new"
    if not overwrite:
        raise UsageError(
            f"{folder}: is there already, and {changed}: it was left as it is.",
            hint="move it away, or replace it with --overwrite",
        )
    return f"to be replaced, though {changed}"


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


def try_deliver(make: Callable[[], Delivered], name: str, folder: Path) -> Delivered:
    """The same; what goes wrong is in the result."""
    try:
        return make()
    except MasterprintError as error:
        return Delivered(name, folder, "failed", str(error))


def cover_in(album: Album) -> Cover | None:
    """The album's picture.

    Raises:
        UsageError: it is no picture that can be used.
    """
    if album.model.cover is None:
        return None
    return cover_of(album.place_of(album.model.cover))


def _cover_hash(album: Album) -> str:
    assert album.model.cover is not None
    return look_at_file(album.place_of(album.model.cover)).sha256


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
