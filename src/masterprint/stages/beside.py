"""Settings that name a file beside the chain file: a plugin's state, a room's impulse response.

A chain file from a stranger must not read elsewhere, so such a path is relative, goes down only,
and does not leave the chain's folder through a link either.
"""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field, PrivateAttr, ValidationInfo, model_validator

from masterprint.stages.base import Line, Stage

FOLDER = "folder"
"""Key of the chain file's folder in the context of a validation."""
FILE = "file"
"""Key of what that file is, where it is no chain."""


def _beside(value: str, info: ValidationInfo) -> str:
    context = info.context or {}
    what = context.get(FILE, "chain")
    path = PurePosixPath(value)
    if not value or path.is_absolute() or ".." in path.parts or "\\" in value or ":" in value:
        raise ValueError(
            f"found {value!r}; allowed: a path below the folder of the {what} file, with / in it"
        )
    folder = context.get(FOLDER)
    if folder is not None:
        place = folder / value
        try:
            if not within(folder, place):
                raise ValueError(f"found {value!r}, a link that leads out of the {what}'s folder")
            if not place.exists():
                raise ValueError(f"there is no such file: {place}")
            if not place.is_file():
                raise ValueError(f"found {value!r}, a folder, pipe or device; expected: a file")
        except OSError as error:
            raise ValueError(f"{place}: cannot be reached: {error.strerror}") from error
    return value


FileBeside = Annotated[Line, Field(max_length=400), AfterValidator(_beside)]


class StageWithFiles(Stage):
    """A stage of which a setting is a `FileBeside`."""

    file_settings: ClassVar[tuple[str, ...]]
    """Their names."""

    _folder: Path | None = PrivateAttr(None)

    @model_validator(mode="after")
    def _remember_folder(self, info: ValidationInfo) -> StageWithFiles:
        if info.context and FOLDER in info.context:
            self._folder = info.context[FOLDER]
        return self

    @property
    def folder(self) -> Path | None:
        """Where the chain file is; None without one."""
        return self._folder

    def keep_folder(self) -> None:
        """Settle where the folder is, for a process that stands in another one."""
        self._folder = (self._folder or Path.cwd()).absolute()

    @property
    def files(self) -> dict[str, Path]:
        """The files that are named, as they are named in the chain file, and where they are.

        Raises:
            ValueError: a link leads out of the chain's folder.
        """
        named = (getattr(self, setting) for setting in self.file_settings)
        return {value: self.path_of(value) for value in named if value is not None}

    def path_of(self, value: str) -> Path:
        """Where the file of a setting is; without a chain file, below the present folder.

        Raises:
            ValueError: a link leads out of that folder.
        """
        folder = self._folder or Path.cwd()
        place = folder / value
        if not within(folder, place):
            raise ValueError(f"{place}: is a link that leads out of the chain's folder.")
        return place


def within(folder: Path, place: Path) -> bool:
    """Whether a place is in a folder, links followed."""
    # Not `resolve`, which up to Python 3.12 fails on links that lead to themselves.
    return Path(os.path.realpath(place)).is_relative_to(os.path.realpath(folder))
