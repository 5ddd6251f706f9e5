"""What a deliverable is made of, and whether one that is there is made of the same."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from masterprint.errors import UsageError
from masterprint.release.loading import Album
from masterprint.release.manifest import changed_since, made_of
from masterprint.release.platforms import Platforms
from masterprint.release.profiles import Deliverable, Kind
from masterprint.sheets.ingredients import look_at_file
from masterprint.sheets.seal import canonical
from masterprint.version import __version__


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


def _cover_hash(album: Album) -> str:
    assert album.model.cover is not None
    return look_at_file(album.place_of(album.model.cover)).sha256
