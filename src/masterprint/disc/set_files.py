"""The files of a set that comes from strangers: by plain name, whole, and not too big."""

from __future__ import annotations

import stat
from pathlib import Path

from masterprint.errors import AudioFileError, UsageError

MOST_FILES = 1000


def plain_name(name: str, told_by: str) -> str:
    """A file name that cannot lead out of its folder.

    Raises:
        UsageError: it has a slash, a colon or a control character, or is ".." or empty.
    """
    bad = not name or name in (".", "..") or any(c in "/\\:" or not c.isprintable() for c in name)
    if bad:
        raise UsageError(
            f"{told_by} names the file {name!r}, where a plain name of a file in the same folder "
            "is expected.",
            hint="such a set may be made to do harm: ask where it comes from",
        )
    return name


def file_in(folder: Path, name: str) -> Path | None:
    """A file of the set, also under a name of other case; None where it is missing.

    Raises:
        UsageError: it is no file, or a link that leads out of the folder.
    """
    path = folder / name
    if not path.exists():
        same = (other for other in listed(folder) if other.name.lower() == name.lower())
        found = next(same, None)
        if found is None:
            return None
        path = found
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise UsageError(f"{path}: is no file, where a file of the set is expected.")
        if folder.resolve() not in path.resolve().parents:
            raise UsageError(
                f"{path}: is a link that leads out of its folder, where a file of the set is "
                "expected."
            )
    except (OSError, RuntimeError) as error:
        raise AudioFileError(f"{path}: cannot be read: {error}.") from error
    return path


def listed(folder: Path) -> list[Path]:
    """What lies in the folder, by name.

    Raises:
        UsageError: it is no folder, or has more than any set has.
        AudioFileError: it cannot be read.
    """
    found = []
    try:
        for path in folder.iterdir():
            found.append(path)
            if len(found) > MOST_FILES:
                raise UsageError(f"{folder}: has more than {MOST_FILES} files; no DDP set has.")
    except FileNotFoundError as error:
        raise UsageError(f"{folder}: there is no such folder.") from error
    except NotADirectoryError as error:
        raise UsageError(
            f"{folder}: is no folder, where one with a DDP set is expected."
        ) from error
    except OSError as error:
        raise AudioFileError(f"{folder}: cannot be read: {error.strerror}.") from error
    return sorted(found)


def small_file(path: Path, most_bytes: int) -> bytes:
    """All of a file.

    Raises:
        UsageError: it is bigger than such a file can be.
        AudioFileError: it cannot be read.
    """
    data = start_of(path, most_bytes + 1)
    if len(data) > most_bytes:
        raise UsageError(f"{path}: has more than {most_bytes} bytes; such a file never has.")
    return data


def start_of(path: Path, most_bytes: int) -> bytes:
    """The first bytes of a file.

    Raises:
        AudioFileError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(most_bytes)
    except OSError as error:
        raise AudioFileError(f"{path}: cannot be read: {error.strerror}.") from error
