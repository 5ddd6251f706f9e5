"""Where else the files of recall sheets may be. Folders are walked once, and files hashed once."""

from __future__ import annotations

import os
import stat
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

from masterprint.errors import UsageError
from masterprint.sheets.ingredients import look_at_file, state_of
from masterprint.sheets.sheet import FileSheet, MixSheet


class Places:
    """Folders to be searched at any depth, and files.

    Args:
        given: both kinds.
        instead: whether a single file that is no sheet's is taken for the mix, whatever is in it.

    Raises:
        UsageError: one of them is not there, or is a pipe or device.
    """

    def __init__(self, given: Sequence[Path] = (), instead: bool = False) -> None:
        self.folders = [place for place in given if os.path.isdir(place)]  # noqa: PTH112
        self.files = [place for place in given if place not in self.folders]
        for place in self.files:
            if not os.path.lexists(place):
                raise UsageError(f"{place}: there is no such file or folder.")
            if size_of(place) is None:
                raise UsageError(
                    f"{place}: cannot be reached, or is a pipe or device, where a file or folder "
                    "is expected."
                )
        self.instead = self.files[0] if instead and len(self.files) == 1 else None
        self._of_size: dict[int, list[str]] | None = None
        self._hashes: dict[tuple[int, ...], str] = {}

    def of_size(self, size: int) -> Iterator[Path]:
        """All files of a size, given or in the folders, as they were when this was first asked."""
        if self._of_size is None:
            self._of_size = self._walked()
        return map(Path, self._of_size.get(size, []))

    def is_it(self, place: Path, wanted: MixSheet | FileSheet) -> bool:
        """Whether a file is there that has the size and the hash; no more of it is read than that.

        It is read once, however many sheets may mean it.
        """
        try:
            state = state_of(place)
            if state is None or size_of(place) != wanted.bytes:
                return False
            if state not in self._hashes:
                found = look_at_file(place, wanted.bytes)
                self._hashes[state] = found.sha256 if found.bytes == wanted.bytes else ""
        except OSError:
            return False
        return self._hashes[state] == wanted.sha256

    def _walked(self) -> dict[int, list[str]]:
        found: defaultdict[int, list[str]] = defaultdict(list)
        for path in chain(map(str, self.files), *map(_files_below, self.folders)):
            if (size := size_of(path)) is not None:
                found[size].append(path)
        return dict(found)


def _files_below(place: Path) -> Iterator[str]:
    for folder, inner, files in os.walk(place):
        inner.sort()
        for name in sorted(files):
            yield os.path.join(folder, name)  # noqa: PTH118 - may be a million


def size_of(place: Path | str) -> int | None:
    """The size of a file; None for what is none."""
    try:
        status = os.stat(place)  # noqa: PTH116
    except (OSError, ValueError):
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None
