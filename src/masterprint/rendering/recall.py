"""Making a master again from its recall sheet, and proving that it is the same."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from masterprint.chain.difference import Change, changes
from masterprint.chain.model import Chain
from masterprint.chain.overrides import with_settings
from masterprint.chain.plugins import with_plugins
from masterprint.errors import MasterprintError, UsageError
from masterprint.files.formats import EXTENSIONS
from masterprint.files.pcm_hash import pcm_sha256
from masterprint.metering.measurement import Measurement
from masterprint.rendering.engine import RenderResult, render_job
from masterprint.rendering.job import RenderJob
from masterprint.rendering.null import null_files
from masterprint.rendering.planning import need_folder
from masterprint.rendering.progress import RenderProgress
from masterprint.rendering.reasons import explanation, first_difference
from masterprint.sheets.checking import (
    Ingredient,
    check,
    check_mix,
    known_of,
    seal,
    wanted_of,
)
from masterprint.sheets.ingredients import ChainIngredients
from masterprint.sheets.sheet import SavedSheet, Sheet, load_sheet, sheet_path

TOLERANCE_DB = -90.0
Verdict = Literal["identical", "within", "different", "impossible", "changed"]


@dataclass
class Recalled:
    """What came of a recall.

    Attributes:
        sheet: the recall sheet.
        verdict: identical; within (the tolerance); different; impossible; or changed, where it was
            rendered with other settings on purpose.
        ingredients: all that was checked.
        master: the new master, where it was kept.
        reason: why the verdict is what it is, one sentence.
        first_difference: number and name of the first stage whose audio differs.
        residual_peak_dbfs, residual_rms_dbfs: of the difference to the old master; None where it is
            silence, or the old master is not at hand.
        settings: how the chain differs from that of the sheet.
        before, after: measurements of the old master, as the sheet has them, and of the new one.
        warnings: of the new render.
        seconds: that the render took.
    """

    sheet: Path
    verdict: Verdict
    ingredients: list[Ingredient]
    master: Path | None = None
    reason: str = ""
    first_difference: tuple[int, str] | None = None
    residual_peak_dbfs: float | None = None
    residual_rms_dbfs: float | None = None
    tolerance_db: float | None = None
    settings: list[Change] = field(default_factory=list)
    before: dict[str, Any] = field(default_factory=dict)
    after: Measurement | None = None
    warnings: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        first = self.first_difference
        return {
            "sheet": str(self.sheet),
            "verdict": self.verdict,
            "reason": self.reason,
            "master": str(self.master) if self.master else None,
            "first_difference": {"stage": first[0], "label": first[1]} if first else None,
            "residual_peak_dbfs": _rounded(self.residual_peak_dbfs),
            "residual_rms_dbfs": _rounded(self.residual_rms_dbfs),
            "tolerance_db": self.tolerance_db,
            "ingredients": [each.as_dict() for each in self.ingredients],
            "settings": [change.as_dict() for change in self.settings],
            "before": self.before,
            "after": self.after.as_dict() if self.after else None,
            "warnings": self.warnings,
            "seconds": round(self.seconds, 3),
        }


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
    with tempfile.TemporaryDirectory(prefix="masterprint-") as name:
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
        _judge(result, saved, load_sheet(sheet_path(job.master)).sheet, job.master, tolerance_db)
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
    with tempfile.TemporaryDirectory(prefix="masterprint-") as name:
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


def _judge(
    result: Recalled, saved: SavedSheet, new: Sheet, master: Path, tolerance_db: float
) -> None:
    """The verdict, from what the two sheets say of the audio, and from the two masters."""
    old = saved.sheet
    if new.master.pcm_sha256 == old.master.pcm_sha256 and _shape(new) == _shape(old):
        result.verdict = "identical"
        made = f"rendered {old.date[:10]} by Masterprint {old.versions.get('masterprint', '?')}"
        result.reason = f"every sample of {old.master.name} is the same ({made})"
        if not saved.is_untouched:
            result.reason += ", but the recall sheet was edited after it was written"
        return
    result.verdict = "different"
    result.first_difference = first_difference(old, new)
    result.reason = explanation(result.ingredients, old, new)
    at_hand = _old_master(saved)
    if isinstance(at_hand, str):
        result.reason += f"; how far it is off cannot be told, because {at_hand}"
        return
    try:
        null = null_files(at_hand, master, align=False).residual_at_own_level
    except UsageError:  # channels that have no counterpart, as the reason says
        return
    result.residual_peak_dbfs = null.peak_dbfs
    result.residual_rms_dbfs = null.rms_dbfs
    result.tolerance_db = tolerance_db
    if _shape(new) == _shape(old) and (null.peak_dbfs is None or null.peak_dbfs <= tolerance_db):
        result.verdict = "within"


def _shape(sheet: Sheet) -> tuple[int, int, int]:
    return sheet.master.frames, sheet.master.channels, sheet.master.sample_rate_hz


def _old_master(saved: SavedSheet) -> Path | str:
    """The old master, if it is what the sheet says; else why it is of no use."""
    master = saved.master
    if not master.is_file():
        return f"the old master {master.name} is not beside its sheet"
    try:
        if pcm_sha256(master) == saved.sheet.master.pcm_sha256:
            return master
    except MasterprintError as error:
        return f"the old master cannot be read ({error.message.rstrip('.')})"
    return f"{master.name} beside the sheet is not the master that the sheet describes"


def _rounded(level_db: float | None) -> float | None:
    return None if level_db is None else round(level_db, 3)
