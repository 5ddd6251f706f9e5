"""Making a master again from its recall sheet, and proving that it is the same."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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
from masterprint.sheets.checking import Ingredient, check, check_mix, seal
from masterprint.sheets.ingredients import ChainIngredients
from masterprint.sheets.sheet import SavedSheet, Sheet, load_sheet, sheet_path

TOLERANCE_DB = -90.0
Verdict = Literal["identical", "within", "different", "impossible", "changed"]
NOT_HEARD = ("machine", "version")


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
        if checked.mix is None or checked.chain is None or checked.known is None or checked.missing:
            result.reason = "; ".join(_shown(each) for each in checked.missing)
            return result
        job = _job(
            saved, checked.mix, checked.chain, checked.known, folder or Path(name), timeout_s
        )
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
        if chain is None:
            staging = Path(name) / "files"
            staging.mkdir()
            checked = check(saved, places, staging, trusted)
            found, mix, chain = checked.ingredients, checked.mix, checked.chain
        else:
            of_mix, mix = check_mix(saved, places)
            found = [seal(saved), of_mix]
        result = Recalled(saved.path, "impossible", found)
        result.before = saved.sheet.after
        missing = [each for each in found if each.status == "missing"]
        if mix is None or chain is None or missing:
            result.reason = "; ".join(map(_shown, missing))
            return result
        chain = with_plugins(with_settings(chain, settings or {}), trusted, timeout_s)
        result.settings = changes(saved.sheet.chain.settings, chain.as_dict(resolved=True))
        known = ChainIngredients.of(chain)
        job = _job(saved, mix, chain, known, folder or Path(name), timeout_s, chain_file)
        _take(result, _rendered(saved, job, overwrite, progress), keep=folder is not None)
    result.verdict = "changed"
    count = len(result.settings)
    result.reason = "1 setting differs" if count == 1 else f"{count or 'no'} settings differ"
    result.reason += "".join(
        f"; {_shown(each)}" for each in found if each.status == "differs" and each.kind == "mix"
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
    if master.exists():
        if any(old.exists() and master.samefile(old) for old in (saved.master, job.mix)):
            raise UsageError(
                f"{master}: is the master or the mix of this recall sheet, which stays as it is.",
                hint="choose another output folder",
            )
        if not overwrite:
            raise UsageError(f"{master}: exists already.", hint="replace it with --overwrite")
    job = RenderJob(**{**vars(job), "overwrite": overwrite})
    return render_job(job, progress)


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
    edited = not saved.is_untouched
    if new.master.pcm_sha256 == old.master.pcm_sha256:
        result.verdict = "identical"
        result.reason = "every sample of the master is the same"
        if edited:
            result.reason += ", but the recall sheet was edited after it was written"
        return
    result.first_difference = _first_difference(old, new)
    why = _explanation(result, old)
    at_hand = _old_master(saved)
    if isinstance(at_hand, str):
        result.verdict = "different"
        result.reason = f"{why}; how far it is off cannot be told, because {at_hand}"
        return
    null = null_files(at_hand, master, align=False).residual_at_own_level
    result.residual_peak_dbfs = null.peak_dbfs
    result.residual_rms_dbfs = null.rms_dbfs
    same_size = (old.master.frames, old.master.channels, old.master.sample_rate_hz) == (
        new.master.frames,
        new.master.channels,
        new.master.sample_rate_hz,
    )
    peak = null.peak_dbfs
    close = same_size and (peak is None or peak <= tolerance_db)
    result.verdict = "within" if close else "different"
    result.reason = why


def _rounded(level_db: float | None) -> float | None:
    return None if level_db is None else round(level_db, 3)


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


def _first_difference(old: Sheet, new: Sheet) -> tuple[int, str] | None:
    """The first stage behind which the audio differs, counted as in reports; None: after them."""
    for number, stage in enumerate(old.stages, 1):
        match = new.stages[number - 1] if number <= len(new.stages) else None
        if match is None or match.audio_xxh3 != stage.audio_xxh3:
            return number, stage.label
    return None


def _explanation(result: Recalled, old: Sheet) -> str:
    """Which ingredient explains where the audio first differs."""
    first = result.first_difference
    where = (
        f"the audio first differs at stage {first[0]}, {first[1]!r}"
        if first
        else ("the audio differs only in how it was written (rounding and dither)")
    )
    differing = [each for each in result.ingredients if each.status == "differs"]
    by_kind = {
        kind: [each for each in differing if each.kind == kind]
        for kind in ("sheet", "mix", "plugin", "file", "version", "machine")
    }
    for kind in ("sheet", "mix"):
        if by_kind[kind]:
            return f"{where}; {_shown(by_kind[kind][0])}"
    stage = old.stages[first[0] - 1] if first else None
    here = f"stages[{_chain_index(old, first[0])}]" if first else None
    if here is not None:
        of_stage = [each for each in by_kind["plugin"] if each.name.startswith(here)]
        if causes := of_stage or by_kind["file"]:
            return f"{where}; " + "; ".join(map(_shown, causes))
        random = [
            each
            for each in old.plugins
            if each.place.startswith(here) and each.determinism in ("warning", "fail")
        ]
        if random:
            return f"{where}; plugins check found that {random[0].title!r} does not repeat itself"
    if causes := by_kind["plugin"] + by_kind["version"] + by_kind["machine"]:
        return f"{where}; " + "; ".join(map(_shown, causes))
    culprit = f"stage {stage.label!r}" if stage else "something"
    return f"{where}; no ingredient differs, so {culprit} gives another result each time"


def _chain_index(old: Sheet, number: int) -> int:
    """Index in the chain of a stage counted as in reports, where conversion counts, too."""
    conversions = sum(stage.stage == "conversion" for stage in old.stages[: number - 1])
    return number - 1 - conversions


def _shown(ingredient: Ingredient) -> str:
    kind = {"version": "version of", "file": "file", "sheet": "recall sheet"}
    name = f"{kind.get(ingredient.kind, ingredient.kind)} {ingredient.name}".strip()
    return f"{name}: {ingredient.text}".rstrip(".")
