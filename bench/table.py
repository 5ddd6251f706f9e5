"""What came out: medians, what is said about the targets, and the table."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from process import Run
from rich import box
from rich.markup import escape
from rich.table import Table
from terms import Comparison, Contender, Target

UNITS = {"time": " s", "memory": " MB"}


@dataclass(frozen=True)
class Result:
    """The runs of one contender; none and a reason where it could not run."""

    comparison: Comparison
    contender: Contender
    runs: list[Run]
    reason: str = ""

    @property
    def ours(self) -> bool:
        """Whether this is Masterprint itself, not what it is measured beside."""
        return self.contender is self.comparison.ours

    @property
    def failed(self) -> bool:
        """Whether Masterprint, of all, did not run."""
        return bool(self.reason) and not self.contender.needs

    def median(self, of: str) -> float:
        """Median of the seconds or of the megabytes."""
        key = "seconds" if of == "time" else "memory_mb"
        return statistics.median(getattr(run, key) for run in self.runs)


@dataclass(frozen=True)
class Verdict:
    """How a number of Masterprint stands to its target."""

    value: float
    target: Target

    @property
    def holds(self) -> bool:
        """Whether the target is reached."""
        return self.value <= self.target.limit

    @property
    def number(self) -> str:
        """The number in words."""
        return _in_words(self.target, self.value)

    @property
    def wanted(self) -> str:
        """The target in words."""
        unit = "" if self.target.rule == "share" else UNITS[self.target.of]
        aim = f", aim {self.target.aim:g}" if self.target.aim else ""
        return f"at most {self.target.limit:g}{unit}{aim}"

    @property
    def word(self) -> str:
        """In the table."""
        if not self.holds:
            return "[bold red]MISS[/]"
        reached = self.target.aim is not None and self.value <= self.target.aim
        return "[green]ok, aim[/]" if reached else "[green]ok[/]"


def _in_words(target: Target, value: float) -> str:
    if target.rule == "share":
        return f"{value:.2f} of its {target.of}"
    digits = 2 if target.of == "time" else 0
    number = f"{abs(value):.{digits}f}{UNITS[target.of]}"
    if target.rule == "more by":
        return f"{number} {'more' if value >= 0 else 'less'}"
    return number


def verdicts(ours: Result, other: Result) -> list[Verdict]:
    """What is said about the targets of `other`, which may be Masterprint itself."""
    if not ours.runs or not other.runs:
        return []
    found = []
    for target in other.contender.targets:
        value = ours.median(target.of)
        if target.rule == "share":
            value /= other.median(target.of)
        elif target.rule == "more by":
            value -= other.median(target.of)
        found.append(Verdict(value, target))
    return found


def as_table(results: Sequence[Result], quick: bool) -> Table:
    """One table of everything: a section per comparison, Masterprint first in each."""
    table = Table(
        title="Masterprint beside its peers",
        caption="Medians of whole processes; memory of the largest one. "
        + ("A quick run: too short for the targets to mean much." * quick),
        box=box.SIMPLE,
        pad_edge=False,
    )
    for heading in ("", "time", "memory"):
        table.add_column(heading, justify="right" if heading else "left")
    for heading in ("masterprint takes", "target", ""):
        table.add_column(heading)
    ours = None
    for one in results:
        if ours is None or one.ours:
            ours = one
            table.add_section()
            table.add_row(f"[bold]{one.comparison.title}[/]")
        for row in _rows(ours, one):
            table.add_row(*row)
    return table


def _rows(ours: Result, one: Result) -> list[list[str]]:
    name = f"  {one.contender.name}"
    if not one.runs:
        reason = escape(one.reason or "as masterprint did not")
        return [[name, "-", "-", f"[yellow]not run: {reason}[/]"]]
    figures = [name, f"{one.median('time'):.2f} s", f"{one.median('memory'):.0f} MB"]
    said = [[v.number, v.wanted, v.word] for v in verdicts(ours, one)]
    if not said and not one.ours and ours.runs:
        share = ours.median("time") / one.median("time")
        said = [[_in_words(Target("time", "share", share), share)]]
    return [
        (["", "", ""] if index else figures) + words for index, words in enumerate(said or [[]])
    ]


def as_data(results: Sequence[Result]) -> list[Mapping[str, object]]:
    """The same for `.bench/results.json`, with every run."""
    data: list[Mapping[str, object]] = []
    ours = None
    for one in results:
        ours = one if one.ours or ours is None else ours
        data.append(
            {
                "comparison": one.comparison.name,
                "contender": one.contender.name,
                "seconds": [round(run.seconds, 4) for run in one.runs],
                "cpu_seconds": [round(run.cpu_seconds, 3) for run in one.runs],
                "memory_mb": [round(run.memory_mb, 1) for run in one.runs],
                "not_run": one.reason or None,
                "targets": [
                    {
                        "of": v.target.of,
                        "rule": v.target.rule,
                        "limit": v.target.limit,
                        "reached": round(v.value, 4),
                        "holds": v.holds,
                    }
                    for v in verdicts(ours, one)
                ],
            }
        )
    return data
