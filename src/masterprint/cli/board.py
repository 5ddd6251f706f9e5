"""Many jobs on a terminal: one bar for all, a line for each that runs, what fails above them."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Any

from masterprint.cli.console import clean

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


class Board:
    """Shows how far a batch is; on what is no terminal, only what is said.

    Args:
        names: of the jobs.
        sizes: how much each counts, such as the size of its mix.
        show: whether to show anything but what is said.
    """

    def __init__(self, names: list[str], sizes: list[int], show: bool) -> None:
        self._names = names
        self._sizes = [max(1, size) for size in sizes]
        self._done = 0.0
        self._finished = 0
        self._parts: dict[int, float] = {}
        self._lines: dict[int, TaskID] = {}
        self._bars: Progress | None = None
        self._all: TaskID | None = None
        self._stack = ExitStack()
        self._show = show and sys.stderr.isatty()
        self._said: set[str] = set()

    def __enter__(self) -> Board:
        if self._show:
            from rich.console import Console
            from rich.progress import (
                BarColumn,
                Progress,
                TaskProgressColumn,
                TextColumn,
                TimeRemainingColumn,
            )

            self._bars = Progress(
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                TaskProgressColumn(),
                TextColumn("{task.fields[said]}", markup=False),
                TimeRemainingColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            total = float(sum(self._sizes))
            self._all = self._bars.add_task(self._count(), total=total, said="")
            self._stack.enter_context(self._bars)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def heard(self, index: int, line: dict[str, Any]) -> None:
        """That a job has begun, how far it is, or something that it says."""
        if "begun" in line:
            self._begin(index)
        elif "say" in line:
            self._say_once(str(line["say"]))
        elif self._bars is not None and index in self._lines:
            self._parts[index] = float(line["fraction"])
            self._bars.update(
                self._lines[index],
                completed=self._parts[index],
                said=f"{line['stage']}  {line['times_real_time']:.0f}x real time",
            )
            self._refresh()

    def finish(self, index: int) -> None:
        """A job is over."""
        self._finished += 1
        self._done += self._sizes[index]
        self._parts.pop(index, None)
        if self._bars is not None:
            if (line := self._lines.pop(index, None)) is not None:
                self._bars.remove_task(line)
            self._refresh()

    def say(self, text: str) -> None:
        """Something that is to stay, on standard error."""
        if self._bars is not None:
            self._bars.console.print(clean(text), markup=False, highlight=False, soft_wrap=True)
        else:
            print(clean(text), file=sys.stderr, flush=True)

    def _say_once(self, text: str) -> None:
        """What every worker would tell, as that it compiles."""
        if text not in self._said:
            self._said.add(text)
            self.say(text)

    def _begin(self, index: int) -> None:
        if self._bars is None:
            return
        self._parts[index] = 0.0
        if index in self._lines:  # begun once more, on another machine
            self._bars.update(self._lines[index], completed=0.0, said="")
        else:
            name = clean(self._names[index])
            self._lines[index] = self._bars.add_task(f"  {name}", total=1.0, said="")

    def _count(self) -> str:
        return f"{self._finished} of {len(self._names)}"

    def _refresh(self) -> None:
        assert self._bars is not None
        assert self._all is not None
        under_way = sum(self._sizes[index] * part for index, part in list(self._parts.items()))
        self._bars.update(self._all, completed=self._done + under_way, description=self._count())
