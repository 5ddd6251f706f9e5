"""Making a master again from its recall sheet, and proving that it is the same."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from masterprint.chain.difference import changes
from masterprint.chain.model import Chain
from masterprint.chain.overrides import with_settings
from masterprint.chain.plugins import with_plugins
from masterprint.errors import UsageError
from masterprint.files.formats import EXTENSIONS
from masterprint.rendering.engine import RenderResult, render_job
from masterprint.rendering.job import RenderJob
from masterprint.rendering.planning import need_folder
from masterprint.rendering.progress import RenderProgress
from masterprint.rendering.recalled import Recalled, judge
from masterprint.scratch import scratch_folder
from masterprint.sheets.checking import (
    check,
    check_mix,
    known_of,
    seal,
    wanted_of,
)
from masterprint.sheets.ingredients import ChainIngredients
from masterprint.sheets.sheet import SavedSheet, load_sheet, sheet_path

TOLERANCE_DB = -90.0


def recall(
    saved: SavedSheet,
    *,
    folder: Path | None = None,
    places: Sequence[Path] = (),
    tolerance_db: float = TOLERANCE_DB,
    trusted: Sequence[Path] = (),
    overwrite: bool = False,
    timeout_s: float | None = None,
    progress: RenderProgress | None = None,
) -> Recalled:
    """Make the master of a sheet again and compare it with what the sheet says of the old one.

    Args:
        saved: the sheet.
        folder: where the new master is to be kept; None to compare only.
        places: folders in which mix and files may be, besides where they were; a file among them is
            taken for the mix, whatever is in it.
        tolerance_db: peak of the residual, in dBFS, up to which the verdict is `within`.
        trusted: plugin files that may be loaded although they are not in the catalogue.
        overwrite: whether a file in `folder` may be replaced.
        timeout_s: of the render, where plugins are involved.
        progress: to be told how far it is.

    Raises:
        UsageError: the folder cannot be used.
        MasterprintError: the render failed although nothing was missing.
    """
    with tempfile.TemporaryDirectory(prefix="masterprint-", dir=scratch_folder()) as name:
        staging = Path(name) / "files"
        staging.mkdir()
        checked = check(saved, places, staging, trusted)
        result = Recalled(saved.path, "impossible", checked.ingredients)
        result.before = saved.sheet.after
        if checked.mix is None or checked.chain is None or checked.missing:
            result.reason = "; ".join(map(str, checked.missing))
            return result
        known = known_of(checked.chain, checked.files)
        place = folder or Path(name)
        job = _job(saved, checked.mix, checked.chain, known, place, timeout_s)
        # Its dither, too: what is compared is the audio.
        job = replace(job, dither_seed=saved.sheet.master.dither_seed)
        rendered = _rendered(saved, job, overwrite, progress)
        _take(result, rendered, keep=folder is not None)
        judge(result, saved, load_sheet(sheet_path(job.master)).sheet, job.master, tolerance_db)
        return result


def rerender(
    saved: SavedSheet,
    chain: Chain | None,
    settings: Mapping[str, Any] | None = None,
    *,
    folder: Path | None = None,
    places: Sequence[Path] = (),
    chain_file: str | None = None,
    trusted: Sequence[Path] = (),
    overwrite: bool = False,
    timeout_s: float | None = None,
    progress: RenderProgress | None = None,
) -> Recalled:
    """Render the mix of a sheet through another chain, and say what that changed.

    Args:
        saved: the sheet.
        chain: usually an edited version of the one that was used; None for that itself.
        settings: other values for some of its settings, as `with_settings` takes them.
        folder: where the new master is to be kept; None to compare only.
        places: as in `recall`.
        chain_file: name of the chain's file.
        trusted, overwrite, timeout_s, progress: as in `recall`.

    Raises:
        PluginError: plugins of the chain are missing.
        UsageError: a setting is wrong, or the folder cannot be used.
    """
    with tempfile.TemporaryDirectory(prefix="masterprint-", dir=scratch_folder()) as name:
        files: dict[str, Path] = {}
        preferred = {}
        if chain is None:
            staging = Path(name) / "files"
            staging.mkdir()
            checked = check(saved, places, staging, trusted)
            found, mix, chain = checked.ingredients, checked.mix, checked.chain
            files, preferred = checked.files, wanted_of(saved)
        else:
            of_mix, mix = check_mix(saved, places)
            found = [seal(saved), of_mix]
        result = Recalled(saved.path, "impossible", found)
        result.before = saved.sheet.after
        missing = [each for each in found if each.status == "missing"]
        if mix is None or chain is None or missing:
            result.reason = "; ".join(map(str, missing))
            return result
        changed = with_settings(chain, settings or {})
        chain = with_plugins(changed, trusted, timeout_s, preferred)
        result.settings = changes(saved.sheet.chain.settings, chain.as_dict(resolved=True))
        known = known_of(chain, files)
        job = _job(saved, mix, chain, known, folder or Path(name), timeout_s, chain_file)
        _take(result, _rendered(saved, job, overwrite, progress), keep=folder is not None)
    result.verdict = "changed"
    count = len(result.settings)
    result.reason = "1 setting differs" if count == 1 else f"{count or 'no'} settings differ"
    result.reason += "".join(
        f"; {each}" for each in found if each.status == "differs" and each.kind == "mix"
    )
    return result


def _job(
    saved: SavedSheet,
    mix: Path,
    chain: Chain,
    known: ChainIngredients,
    folder: Path,
    timeout_s: float | None,
    chain_file: str | None = None,
) -> RenderJob:
    sheet = saved.sheet
    stem = Path(sheet.master.name).stem
    master = folder / f"{stem}{EXTENSIONS[chain.master.format]}"
    name = chain_file or sheet.chain.file
    return RenderJob(chain, mix, master, False, known, name, timeout_s)


def _rendered(
    saved: SavedSheet, job: RenderJob, overwrite: bool, progress: RenderProgress | None
) -> RenderResult:
    master = job.master
    need_folder(master.parent)
    for path in (master, sheet_path(master)):
        if not path.exists():
            continue
        kept = (saved.path, saved.master, job.mix)
        if any(old.exists() and path.samefile(old) for old in kept):
            raise UsageError(
                f"{path}: belongs to this recall, and stays as it is.",
                hint="choose another output folder",
            )
        if not overwrite:
            raise UsageError(f"{path}: exists already.", hint="replace it with --overwrite")
    return render_job(replace(job, overwrite=overwrite), progress)


def _take(result: Recalled, rendered: RenderResult, keep: bool) -> None:
    result.master = rendered.master if keep else None
    result.after = rendered.after
    result.warnings = rendered.warnings
    result.seconds = rendered.seconds
