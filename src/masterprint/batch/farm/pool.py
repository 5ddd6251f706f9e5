"""Workers of a cluster, behind the interface of `LocalPool`.

Dask gives a job that was lost with its worker to another one, and gives a job up that was lost so
several times. But it blames every job that lay with a dead worker, also one that only waited there.
So a job that was given up has one more trial, when no other of ours is under way: only what ends
its workers then, too, has failed by itself.

One thread looks after all; others only put something into its queue.
"""

from __future__ import annotations

import queue
import secrets
import threading
import time
import traceback
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from masterprint.batch.farm.cluster import Farm
from masterprint.batch.farm.hand import end_tasks, work
from masterprint.batch.farm.sent import sent
from masterprint.batch.farm.ticket import Ticket, patience_s
from masterprint.batch.rendering import RenderTask
from masterprint.batch.workers import Heard, Unforeseen, Unplaced
from masterprint.errors import MasterprintError, UsageError

LOOKING_S = 1.0
FAREWELL_S = 5.0
HASHING = 2
"""Mixes that are being hashed at a time before they are sent off."""


class FarmPool:
    """Workers of a cluster.

    Args:
        farm: the cluster; it stays open.
        most: tasks at a time; None for as many as there are workers.
    """

    def __init__(self, farm: Farm, most: int | None = None) -> None:
        self._farm = farm
        self._most = most
        self._patience_s = patience_s()
        self._topic = f"masterprint-{secrets.token_hex(8)}"
        self._tickets: dict[int, Ticket] = {}
        self._count = 0
        self._waiting: list[Ticket] = []
        self._suspects: list[Ticket] = []
        self._under_way: set[Ticket] = set()
        self._executors: dict[frozenset[str], Any] = {}
        self._alone_since: dict[frozenset[str], float] = {}
        self._closed = False
        self._threads = sum(worker.threads for worker in farm.live().values())
        farm.client.subscribe_topic(self._topic, self._on_event)
        self._events: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
        self._hashing = ThreadPoolExecutor(HASHING, thread_name_prefix="masterprint-hashing")
        self._keeper = threading.Thread(target=self._keep, daemon=True, name="masterprint-farm")
        self._keeper.start()

    @property
    def at_a_time(self) -> int:
        """One for each worker, and one that is hashed and ready when the first is done."""
        return self._most or max(1, self._threads + 1)

    def submit(self, task: Any, heard: Heard) -> Future[dict[str, Any]]:
        """Have a task about a render job done by whoever can."""
        self._count += 1
        ticket = Ticket(task, heard, self._count)
        self._tickets[ticket.number] = ticket
        self._hashing.submit(self._prepare, ticket)
        return ticket.outcome

    def close(self) -> None:
        """End what is under way, here and on the workers."""
        self._events.put(("close", None))
        self._keeper.join(FAREWELL_S)
        self._hashing.shutdown(wait=False, cancel_futures=True)

    def _prepare(self, ticket: Ticket) -> None:
        if self._farm.is_lost:
            self._settled(ticket).settle(error=self._lost())
            return
        try:
            ticket.sent = sent(ticket.task, renders=isinstance(ticket.task, RenderTask))
        except MasterprintError as error:
            self._settled(ticket).settle(result=ticket.task.failed(str(error)))
        except Exception as error:
            self._settled(ticket).settle(error=error)
        else:
            self._events.put(("ready", ticket))

    def _on_event(self, event: tuple[float, Any]) -> None:
        _, said = event
        if (ticket := self._tickets.get(said["number"])) is not None:
            ticket.heard(said["line"])

    def _keep(self) -> None:
        """The one thread that sends tasks off and takes what comes back."""
        looked = 0.0
        while not self._closed:
            try:
                what, ticket = self._events.get(timeout=LOOKING_S)
            except queue.Empty:
                what, ticket = "nothing", None
            try:
                if what == "close":
                    self._end()
                    return
                if what == "ready":
                    self._waiting.append(ticket)
                elif what == "over":
                    self._over(ticket)
                self._send_off()
                if time.monotonic() - looked >= LOOKING_S:
                    self._look()
                    looked = time.monotonic()
            except Exception as error:  # nobody may wait for ever for a thread that has ended
                text = "".join(traceback.format_exception(error))
                for left in list(self._tickets.values()):
                    self._settled(left).settle(
                        error=Unforeseen(f"{type(error).__name__}: {error}", text)
                    )
                self._under_way.clear()

    def _send_off(self) -> None:
        """Whatever may go: on trial one alone, everything else at once."""
        if not self._farm.is_connected:
            # Dask tries for a while to reach its scheduler again; then the connection is closed.
            if self._farm.is_lost:
                waiting, self._waiting, self._suspects = [*self._waiting, *self._suspects], [], []
                for ticket in waiting:
                    self._settled(ticket).settle(error=self._lost())
            return
        if any(ticket.on_trial for ticket in self._under_way):
            return
        if self._suspects and not self._under_way:
            suspect = self._suspects.pop(0)
            suspect.on_trial = True
            self._begin(suspect)
            return
        waiting, self._waiting = self._waiting, []
        for ticket in waiting:
            self._begin(ticket)

    def _begin(self, ticket: Ticket) -> None:
        assert ticket.sent is not None
        tags = ticket.sent.tags
        if self._is_hopeless(tags):
            self._give_up(ticket)
            return
        try:
            if tags not in self._executors:
                # Retries are for jobs that raise; ours say what is wrong, and would again.
                self._executors[tags] = self._farm.client.get_executor(
                    pure=False, retries=0, resources=dict.fromkeys(tags, 1)
                )
            future = self._executors[tags].submit(work, ticket.sent, self._topic, ticket.number)
        except Exception:  # whatever Dask raises on a connection that is no more
            self._waiting.append(ticket)
            return
        self._under_way.add(ticket)
        ticket.cluster = future
        future.add_done_callback(lambda future: self._events.put(("over", ticket)))

    def _over(self, ticket: Ticket) -> None:
        """A task has come back, with a result or without."""
        from distributed.scheduler import KilledWorker

        if ticket not in self._under_way:
            return
        self._under_way.discard(ticket)
        assert ticket.cluster is not None
        try:
            said = ticket.cluster.result()
        except KilledWorker as error:
            if not ticket.on_trial:
                self._suspects.append(ticket)
                return
            deaths = error.allowed_failures + 1
            self._settled(ticket).settle(
                error=Unplaced(
                    f"ended the processes of {deaths} workers, one after the other, while nothing "
                    "else was being done, and was given up"
                ),
            )
        except CancelledError:  # not by us: the connection to the scheduler was lost
            ticket.on_trial = False
            self._waiting.append(ticket)
        except Exception as error:  # of Dask, or of a worker that does not understand us
            self._settled(ticket).settle(
                error=Unforeseen(f"{type(error).__name__}: {error}", repr(error))
            )
        else:
            self._settled(ticket).settle_as_said(said)

    def _look(self) -> None:
        """Who is there? A task that nobody could do is given up after a while."""
        if not self._farm.is_connected:
            return
        try:
            live = self._farm.live().values()
        except UsageError:
            return  # what is under way comes back as cancelled
        self._threads = sum(worker.threads for worker in live)
        for tags in self._executors:
            if any(tags <= worker.tags for worker in live):
                self._alone_since.pop(tags, None)
            else:
                self._alone_since.setdefault(tags, time.monotonic())
        for ticket in list(self._under_way):
            if ticket.sent is not None and self._is_hopeless(ticket.sent.tags):
                self._give_up(ticket)

    def _is_hopeless(self, tags: frozenset[str]) -> bool:
        """Whether no worker has offered these for so long that nobody waits for one any more."""
        since = self._alone_since.get(tags)
        return since is not None and time.monotonic() - since >= self._patience_s

    def _give_up(self, ticket: Ticket) -> None:
        assert ticket.sent is not None
        self._under_way.discard(ticket)
        if ticket.cluster is not None:
            ticket.cluster.cancel()
        what = "that has its plugins " if len(ticket.sent.tags) > 1 else ""
        self._settled(ticket).settle(
            error=Unplaced(
                f"waited {self._patience_s:g} s for a worker {what}after the last one was lost, "
                "and none has come"
            ),
        )

    def _end(self) -> None:
        """No more: nobody waits for anything now."""
        self._closed = True
        left = list(self._under_way)
        for ticket in left:
            if ticket.cluster is not None:
                ticket.cluster.cancel()
        for ticket in [*left, *self._waiting, *self._suspects]:
            ticket.outcome.cancel()
        with suppress(Exception):  # the scheduler may be gone, which is just as well
            self._farm.client.unsubscribe_topic(self._topic)
            if left:
                workers = list(self._farm.live())
                self._farm.client.run(end_tasks, self._topic, workers=workers, on_error="ignore")

    def _settled(self, ticket: Ticket) -> Ticket:
        """A ticket that we have done with."""
        self._tickets.pop(ticket.number, None)
        return ticket

    def _lost(self) -> Unplaced:
        return Unplaced(
            f"was lost with the connection to the scheduler at {self._farm.address}; what its "
            "worker has completed meanwhile is there, and --resume does the rest"
        )
