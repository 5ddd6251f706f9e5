"""From what is wished for to jobs, or an error before any work is done."""

from __future__ import annotations

import math
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from masterprint.chain.loading import with_master
from masterprint.chain.model import Chain
from masterprint.chain.overrides import with_settings
from masterprint.chain.plugins import plugin_processes, with_plugins
from masterprint.errors import UsageError, first_of
from masterprint.files.formats import EXTENSIONS
from masterprint.files.unfinished import discard_abandoned
from masterprint.plugins.catalogue import Catalogue
from masterprint.rendering.job import IfThere, RenderJob
from masterprint.rendering.needs import is_too_long, need_folder, need_possible, status_of
from masterprint.sheets.ingredients import ChainIngredients, state_of
from masterprint.sheets.sheet import sheet_path

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
    _need_own_names(wishes)
    inputs = {state[:2]: wish.mix for wish in wishes if (state := state_of(wish.mix))}
    for wish in wishes:
        _need_free(wish.master, inputs, if_there)
    folders = {wish.master.parent for wish in wishes}
    for folder in sorted(folders):
        if make_folders:
            need_folder(folder)
            discard_abandoned(folder)
        else:
            need_possible(folder)
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


def _need_own_names(wishes: Sequence[Wish]) -> None:
    """Refuse masters of which two would have one name, all of them at once."""
    taken: dict[str, Path] = {}
    clashes: list[str] = []
    for wish in wishes:
        # Compared without case: some file systems do not tell "Mix" from "mix".
        key = str(wish.master.absolute()).casefold()
        if (other := taken.get(key)) is None:
            taken[key] = wish.mix
        else:
            both = f"{wish.mix} twice" if other == wish.mix else f"{other} and {wish.mix} both"
            clashes.append(f"{wish.master}: would be made of {both}.")
    for folder in sorted({above for wish in wishes for above in wish.master.parents}):
        if (mix := taken.get(str(folder.absolute()).casefold())) is not None:
            clashes.append(f"{folder}: would be the master of {mix} and the folder of another.")
    if clashes:
        raise UsageError(
            first_of(clashes, MOST_CLASHES),
            hint="let them go into different folders, or give them names in a jobs file",
        )


def _need_free(master: Path, inputs: Mapping[tuple[int, ...], Path], if_there: IfThere) -> None:
    """Refuse a master where something is that it may not replace."""
    if is_too_long(master):
        return  # it fails when its turn comes, and alone
    if (there := status_of(master)) is not None:
        if (same := inputs.get((there.st_dev, there.st_ino))) is not None:
            raise UsageError(
                f"{master}: would replace the mix {same}.", hint="choose another output folder"
            )
        if stat.S_ISDIR(there.st_mode):
            raise UsageError(f"{master}: is a folder, where the master would go.")
    for path in (master, sheet_path(master)):
        if if_there is IfThere.REFUSE and status_of(path) is not None:
            raise UsageError(
                f"{path}: exists already.",
                hint="replace it with --overwrite (in Python, overwrite=True), or with "
                "--resume leave what is done already",
            )
