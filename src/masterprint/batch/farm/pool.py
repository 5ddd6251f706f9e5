"""Workers of a cluster, behind the interface of `LocalPool`.

A task is sent to one worker, and only while that has nothing else of ours: whatever waits, waits
here. So a worker that dies takes one task with it, which is known to be the one that it had begun.
Dask would choose workers itself, but has tasks wait in front of them, and blames all that did.

One thread looks after all; others only put something into its queue.
"""

from __future__ import annotations

import queue
import secrets
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any

from masterprint.batch.farm.cluster import Farm
from masterprint.batch.farm.hand import end_tasks, work
from masterprint.batch.farm.pulse import SILENT_S, Pulses
from masterprint.batch.farm.sent import sent
from masterprint.batch.farm.ticket import Ticket, patience_s
from masterprint.batch.farm.workers import FarmWorker
from masterprint.batch.rendering import RenderTask
from masterprint.batch.workers import Heard, Unforeseen, Unplaced
from masterprint.errors import MasterprintError, UsageError

LOOKING_S = 1.0
FAREWELL_S = 5.0
MOST_ATTEMPTS = 3
"""How many workers may be lost with a task before it is given up."""
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
        self._name = f"masterprint-{secrets.token_hex(8)}"
        self._count = 0
        self._tickets: dict[str, Ticket] = {}
        self._waiting: list[Ticket] = []
        self._alone_since: dict[frozenset[str], float] = {}
        self._pulses = Pulses(worker for worker in farm.workers if worker.silent)
        self._healthy: list[FarmWorker] = []
        self._closed = False
        self._see(farm.live())
        # Under the name of the client, so that a scheduler forgets it with the client.
        farm.client.subscribe_topic(farm.client.id, self._on_event)
        self._executor = farm.client.get_executor(pure=False, retries=0, allow_other_workers=False)
        self._events: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._hashing = ThreadPoolExecutor(HASHING, thread_name_prefix="masterprint-hashing")
        self._keeper = threading.Thread(target=self._keep, daemon=True, name="masterprint-farm")
        self._keeper.start()

    @property
    def at_a_time(self) -> int:
        """One for each worker, and one that is hashed and ready when the first is done."""
        return self._most or len(self._healthy) + 1

    def submit(self, task: Any, heard: Heard) -> Future[dict[str, Any]]:
        """Have a task about a render job done by whoever can."""
        self._count += 1
        ticket = Ticket(task, heard, f"{self._name}-{self._count}")
        self._tickets[ticket.key] = ticket
        ticket.outcome.add_done_callback(partial(self._settled, ticket))
        self._hashing.submit(self._prepare, ticket)
        return ticket.outcome

    def close(self) -> None:
        """End what is under way, here and on the workers."""
        self._events.put(self._end)
        self._keeper.join(FAREWELL_S)
        self._hashing.shutdown(wait=False, cancel_futures=True)

    def _settled(self, ticket: Ticket, outcome: Future[dict[str, Any]]) -> None:
        if outcome.cancelled():  # by whoever waited for it
            self._events.put(partial(self._drop, [ticket]))

    def _prepare(self, ticket: Ticket) -> None:
        if self._farm.is_lost:
            next_step = partial(self._settle, ticket, error=ticket.lost(self._farm.address))
        else:
            try:
                ticket.sent = sent(ticket.task, renders=isinstance(ticket.task, RenderTask))
                next_step = partial(self._queue, ticket)
            except MasterprintError as error:
                failed = ticket.task.failed(str(error))
                next_step = partial(self._settle, ticket, result=failed)
            except Exception as error:
                next_step = partial(self._settle, ticket, error=error)
        self._events.put(next_step)

    def _on_event(self, event: tuple[float, Any]) -> None:
        _, said = event
        if "key" in said:  # the scheduler itself tells of clients under their names
            self._events.put(partial(self._hear, said))

    def _keep(self) -> None:
        """The one thread that sends tasks off and takes what comes back."""
        looked = time.monotonic()
        while not self._closed:
            try:
                with suppress(queue.Empty):
                    self._events.get(timeout=LOOKING_S)()
                if time.monotonic() - looked >= LOOKING_S:
                    self._look()
                    looked = time.monotonic()
                self._place()
            except Exception as error:  # nobody may wait for ever for a thread that has ended
                text = "".join(traceback.format_exception(error))
                unforeseen = Unforeseen(f"{type(error).__name__}: {error}", text)
                for ticket in list(self._tickets.values()):
                    self._settle(ticket, error=unforeseen)

    def _queue(self, ticket: Ticket) -> None:
        if ticket.key in self._tickets:  # nobody has withdrawn it meanwhile
            self._waiting.append(ticket)

    def _hear(self, said: dict[str, Any]) -> None:
        """Something about a task, by the worker that has it."""
        ticket = self._tickets.get(said["key"])
        if ticket is None or ticket.place != said["at"]:
            return  # from somebody who had been given up
        if "begun" in said:
            ticket.begin(said["begun"])
        else:
            ticket.heard(said["line"])

    def _look(self) -> None:
        """Who is there, and who has been lost with a task?"""
        try:
            self._see(self._farm.live())
        except UsageError:
            return  # where it is lost for good, what is under way comes back as cancelled
        for ticket in list(self._tickets.values()):
            silence_s = self._pulses.silence_s(ticket.place) if ticket.place else 0.0
            if silence_s > max(SILENT_S, self._patience_s):
                self._take_back(ticket)

    def _see(self, live: dict[str, FarmWorker]) -> None:
        self._pulses.feel(live.values())
        self._healthy = [
            worker for address, worker in live.items() if self._pulses.silence_s(address) < SILENT_S
        ]

    def _place(self) -> None:
        """Send whatever waits to workers that are free; give up what has waited too long."""
        if not self._farm.is_connected:
            # Dask tries for a while to reach its scheduler again; then the connection is closed.
            for ticket in list(self._waiting) if self._farm.is_lost else ():
                self._settle(ticket, error=ticket.lost(self._farm.address))
            return
        for tags in list(self._alone_since):
            if any(tags <= worker.tags for worker in self._healthy):
                del self._alone_since[tags]
        busy = {ticket.place for ticket in list(self._tickets.values())}
        for ticket in list(self._waiting):
            able = [worker for worker in self._healthy if ticket.tags <= worker.tags]
            free = [worker for worker in able if worker.address not in busy]
            if free:
                # Those that hold most are kept for what only they can do.
                worker = min(free, key=lambda worker: len(worker.tags))
                self._send(ticket, worker.address)
                busy.add(worker.address)
            elif not able:
                since = self._alone_since.setdefault(ticket.tags, time.monotonic())
                if time.monotonic() - since >= self._patience_s:
                    self._settle(ticket, error=ticket.unplaced(self._patience_s))

    def _send(self, ticket: Ticket, address: str) -> None:
        try:
            future = self._executor.submit(
                work, ticket.sent, self._farm.client.id, ticket.key, workers=[address]
            )
        except Exception:  # whatever Dask raises on a connection that is no more
            if self._farm.is_connected:
                raise
            return
        self._waiting.remove(ticket)
        ticket.place, ticket.cluster = address, future
        future.add_done_callback(
            lambda future: self._events.put(partial(self._over, ticket, future))
        )

    def _over(self, ticket: Ticket, future: Future[dict[str, Any]]) -> None:
        """A task has come back, with a result or without."""
        from distributed.scheduler import KilledWorker

        if ticket.cluster is not future:
            return
        try:
            said = future.result()
        except KilledWorker:  # before we have seen it ourselves
            self._take_back(ticket)
        except CancelledError:  # not by us: the connection to the scheduler was lost
            self._settle(ticket, error=ticket.lost(self._farm.address))
        except Exception as error:
            unforeseen = Unforeseen(f"{type(error).__name__}: {error}", repr(error))
            self._settle(ticket, error=unforeseen)
        else:
            self._settle(ticket, *ticket.understood(said))

    def _take_back(self, ticket: Ticket) -> None:
        """The worker that had it is lost: somebody else may try, but not for ever."""
        begun = ticket.begun
        ticket.leave()
        if begun and len(ticket.attempts) >= MOST_ATTEMPTS:
            self._settle(ticket, error=ticket.dangerous())
        else:
            self._waiting.insert(0, ticket)

    def _drop(self, tickets: list[Ticket]) -> None:
        """Nobody wants these any more."""
        sent_off = {ticket.key: ticket.place for ticket in tickets if ticket.place}
        for ticket in tickets:
            self._settle(ticket, error=Unplaced("was not wanted any more"))
        if sent_off:
            with suppress(Exception):  # the scheduler may be gone, which is just as well
                self._farm.ask(end_tasks, list(sent_off), addresses=set(sent_off.values()))

    def _end(self) -> None:
        self._closed = True
        with suppress(Exception):
            self._farm.client.unsubscribe_topic(self._farm.client.id)
        self._drop(list(self._tickets.values()))

    def _settle(
        self, ticket: Ticket, result: dict[str, Any] | None = None, error: Exception | None = None
    ) -> None:
        """Have done with a ticket."""
        self._tickets.pop(ticket.key, None)
        with suppress(ValueError):
            self._waiting.remove(ticket)
        ticket.leave()
        ticket.settle(result, error)
