"""What `render`, `batch` and `watch` share: doing jobs, and telling of them."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from masterprint.cli.cluster import pool_maker
from masterprint.cli.console import announce, clean, print_json_rows, progress_bars
from masterprint.cli.telling import report, summary, warn

if TYPE_CHECKING:
    from masterprint.batch.rendering import Pool
    from masterprint.batch.spool import Spool
    from masterprint.cli.cluster import Cluster
    from masterprint.rendering.engine import RenderResult
    from masterprint.rendering.job import RenderJob

SAID_LINES = 3
"""Of what a plugin that failed has printed; JSON has more."""
INTERRUPTED = 130
STOPPED = "interrupted before it was begun"
CUT_OFF = "interrupted before it was complete"


def begin_workers(jobs: int | None, unless: bool) -> None:
    """Have worker processes come up while we import and look at what is wanted of them."""
    from masterprint.batch.workers import start_ahead

    if not unless:
        start_ahead(jobs or os.cpu_count() or 1)


def do_all(
    jobs: Sequence[RenderJob],
    *,
    cores: int | None,
    as_json: bool,
    quiet: bool,
    log_file: Path | None,
    cluster: Cluster | None = None,
) -> None:
    """Render, tell, and end with the exit code: 0, 1 where any failed, 130 where it was stopped."""
    from masterprint.batch.log import EventLog
    from masterprint.batch.spool import Spool

    log = EventLog(log_file)
    spool = Spool(len(jobs))
    counts: Counter[str] = Counter()
    began = time.monotonic()
    log.write("begun", jobs=len(jobs))
    over = False
    try:
        number = cores or os.cpu_count() or 1
        show = not (quiet or as_json)
        if len(jobs) == 1 and cluster is None:
            stopped = _one(jobs, number, show, log, spool, counts)
        else:
            make_pool = pool_maker(cluster, number)
            stopped = _many(jobs, make_pool, show, log, spool, counts)
        over = True
    finally:
        seconds = time.monotonic() - began
        skipped = len(jobs) - counts.total()
        counts["skipped"] += skipped
        log.write("ended", **counts, seconds=round(seconds, 3), interrupted=not over or stopped)
        if log.failed:
            print(f"masterprint: the log ended early: {log.failed}.", file=sys.stderr)
        _tell(jobs, spool, counts, seconds, as_json, quiet)
        spool.close()
        log.close()
    if stopped:
        raise typer.Exit(INTERRUPTED)
    if counts["failed"]:
        raise typer.Exit(1)


def matched(
    jobs: Sequence[RenderJob],
    match: str | None,
    cores: int | None,
    as_json: bool,
    quiet: bool,
    cluster: Cluster | None = None,
) -> list[RenderJob]:
    """The jobs with one gain for every album, where that is asked for; it is told on stderr."""
    if match is None:
        return list(jobs)
    from masterprint.batch.album import match_albums
    from masterprint.cli.console import counting
    from masterprint.cli.interrupt import Interruption
    from masterprint.errors import UsageError

    if match != "album":
        raise UsageError(f"--match-loudness is {match!r}, where album is expected.")

    def told() -> None:
        print("masterprint: stopping; nothing has been rendered yet.", file=sys.stderr)

    with (
        counting(len(jobs), not (as_json or quiet)) as count,
        Interruption(told) as interruption,
    ):
        make_pool = pool_maker(cluster, cores or os.cpu_count() or 1)
        found, albums = match_albums(jobs, make_pool, count, lambda: interruption.asked)
    for album in albums:
        reached = "silence" if album.reached_lufs is None else f"{album.reached_lufs:.2f} LUFS"
        text = f"{album.folder}: {album.gain_db:+.2f} dB for all {album.tracks}, together {reached}"
        if album.note or not quiet:
            note = f" instead of {album.target_lufs:g}: {album.note}" if album.note else ""
            print(clean(f"masterprint: {text}{note}"), file=sys.stderr)
    return found


def _one(
    jobs: Sequence[RenderJob], cores: int, show: bool, log: Any, spool: Spool, counts: Counter[str]
) -> bool:
    """A single job needs no process beside ours; Ctrl-C stops it at once."""
    from masterprint.ahead import use_threads
    from masterprint.rendering.engine import try_render
    from masterprint.rendering.progress import RenderProgress

    (job,) = jobs
    announce()
    use_threads(cores > 1)
    progress = RenderProgress()
    log.write("rendering", mix=str(job.mix), master=str(job.master))
    with progress_bars([job.mix.name], [progress], show):
        result = try_render(job, progress)
    _note(0, result, log, spool, counts)
    _say_failure(result, lambda text: print(clean(text), file=sys.stderr))
    return False


def _many(
    jobs: Sequence[RenderJob],
    make_pool: Callable[[int], Pool],
    show: bool,
    log: Any,
    spool: Spool,
    counts: Counter[str],
) -> bool:
    """Many go to workers; whether Ctrl-C ended it early."""
    from masterprint.batch.rendering import render_all
    from masterprint.cli.board import Board, size_of
    from masterprint.cli.interrupt import Interruption
    from masterprint.rendering.engine import RenderResult

    pool = make_pool(len(jobs))
    names = [job.mix.name for job in jobs]
    sizes = [size_of(job.mix) for job in jobs] if show else [1] * len(jobs)
    board = Board(names, sizes, show)
    under_way: set[int] = set()

    def begun(index: int) -> None:
        under_way.add(index)
        log.write("rendering", mix=str(jobs[index].mix), master=str(jobs[index].master))
        board.begin(index)

    def told() -> None:
        board.say("masterprint: finishing what is being rendered; Ctrl-C again stops it.")

    try:
        with board, Interruption(told) as interruption:
            for index, result in render_all(
                jobs, pool, begun=begun, heard=board.heard, stopped=lambda: interruption.asked
            ):
                board.finish(index)
                under_way.discard(index)
                _note(index, result, log, spool, counts)
                _say_failure(result, board.say)
        return interruption.asked and counts.total() < len(jobs)
    finally:
        pool.close()
        for index in under_way:
            job = jobs[index]
            result = RenderResult(job.mix, job.master, "skipped", CUT_OFF)
            _note(index, result, log, spool, counts)


def _note(index: int, result: RenderResult, log: Any, spool: Spool, counts: Counter[str]) -> None:
    from masterprint.batch.log import EVENTS

    counts[result.status] += 1
    spool.put(index, result.as_dict(rounded=False))
    log.write(EVENTS[result.status], **result.as_dict())


def _say_failure(result: RenderResult, say: Any) -> None:
    if result.error:
        say(f"masterprint: {result.error}")
    for line in result.stderr.splitlines()[-SAID_LINES:]:
        say(f"  the plugin said: {line}")


def _tell(
    jobs: Sequence[RenderJob],
    spool: Spool,
    counts: Counter[str],
    seconds: float,
    as_json: bool,
    quiet: bool,
) -> None:
    """Results as JSON or for people; what should be known in any case goes to stderr."""
    from masterprint.rendering.engine import RenderResult

    def rows() -> Any:
        for index, data in spool:
            job = jobs[index]
            yield data or RenderResult(job.mix, job.master, "skipped", STOPPED).as_dict()

    if as_json:
        print_json_rows(RenderResult.from_dict(data).as_dict() for data in rows())
    elif not quiet and len(jobs) == 1:
        for data in rows():
            report(RenderResult.from_dict(data))
    elif not quiet:
        summary(rows(), len(jobs), counts, seconds)
    for data in rows():
        warn(data["mix"], data["warnings"])
