"""`masterprint watch`: master what is dropped into a folder."""

from __future__ import annotations

import os
import sys
import threading
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from masterprint.cli.bulk import INTERRUPTED, Jobs, Log

if TYPE_CHECKING:
    from masterprint.batch.inbox import Inbox
    from masterprint.rendering.job import RenderJob

LOOKING_MS = 500
"""How often the folder is looked at where nothing is announced, as on network drives."""


def watch(
    chain: Annotated[str, typer.Argument(help="Chain file, or the name of a ready-made chain.")],
    inbox: Annotated[Path, typer.Argument(metavar="INBOX", help="Folder that mixes come into.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="Folder for the masters.")
    ],
    once: Annotated[bool, typer.Option("--once", help="Do what is there, and end.")] = False,
    settle: Annotated[
        float,
        typer.Option(metavar="SECONDS", min=0, max=3600, help="Unchanged so long is complete."),
    ] = 2.0,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace masters that are there.")
    ] = False,
    jobs: Jobs = None,
    timeout: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", min=0.1, help="For a mix that goes through plugins."),
    ] = None,
    trust_path: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Load this plugin file, too, though it is not scanned."),
    ] = None,
    log: Log = None,
) -> None:
    """Master every mix that is dropped into INBOX, as soon as it is complete.

    It is then moved to INBOX/done, or to INBOX/errors with the reason in a text file beside it.
    Ctrl-C lets what is being rendered come to its end; a second one stops it.
    """
    from masterprint.batch.inbox import Inbox
    from masterprint.batch.log import EventLog
    from masterprint.chain.library import find_chain
    from masterprint.errors import UsageError
    from masterprint.rendering.planning import need_folder, prepare
    from masterprint.stages.beside import within

    prepared = prepare(find_chain(chain), None, None, timeout, trust_path or [], Path(chain).name)
    box = Inbox(inbox, settle)
    if within(inbox, output) and within(output, inbox):
        raise UsageError(
            f"{output}: is the inbox itself, where another folder is expected for the masters."
        )
    need_folder(output)
    watcher = _Watcher(box, output, jobs or os.cpu_count() or 1, EventLog(log))
    failed, stopped = watcher.run(prepared, once, overwrite, timeout)
    if stopped:
        raise typer.Exit(INTERRUPTED)
    if once and failed:
        raise typer.Exit(1)


class _Watcher:
    """Looks at the inbox, hands mixes to workers, and moves those that are done."""

    def __init__(self, box: Inbox, output: Path, cores: int, log: Any) -> None:
        from masterprint.batch.pool import LocalPool
        from masterprint.cli.board import Board

        self._box = box
        self._output = output
        self._log = log
        self._pool = LocalPool(cores, cores)
        self._board = Board([], [], show=False)
        self._running: dict[Future[dict[str, Any]], RenderJob] = {}
        self._failed = 0

    def run(
        self, prepared: Any, once: bool, overwrite: bool, timeout_s: float | None
    ) -> tuple[int, bool]:
        """Work until told to stop, or with `once` until nothing is left.

        Returns:
            How many failed, and whether it was told to stop.
        """
        from watchfiles import watch as changes

        from masterprint.cli.interrupt import Interruption

        stop = threading.Event()

        def told() -> None:
            if self._running:
                self._say("finishing what is being rendered; Ctrl-C again stops it")
            stop.set()

        if not once:
            self._say(f"watching {self._box.folder}; Ctrl-C ends it")
        try:
            with Interruption(told):
                events = changes(
                    self._box.folder,
                    recursive=False,
                    yield_on_timeout=True,
                    rust_timeout=LOOKING_MS,
                    debounce=50,
                    step=50,
                    stop_event=stop,
                    raise_interrupt=False,
                )
                while not stop.is_set():
                    for mix in self._box.complete():
                        self._begin(prepared, mix, overwrite, timeout_s)
                    self._collect()
                    if once and not self._running and not self._box.waiting:
                        break
                    next(events, None)
                stop.set()
                while self._running:
                    self._collect(wait=True)
        finally:
            self._pool.close()
            self._log.close()
        return self._failed, stop.is_set() and not once

    def _begin(self, prepared: Any, mix: Path, overwrite: bool, timeout_s: float | None) -> None:
        from masterprint.batch.inbox import DONE
        from masterprint.batch.rendering import RenderTask
        from masterprint.rendering.job import RenderJob

        job = RenderJob(
            prepared.chain,
            mix,
            self._output / f"{mix.stem}{prepared.extension}",
            overwrite,
            prepared.ingredients,
            prepared.file,
            timeout_s,
            # One that was done before we were stopped, and not moved, is only moved now.
            resume=True,
            keep_others=True,
            mix_later=self._box.place_in(DONE, mix),
        )
        self._log.write("rendering", mix=str(mix), master=str(job.master))
        future = self._pool.submit(RenderTask(job), lambda line: self._board.heard(0, line))
        self._running[future] = job

    def _collect(self, wait: bool = False) -> None:
        from concurrent.futures import FIRST_COMPLETED
        from concurrent.futures import wait as wait_for

        from masterprint.batch.inbox import ERRORS
        from masterprint.batch.rendering import result_of
        from masterprint.cli.telling import STATUSES, warn

        if wait:
            wait_for(self._running, 0.5, FIRST_COMPLETED)
        for future in [future for future in self._running if future.done()]:
            job = self._running.pop(future)
            result = result_of(job, future)
            place = job.mix_later or job.mix
            self._log.write(STATUSES[result.status].replace(" ", "_"), **result.as_dict())
            if result.error is None:
                self._box.move(job.mix, place)
                after = result.after
                lufs = (
                    ""
                    if after is None or after.integrated_lufs is None
                    else (f" ({after.integrated_lufs:.1f} LUFS, {result.seconds:.1f} s)")
                )
                print(f"{job.master}{lufs}", flush=True)
                warn(result.mix, result.warnings)
            else:
                self._failed += 1
                self._box.give_up(place)
                self._box.move(job.mix, self._box.place_in(ERRORS, job.mix), result.error)
                self._say(result.error)

    def _say(self, text: str) -> None:
        from masterprint.cli.console import clean

        print(clean(f"masterprint: {text}"), file=sys.stderr, flush=True)
