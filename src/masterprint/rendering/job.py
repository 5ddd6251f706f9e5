"""A render job: which chain makes which mix into which master. Pure description, easy to send."""

from __future__ import annotations

import math
import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from masterprint.chain.loading import with_master
from masterprint.chain.model import Chain
from masterprint.chain.plugins import plugin_processes, with_plugins
from masterprint.errors import UsageError
from masterprint.files.formats import EXTENSIONS
from masterprint.plugins.host import start_ahead


@dataclass(frozen=True)
class RenderJob:
    """One master to be made.

    Attributes:
        chain: what the mix goes through, and in its `master` block how the master is written.
        mix: the file that comes in.
        master: the file that goes out; its folder exists.
        overwrite: whether a file at `master` may be replaced.
        timeout_s: how long it may take while plugins are involved; None for what is generous for
            the mix's length.
    """

    chain: Chain
    mix: Path
    master: Path
    overwrite: bool
    timeout_s: float | None = None


def plan(
    chain: Chain,
    mixes: Sequence[Path],
    folder: Path,
    changes: Mapping[str, Any] | None = None,
    overwrite: bool = False,
    timeout_s: float | None = None,
    trusted: Sequence[Path] = (),
) -> list[RenderJob]:
    """A job for every mix, masters named after them, or an error before any work is done.

    Args:
        chain: what all mixes go through.
        mixes: audio files.
        folder: where the masters go; made if it is missing.
        changes: settings that take the place of those in the chain's `master` block.
        overwrite: whether masters that are there may be replaced.
        timeout_s: of each job.
        trusted: plugin files that may be loaded although they are not in the catalogue.

    Raises:
        PluginError: plugins are missing; all of them are named.
        UsageError: a setting is wrong, a mix is missing, two masters would have one name, one
            exists already, one would replace a mix, or the folder cannot be written.
    """
    if timeout_s is not None and not (
        isinstance(timeout_s, float | int) and 0 < timeout_s < math.inf
    ):
        raise UsageError(f"The time limit is {timeout_s!r}, where seconds above 0 are expected.")
    chain = with_plugins(with_master(chain, changes or {}), trusted, timeout_s)
    extension = EXTENSIONS[chain.master.format]
    inputs = {_identity(need_file(mix)): mix for mix in mixes}
    jobs: list[RenderJob] = []
    taken: dict[str, Path] = {}
    for mix in mixes:
        master = folder / f"{mix.stem}{extension}"
        # Compared without case: some file systems do not tell "Mix" from "mix".
        if (other := taken.get(master.name.lower())) is not None:
            raise UsageError(
                f"{other} and {mix} would both become {master}.",
                hint="render them into different folders",
            )
        taken[master.name.lower()] = mix
        if (there := _status(master)) is not None:
            if (same := inputs.get(_identity(there))) is not None:
                raise UsageError(
                    f"{master}: would replace the mix {same}.", hint="choose another output folder"
                )
            if stat.S_ISDIR(there.st_mode):
                raise UsageError(f"{master}: is a folder, where the master would go.")
            if not overwrite:
                raise UsageError(
                    f"{master}: exists already.",
                    hint="replace it with --overwrite (in Python, overwrite=True)",
                )
        jobs.append(RenderJob(chain, mix, master, overwrite, timeout_s))
    _need_folder(folder)
    start_ahead(plugin_processes(chain))
    return jobs


def _status(path: Path) -> os.stat_result | None:
    """What is at a path, None if nothing is."""
    try:
        return path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:  # ValueError: a null byte in the name
        raise UsageError(f"{path}: cannot be reached: {_reason(error)}.") from error


def need_file(path: Path) -> os.stat_result:
    """What is at a path where audio should be, or an error if nothing or a folder is."""
    status = _status(path)
    if status is None:
        raise UsageError(f"{path}: there is no such file.")
    if stat.S_ISDIR(status.st_mode):
        raise UsageError(
            f"{path}: is a folder, where an audio file is expected.",
            hint=f"name its files, such as {path}/*.wav",
        )
    return status


def _identity(status: os.stat_result) -> tuple[int, int]:
    """What tells whether two paths are one file, links included."""
    return status.st_dev, status.st_ino


def _need_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise UsageError(
            f"{folder}: is a file or lies under one, where an output folder is expected."
        ) from error
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{folder}: the output folder cannot be made: {_reason(error)}.",
            hint="choose a folder that you may write to",
        ) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UsageError(
            f"{folder}: the output folder may not be written to.",
            hint="choose a folder that you may write to",
        )


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
