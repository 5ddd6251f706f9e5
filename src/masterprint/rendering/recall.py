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
from masterprint.files.formats import EXTENSIONS, FileFormat
from masterprint.files.reading import open_audio
from masterprint.rendering.done import need_ours, why_render
from masterprint.rendering.engine import need_suited, render_unless_done
from masterprint.rendering.job import IfThere, RenderJob
from masterprint.rendering.planning import need_folder, need_short_name
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
from masterprint.sheets.places import Places
from masterprint.sheets.sheet import SUFFIX, SavedSheet, load_sheet, sheet_path

TOLERANCE_DB = -90.0


def recall(
    saved: SavedSheet,
    *,
    folder: Path | None = None,
    places: Places | None = None,
    tolerance_db: float = TOLERANCE_DB,
    trusted: Sequence[Path] = (),
    if_there: IfThere = IfThere.REFUSE,
    timeout_s: float | None = None,
    dry_run: bool = False,
    progress: RenderProgress | None = None,
) -> Recalled:
    """Make the master of a sheet again and compare it with what the sheet says of the old one.

    Args:
        saved: the sheet.
        folder: where the new master is to be kept; None to compare only.
        places: where mix and files may be, besides where they were.
        tolerance_db: peak of the residual, in dBFS, up to which the verdict is `within`.
        trusted: plugin files that may be loaded although they are not in the catalogue.
        if_there: what becomes of a master in `folder` that is there already.
        timeout_s: of the render, where plugins are involved.
        dry_run: whether only to say if it is possible.
        progress: to be told how far it is.

    Raises:
        UsageError: the folder cannot be used.
        MasterprintError: the render failed although nothing was missing.
    """
    with tempfile.TemporaryDirectory(prefix="masterprint-", dir=scratch_folder()) as name:
        staging = Path(name) / "files"
        staging.mkdir()
        checked = check(saved, places or Places(), staging, trusted)
        result = Recalled(saved.path, "impossible", checked.ingredients)
        result.before = saved.sheet.after
        if checked.mix is None or checked.chain is None or checked.missing:
            result.reason = "; ".join(map(str, checked.missing))
            return result
        known = known_of(checked.chain, checked.files)
        place = folder or Path(name)
        job = _job(saved, checked.mix, checked.chain, known, place, if_there, timeout_s)
        # Its dither, too: what is compared is the audio.
        job = replace(job, dither_seed=saved.sheet.master.dither_seed)
        if dry_run:
            return _possible(result, saved, job, keep=folder is not None)
        _render(result, saved, job, keep=folder is not None, progress=progress)
        judge(result, saved, load_sheet(sheet_path(job.master)).sheet, job.master, tolerance_db)
        return result


def rerender(
    saved: SavedSheet,
    chain: Chain | None,
    settings: Mapping[str, Any] | None = None,
    *,
    folder: Path | None = None,
    places: Places | None = None,
    chain_file: str | None = None,
    trusted: Sequence[Path] = (),
    if_there: IfThere = IfThere.REFUSE,
    timeout_s: float | None = None,
    dry_run: bool = False,
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
        trusted, if_there, timeout_s, dry_run, progress: as in `recall`.

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
            checked = check(saved, places or Places(), staging, trusted)
            found, mix, chain = checked.ingredients, checked.mix, checked.chain
            files, preferred = checked.files, wanted_of(saved)
        else:
            of_mix, mix = check_mix(saved, places or Places())
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
        place = folder or Path(name)
        job = _job(saved, mix, chain, known, place, if_there, timeout_s, chain_file)
        if dry_run:
            return _possible(result, saved, job, keep=folder is not None)
        _render(result, saved, job, keep=folder is not None, progress=progress)
    result.verdict = "changed"
    count = len(result.settings)
    result.reason = "1 setting differs" if count == 1 else f"{count or 'no'} settings differ"
    result.reason += "".join(
        f"; {each}" for each in found if each.status == "differs" and each.kind == "mix"
    )
    return result


def _possible(result: Recalled, saved: SavedSheet, job: RenderJob, keep: bool) -> Recalled:
    """The answer where it was only asked; what would be refused is refused here, too."""
    need_suited(job, open_audio(job.mix))
    if keep:
        _need_place(saved, job)
    result.verdict = "possible"
    count = sum(each.status == "differs" for each in result.ingredients)
    differs = f", {count} of {len(result.ingredients)} ingredients differ" if count else ""
    result.reason = f"nothing is missing{differs}"
    if keep and job.if_there.keeps_same:
        why = why_render(job)
        if why is not None:
            need_ours(job, why)
        result.reason += "; it is there already, made of the same" if why is None else f"; {why}"
    return result


def _job(
    saved: SavedSheet,
    mix: Path,
    chain: Chain,
    known: ChainIngredients,
    folder: Path,
    if_there: IfThere,
    timeout_s: float | None,
    chain_file: str | None = None,
) -> RenderJob:
    master = folder / new_name(saved.path, chain.master.format)
    name = chain_file or saved.sheet.chain.file
    return RenderJob(chain, mix, master, if_there, known, name, timeout_s)


def new_name(sheet: Path, file_format: FileFormat | None) -> str:
    """Of the new master: that of the sheet, with the ending of its format if that is told."""
    name = Path(sheet.name.removesuffix(SUFFIX))
    return f"{name.stem}{EXTENSIONS[file_format]}" if file_format else name.name


def _need_place(saved: SavedSheet, job: RenderJob) -> None:
    """Refuse to make a master where something else is, or where there is one without leave."""
    master = job.master
    need_short_name(master)
    for path in (master, sheet_path(master)):
        if not path.exists():
            continue
        kept = (saved.path, saved.master, job.mix)
        if any(old.exists() and path.samefile(old) for old in kept):
            raise UsageError(
                f"{path}: belongs to this recall, and stays as it is.",
                hint="choose another output folder",
            )
        if job.if_there is IfThere.REFUSE:
            raise UsageError(f"{path}: exists already.", hint="replace it with --overwrite")
    if master.exists() and not sheet_path(master).exists():
        raise UsageError(
            f"{master}: is there already and is no master, as no recall sheet is beside it: it was "
            "left as it is.",
            hint="choose another output folder",
        )


def _render(
    result: Recalled,
    saved: SavedSheet,
    job: RenderJob,
    keep: bool,
    progress: RenderProgress | None,
) -> None:
    """Make the new master, unless one of the same is there and may stay."""
    need_folder(job.master.parent)
    _need_place(saved, job)
    result.master = job.master if keep else None
    rendered = render_unless_done(job, progress)
    result.is_new = rendered.status == "ok"
    result.after = rendered.after
    result.warnings = rendered.warnings
    result.seconds = rendered.seconds
