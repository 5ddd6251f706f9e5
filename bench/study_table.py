"""What a study has found, in a table of its own."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from findings import Figure, Finding, Findings
from rich import box
from rich.markup import escape
from rich.table import Table
from terms import Study


@dataclass(frozen=True)
class Studied:
    """A study with its findings; none and a reason where there are none."""

    study: Study
    findings: Findings
    reason: str = ""

    @property
    def failed(self) -> bool:
        """Whether something of Masterprint's, of all, did not run."""
        return bool(self.reason) or any(row.not_run for row in self.findings.rows)

    def as_data(self) -> Mapping[str, object]:
        """For `.bench/results.json`."""
        found = json.loads(json.dumps(asdict(self.findings)))
        return {"study": self.study.name, "not_run": self.reason or None, **found}

    def as_table(self) -> Table | str:
        """A row for everything looked at, a column for everybody who did it."""
        if self.reason:
            return f"{self.study.title}: [yellow]not run: {escape(self.reason)}[/]"
        rows = self.findings.rows
        columns = list(dict.fromkeys(column for row in rows for column in row.figures))
        table = Table(
            title=self.study.title,
            caption=self.findings.summary,
            box=box.SIMPLE,
            pad_edge=False,
        )
        table.add_column("")
        for column in columns:
            table.add_column(column.replace(", ", "\n"), justify="right", no_wrap=True)
        table.add_column("")
        group = ""
        for row in rows:
            if row.group != group:
                group = row.group
                table.add_section()
                table.add_row(f"[bold]{group}[/]")
            figures = [_in_words(row.figures.get(name), self.findings.digits) for name in columns]
            table.add_row(row.name, *figures, _verdict(row))
        return table


def _in_words(figure: Figure, digits: int) -> str:
    if figure is None or isinstance(figure, str):
        return escape(figure or "")
    numbers: Sequence[float] = [figure] if isinstance(figure, float | int) else figure
    return "/".join(f"{number:.{digits}f}" for number in numbers)


def _verdict(row: Finding) -> str:
    if row.not_run:
        return f"[yellow]{escape(row.not_run)}[/]"
    return f"[green]{row.verdict}[/]" if row.verdict == "ok" else f"[bold red]{row.verdict}[/]"
