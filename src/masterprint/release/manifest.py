"""The manifest of a delivery: every file with its size, SHA-256 and MD5, and what it was made of.

Beside `manifest.json` lie the same sums in the form that `sha256sum -c` and `md5sum -c` read.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from masterprint.errors import MasterprintError

NAME = "manifest.json"
SUMS = {"sha256": "checksums.sha256", "md5": "checksums.md5"}
OWN = (NAME, *SUMS.values())
LOOKED_AT = (".DS_Store", "Thumbs.db", "desktop.ini")
"""What file managers leave in a folder that somebody has only looked at."""
MOST_BYTES = 64 << 20
CHUNK = 1 << 20


@dataclass(frozen=True)
class Sums:
    """A file of a delivery."""

    bytes: int
    sha256: str
    md5: str


def sums_of(path: Path) -> Sums:
    """Size and sums of a file. OSError passes."""
    sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    size = 0
    with path.open("rb", buffering=0) as file:
        while data := file.read(CHUNK):
            sha256.update(data)
            md5.update(data)
            size += len(data)
    return Sums(size, sha256.hexdigest(), md5.hexdigest())


def files_in(folder: Path) -> list[Path]:
    """All files below a folder, relative to it, without what a manifest adds."""
    found = []
    for here, folders, names in os.walk(folder):
        folders.sort()
        found += [Path(here, name).relative_to(folder) for name in sorted(names)]
    return [path for path in found if str(path) not in OWN]


def write_manifest(folder: Path, about: Mapping[str, Any], made_of: str) -> dict[str, Sums]:
    """Write the manifest of a folder that is complete.

    Args:
        folder: of the delivery.
        about: what else it says, as plain data.
        made_of: hashes of everything that the delivery was made of.

    Returns:
        The sums of every file, by its path in the folder.
    """
    sums = {path.as_posix(): sums_of(folder / path) for path in files_in(folder)}
    data = {
        "masterprint_manifest": 1,
        **about,
        "made_of": made_of,
        "files": [{"name": name, **vars(each)} for name, each in sums.items()],
    }
    for kind, file in SUMS.items():
        lines = [f"{getattr(each, kind)}  {_escaped(name)}\n" for name, each in sums.items()]
        (folder / file).write_text("".join(lines), encoding="utf-8")
    text = json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    (folder / NAME).write_text(text, encoding="utf-8")
    return sums


def made_of(folder: Path) -> str | None:
    """What a delivery says it was made of; None where there is no manifest that can be read."""
    data = read_manifest(folder)
    return None if data is None else str(data.get("made_of"))


def changed_since(folder: Path) -> str | None:
    """What is in a folder that its manifest does not know so; None where all is as delivered.

    Raises:
        MasterprintError: the folder cannot be read.
    """
    data = read_manifest(folder)
    if data is None:
        return "it has no manifest of ours"
    try:
        known = {str(file["name"]): str(file["sha256"]) for file in data["files"]}
    except (KeyError, TypeError):
        return "its manifest was edited"
    try:
        there = {path.as_posix() for path in files_in(folder) if path.name not in LOOKED_AT}
        if more := sorted(there - known.keys()):
            return f"{more[0]} was added to it"
        if gone := sorted(known.keys() - there):
            return f"{gone[0]} was taken out of it"
        for name, sha256 in known.items():
            if sums_of(folder / name).sha256 != sha256:
                return f"{name} in it was changed"
    except OSError as error:
        raise MasterprintError(f"{folder}: cannot be read: {error.strerror}.") from error
    return None


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """What the manifest of a folder says; None where there is none that can be read."""
    try:
        with (folder / NAME).open("rb") as file:
            data = json.loads(file.read(MOST_BYTES))
    except (OSError, ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) and data.get("masterprint_manifest") == 1 else None


def _escaped(name: str) -> str:
    return name.replace("\\", "\\\\").replace("\n", "\\n")
