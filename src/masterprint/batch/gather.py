"""Mixes from files and folders, each with the folder that its master goes to below the output."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from masterprint.errors import UsageError
from masterprint.rendering.needs import need_file
from masterprint.sheets.sheet import SUFFIX
from masterprint.stages.beside import within

AUDIO = {
    ".aif", ".aifc", ".aiff", ".bwf", ".caf", ".flac", ".mp3", ".oga", ".ogg", ".opus", ".rf64",
    ".w64", ".wav", ".wave",
}  # fmt: skip


def gather(
    given: Sequence[Path], output: Path, recursive: bool, say: Callable[[str], None]
) -> list[tuple[Path, Path]]:
    """Every mix, with a folder relative to the output.

    A file is taken whatever it is called; of a folder, the audio files in it by their endings.
    Hidden ones, what lies in the output folder, and masters, which have a recall sheet beside them,
    are left out. With `recursive` its folders, too, whose tree is kept.

    Args:
        given: files and folders.
        output: where the masters go.
        recursive: whether folders in folders are looked through.
        say: told of linked folders, which are left out.

    Raises:
        UsageError: nothing is there, or a folder holds no audio.
    """
    found: list[tuple[Path, Path]] = []
    for path in given:
        if not os.path.isdir(path):  # noqa: PTH112 - what cannot be reached is none
            need_file(path)
            found.append((path, Path()))
            continue
        mixes = list(_in_folder(path, output, recursive, say))
        if not mixes:
            deeper = not recursive and any(each.is_dir() for each in path.iterdir())
            raise UsageError(
                f"{path}: no audio file is in this folder.",
                hint="with --recursive its folders are looked through, too" if deeper else None,
            )
        found += mixes
    return found


def _in_folder(
    path: Path, output: Path, recursive: bool, say: Callable[[str], None]
) -> Iterator[tuple[Path, Path]]:
    def refuse(error: OSError) -> None:
        raise UsageError(f"{error.filename}: cannot be read: {error.strerror}.") from error

    inside = within(path, output) and not within(output, path)
    for folder, folders, files in os.walk(path, onerror=refuse):
        here = Path(folder)
        folders[:] = sorted(name for name in folders if recursive and not name.startswith("."))
        for name in folders:
            if os.path.islink(here / name):  # noqa: PTH114 - as `os.walk` sees it
                say(f"{here / name}: is a link to a folder, and is left out.")
        if inside:
            folders[:] = [name for name in folders if not within(output, here / name)]
        for name in sorted(files):
            if name.startswith(".") or Path(name).suffix.lower() not in AUDIO:
                continue
            if name + SUFFIX not in files:
                yield here / name, here.relative_to(path)
