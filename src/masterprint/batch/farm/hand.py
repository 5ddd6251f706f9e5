"""What runs inside a Dask worker: it hands each task to a child process of its own.

So a render that crashes is a failed job and not a dead worker, and no render can harm the next. The
child ends with the worker (see `children`).
"""

from __future__ import annotations

import os
import platform
import threading
import time
from contextlib import suppress
from dataclasses import replace
from typing import Any

from masterprint.batch.farm.sent import Sent
from masterprint.batch.workers import Unforeseen, Worker, WorkerDied
from masterprint.plugins.catalogue import Catalogue
from masterprint.sheets.environment import versions

TELLING_S = 1.0
"""How often it is told how far a task is; all of it passes through the scheduler."""


class _Keeper:
    """The child of one thread, and whose task it is doing."""

    def __init__(self) -> None:
        self.child: Worker | None = None
        self.topic: str | None = None


_keepers: list[_Keeper] = []
_own = threading.local()


def work(sent: Sent, topic: str, number: int) -> dict[str, Any]:
    """Do a task; what came of it is under "result", else under "died" or "unforeseen".

    Args:
        sent: the task.
        topic: where to tell how far it is.
        number: of the task, for those who hear it.
    """
    from distributed import get_worker

    worker = get_worker()
    told = 0.0

    def heard(line: dict[str, Any]) -> None:
        nonlocal told
        if "say" in line or time.monotonic() - told >= TELLING_S:
            told = time.monotonic()
            worker.log_event(topic, {"number": number, "line": line})

    keeper = _keeper()
    keeper.topic = topic
    try:
        keeper.child = keeper.child or Worker()
        named = replace(sent, worker=str(worker.name))
        return {"result": keeper.child.run(named, several_threads=False, heard=heard)}
    except WorkerDied as error:
        keeper.child = None
        return {"died": f"{error} (on the worker {worker.name})"}
    except Unforeseen as error:
        return {"unforeseen": str(error), "traceback": error.traceback}
    finally:
        keeper.topic = None


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


def end_tasks(topic: str) -> None:
    """End what this worker is doing for somebody who does not want it any more."""
    for keeper in list(_keepers):
        child = keeper.child
        if keeper.topic == topic and child is not None:
            with suppress(OSError):
                child.close()


def _keeper() -> _Keeper:
    if not hasattr(_own, "keeper"):
        _own.keeper = _Keeper()
        _keepers.append(_own.keeper)
    keeper: _Keeper = _own.keeper
    return keeper
