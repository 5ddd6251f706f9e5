"""Making a master again from its recall sheet, and proving that it is the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from masterprint.chain.difference import changes
from masterprint.chain.model import Chain
from masterprint.chain.overrides import with_settings
from masterprint.chain.plugins import with_plugins
from masterprint.errors import AudioFileError, UsageError
from masterprint.files.formats import EXTENSIONS, FileFormat
from masterprint.files.reading import open_audio
from masterprint.files.unfinished import working_folder
from masterprint.rendering.done import need_ours, other_ingredients, why_render
from masterprint.rendering.engine import need_suited, render_unless_done
from masterprint.rendering.job import IfThere, RenderJob
from masterprint.rendering.needs import need_folder, need_possible, need_short_name
from masterprint.rendering.progress import RenderProgress
from masterprint.rendering.recalled import Recalled, judge
from masterprint.scratch import MORE_SCRATCH, scratch_folder
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
from masterprint.sheets.staging import as_named, naming

TOLERANCE_DB = -90.0


@dataclass(frozen=True)
class HowToRecall:
    """What holds for any number of recalls.

    Attributes:
        tolerance_db: peak of the residual, in dBFS, up to which the verdict is `within`.
        trusted: plugin files that may be loaded although they are not in the catalogue.
        if_there: what becomes of a master in the new folder that is there already.
        timeout_s: of the render, where plugins are involved.
        dry_run: whether only to say if it is possible.
    """

    tolerance_db: float = TOLERANCE_DB
    trusted: Sequence[Path] = ()
    if_there: IfThere = IfThere.REFUSE
    timeout_s: float | None = None
    dry_run: bool = False


def recall(
    saved: SavedSheet,
    how: HowToRecall | None = None,
    folder: Path | None = None,
    places: Places | None = None,
    progress: RenderProgress | None = None,
) -> Recalled:
    """Make the master of a sheet again and compare it with what the sheet says of the old one.

    Args:
        saved: the sheet.
        how: what is the same for others, too.
        folder: where the new master is to be kept; None to compare only.
        places: where mix and files may be, besides where they were.
        progress: to be told how far it is.

    Raises:
        UsageError: the folder cannot be used.
        MasterprintError: the render failed although nothing was missing.
    """
    how = how or HowToRecall()
    with working_folder() as scratch, naming(staging := scratch / "files"):
        staging.mkdir()
        checked = check(saved, places or Places(), staging, how.trusted)
        result = Recalled(saved.path, "impossible", checked.ingredients)
        result.before = saved.sheet.after
        if checked.mix is None or checked.chain is None or checked.missing:
            result.reason = "; ".join(map(str, checked.missing))
            return result
        known = known_of(checked.chain, checked.files)
        job = _job(saved, checked.mix, checked.chain, known, folder or scratch / "new", how)
        # Its dither, too: what is compared is the audio.
        job = replace(job, dither_seed=saved.sheet.master.dither_seed)
        if how.dry_run:
            return _possible(result, saved, job, keep=folder is not None)
        _render(result, saved, job, keep=folder is not None, progress=progress)
        judge(result, saved, load_sheet(sheet_path(job.master)).sheet, job.master, how.tolerance_db)
        return result


def rerender(
    saved: SavedSheet,
    chain: Chain | None,
    settings: Mapping[str, Any] | None = None,
    how: HowToRecall | None = None,
    folder: Path | None = None,
    places: Places | None = None,
    chain_file: str | None = None,
    progress: RenderProgress | None = None,
) -> Recalled:
    """Render the mix of a sheet through another chain, and say what that changed.

    Args:
        saved: the sheet.
        chain: usually an edited version of the one that was used; None for that itself.
        settings: other values for some of its settings, as `with_settings` takes them.
        how, folder, places, progress: as in `recall`.
        chain_file: name of the chain's file.

    Raises:
        PluginError: plugins of the chain are missing.
        UsageError: a setting is wrong, or the folder cannot be used.
    """
    how = how or HowToRecall()
    with working_folder() as scratch, naming(staging := scratch / "files"):
        files: dict[str, Path] = {}
        preferred = {}
        staging.mkdir()
        if chain is None:
            checked = check(saved, places or Places(), staging, how.trusted)
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
        changed = _changed(chain, settings or {}, staging)
        chain = with_plugins(changed, how.trusted, how.timeout_s, preferred)
        result.settings = changes(saved.sheet.chain.settings, chain.as_dict(resolved=True))
        known = known_of(chain, files)
        job = _job(saved, mix, chain, known, folder or scratch / "new", how, chain_file)
        if how.dry_run:
            return _possible(result, saved, job, keep=folder is not None)
        _render(result, saved, job, keep=folder is not None, progress=progress)
    result.verdict = "changed"
    count = len(result.settings)
    said = ["1 setting differs" if count == 1 else f"{count or 'no'} settings differ"]
    said += [str(each) for each in found if each.status == "differs" and each.kind == "mix"]
    # Not the settings alone have moved, then.
    result.reason = "; ".join(said + other_ingredients(saved.sheet, known))
    return result


def _changed(chain: Chain, settings: Mapping[str, Any], staging: Path) -> Chain:
    """Other values for settings; a file among them must be one that the sheet names."""
    try:
        return with_settings(chain, settings)
    except UsageError as error:
        text = as_named(error.message, staging)
        if text != error.message:
            hint = "files that the recall sheet does not name need a chain file that does: --chain"
            raise UsageError(text, hint=hint) from error
        raise


def _possible(result: Recalled, saved: SavedSheet, job: RenderJob, keep: bool) -> Recalled:
    """The answer where it was only asked; what would be refused is refused here, too."""
    need_suited(job, open_audio(job.mix))
    if keep:
        need_possible(job.master.parent)
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
    how: HowToRecall,
    chain_file: str | None = None,
) -> RenderJob:
    master = folder / new_name(saved.path, chain.master.format)
    name = chain_file or saved.sheet.chain.file
    return RenderJob(chain, mix, master, how.if_there, known, name, how.timeout_s)


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
    try:
        rendered = render_unless_done(job, progress)
    except AudioFileError as error:
        if keep or str(job.master) not in error.message:
            raise
        text = error.message.replace(str(job.master), f"Scratch space in {scratch_folder()}")
        raise AudioFileError(text, hint=MORE_SCRATCH) from error
    result.is_new = rendered.status == "ok"
    result.after = rendered.after
    result.warnings = rendered.warnings
    result.seconds = rendered.seconds
