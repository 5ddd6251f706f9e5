"""Mastering what comes into an inbox: as many mixes at a time as there are workers.

What goes wrong with one mix is said, and the next is taken: an inbox is left alone for days.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import suppress
from pathlib import Path
from typing import Any

from masterprint.batch.inbox import DONE, ERRORS, Inbox
from masterprint.batch.log import EVENTS, EventLog
from masterprint.batch.pool import LocalPool
from masterprint.batch.rendering import RenderTask, result_of
from masterprint.errors import MasterprintError
from masterprint.rendering.job import IfThere, RenderJob
from masterprint.rendering.planning import PreparedChain
from masterprint.rendering.result import RenderResult

LOOKING_MS = 500
"""How often the folder is looked at where nothing is announced, as on network drives."""


class Watcher:
    """Looks at an inbox, hands mixes to workers, and moves those that are done.

    Args:
        box: the inbox.
        output: folder of the masters.
        prepared: the chain.
        cores: how many mixes at a time.
        log: told every event.
        told: given each result.
        say: given what else is to be known.
        overwrite, timeout_s: of every render.

    Attributes:
        failed: mixes so far.
    """

    def __init__(
        self,
        box: Inbox,
        output: Path,
        prepared: PreparedChain,
        cores: int,
        log: EventLog,
        told: Callable[[RenderResult], None],
        say: Callable[[str], None],
        overwrite: bool = False,
        timeout_s: float | None = None,
    ) -> None:
        self.failed = 0
        self._box = box
        self._output = output
        self._prepared = prepared
        self._cores = cores
        self._log = log
        self._told = told
        self._say = say
        self._overwrite = overwrite
        self._timeout_s = timeout_s
        self._pool = LocalPool(cores, cores)
        self._running: dict[Future[dict[str, Any]], RenderJob] = {}

    @property
    def is_busy(self) -> bool:
        """Whether a mix is being rendered."""
        return bool(self._running)

    def run(self, stop: threading.Event, once: bool) -> None:
        """Until it is told to stop, or with `once` until nothing is left.

        Raises:
            UsageError: the inbox is there no more.
        """
        self._log.write("begun", inbox=str(self._box.folder))
        try:
            changes = self._changes(stop)
            while not stop.is_set():
                for mix in self._box.complete(self._cores - len(self._running)):
                    self._begin(mix)
                for odd in self._box.odd():
                    self._say(f"{odd}: is left alone: only audio files themselves are taken")
                self._collect()
                if once and not self._running and not self._box.waiting:
                    return
                next(changes, None)
            while self._running:
                wait(self._running, LOOKING_MS / 1000, FIRST_COMPLETED)
                self._collect()
        finally:
            self._pool.close()
            self._log.write("ended", failed=self.failed, cut_off=len(self._running))

    def _changes(self, stop: threading.Event) -> Iterator[object]:
        """Something may have changed: as it is announced, and in any case every half a second."""
        from watchfiles import watch

        # A name that is no text, or a folder that was removed, ends this; looking goes on.
        with suppress(OSError, RuntimeError, UnicodeError):
            yield from watch(
                self._box.folder,
                recursive=False,
                yield_on_timeout=True,
                rust_timeout=LOOKING_MS,
                debounce=50,
                step=50,
                stop_event=stop,
                raise_interrupt=False,
            )
        while True:
            stop.wait(LOOKING_MS / 1000)
            yield None

    def _begin(self, mix: Path) -> None:
        job = RenderJob(
            self._prepared.chain,
            mix,
            self._output / f"{mix.stem}{self._prepared.extension}",
            # One that was done before we were stopped, and not moved, is only moved now.
            IfThere.RENEW_ALL if self._overwrite else IfThere.KEEP_SAME,
            self._prepared.ingredients,
            self._prepared.file,
            self._timeout_s,
            mix_later=self._box.place_in(DONE, mix),
        )
        self._log.write("rendering", mix=str(mix), master=str(job.master))
        self._running[self._pool.submit(RenderTask(job), lambda line: None)] = job

    def _collect(self) -> None:
        for future in [future for future in self._running if future.done()]:
            job = self._running.pop(future)
            result = result_of(job, future)
            try:
                self._put_away(job, result)
            except MasterprintError as error:  # the mix stays, and is taken again after a restart
                self._say(str(error))
            self.failed += result.error is not None
            self._log.write(EVENTS[result.status], **result.as_dict())
            self._told(result)

    def _put_away(self, job: RenderJob, result: RenderResult) -> None:
        place = job.mix_later or job.mix
        if self._box.is_another(job.mix):
            self._box.give_up(place)
            self._say(f"{job.mix}: was replaced while it was rendered, and is taken again")
            return
        if result.error is None:
            self._box.move(job.mix, place)
        else:
            self._box.give_up(place)
            self._box.move(job.mix, self._box.place_in(ERRORS, job.mix), result.error)
