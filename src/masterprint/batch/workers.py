"""A worker process of this machine, seen from ours: one task at a time, and how it may end."""

from __future__ import annotations

import json
import math
import pickle
import select
import struct
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from masterprint import children

PROGRAM = "masterprint.batch.worker"
LENGTH = struct.Struct("<Q")
"""What stands before each task on a worker's standard input."""
Heard = Callable[[dict[str, Any]], None]
"""Told that a task has begun, as {"begun": what is known of the worker}, and then how far it is."""


class Task(Protocol):
    """What a worker can do: it is pickled, and so small."""

    def run(self, progress: Any) -> dict[str, Any]:
        """Do it; the result is plain data."""

    @property
    def limit_s(self) -> float:
        """Seconds after which it is ended."""


class WorkerDied(Exception):
    """A worker's process came to an end, or had to be ended; the text says how."""


class Unplaced(Exception):
    """No worker would, or could, do a task; the text says of its mix what happened."""


class Unforeseen(Exception):
    """A task raised what no task should; `traceback` has the rest."""

    def __init__(self, text: str, traceback: str) -> None:
        super().__init__(text)
        self.traceback = traceback


class Worker:
    """A process that does one task at a time."""

    def __init__(self) -> None:
        self._process = children.start(PROGRAM, gently=True)
        self._said = children.Said(self._process.stderr)
        self._waiting = bytearray()
        self._lock = threading.Lock()
        self._at_work = self._closed = False

    def run(self, task: Task, several_threads: bool, heard: Heard) -> dict[str, Any]:
        """Have a task done; `heard` is told how far it is.

        Raises:
            WorkerDied: and nothing came of the task.
            Unforeseen: the task failed in a way that no task should.
        """
        with self._lock:
            if self._closed:
                raise WorkerDied("had been ended")
            self._at_work = True
        try:
            return self._run(task, several_threads, heard)
        finally:
            with self._lock:
                self._at_work = False
                closed = self._closed
            if closed:
                self._hang_up()

    def close(self) -> None:
        """End the process, whatever it is doing; any thread may."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            at_work = self._at_work
        children.end(self._process)
        # A pipe that is closed under a thread that reads from it may be another file by then:
        # whoever is in `run` hears that the process has ended, and hangs up.
        if not at_work:
            self._hang_up()

    @property
    def is_alive(self) -> bool:
        """Whether the process is there."""
        return self._process.poll() is None

    def _run(self, task: Task, several_threads: bool, heard: Heard) -> dict[str, Any]:
        ends = time.monotonic() + task.limit_s
        data = pickle.dumps((task, several_threads), pickle.HIGHEST_PROTOCOL)
        try:
            children.write_all(self._process, LENGTH.pack(len(data)) + data)
        except BrokenPipeError:
            raise self._died() from None
        for line in self._lines(ends):
            if "result" in line:
                return dict(line["result"])
            if "unforeseen" in line:
                raise Unforeseen(str(line["unforeseen"]), str(line["traceback"]))
            heard(line)
        raise self._died()

    def _hang_up(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._said.finish()

    def _lines(self, ends: float) -> Iterator[dict[str, Any]]:
        assert self._process.stdout is not None
        poll = select.poll()
        poll.register(self._process.stdout, select.POLLIN)
        while True:
            while b"\n" in self._waiting:
                line, _, self._waiting = self._waiting.partition(b"\n")
                yield json.loads(line)
            left = ends - time.monotonic()
            if left <= 0:
                self.close()
                raise WorkerDied("did not come to an end in time, and was ended")
            if not poll.poll(None if math.isinf(left) else left * 1000):
                continue
            got = self._process.stdout.read(65536)
            if not got:
                return
            self._waiting += got

    def _died(self) -> WorkerDied:
        how = children.how_it_ended(self._process)
        self.close()
        self._said.finish()
        last = self._said.text().splitlines()[-1:]
        return WorkerDied(how + (f", having said: {last[0]}" if last else ""))


_ready: children.Spares[Worker] = children.Spares(Worker, most=16)
start_ahead = _ready.start_ahead
take_worker = _ready.take
