"""Whether a job's master is there already, made of the same; and if not, why not."""

from __future__ import annotations

from pathlib import Path

from masterprint.chain.difference import changes
from masterprint.errors import MasterprintError, SheetError, UsageError
from masterprint.files.pcm_hash import pcm_sha256
from masterprint.rendering.job import IfThere, RenderJob
from masterprint.sheets.ingredients import (
    ChainIngredients,
    FileFact,
    PluginFact,
    look_at_mix,
    work_sha256,
)
from masterprint.sheets.sheet import PluginSheet, Sheet, load_sheet, sheet_path

MOST_CHANGES = 3
NEW = "new"
NO_SHEET = "there is no recall sheet"
NOT_AS_RENDERED = "the master is not as it was rendered"
UNUSABLE = "its recall sheet cannot be used"
EDITED = "its recall sheet was edited"
CUT_OFF = "the render that was to replace it was cut off"
FOREIGN = (NO_SHEET, NOT_AS_RENDERED, UNUSABLE, EDITED)


def why_render(job: RenderJob) -> str | None:
    """Why a job's master is to be made, in a few words; None where it is there and the same.

    Raises:
        AudioFileError: the mix cannot be read.
    """
    path = sheet_path(job.master)
    try:
        saved = load_sheet(path)
    except SheetError as error:
        if not job.master.exists():
            return NEW
        return NO_SHEET if not path.exists() else f"{UNUSABLE} ({error.message})"
    sheet = saved.sheet
    there = job.master.exists()
    if there and not saved.is_untouched:
        return EDITED
    if there and (pcm := _hash(job.master)) != sheet.master.pcm_sha256:
        return CUT_OFF if pcm is not None and pcm == sheet.master.replaces else NOT_AS_RENDERED
    mix = look_at_mix(job.mix)
    if there and job.dither_seed not in (None, sheet.master.dither_seed):
        return "its dither is another"
    if sheet.work_sha256 != work_sha256(mix.sha256, job.ingredients.heard()):
        return _what_changed(job, sheet, mix)
    return None if there else "the master is gone"


def _hash(master: Path) -> str | None:
    try:
        return pcm_sha256(master)
    except MasterprintError:
        return None


def need_ours(job: RenderJob, why: str) -> None:
    """Refuse to replace a master that is there and was not rendered here as it is.

    Raises:
        UsageError: it may be somebody's work.
    """
    if job.if_there.replaces_all or not job.master.exists():
        return
    if job.if_there is not IfThere.RENEW_OURS or why.startswith(FOREIGN):
        raise UsageError(
            f"{job.master}: exists already, and {why}: it was left as it is.",
            hint="replace it with --overwrite",
        )


def _what_changed(job: RenderJob, sheet: Sheet, mix: FileFact) -> str:
    known = job.ingredients
    found: list[str] = []
    if mix.sha256 != sheet.mix.sha256:
        found.append("the mix has changed" if job.mix.name == sheet.mix.name else "another mix")
    moved = [
        str(change)
        for change in changes(sheet.chain.settings, job.chain.as_dict(resolved=True))
        if change.setting not in ("name", "description", "label")
    ]
    if moved:
        more = len(moved) - MOST_CHANGES
        shown = "; ".join(moved[:MOST_CHANGES]) + (f"; and {more} more" if more > 0 else "")
        found.append(f"the chain has changed ({shown})")
    found += other_ingredients(sheet, known)
    return "; ".join(found) or "its ingredients have changed"


def other_ingredients(sheet: Sheet, known: ChainIngredients) -> list[str]:
    """Which files and plugins of a chain are not those of a sheet, under the same names."""
    then = {file.name: file.sha256 for file in sheet.files}
    found = [
        f"{name} has changed"
        for name, fact in known.files.items()
        if then.get(name, fact.sha256) != fact.sha256
    ]
    plugins = {old.place: old for old in sheet.plugins}
    found += [
        f"{fact.title} has changed"
        for fact in known.plugins
        if (old := plugins.get(fact.place)) and _is_other(old, fact)
    ]
    now = known.heard()["masterprint"]
    if sheet.versions.get("masterprint") != now:
        found.append(f"made by Masterprint {sheet.versions.get('masterprint')}, this is {now}")
    return found


def _is_other(old: PluginSheet, fact: PluginFact) -> bool:
    binary = fact.plugin.binary_sha256 if fact.plugin else None
    return (old.used, old.binary_sha256) != (fact.used, binary)
