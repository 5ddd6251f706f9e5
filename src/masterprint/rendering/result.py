"""What became of a render, as it is told in Python, in JSON and to the process that asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from masterprint.errors import SheetError
from masterprint.metering.measurement import Measurement
from masterprint.rendering.job import RenderJob
from masterprint.sheets.sheet import load_sheet, sheet_path

Status = Literal["ok", "failed", "unchanged", "skipped"]


@dataclass
class RenderResult:
    """What became of one job.

    Attributes:
        mix, master: the files.
        status: ok, failed, unchanged (it was there already, made of the same), or skipped (not
            begun, because the render was stopped).
        error: one sentence where it failed.
        before, after: measurements of the mix and of the file written.
        stages: what each stage did.
        warnings: what an engineer would want to be told.
        stderr: the last that a plugin printed, where it failed.
        seconds: wall-clock time.
    """

    mix: Path
    master: Path
    status: Status
    error: str | None = None
    before: Measurement | None = None
    after: Measurement | None = None
    stages: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    stderr: str = ""
    seconds: float = 0.0

    def as_dict(self, rounded: bool = True) -> dict[str, Any]:
        """Plain data for JSON, or to be sent on exactly."""
        return {
            "mix": str(self.mix),
            "master": str(self.master),
            "status": self.status,
            "error": self.error,
            "before": self.before.as_dict(rounded) if self.before else None,
            "after": self.after.as_dict(rounded) if self.after else None,
            "stages": self.stages,
            "warnings": self.warnings,
            "stderr": self.stderr,
            "seconds": round(self.seconds, 3),
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> RenderResult:
        """The result of `as_dict`."""
        before, after = data["before"], data["after"]
        return cls(
            **data
            | {
                "mix": Path(data["mix"]),
                "master": Path(data["master"]),
                "before": Measurement(**before) if before else None,
                "after": Measurement(**after) if after else None,
            }
        )

    @classmethod
    def of_sheet(cls, job: RenderJob, status: Status) -> RenderResult | None:
        """What the sheet beside a job's master says of the render that made it; None without."""
        try:
            sheet = load_sheet(sheet_path(job.master)).sheet
            before, after = Measurement(**sheet.before), Measurement(**sheet.after)
        except (SheetError, TypeError):  # TypeError: somebody has edited the figures
            return None
        return cls(
            job.mix,
            job.master,
            status,
            before=before,
            after=after,
            stages=[
                {"stage": each.stage, "label": each.label, "bypass": each.bypass, **each.details}
                for each in sheet.stages
            ],
            warnings=sheet.warnings,
            seconds=sheet.seconds,
        )

    def __repr__(self) -> str:
        return f"<RenderResult {self.status}: {self.mix} -> {self.master}, {self.after}>"


def with_inner(stages: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The reports of all stages; those within one, in bands or a fallback, follow it."""
    for stage in stages:
        yield stage
        for inner in (*stage.get("bands", []), stage.get("fallback", [])):
            yield from with_inner(inner)
