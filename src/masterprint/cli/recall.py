"""`masterprint recall`: make a master again, and prove that it is the same."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from masterprint.cli.bulk import INTERRUPTED
from masterprint.cli.options import Jobs, Timeout, TrustPath
from masterprint.cli.telling import warn

if TYPE_CHECKING:
    from masterprint.batch.recalling import RecallTask
    from masterprint.batch.spool import Spool

SAID = {
    "identical": "identical",
    "within": "within the tolerance",
    "changed": "rendered with other settings",
    "different": "DIFFERENT",
    "failed": "FAILED",
    "skipped": "not done",
    "impossible": "IMPOSSIBLE",
}
EXIT = {"different": 1, "failed": 1, "impossible": 2}


def recall(
    sheets: Annotated[
        list[Path],
        typer.Argument(
            metavar="SHEET...", help="Recall sheets, their masters, or folders of them."
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="DIR", help="Keep the new master in this folder."),
    ] = None,
    mix: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="PATH",
            help="Where mix and state files may be: a folder, searched by hash; or the mix itself.",
        ),
    ] = None,
    chain: Annotated[
        str | None, typer.Option(metavar="CHAIN", help="Another chain for the same mix.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Such as maximizer.ceiling_dbtp=-1.5."),
    ] = None,
    tolerance_db: Annotated[
        float,
        typer.Option(metavar="DBFS", max=0, help="Residual peak that still counts as the same."),
    ] = -90.0,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a file in DIR.")] = False,
    jobs: Jobs = None,
    timeout: Timeout = None,
    trust_path: TrustPath = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Make masters again from their recall sheets: are they the same?

    Every ingredient is checked first. Ends with 0 where the master is identical or within the
    tolerance, 1 where it is different, 2 where something is missing. With --chain or --set the same
    mix goes through other settings, and what that changes is shown.
    """
    from masterprint.batch.recalling import RecallTask, gather_sheets
    from masterprint.chain.library import find_chain
    from masterprint.chain.overrides import setting_from
    from masterprint.cli.console import clean
    from masterprint.errors import UsageError

    for place in mix or []:
        if not place.exists():
            raise UsageError(f"{place}: there is no such file or folder.")
    unread: list[str] = []
    found = gather_sheets(sheets, output, unread.append)
    for text in unread:
        print(clean(f"masterprint: {text}"), file=sys.stderr)
    wanted = dict(map(setting_from, settings or []))
    changed = None if chain is None else find_chain(chain)
    tasks = [
        RecallTask(
            sheet,
            None if output is None else output / folder,
            changed,
            wanted,
            None if chain is None else Path(chain).name,
            tuple(mix or []),
            tolerance_db,
            tuple(trust_path or []),
            overwrite,
            timeout,
        )
        for sheet, folder in found
    ]
    if len(tasks) == 1:
        result = _one(tasks[0], not as_json)
        _tell(result, as_json)
        code = EXIT.get(result["verdict"], 0)
    else:
        code = _many(tasks, jobs or os.cpu_count() or 1, as_json)
    code = code or int(bool(unread))  # what could not be looked at is not proven
    if code:
        raise typer.Exit(code)


def _one(task: RecallTask, show: bool) -> dict[str, Any]:
    from masterprint.cli.console import announce, progress_bars
    from masterprint.errors import UsageError
    from masterprint.rendering.progress import RenderProgress

    announce()
    progress = RenderProgress()
    with progress_bars([task.sheet.name], [progress], show):
        result = task.run(progress)
    if result["verdict"] == "failed":
        raise UsageError(result["reason"])
    return result


def _many(tasks: Sequence[RecallTask], cores: int, as_json: bool) -> int:
    """Recall with several workers, a line for each as it comes; the worst of all exit codes."""
    from masterprint.batch.pool import LocalPool
    from masterprint.batch.recalling import result_of
    from masterprint.batch.run import as_they_come
    from masterprint.batch.spool import Spool
    from masterprint.cli.board import Board
    from masterprint.cli.interrupt import Interruption

    pool, spool = LocalPool(cores, len(tasks)), Spool(len(tasks))
    counts: Counter[str] = Counter()
    board = Board([task.sheet.name for task in tasks], [1] * len(tasks), not as_json)

    def told() -> None:
        board.say("masterprint: finishing what is being recalled; Ctrl-C again stops it.")

    def submit(index: int, task: RecallTask) -> Any:
        board.begin(index)
        return pool.submit(task, lambda line: board.heard(index, line))

    try:
        with board, Interruption(told) as interruption:
            for index, future in as_they_come(
                tasks, submit, lambda: pool.at_a_time, lambda: interruption.asked
            ):
                result = result_of(tasks[index], future)
                board.finish(index)
                counts[result["verdict"]] += 1
                spool.put(index, result)
                _say_at_once(result, board.say)
    finally:
        counts["skipped"] += len(tasks) - counts.total()
        pool.close()
        _tell_all(tasks, spool, counts, as_json)
        spool.close()
    if counts["skipped"]:
        return INTERRUPTED
    return max(EXIT.get(verdict, 0) for verdict in counts)


