"""Finding what a recall sheet names: where it was, beside the sheet, or anywhere by its hash.

A path in a sheet is a hint. Where it leads out of the sheet's own folder, and the sheet is not one
that this user's Masterprint wrote, a file at its end counts only if it has the size and the hash
that the sheet has for it: a stranger's sheet opens nothing that its writer did not have himself.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from masterprint.sheets.places import Places, size_of
from masterprint.sheets.sheet import FileSheet, MixSheet, SavedSheet
from masterprint.stages.beside import within

Status = Literal["same", "moved", "differs", "missing"]
MIXES = "mixes"
"""Folder beside a sheet that a mix may be in, too: a mix and its master often have one name."""


@dataclass(frozen=True)
class Located:
    """What came of the search for a file.

    Attributes:
        status: same (where it was), moved (elsewhere), differs (another file is in its place) or
            missing.
        path: where it is; None if it is missing.
    """

    status: Status
    path: Path | None


def locate(wanted: MixSheet | FileSheet, saved: SavedSheet, places: Places) -> Located:
    """Look for a file that a sheet names.

    Args:
        wanted: what is looked for.
        saved: the sheet.
        places: where else it may be.
    """
    hinted = _hinted(wanted, saved)
    # Its name alone is taken from a path whose end the sheet's writer chose.
    name = Path(wanted.name).name
    beside = [saved.folder / wanted.name, saved.folder / name, saved.folder / MIXES / name]
    inside = [place for place in beside if within(saved.folder, place)]
    for place in (hinted, *inside):
        if places.is_it(place, wanted):
            return Located("same" if place == hinted else "moved", place)
    for place in places.of_size(wanted.bytes):
        if places.is_it(place, wanted):
            return Located("moved", place)
    trusted = saved.is_ours or within(saved.folder, hinted)
    if trusted and size_of(hinted) is not None:
        return Located("differs", hinted)
    return Located("missing", None)


def _hinted(wanted: MixSheet | FileSheet, saved: SavedSheet) -> Path:
    """Where it was."""
    path = wanted.path
    if isinstance(wanted, MixSheet) and wanted.path_hex is not None:
        path = os.fsdecode(bytes.fromhex(wanted.path_hex))
    # From where the folder really is, as it was seen when the sheet was written.
    return Path(os.path.normpath(Path(os.path.realpath(saved.folder)) / path))
