"""What must be so before work begins on a file or in a folder, or one sentence to say it is not."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from masterprint.errors import UsageError
from masterprint.sheets.sheet import LONGEST_NAME

WRITABLE = "choose a folder that you may write to"


def is_too_long(master: Path) -> bool:
    """Whether a master's name leaves no room for that of its recall sheet."""
    return len(os.fsencode(master.name)) > LONGEST_NAME


def need_short_name(master: Path) -> None:
    """Refuse a master whose recall sheet could not have its name."""
    if is_too_long(master):
        length = len(os.fsencode(master.name))
        raise UsageError(
            f"{master}: has a name of {length} bytes, where at most {LONGEST_NAME} leave room for "
            "the name of its recall sheet.",
            hint="rename the mix",
        )


def status_of(path: Path) -> os.stat_result | None:
    """What is at a path, None if nothing is."""
    try:
        return path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:  # ValueError: a null byte in the name
        raise UsageError(f"{path}: cannot be reached: {_reason(error)}.") from error


def need_file(path: Path) -> os.stat_result:
    """What is at a path where audio should be, or an error if nothing or a folder is."""
    status = status_of(path)
    if status is None:
        raise UsageError(f"{path}: there is no such file.")
    if stat.S_ISDIR(status.st_mode):
        raise UsageError(
            f"{path}: is a folder, where an audio file is expected.",
            hint="masterprint render takes folders, too",
        )
    return status


def need_folder(folder: Path) -> None:
    """Have a folder that can be written to, or an error."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise _no_folder(folder) from error
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{folder}: the output folder cannot be made: {_reason(error)}.", hint=WRITABLE
        ) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UsageError(f"{folder}: the output folder may not be written to.", hint=WRITABLE)


def need_possible(folder: Path) -> None:
    """The same where it is only asked: nothing is made."""
    there = folder
    while not os.path.lexists(there) and there != there.parent:
        there = there.parent
    status = status_of(there)
    if status is None or not stat.S_ISDIR(status.st_mode):
        raise _no_folder(folder)
    if not os.access(there, os.W_OK | os.X_OK):
        raise UsageError(f"{folder}: {there} may not be written to.", hint=WRITABLE)


def _no_folder(folder: Path) -> UsageError:
    return UsageError(
        f"{folder}: is a file or a link that leads nowhere, or lies under one, where an output "
        "folder is expected."
    )


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
