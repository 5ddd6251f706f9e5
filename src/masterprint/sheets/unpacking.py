"""Unpacking: everything in one folder, and nowhere else, whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from masterprint.errors import PackError, UsageError
from masterprint.files.unfinished import discard_abandoned, hidden_folder
from masterprint.files.whole import locked
from masterprint.sheets.pack_format import Member
from masterprint.sheets.pack_reading import Pack
from masterprint.stages.beside import within


def unpack(
    pack: Pack,
    folder: Path,
    *,
    overwrite: bool = False,
    step: Callable[[str], None] = lambda name: None,
) -> None:
    """Write all members below a folder.

    They are written and checked in a hidden folder first. A folder that was not there appears with
    everything in it, or not at all; into one that was there, whole files are moved, and moved out
    again where one of them cannot be. What was replaced stays so.

    Args:
        pack: opened by `open_pack`.
        folder: where to; it need not be there yet.
        overwrite: whether files that are there may be replaced.
        step: is told the name of each member that begins.

    Raises:
        UsageError: files are in the way, or a link leads out of the folder.
        PackError: the pack is damaged, or the disk full.
    """
    folder = Path(os.path.realpath(folder))  # a link to it is the user's own
    try:
        top = _first_missing(folder)
        if top is None:
            if not folder.is_dir():
                raise UsageError(f"{folder}: is a file, where a folder is expected.")
            for member in pack.members:
                _need_free(folder, folder / member.name, overwrite)
        base = folder if top is None else top.parent
        need_space(pack.members, base)
        discard_abandoned(base)
        with hidden_folder(base) as staging:
            inner = staging if top is None else staging / folder.relative_to(top)
            for member in pack.members:
                step(member.name)
                _write(pack, member, inner / member.name)
            if top is None:
                _move_all(pack.members, staging, folder, overwrite)
            else:
                staging.rename(top)
    except OSError as error:
        raise PackError(
            f"{folder}: cannot be written: {error.strerror}.",
            hint="choose another folder with -o, or free some space",
        ) from error


def need_space(members: list[Member], folder: Path) -> None:
    """Refuse to begin what the disk cannot hold.

    Raises:
        PackError: there is not enough space.
    """
    needed, free = sum(member.bytes for member in members), shutil.disk_usage(folder).free
    if needed > free:
        raise PackError(
            f"{folder}: has {free} bytes of free space, where {needed} are needed.",
            hint="choose a folder on another disk with -o",
        )


def _first_missing(folder: Path) -> Path | None:
    """The uppermost of a folder and those above it that is not there."""
    missing = None
    while not os.path.lexists(folder):
        missing, folder = folder, folder.parent
    if missing is not None and not folder.is_dir():
        raise UsageError(f"{folder}: is no folder.")
    return missing


def _need_free(folder: Path, target: Path, overwrite: bool) -> None:
    if not within(folder, target):
        raise UsageError(f"{target}: leads out of {folder} through a link; nothing was unpacked.")
    for parent in target.parents:
        if parent == folder:
            break
        if os.path.lexists(parent) and not parent.is_dir():
            raise UsageError(f"{parent}: is a file, where a folder is expected.")
    if target.is_dir():
        raise UsageError(f"{target}: is a folder, where a file would go.")
    if os.path.lexists(target) and not overwrite:
        raise UsageError(f"{target}: exists already.", hint="replace it with --overwrite")


def _write(pack: Pack, member: Member, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        for chunk in pack.chunks(member):
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())


def _move_all(members: list[Member], staging: Path, folder: Path, overwrite: bool) -> None:
    """Give whole files their final names; on the way, nothing is moved that is in the way."""
    new: list[Path] = []
    # One at a time, so that a master and its sheet stay a pair.
    with locked(folder):
        try:
            for member in members:
                target = folder / member.name
                _need_free(folder, target, overwrite)
                missing = [each for each in target.parents if not each.exists()]
                for parent in reversed(missing):
                    parent.mkdir()
                    new.append(parent)
                if not os.path.lexists(target):
                    new.append(target)
                (staging / member.name).replace(target)
        except BaseException:
            for path in reversed(new):
                with suppress(OSError):
                    if path.is_dir():
                        path.rmdir()
                    else:
                        path.unlink()
            raise
