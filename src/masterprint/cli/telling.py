"""What came of jobs, or would, for people."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from masterprint.cli.console import clean, print_json_rows, shown

if TYPE_CHECKING:
    from masterprint.rendering.job import RenderJob
    from masterprint.rendering.result import RenderResult

MOST_ROWS = 200
MOST_NAMED = 3
STATUSES = {
    "ok": "rendered",
    "unchanged": "done already",
    "failed": "failed",
    "skipped": "not done",
}
WOULD = {"render": "to render", "done": "done already", "fail": "that would fail"}


def summary(rows: Any, total: int, counts: Counter[str], seconds: float) -> None:
    """A line for each job, as long as they can be taken in, and one for all."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    if total <= MOST_ROWS:
        table = Table(box=None, pad_edge=False)
        table.add_column("master", overflow="fold")
        for heading in ("LUFS", "change", "dBTP", "LRA", "seconds"):
            table.add_column(heading, justify="right")
        table.add_column("")
        for row in rows:
            after, before = row["after"] or {}, row["before"] or {}
            now, then = after.get("integrated_lufs"), before.get("integrated_lufs")
            change = "" if now is None or then is None else f"{now - then:+.1f}"
            status = "" if row["status"] == "ok" else STATUSES[row["status"]]
            table.add_row(
                Text(clean(row["master"])),
                shown(now, 1),
                change,
                shown(after.get("true_peak_dbtp"), 2),
                shown(after.get("loudness_range_lu"), 1),
                f"{row['seconds']:.1f}",
                status,
            )
        Console().print(table)
    said = [f"{counts[key]} {text}" for key, text in STATUSES.items() if counts[key]]
    print(f"{', '.join(said)} in {seconds:.1f} s")


def warn(mix: Path | str, warnings: Sequence[str]) -> None:
    """What an engineer would want to be told in any case, on standard error."""
    for warning in warnings:
        print(clean(f"masterprint: warning: {mix}: {warning}."), file=sys.stderr)


def warn_of_all(found: Iterable[tuple[str, Sequence[str]]]) -> None:
    """The same of many mixes: a warning that several share is said once, with the first ones."""
    mixes: dict[str, list[str]] = {}
    counts: Counter[str] = Counter()
    for mix, warnings in found:
        for warning in warnings:
            counts[warning] += 1
            if len(first := mixes.setdefault(warning, [])) < MOST_NAMED:
                first.append(mix)
    for warning, named in mixes.items():
        more = counts[warning] - len(named)
        warn(", ".join(named) + (f" and {more} more" if more else ""), [warning])


def report(result: RenderResult) -> None:
    """Before and after, and what the dynamics did, for people."""
    from masterprint.cli.console import print_columns
    from masterprint.rendering.result import with_inner

    if result.status == "unchanged":
        print(clean(f"{result.master}: is done already."))
        return
    if result.before is None or result.after is None:
        return
    print_columns([("before", result.before), ("after", result.after)], str(result.mix.name))
    for stage in with_inner(result.stages):
        said = []
        if (gain_db := stage.get("input_gain_db", stage.get("gain_db"))) is not None:
            said.append(f"{gain_db:+.1f} dB of gain")
        if "max_gain_reduction_db" in stage:
            said.append(f"{stage['max_gain_reduction_db']:.1f} dB of gain reduction at most")
        if "mean_gain_reduction_db" in stage:  # a clipper has none
            said.append(f"{stage['mean_gain_reduction_db']:.1f} dB on average")
        if summary := stage.get("summary"):
            said.append(summary)
        if said:
            print(clean(f"  {stage['label']}: {', '.join(said)}"))
    speed = result.before.duration_s / result.seconds
    print(clean(f"  {result.master}  ({result.seconds:.1f} s, {speed:.0f} times real time)\n"))


def tell_plan(jobs: Sequence[RenderJob], as_json: bool) -> None:
    """What would be done, and why; what a render would refuse at once is refused here, too."""
    from masterprint.batch.run import default_workers, run_all
    from masterprint.cli.console import counting
    from masterprint.errors import MasterprintError
    from masterprint.files.reading import open_audio
    from masterprint.rendering.done import NEW, need_ours, why_render
    from masterprint.rendering.engine import need_suited
    from masterprint.rendering.needs import need_short_name

    def look(index: int, job: RenderJob) -> tuple[str, str]:
        del index
        keeps_same = job.if_there.keeps_same
        try:
            need_short_name(job.master)
            need_suited(job, open_audio(job.mix))
            why = why_render(job) if job.master.exists() or keeps_same else NEW
            if why is None:
                return ("done", "made of the same") if keeps_same else ("render", "to be replaced")
            if keeps_same:
                need_ours(job, why)
        except MasterprintError as error:
            return "fail", str(error)
        return "render", why

    rows: list[tuple[str, str]] = [("", "")] * len(jobs)
    with counting(len(jobs), not as_json) as count:
        for index, row in run_all(jobs, look, default_workers(len(jobs))):
            count(jobs[index].mix.name)
            rows[index] = row
    found = [
        {"mix": str(job.mix), "master": str(job.master), "would": would, "why": why}
        for job, (would, why) in zip(jobs, rows, strict=True)
    ]
    if as_json:
        print_json_rows(iter(found))
    else:
        for each in found:
            why = each["why"].removeprefix(f"{each['master']}: ")
            print(clean(f"{each['would']:6} {each['master']}: {why}"))
        counts = Counter(each["would"] for each in found)
        print(", ".join(f"{counts[key]} {text}" for key, text in WOULD.items() if counts[key]))
    if any(each["would"] == "fail" for each in found):
        raise typer.Exit(1)
