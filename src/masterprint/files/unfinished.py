"""What is being written at this moment, under hidden names, and what became of it."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from masterprint.errors import MasterprintError
from masterprint.scratch import scratch_folder

PATTERN = ".masterprint-*.part"
YOUNG_S = 60.0

unfinished: set[Path] = set()


@contextmanager
def hidden_part(folder: Path) -> Iterator[Path]:
    """An empty file under a hidden name; removed in the end unless it was renamed.

    It is locked meanwhile, which tells others that somebody is still writing it. OSError passes.
    """
    # Not made of the final name, which may be as long as names may be.
    part = folder / f".masterprint-{secrets.token_hex(6)}.part"
    unfinished.add(part)
    handle = None
    try:
        handle = os.open(part, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o666)
        with suppress(OSError):  # a file system without locks
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield part
    finally:
        if handle is not None:
            os.close(handle)
        with suppress(OSError):  # what could not be made need not be removed
            part.unlink(missing_ok=True)
        unfinished.discard(part)


@contextmanager
def hidden_folder(folder: Path, mode: int = 0o777) -> Iterator[Path]:
    """An empty folder under a hidden name; removed in the end with all that is still in it.

    Locked meanwhile like a hidden part. OSError passes.
    """
    part = folder / f".masterprint-{secrets.token_hex(6)}.part"
    unfinished.add(part)
    handle = None
    try:
        part.mkdir(mode)
        handle = os.open(part, os.O_RDONLY)
        with suppress(OSError):  # a file system without locks
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield part
    finally:
        if handle is not None:
            os.close(handle)
        with suppress(OSError):
            _remove(part)
        unfinished.discard(part)


@contextmanager
def working_folder() -> Iterator[Path]:
    """An empty folder that nobody else may look into, where scratch goes; removed in the end.

    It is locked meanwhile: masters go into a folder in it. What programs that were killed have left
    is removed, too.

    Raises:
        MasterprintError: it cannot be made.
    """
    place = scratch_folder()
    discard_abandoned(place)
    with ExitStack() as stack:
        try:
            folder = stack.enter_context(hidden_folder(place, 0o700))
        except OSError as error:
            raise MasterprintError(
                f"Scratch space in {place} cannot be written: {error.strerror}.",
                hint="set TMPDIR to a folder that you may write to",
            ) from error
        yield folder


def discard_unfinished() -> None:
    """Remove it all: for a program that is about to end."""
    for part in list(unfinished):
        with suppress(OSError):
            _remove(part)


def discard_abandoned(folder: Path) -> None:
    """Remove from a folder what a program that was killed has left there.

    What somebody has locked is being written; so may be what is younger than a minute.
    """
    for part in folder.glob(PATTERN):
        with suppress(OSError):  # gone meanwhile, or not ours to remove
            if time.time() - part.stat().st_mtime < YOUNG_S:
                continue
            access = os.O_RDONLY if part.is_dir() else os.O_RDWR
            handle = os.open(part, access | os.O_NOFOLLOW)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _remove(part)
            finally:
                os.close(handle)


def _remove(part: Path) -> None:
    if part.is_dir() and not part.is_symlink():
        shutil.rmtree(part, ignore_errors=True)
    else:
        part.unlink(missing_ok=True)