def _say_at_once(result: dict[str, Any], say: Callable[[str], None]) -> None:
    """What must not be overlooked."""
    from masterprint.batch.recalling import is_edited

    sheet, reason = result["sheet"], result["reason"]
    if EXIT.get(result["verdict"]):
        place = "" if reason.startswith(sheet) else f"{sheet}: "
        say(f"{SAID[result['verdict']]}: {place}{reason}{_residual(result)}")
    elif is_edited(result):
        say(f"masterprint: warning: {sheet}: was edited or damaged after it was written.")


def _tell_all(
    tasks: Sequence[RecallTask], spool: Spool, counts: Counter[str], as_json: bool
) -> None:
    """All results in order, and how many there are of each kind."""
    from masterprint.batch.recalling import is_edited, skipped
    from masterprint.cli.console import clean, print_json_rows

    if as_json:
        print_json_rows(data or skipped(tasks[index].sheet) for index, data in spool)
    edited = 0
    for _, data in spool:
        if data is None:
            continue
        edited += is_edited(data)
        warn(data["sheet"], data["warnings"])
        if not as_json and not EXIT.get(data["verdict"]):
            marks = f"{_moved(data)}{_residual(data)}" + ", SHEET EDITED" * is_edited(data)
            print(clean(f"{data['verdict']:9} {data['master'] or data['sheet']}{marks}"))
    if not as_json:
        said = [f"{counts[verdict]} {text}" for verdict, text in SAID.items() if counts[verdict]]
        print(", ".join(said) + (f"; {edited} of the sheets were edited" if edited else ""))


def _moved(data: dict[str, Any]) -> str:
    """What other settings did to loudness and peak."""
    if data["verdict"] != "changed" or not data["after"]:
        return ""
    old, new = _number(data["before"].get("integrated_lufs")), data["after"]["integrated_lufs"]
    peak = data["after"]["true_peak_dbtp"]
    if old is None or new is None or peak is None:
        return ""
    return f"  {old:.1f} -> {new:.1f} LUFS, {peak:.2f} dBTP"


def _residual(result: dict[str, Any]) -> str:
    """How far two masters are apart."""
    if result.get("residual_peak_dbfs") is None:
        return ""
    return (
        f"; the residual peaks at {result['residual_peak_dbfs']:.1f} dBFS, "
        f"RMS {result['residual_rms_dbfs']:.1f} dBFS (up to {result['tolerance_db']:g} allowed)"
    )


def _tell(result: dict[str, Any], as_json: bool) -> None:
    """All about one."""
    from masterprint.cli.console import clean, print_json

    if as_json:
        print_json(result)
        return
    for each in result["ingredients"]:
        if each["status"] != "same" or each["text"]:
            kind, name = each["kind"], each["name"]
            print(clean(f"{each['status']:8} {kind} {name}: {each['text']}"))
    same = sum(each["status"] == "same" for each in result["ingredients"])
    print(f"{'same':8} {same} of {len(result['ingredients'])} ingredients")
    for change in result["settings"]:
        print(clean(change["text"]))
    if result["verdict"] == "changed" and result["after"] is not None:
        _compare(result["before"], result["after"])
    said = f"{SAID[result['verdict']]}: {result['reason']}{_residual(result)}"
    print(clean(said))
    if result["master"] is not None:
        print(clean(f"  {result['master']}"))
    warn(result["sheet"], result["warnings"])


def _compare(before: dict[str, Any], after: dict[str, Any]) -> None:
    """Each figure of the old master and the new one, and what it moved by."""
    from rich.console import Console
    from rich.table import Table

    from masterprint.cli.console import FIGURES, shown

    table = Table()
    table.add_column("")
    for heading in ("old", "new", "change"):
        table.add_column(heading, justify="right")
    table.add_column("", style="dim")
    for key, name, unit, digits in FIGURES:
        old, new = (_number(each.get(key)) for each in (before, after))
        moved = None if old is None or new is None else new - old
        change = "" if moved is None or not round(moved, digits) else f"{moved:+.{digits}f}"
        table.add_row(name, shown(old, digits), shown(new, digits), change, unit)
    Console().print(table)


def _number(value: Any) -> float | None:
    """A figure of a sheet, which somebody may have edited."""
    is_one = isinstance(value, float | int) and not isinstance(value, bool)
    return float(value) if is_one else None
