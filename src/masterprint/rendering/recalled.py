"""What came of a recall: the verdict, and the two masters held against one another."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from masterprint.chain.difference import Change
from masterprint.errors import MasterprintError
from masterprint.metering.measurement import Measurement
from masterprint.rendering.null import null_files
from masterprint.rendering.reasons import explanation, first_difference
from masterprint.sheets.checking import Ingredient
from masterprint.sheets.sheet import SavedSheet, Sheet

Verdict = Literal[
    "identical", "within", "different", "impossible", "changed", "possible", "failed", "skipped"
]


@dataclass
class Recalled:
    """What came of a recall.

    Attributes:
        sheet: the recall sheet.
        verdict: identical; within (the tolerance); different; impossible; or changed, where it was
            rendered with other settings on purpose. Where it was only asked, nothing was rendered
            and the verdict is possible, or impossible. Of many, one may have failed, or been
            skipped because Ctrl-C came before it.
        ingredients: all that was checked.
        master: the new master, where it was kept.
        is_new: whether it was made now, and was not there already, made of the same.
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
    is_new: bool = False
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
            "is_new": self.is_new,
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


def judge(
    result: Recalled, saved: SavedSheet, new: Sheet, master: Path, tolerance_db: float
) -> None:
    """The verdict, from what the two sheets say of the audio, and from the two masters."""
    old = saved.sheet
    beside = next(each for each in result.ingredients if each.kind == "master")
    again = new.master.pcm_sha256 == old.master.pcm_sha256 and _shape(new) == _shape(old)
    if again and beside.status != "differs":
        result.verdict = "identical"
        made = f"rendered {old.date[:10]} by Masterprint {old.versions.get('masterprint', '?')}"
        result.reason = f"every sample of {saved.master.name} is the same ({made})"
        if beside.status == "missing":
            result.reason += f", by its hash in the sheet: {saved.master.name} is not beside it"
        if not saved.is_untouched:
            result.reason += ", but the recall sheet was edited after it was written"
        return
    result.verdict = "different"
    if again:
        result.reason = f"the render gives what the sheet describes, but {beside}"
    else:
        result.first_difference = first_difference(old, new)
        result.reason = explanation(result.ingredients, old, new)
        if beside.status != "same":
            result.reason += f"; how far it is off cannot be told, because {beside}"
            return
    try:
        null = null_files(saved.master, master, align=False).residual_at_own_level
    except MasterprintError:  # no audio, or channels that have no counterpart, as the reason says
        return
    result.residual_peak_dbfs = null.peak_dbfs
    result.residual_rms_dbfs = null.rms_dbfs
    result.tolerance_db = tolerance_db
    if (
        not again
        and _shape(new) == _shape(old)
        and (null.peak_dbfs is None or null.peak_dbfs <= tolerance_db)
    ):
        result.verdict = "within"


def _shape(sheet: Sheet) -> tuple[int, int, int]:
    return sheet.master.frames, sheet.master.channels, sheet.master.sample_rate_hz


def _rounded(level_db: float | None) -> float | None:
    return None if level_db is None else round(level_db, 3)
