"""The files that a sheet's chain names, put together in a folder from which the chain is loaded."""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from masterprint.errors import MasterprintError
from masterprint.sheets.finding import Located, locate
from masterprint.sheets.places import Places
from masterprint.sheets.sheet import FileSheet, SavedSheet

MOST_BYTES = 1 << 30
MOST_FILES = 1000
LONGEST = 400
SHORT = 12
"""Digits of a hash that people are shown."""


class CannotStage(Exception):
    """A file cannot be used; the text says why."""


def named_files(saved: SavedSheet) -> list[FileSheet]:
    """Those of a sheet's files that its chain names; a stranger may have listed any number."""
    texts = set(_texts(saved.sheet.chain.settings.get("stages")))
    found = {each.name: each for each in saved.sheet.files if each.name in texts}
    return list(found.values())


def as_named(text: str, folder: Path) -> str:
    """A message on a file in such a folder, with the name that the chain has for it."""
    return text.replace(f"{folder}/", "")


@contextmanager
def naming(folder: Path) -> Iterator[None]:
    """Errors within that are about files in such a folder name them as the chain does."""
    try:
        yield
    except MasterprintError as error:
        error.message = as_named(error.message, folder)
        raise


class Staging:
    """A folder, empty at first, in which the files of one chain are put together.

    Args:
        folder: the folder.
        places: where the files may be, besides where they were.
    """

    def __init__(self, folder: Path, places: Places) -> None:
        self._folder = folder
        self._places = places
        self._files = 0
        self._bytes = 0

    def add(self, wanted: FileSheet, saved: SavedSheet) -> tuple[Located, str]:
        """Copy a file to where the chain will look for it; what was found, and words for it.

        Raises:
            CannotStage: it is missing, or cannot be copied.
        """
        parts = PurePosixPath(wanted.name).parts
        if not parts or ".." in parts or wanted.name.startswith("/") or len(wanted.name) > LONGEST:
            raise CannotStage("is no name of a file below the chain's folder")
        self._files += 1
        # What was rendered here can be recalled here; a stranger's sheet may name anything.
        most_bytes = math.inf if saved.is_ours else MOST_BYTES
        if self._files > MOST_FILES or self._bytes + wanted.bytes > most_bytes:
            raise CannotStage(
                f"is too much: a chain may name {MOST_FILES} files of {MOST_BYTES >> 20} MiB in all"
            )
        located = locate(wanted, saved, self._places)
        if located.path is None:
            raise CannotStage(f"not found: sha256 {wanted.sha256[:SHORT]}, was {wanted.path}")
        try:
            size = located.path.stat().st_size
            if self._bytes + size > most_bytes:
                raise CannotStage(f"is too large: {size} bytes")
            self._bytes += size
            target = self._folder / wanted.name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(located.path, target)
        except (OSError, ValueError) as error:
            raise CannotStage(f"cannot be copied: {getattr(error, 'strerror', error)}") from error
        text = ""
        if located.status == "differs":
            text = f"{located.path} has another content (expected sha256 {wanted.sha256[:SHORT]})"
        elif located.status == "moved":
            text = f"is {located.path}"
        return located, text


def _texts(data: Any) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict):
        for value in data.values():
            yield from _texts(value)
    elif isinstance(data, list):
        for value in data:
            yield from _texts(value)
