"""Worker processes on this machine, behind the interface of an executor.

Each task runs in a process that holds nothing else; the process stays for the next one, so that a
task pays for it only once. One that dies takes its task with it, and nothing else.
"""

from __future__ import annotations

import json
import math
import pickle
import select
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Protocol

from masterprint import children
from masterprint.batch.worker import LENGTH

PROGRAM = "masterprint.batch.worker"
Heard = Callable[[dict[str, Any]], None]


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

    def run(self, task: Task, several_threads: bool, heard: Heard) -> dict[str, Any]:
        """Have a task done; `heard` is told how far it is.

        Raises:
            WorkerDied: and nothing came of the task.
            Unforeseen: the task failed in a way that no task should.
        """
        ends = time.monotonic() + task.limit_s
        data = pickle.dumps((task, several_threads), pickle.HIGHEST_PROTOCOL)
        try:
            self._write(LENGTH.pack(len(data)) + data)
        except BrokenPipeError:
            raise self._died() from None
        for line in self._lines(ends):
            if "result" in line:
                return dict(line["result"])
            if "unforeseen" in line:
                raise Unforeseen(str(line["unforeseen"]), str(line["traceback"]))
            heard(line)
        raise self._died()

    def close(self) -> None:
        """End the process, whatever it is doing."""
        if self._process.stdin is None or self._process.stdin.closed:
            return
        children.end(self._process)
        self._process.stdin.close()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._said.finish()

    def _write(self, data: bytes) -> None:
        assert self._process.stdin is not None
        view = memoryview(data)
        while view:
            view = view[self._process.stdin.write(view) or 0 :]

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
        last = self._said.text().splitlines()[-1:]
        return WorkerDied(how + (f", having said: {last[0]}" if last else ""))


class LocalPool:
    """Workers on this machine.

    Args:
        cores: that may be kept busy; as many tasks run at a time. While there are fewer tasks than
            that, each works in several threads.
        tasks: how many there will be.
    """

    def __init__(self, cores: int, tasks: int) -> None:
        self.at_a_time = max(1, min(cores, tasks))
        self._cores = cores
        self._left = tasks
        self._lock = threading.Lock()
        self._threads = ThreadPoolExecutor(self.at_a_time, thread_name_prefix="masterprint-pool")
        self._idle: list[Worker] = []
        self._all: list[Worker] = []
        self._closed = False
        for _ in range(self.at_a_time):  # they come up while we look at the tasks
            self._idle.append(self._new())

    def submit(self, task: Task, heard: Heard) -> Future[dict[str, Any]]:
        """Have a task done as soon as a worker is free."""
        return self._threads.submit(self._run, task, heard)

    def close(self) -> None:
        """End all workers, whatever they are doing."""
        with self._lock:
            self._closed = True
            workers = list(self._all)
        for worker in workers:
            worker.close()
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _run(self, task: Task, heard: Heard) -> dict[str, Any]:
        with self._lock:
            several = self._left < self._cores
            worker = self._idle.pop() if self._idle else None
        worker = worker or self._new()
        try:
            return worker.run(task, several, heard)
        except WorkerDied:
            with self._lock, suppress(ValueError):
                self._all.remove(worker)
            worker = None
            raise
        finally:
            with self._lock:
                self._left -= 1
                if worker is not None:
                    self._idle.append(worker)

    def _new(self) -> Worker:
        worker = Worker()
        with self._lock:
            if not self._closed:
                self._all.append(worker)
                return worker
        worker.close()
        raise WorkerDied("was not needed any more")
