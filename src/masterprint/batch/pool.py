"""Worker processes on this machine, behind the interface of an executor.

Each task runs in a process that holds nothing else; the process stays for the next one, so that a
task pays for it only once. One that dies takes its task with it, and nothing else.
"""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from masterprint.batch.workers import Heard, Task, Worker, WorkerDied, take_worker
from masterprint.errors import UsageError


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
        try:
            for _ in range(self.at_a_time):  # they come up while we look at the tasks
                self._idle.append(self._new())
        except OSError as error:
            self.close()
            raise UsageError(
                f"{self.at_a_time} worker processes cannot be started: {error.strerror}.",
                hint="let fewer mixes be rendered at a time, with --jobs",
            ) from error

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
            heard({"begun": {}})
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
        worker = take_worker()
        with self._lock:
            if not self._closed:
                self._all.append(worker)
                return worker
        worker.close()
        raise WorkerDied("was not needed any more")
