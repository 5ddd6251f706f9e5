"""What runs inside a Dask worker: it hands each task to a child process of its own.

So a render that crashes is a failed job and not a dead worker, and no render can harm the next. The
child ends with the worker (see `children`). A worker does one task at a time (see `serving`), so
one child is all that it has.
"""

from __future__ import annotations

import os
import platform
import threading
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from masterprint.batch.farm.quiet import be_quiet
from masterprint.batch.farm.sent import Sent
from masterprint.batch.workers import Unforeseen, Worker, WorkerDied
from masterprint.plugins.catalogue import Catalogue
from masterprint.sheets.environment import versions

TELLING_S = 1.0
"""How often it is told how far a task is; all of it passes through the scheduler."""


class _Keeper:
    """The child, and whose task it is doing."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._child: Worker | None = None
        self._doing: str | None = None
        self._unwanted: deque[str] = deque(maxlen=1000)

    def begin(self, key: str) -> Worker | None:
        """The child for a task; None where nobody wants it any more."""
        with self._lock:
            if key in self._unwanted:
                return None
            self._child = self._child or Worker()
            self._doing = key
            return self._child

    def over(self, died: bool) -> None:
        """A task has come to its end, perhaps with its child."""
        with self._lock:
            self._doing = None
            if died:
                self._child = None

    def end(self, keys: Sequence[str]) -> None:
        """End the task with one of these keys, and begin none of the others."""
        with self._lock:
            self._unwanted.extend(keys)
            if self._child is not None and self._doing in keys:
                # Before anybody can be given it again.
                with suppress(OSError):
                    self._child.close()
                self._child = None

    def close(self) -> None:
        """End the child, whatever it is doing."""
        with self._lock:
            child = self._child
        if child is not None:
            child.close()


_keeper = _Keeper()


def work(sent: Sent, topic: str, key: str) -> dict[str, Any]:
    """Do a task; what came of it is under "result", else under "died" or "unforeseen".

    Args:
        sent: the task.
        topic: where to tell that it has begun, and how far it is.
        key: of the task, for those who hear it.
    """
    from distributed import get_worker

    worker = get_worker()
    told = 0.0

    def tell(**said: Any) -> None:
        worker.log_event(topic, {"key": key, "at": worker.address, **said})

    def heard(line: dict[str, Any]) -> None:
        nonlocal told
        if "say" in line or time.monotonic() - told >= TELLING_S:
            told = time.monotonic()
            tell(line=line)

    child = _keeper.begin(key)
    if child is None:
        return {"died": "was not wanted any more"}
    died = False
    try:
        tell(begun=str(worker.name))
        named = replace(sent, worker=str(worker.name))
        return {"result": child.run(named, several_threads=False, heard=heard)}
    except WorkerDied as error:
        died = True
        return {"died": f"{error} (on the worker {worker.name})"}
    except Unforeseen as error:
        return {"unforeseen": str(error), "traceback": error.traceback}
    finally:
        _keeper.over(died)


def about_here() -> dict[str, Any]:
    """What this worker's machine is and has, as plain data."""
    catalogue = Catalogue.load()
    for entry in catalogue:
        # Nobody asks for their parameters elsewhere, and they are most of it.
        entry.plugins = [replace(plugin, parameters=()) for plugin in entry.plugins]
    return {
        "host": platform.node(),
        "cores": os.cpu_count() or 1,
        "versions": versions(),
        "plugins": [entry.as_dict() for entry in catalogue],
    }


def end_tasks(keys: Sequence[str]) -> None:
    """End what this worker is doing of somebody who does not want it any more."""
    _keeper.end(keys)


def dask_setup(worker: Any) -> None:
    """Called by Dask in a worker that preloads this module, as those of `serving` do."""
    del worker
    be_quiet()


def dask_teardown(worker: Any) -> None:
    """Called by Dask when the worker ends: what waits for the child need not wait in vain."""
    del worker
    _keeper.close()
