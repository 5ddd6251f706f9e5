"""What the program of a study has found, from it to the bench: one line of JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass

Figure = float | Sequence[float] | str | None
"""A number, several that belong together, a word where there is none, or nothing."""


@dataclass(frozen=True)
class Finding:
    """A row of a study's table.

    Attributes:
        name: of what was looked at.
        figures: by column.
        verdict: `ok` where a target holds, else in words that it does not; empty without a target.
        not_run: why Masterprint has no figure here.
        group: heading of the rows that belong together.
    """

    name: str
    figures: dict[str, Figure]
    verdict: str = ""
    not_run: str = ""
    group: str = ""


@dataclass(frozen=True)
class Findings:
    """All rows, what they say as a whole, and how many digits of a figure mean something."""

    rows: list[Finding]
    summary: str
    digits: int = 1

    def tell(self) -> None:
        """As the last line of the program's output."""
        print(json.dumps(asdict(self)))

    @classmethod
    def told(cls, output: str) -> Findings:
        """What a program has told."""
        said = json.loads(output.splitlines()[-1])
        return cls([Finding(**row) for row in said["rows"]], said["summary"], said["digits"])


def progress(text: str) -> None:
    """Say what is being done, to the one who waits."""
    print(text, file=sys.stderr)
