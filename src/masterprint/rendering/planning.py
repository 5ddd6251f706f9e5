"""From what is wished for to jobs, or an error before any work is done."""

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
from masterprint.chain.overrides import with_settings
from masterprint.chain.plugins import plugin_processes, with_plugins
from masterprint.errors import UsageError
from masterprint.files.formats import EXTENSIONS
from masterprint.files.unfinished import discard_abandoned
from masterprint.plugins.catalogue import Catalogue
from masterprint.rendering.job import IfThere, RenderJob
from masterprint.sheets.ingredients import ChainIngredients
from masterprint.sheets.sheet import LONGEST_NAME, sheet_path

MOST_CLASHES = 10


@dataclass(frozen=True)
class PreparedChain:
    """A chain, bound to its plugins and looked through, for any number of mixes."""

    chain: Chain
    ingredients: ChainIngredients
    file: str | None = None

    @property
    def extension(self) -> str:
        """Of its masters."""
        return EXTENSIONS[self.chain.master.format]


@dataclass(frozen=True)
class Wish:
    """A mix, the chain it is to go through, and the master that it is to become."""

    prepared: PreparedChain
    mix: Path
    master: Path


def prepare(
    chain: Chain,
    changes: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
    timeout_s: float | None = None,
    trusted: Sequence[Path] = (),
    file: str | None = None,
    elsewhere: Catalogue | None = None,
) -> PreparedChain:
    """Settle what a chain is.

    Args:
        chain: as it was loaded or built.
        changes: settings that take the place of those in its `master` block.
        settings: other values for any of its settings, as `with_settings` takes them.
        timeout_s: of each job.
        trusted: plugin files that may be loaded although they are not in the catalogue.
        file: name of the chain's file, for the recall sheets.
        elsewhere: the plugins of other machines, where those are to render.

    Raises:
        PluginError: plugins are missing; all of them are named.
        UsageError: a setting is wrong.
    """
    if timeout_s is not None and not (
        isinstance(timeout_s, float | int) and 0 < timeout_s < math.inf
    ):
        raise UsageError(f"The time limit is {timeout_s!r}, where seconds above 0 are expected.")
    changed = with_master(with_settings(chain, settings or {}), changes or {})
    bound = with_plugins(changed, trusted, timeout_s, elsewhere=elsewhere)
    return PreparedChain(bound, ChainIngredients.of(bound), file)


def processes_of(prepared: PreparedChain) -> int:
    """How many processes a render will need for its plugins."""
    return plugin_processes(prepared.chain)


def plan_all(
    wishes: Sequence[Wish],
    if_there: IfThere = IfThere.REFUSE,
    timeout_s: float | None = None,
    make_folders: bool = True,
) -> list[RenderJob]:
    """A job for every wish.

    Args:
        wishes: what is to be made of what.
        if_there: what becomes of masters that are there.
        timeout_s: of each job.
        make_folders: whether folders that are missing are made.

    Raises:
        UsageError: two masters would have one name, one exists already, one would replace a mix,
            or a folder cannot be written.
    """
    inputs = {identity: wish.mix for wish in wishes if (identity := _identity(_status(wish.mix)))}
    taken: dict[str, Path] = {}
    clashes: list[str] = []
    for wish in wishes:
        mix, master = wish.mix, wish.master
        # Compared without case: some file systems do not tell "Mix" from "mix".
        key = str(master.absolute()).casefold()
        if (other := taken.get(key)) is not None:
            both = f"{mix} twice" if other == mix else f"{other} and {mix} both"
            clashes.append(f"{master}: would be made of {both}.")
            continue
        taken[key] = mix
        if (there := _status(master)) is not None:
            if (same := inputs.get(_identity(there) or (0, 0))) is not None:
                raise UsageError(
                    f"{master}: would replace the mix {same}.", hint="choose another output folder"
                )
            if stat.S_ISDIR(there.st_mode):
                raise UsageError(f"{master}: is a folder, where the master would go.")
        need_short_name(master)
        for path in (master, sheet_path(master)):
            if if_there is IfThere.REFUSE and _status(path) is not None:
                raise UsageError(
                    f"{path}: exists already.",
                    hint="replace it with --overwrite (in Python, overwrite=True), or with "
                    "--resume leave what is done already",
                )
    if clashes:
        more = len(clashes) - MOST_CLASHES
        raise UsageError(
            "\n".join(clashes[:MOST_CLASHES]) + (f"\nAnd {more} more." if more > 0 else ""),
            hint="let them go into different folders, or give them names in a jobs file",
        )
    folders = {wish.master.parent for wish in wishes}
    if make_folders:
        for folder in sorted(folders):
            need_folder(folder)
            discard_abandoned(folder)
    return [
        RenderJob(
            wish.prepared.chain,
            wish.mix,
            wish.master,
            if_there,
            wish.prepared.ingredients,
            wish.prepared.file,
            timeout_s,
        )
        for wish in wishes
    ]


def need_short_name(master: Path) -> None:
    """Refuse a master whose recall sheet could not have its name."""
    length = len(os.fsencode(master.name))
    if length > LONGEST_NAME:
        raise UsageError(
            f"{master}: has a name of {length} bytes, where at most {LONGEST_NAME} leave room for "
            "the name of its recall sheet.",
            hint="rename the mix",
        )


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
            hint="masterprint render takes folders, too",
        )
    return status


def _identity(status: os.stat_result | None) -> tuple[int, int] | None:
    """What tells whether two paths are one file, links included."""
    return (status.st_dev, status.st_ino) if status else None


def need_folder(folder: Path) -> None:
    """Have a folder that can be written to, or an error."""
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
