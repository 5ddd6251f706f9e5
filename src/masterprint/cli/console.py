"""How figures and progress look on a terminal."""

from __future__ import annotations

import json
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from masterprint.dsp.jit import announce_compilation_to

if TYPE_CHECKING:
    from masterprint.metering.measurement import Measurement
    from masterprint.rendering.progress import RenderProgress

FIGURES: list[tuple[str, str, str, int]] = [
    ("integrated_lufs", "Integrated", "LUFS", 1),
    ("loudness_range_lu", "Loudness range", "LU", 1),
    ("max_momentary_lufs", "Max momentary", "LUFS", 1),
    ("max_short_term_lufs", "Max short-term", "LUFS", 1),
    ("true_peak_dbtp", "True peak", "dBTP", 2),
    ("sample_peak_dbfs", "Sample peak", "dBFS", 2),
    ("plr_db", "PLR", "dB", 1),
    ("psr_min_db", "PSR min", "dB", 1),
    ("dc_offset", "DC offset", "of full scale", 6),
    ("correlation", "Correlation", "", 2),
    ("clipped_samples", "Clipped samples", "in runs of 2 or more", 0),
]


def announce() -> None:
    """Tell on stderr when kernels have to be compiled first."""
    announce_compilation_to(lambda text: print(text, file=sys.stderr, flush=True))


def print_json(data: Any) -> None:
    """Plain JSON on stdout."""
    print(_json(data))


def print_json_rows(rows: Iterator[Any]) -> None:
    """A JSON array on stdout, of which only one element at a time is in memory."""
    print("[", end="")
    for number, row in enumerate(rows):
        text = textwrap.indent(_json(row), "  ")
        print(",\n" if number else "\n", text, sep="", end="")
    print("\n]")


def print_json_line(data: Any) -> None:
    """JSON in one line on stdout, at once."""
    print(_json(data, indent=None), flush=True)


def _json(data: Any, indent: int | None = 2) -> str:
    # What no terminal's encoding holds is escaped by JSON's own rules.
    plain = (sys.stdout.encoding or "").lower().replace("-", "") != "utf8"
    return json.dumps(data, indent=indent, ensure_ascii=plain, allow_nan=False)


def clean(text: str) -> str:
    """A stranger's text without what would steer the terminal."""
    return "".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text)


def shown(value: float | None, digits: int) -> str:
    """A figure, or a dash where it is undefined."""
    # + 0.0 after rounding: nobody wants to read "-0.0".
    return "-" if value is None else f"{round(value, digits) + 0.0:.{digits}f}"


def print_columns(columns: Sequence[tuple[str, Measurement]], title: str = "") -> None:
    """Measurements side by side, one column each."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    # Names are Text: in a plain string "[take]" would be taken for markup.
    table = Table(title=Text(title) if title else None, title_justify="left", title_style="bold")
    table.add_column("")
    for heading, _ in columns:
        table.add_column(Text(heading), justify="right", overflow="fold")
    table.add_column("", style="dim")
    for key, name, unit, digits in FIGURES:
        values = [shown(getattr(measured, key), digits) for _, measured in columns]
        table.add_row(name, *values, unit)
    Console().print(table)


@contextmanager
def progress_bars(
    names: Sequence[str], followed: Sequence[RenderProgress], show: bool
) -> Iterator[None]:
    """A bar for each render that has begun, on a terminal; nothing anywhere else."""
    if not (show and sys.stderr.isatty()):
        yield
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )

    bars = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[stage]}", markup=False),
        TextColumn("{task.fields[speed]}"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    tasks = [
        bars.add_task(
            f"{number}/{len(names)} {name}" if len(names) > 1 else name,
            total=1.0,
            stage="",
            speed="",
            visible=False,
            start=False,
        )
        for number, name in enumerate(names, 1)
    ]
    over = threading.Event()

    def refresh() -> None:
        while not over.wait(0.1):
            for task, progress in zip(tasks, followed, strict=True):
                if not progress.fraction or progress.stage == "done":
                    bars.update(task, completed=progress.fraction, visible=False)
                    continue
                bars.start_task(task)
                bars.update(
                    task,
                    completed=progress.fraction,
                    stage=progress.stage,
                    speed=f"{progress.times_real_time:.0f}x real time",
                    visible=True,
                )

    with bars:
        thread = threading.Thread(target=refresh, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()


@contextmanager
def counting(total: int, show: bool) -> Iterator[Callable[[str], None]]:
    """A bar: call it with the name of each thing that begins. On a terminal only."""
    if not (show and total and sys.stderr.isatty()):
        yield lambda name: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    bars = Progress(
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.description}", markup=False),
        console=Console(stderr=True),
        transient=True,
    )
    with bars:
        task = bars.add_task("", total=total)
        begun = 0

        def advance(name: str) -> None:
            nonlocal begun
            bars.update(task, completed=begun, description=clean(name))
            begun += 1

        yield advance
