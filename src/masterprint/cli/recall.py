"""`masterprint recall`: make a master again, and prove that it is the same."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from masterprint.cli.bulk import INTERRUPTED, cores_of
from masterprint.cli.many import Say, do_many
from masterprint.cli.options import AsJson, Jobs, Log, Overwrite, Resume, Set, Timeout, TrustPath
from masterprint.cli.recall_telling import EXIT, say_at_once, tell, tell_all

if TYPE_CHECKING:
    from masterprint.batch.log import EventLog
    from masterprint.batch.recalling import RecallTask


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
            help="Where mix and files of the chain may be: a folder, searched by hash; or the mix "
            "itself.",
        ),
    ] = None,
    chain: Annotated[
        str | None, typer.Option(metavar="CHAIN", help="Another chain for the same mix.")
    ] = None,
    settings: Set = None,
    tolerance_db: Annotated[
        float,
        typer.Option(metavar="DBFS", max=0, help="Residual peak that still counts as the same."),
    ] = -90.0,
    overwrite: Overwrite = False,
    resume: Resume = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check every ingredient, and render nothing.")
    ] = False,
    jobs: Jobs = None,
    timeout: Timeout = None,
    trust_path: TrustPath = None,
    log: Log = None,
    as_json: AsJson = False,
) -> None:
    """Make masters again from their recall sheets: are they the same?

    Every ingredient is checked first. Ends with 0 where the master is identical or within the
    tolerance, 1 where it is different, 2 where something is missing. With --chain or --set the same
    mix goes through other settings, and what that changes is shown.
    """
    from masterprint.batch.log import EventLog
    from masterprint.batch.recalling import RecallTask, gather_sheets, need_own_names
    from masterprint.chain.library import find_chain
    from masterprint.chain.overrides import setting_from
    from masterprint.cli.console import clean
    from masterprint.errors import UsageError
    from masterprint.files.formats import EXTENSIONS
    from masterprint.rendering.job import IfThere
    from masterprint.rendering.needs import need_folder
    from masterprint.rendering.recall import HowToRecall
    from masterprint.sheets.places import Places

    Places(mix or [])  # said once where one is not there, and not by each task
    if resume and output is None:
        raise UsageError("--resume is given, and no folder that holds masters, with -o.")
    unread: list[str] = []
    found = gather_sheets(sheets, output, unread.append)
    for text in unread:
        print(clean(f"masterprint: {text}"), file=sys.stderr)
    wanted = dict(map(setting_from, settings or []))
    changed = None if chain is None else find_chain(chain)
    is_one = len(sheets) == 1 and not os.path.isdir(sheets[0])  # noqa: PTH112
    if output is not None:
        formats = [value for key, value in wanted.items() if key.endswith(".format")]
        formats += [changed.master.format] if changed else []
        need_own_names(found, output, next((one for one in formats if one in EXTENSIONS), None))
        if not (dry_run or is_one):  # what is wrong with it is said once for all
            need_folder(output)
    how = HowToRecall(
        tolerance_db, tuple(trust_path or []), IfThere.of(overwrite, resume), timeout, dry_run
    )
    tasks = [
        RecallTask(
            sheet,
            how,
            folder=None if output is None else output / folder,
            chain=changed,
            settings=wanted,
            chain_file=None if chain is None else Path(chain).name,
            places=tuple(mix or []),
            instead=is_one,
        )
        for sheet, folder in found
    ]
    events = EventLog(log)
    events.write("begun", sheets=len(tasks))
    try:
        if is_one:
            code = _one(tasks[0], events, as_json)
        else:
            code = _many(tasks, cores_of(jobs), events, as_json)
    finally:
        events.close()
    code = code or int(bool(unread))  # what could not be looked at is not proven
    if code:
        raise typer.Exit(code)


def _one(task: RecallTask, log: EventLog, as_json: bool) -> int:
    """Recall with all cores, and tell all about it; the exit code."""
    from masterprint.batch.recalling import skipped
    from masterprint.cli.console import announce, print_json, progress_bars
    from masterprint.errors import UsageError
    from masterprint.rendering.progress import RenderProgress

    announce()
    progress = RenderProgress()
    try:
        with progress_bars([task.sheet.name], [progress], not as_json):
            result = task.run(progress)
    except KeyboardInterrupt:
        if as_json:
            print_json(skipped(task.sheet))
        raise
    log.write("recalled", **result)
    if result["verdict"] == "failed":
        if as_json:
            print_json(result)
        raise UsageError(result["reason"])
    tell(result, as_json)
    return EXIT.get(result["verdict"], 0)


def _many(tasks: Sequence[RecallTask], cores: int, log: EventLog, as_json: bool) -> int:
    """Recall with several workers, a line for each as it comes; the worst of all exit codes."""
    from masterprint.batch.pool import LocalPool
    from masterprint.batch.recalling import result_of
    from masterprint.batch.spool import Spool

    spool = Spool(len(tasks))
    counts: Counter[str] = Counter()

    def finished(index: int, future: Future[dict[str, Any]], say: Say) -> None:
        result = result_of(tasks[index], future)
        counts[result["verdict"]] += 1
        spool.put(index, result)
        log.write("recalled", **result)
        say_at_once(result, say)

    try:
        do_many(
            tasks,
            [task.sheet for task in tasks],
            LocalPool(cores, len(tasks)),
            doing="recalled",
            show=not as_json,
            begun=lambda index, _: log.write("recalling", sheet=str(tasks[index].sheet)),
            finished=finished,
        )
    finally:
        counts["skipped"] += len(tasks) - counts.total()
        log.write("ended", **counts)
        tell_all(tasks, spool, counts, as_json)
        spool.close()
    if counts["skipped"]:
        return INTERRUPTED
    return max(EXIT.get(verdict, 0) for verdict in counts)
