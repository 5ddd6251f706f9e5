"""Worker processes, ended by others at any moment."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from farm_tools import TESTS, SleepTask, a_job
from masterprint.batch.farm.hand import _Keeper
from masterprint.batch.workers import Worker, WorkerDied
from masterprint.rendering.job import RenderJob


@pytest.fixture(autouse=True)
def _tasks_of_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are found in the folder of `farm_tools`."""
    path = os.pathsep.join(filter(None, [str(TESTS), os.environ.get("PYTHONPATH")]))
    monkeypatch.setenv("PYTHONPATH", path)


@pytest.fixture
def job(tmp_path: Path, mix: Path) -> RenderJob:
    return a_job(tmp_path, mix)


@pytest.fixture
def keeper() -> Iterator[_Keeper]:
    keeper = _Keeper()
    yield keeper
    keeper.close()


def nobody_hears(line: dict[str, object]) -> None:
    del line


def outcome(worker: Worker, job: RenderJob) -> dict[str, object] | str:
    try:
        return worker.run(SleepTask(job, seconds=30), False, nobody_hears)
    except WorkerDied as error:
        return str(error)


@pytest.mark.parametrize("after_s", [None, 0.0, 0.001, 0.5])
def test_a_task_whose_worker_is_ended_by_others_says_so(
    job: RenderJob, after_s: float | None
) -> None:
    """Before it is begun, as it is begun, and while it is done."""
    worker = Worker()
    found: list[object] = []
    doing = threading.Thread(target=lambda: found.append(outcome(worker, job)))
    if after_s is None:
        worker.close()
        doing.start()
    else:
        doing.start()
        time.sleep(after_s)
        worker.close()
    doing.join(20)
    assert len(found) == 1
    assert isinstance(found[0], str)
    assert not worker.is_alive


@pytest.mark.parametrize("is_done", [False, True])
def test_the_task_after_one_that_nobody_wanted_any_more_is_done(
    job: RenderJob, keeper: _Keeper, is_done: bool
) -> None:
    """Whether the other was ended before it had begun, or was just done."""
    first = keeper.begin("first")
    assert first is not None
    if is_done:
        first.run(SleepTask(job), False, nobody_hears)
        keeper.end(["first"])
        keeper.over(died=False)
    else:
        keeper.end(["first"])
        with pytest.raises(WorkerDied):
            first.run(SleepTask(job), False, nobody_hears)
        keeper.over(died=True)
    second = keeper.begin("second")
    assert second is not None
    assert second.run(SleepTask(job), False, nobody_hears) == {"slept": 0.05}
    assert keeper.begin("first") is None
