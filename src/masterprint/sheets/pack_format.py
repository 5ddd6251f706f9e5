"""What a pack is: a zip with recall sheets, what they name, and a manifest; and its limits.

A pack is written and read under the same rules, so that nothing is packed that is refused at the
other end. The rules are those of all systems together: a name that is fine here and a device
somewhere else is no name for a pack.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Literal

from masterprint.sheets.sheet import Count, Hash
from masterprint.stages.base import Settings

MANIFEST = "masterprint-pack.json"
MOST_MEMBERS = 10_000
MOST_MANIFEST_BYTES = 8 << 20
MOST_INFLATED_BYTES = 2 << 30
"""Of all deflated members together. What is stored is bounded by the size of the zip itself."""
MOST_RATIO = 200
"""Of a deflated member to its size in the zip. Sheets and states have 2 to 10."""
LONGEST_PART_BYTES = 255
LONGEST_NAME_BYTES = 2000
DEEPEST = 32

Kind = Literal["sheet", "file", "mix", "master"]

_DEVICE = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)
_NO_NAME = {"Cc", "Cs", "Zl", "Zp"}
"""Unicode categories of control characters, halves of characters, and line breaks."""


class Member(Settings):
    """A file in a pack, as the manifest has it."""

    name: str
    kind: Kind
    bytes: Count
    sha256: Hash


class Manifest(Settings):
    """All that is in a pack but the manifest itself, which is a member named `MANIFEST`.

    It tells damage, not forgery: who changes a pack can change its manifest, too.
    """

    masterprint_pack: Literal[1]
    masterprint: str
    members: list[Member]


def name_problem(name: str) -> str | None:
    """Why a member may not be called so; None if it may."""
    parts = name.split("/")
    if not name or name.startswith("/") or re.match("[A-Za-z]:", name):
        return "is no path below a folder"
    if "\\" in name:
        return "has a backslash in its name"
    if any(unicodedata.category(letter) in _NO_NAME for letter in name):
        return "has a control character or half of one in its name"
    if any(part in ("", ".", "..") for part in parts):
        return "leads out of its folder or in circles"
    if any(_DEVICE.fullmatch(part) for part in parts):
        return "has a name that some systems keep for devices"
    if any(len(part.encode()) > LONGEST_PART_BYTES for part in parts):
        return f"has a name of more than {LONGEST_PART_BYTES} bytes"
    if len(name.encode()) > LONGEST_NAME_BYTES or len(parts) > DEEPEST:
        return f"has a path of more than {LONGEST_NAME_BYTES} bytes or {DEEPEST} levels"
    return None


def names_problem(names: Iterable[str]) -> str | None:
    """Why members cannot lie beside one another; upper and lower case count as the same."""
    seen: dict[str, str] = {}
    for name in names:
        if (other := seen.setdefault(folded(name), name)) is not name:
            return f"{other!r} and {name!r} would be one file"
    for name in seen.values():
        for parent in PurePosixPath(name).parents:
            if folded(str(parent)) in seen:
                return f"{str(parent)!r} is a file, and the folder of {name!r}"
    return None


def folded(name: str) -> str:
    """What two names have in common that some file system takes for one."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).casefold())
