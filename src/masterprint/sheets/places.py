"""Where else the files of recall sheets may be: folders, which are walked once for all sheets."""

from __future__ import annotations

import os
import stat
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from masterprint.errors import UsageError


class Places:
    """Folders to be searched at any depth; or files, to be taken whatever is in them.

    Args:
        given: both kinds.

    Raises:
        UsageError: one of them is not there.
    """

    def __init__(self, given: Sequence[Path] = ()) -> None:
        for place in given:
            if not place.exists():
                raise UsageError(f"{place}: there is no such file or folder.")
        self.files = [place for place in given if not place.is_dir()]
        self.folders = [place for place in given if place.is_dir()]
        self._of_size: dict[int, list[str]] | None = None

    def of_size(self, size: int) -> Iterator[Path]:
        """All files of a size in the folders, as they were when this was first asked."""
        if self._of_size is None:
            self._of_size = self._walked()
        return map(Path, self._of_size.get(size, []))

    def _walked(self) -> dict[int, list[str]]:
        found: defaultdict[int, list[str]] = defaultdict(list)
        for place in self.folders:
            for folder, inner, files in os.walk(place):
                inner.sort()
                for name in sorted(files):
                    path = os.path.join(folder, name)  # noqa: PTH118 - may be a million
                    if (size := size_of(path)) is not None:
                        found[size].append(path)
        return dict(found)


def size_of(place: Path | str) -> int | None:
    """The size of a file; None for what is none."""
    try:
        status = os.stat(place)  # noqa: PTH116
    except (OSError, ValueError):
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None
