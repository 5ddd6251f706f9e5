"""What `render` and `batch` share once jobs are planned: doing them, and telling of it."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from masterprint.cli.cluster import pool_maker
from masterprint.cli.console import announce, clean, print_json_rows, progress_bars
from masterprint.cli.many import CUT_OFF, STOPPED, Say, do_many
from masterprint.cli.telling import report, summary, tell_plan, warn_of_all

if TYPE_CHECKING:
    from masterprint.batch.farm.cluster import Farm
    from masterprint.rendering.job import RenderJob
    from masterprint.rendering.result import RenderResult

SAID_LINES = 3
"""Of what a plugin that failed has printed; JSON has more."""
INTERRUPTED = 130
MOST_PER_CORE = 4


@dataclass(frozen=True)
class How:
    """How jobs are to be done, as options have it."""

    cores: int
    match: bool
    dry_run: bool
    as_json: bool
    quiet: bool
    log: Path | None
    farm: Farm | None

    @classmethod
    def of(
        cls,
        jobs: int | None,
        match_loudness: str | None,
        dry_run: bool,
        as_json: bool,
        quiet: bool,
        log: Path | None,
        farm: Farm | None,
    ) -> How:
        """What the options of those names mean."""
        from masterprint.errors import UsageError

        if match_loudness not in (None, "album"):
            raise UsageError(f"--match-loudness is {match_loudness!r}, where album is expected.")
        cores = cores_of(jobs, farm)
        return cls(cores, match_loudness is not None, dry_run, as_json, quiet, log, farm)

    @property
    def shows(self) -> bool:
        """Whether to show how far it is."""
        return not (self.quiet or self.as_json)


def cores_of(jobs: int | None, farm: Farm | None = None) -> int:
    """How many cores `--jobs` stands for; far more than there are only cost memory."""
    there = os.cpu_count() or 1
    if jobs is not None and jobs > MOST_PER_CORE * there and farm is None:
        print(
            f"masterprint: warning: --jobs {jobs} is given on {there} cores: more mixes at a time "
            "than cores cost memory and save no time.",
            file=sys.stderr,
        )
    return jobs or there


def begin_workers(jobs: int | None, unless: bool) -> None:
    """Have worker processes come up while we import and look at what is wanted of them."""
    from masterprint.batch.workers import start_ahead

    if not unless:
        start_ahead(jobs or os.cpu_count() or 1)


def carry_out(jobs: Sequence[RenderJob], how: How) -> None:
    """Render, tell, and end with the exit code: 0, 1 where any failed, 130 where it was stopped."""
    if how.dry_run:
        tell_plan(_matched(jobs, how)[0] if how.match else jobs, how.as_json)
        return
    stopped, failed = _Batch(jobs, how).run()
    if stopped:
        raise typer.Exit(INTERRUPTED)
    if failed:
        raise typer.Exit(1)


class _Batch:
    """Jobs that are being done: their results on disk, how many of each kind, and the log."""

    def __init__(self, jobs: Sequence[RenderJob], how: How) -> None:
        from masterprint.batch.log import EventLog
        from masterprint.batch.spool import Spool

        self._jobs = jobs
        self._how = how
        self._log = EventLog(how.log)
        self._spool = Spool(len(jobs))
        self._counts: Counter[str] = Counter()

    def run(self) -> tuple[bool, int]:
        """Whether it was stopped with work left, and how many have failed."""
        began = time.monotonic()
        self._log.write("begun", jobs=len(self._jobs))
        stopped = True
        try:
            if self._how.match:
                self._match()
            is_one = len(self._jobs) == 1 and self._how.farm is None
            stopped = self._one() if is_one else self._many()
        finally:
            self._end(time.monotonic() - began, stopped)
        return stopped, self._counts["failed"]

    def _match(self) -> None:
        """Give all the gain of their album, and say which."""
        from masterprint.errors import MasterprintError

        try:
            self._jobs, albums = _matched(self._jobs, self._how)
        except MasterprintError as error:
            self._log.write("refused", error=str(error))
            self._jobs = []  # nothing is begun, and no results are to be told
            raise
        for album in albums:
            self._log.write("album", **album.as_dict())

    def _one(self) -> bool:
        """A single job needs no process beside ours; Ctrl-C stops it at once."""
        from masterprint.ahead import use_threads
        from masterprint.rendering.engine import try_render
        from masterprint.rendering.progress import RenderProgress

        (job,) = self._jobs
        announce()
        use_threads(self._how.cores > 1)
        progress = RenderProgress()
        self._begun(0, {})
        try:
            with progress_bars([job.mix.name], [progress], self._how.shows):
                result = try_render(job, progress)
        except KeyboardInterrupt:
            self._cut_off(0)
            raise
        self._note(0, result)
        _say_failure(result, lambda text: print(clean(text), file=sys.stderr))
        return False

    def _many(self) -> bool:
        """Many go to workers; whether Ctrl-C kept some from being begun."""
        from masterprint.batch.rendering import RenderTask, result_of

        def finished(index: int, future: Future[dict[str, Any]], say: Say) -> None:
            result = result_of(self._jobs[index], future)
            self._note(index, result)
            _say_failure(result, say)

        pool = pool_maker(self._how.farm, self._how.cores)(len(self._jobs))
        return do_many(
            [RenderTask(job) for job in self._jobs],
            [job.mix for job in self._jobs],
            pool,
            doing="rendered",
            show=self._how.shows,
            begun=self._begun,
            finished=finished,
            cut_off=self._cut_off,
        )

    def _begun(self, index: int, where: dict[str, Any]) -> None:
        job = self._jobs[index]
        self._log.write("rendering", mix=str(job.mix), master=str(job.master), **where)

    def _cut_off(self, index: int) -> None:
        self._note(index, _skipped(self._jobs[index], CUT_OFF))

    def _note(self, index: int, result: RenderResult) -> None:
        from masterprint.batch.log import EVENTS

        self._counts[result.status] += 1
        self._spool.put(index, result.as_dict(rounded=False))
        self._log.write(EVENTS[result.status], **result.as_dict())

    def _end(self, seconds: float, stopped: bool) -> None:
        from masterprint.batch.log import EVENTS

        left = len(self._jobs) - self._counts.total()
        self._counts["skipped"] += max(0, left)
        counts = {EVENTS[status]: self._counts[status] for status in EVENTS}
        self._log.write("ended", **counts, seconds=round(seconds, 3), interrupted=stopped)
        if self._log.failed:
            print(f"masterprint: the log ended early: {self._log.failed}.", file=sys.stderr)
        if self._jobs:
            self._tell(seconds)
        self._spool.close()
        self._log.close()

    def _tell(self, seconds: float) -> None:
        """Results as JSON or for people; what should be known in any case goes to stderr."""
        from masterprint.rendering.result import RenderResult

        def rows() -> Any:
            for index, data in self._spool:
                yield data or _skipped(self._jobs[index], STOPPED).as_dict()

        if self._how.as_json:
            print_json_rows(RenderResult.from_dict(data).as_dict() for data in rows())
        elif self._how.shows and len(self._jobs) == 1:
            for data in rows():
                report(RenderResult.from_dict(data))
        elif self._how.shows:
            summary(rows(), len(self._jobs), self._counts, seconds)
        warn_of_all(
            (data["mix"], data["warnings"]) for data in rows() if data["status"] != "unchanged"
        )


def _matched(jobs: Sequence[RenderJob], how: How) -> tuple[list[RenderJob], list[Any]]:
    """The jobs with one gain for every album, and the albums, which are told on stderr."""
    from masterprint.batch.album import match_albums
    from masterprint.cli.console import counting
    from masterprint.cli.interrupt import Interruption

    def told() -> None:
        print("masterprint: stopping; nothing has been rendered yet.", file=sys.stderr)

    with counting(len(jobs), how.shows) as count, Interruption(told) as interruption:
        make_pool = pool_maker(how.farm, how.cores)
        found, albums = match_albums(jobs, make_pool, count, lambda: interruption.asked)
    for album in albums:
        reached = "silence" if album.reached_lufs is None else f"{album.reached_lufs:.2f} LUFS"
        text = f"{album.folder}: {album.gain_db:+.2f} dB for all {album.tracks}, together {reached}"
        if album.note or not how.quiet:
            note = f" instead of {album.target_lufs:g}: {album.note}" if album.note else ""
            print(clean(f"masterprint: {text}{note}"), file=sys.stderr)
    return found, albums


def _skipped(job: RenderJob, why: str) -> RenderResult:
    from masterprint.rendering.result import RenderResult

    return RenderResult(job.mix, job.master, "skipped", why)


def _say_failure(result: RenderResult, say: Say) -> None:
    if result.error:
        say(f"masterprint: {result.error}")
    for line in result.stderr.splitlines()[-SAID_LINES:]:
        say(f"  the plugin said: {line}")
