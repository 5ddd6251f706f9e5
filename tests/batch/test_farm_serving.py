"""What a farm leaves behind on its machines, on their terminals, and in the scheduler."""

from __future__ import annotations

import signal
from contextlib import closing
from pathlib import Path
from typing import Any

from farm_tools import FarmProcesses, KillTask, SleepTask, a_job, farm, pool_of, wait_until
from masterprint.batch.farm.cluster import Farm


def nobody_hears(line: dict[str, Any]) -> None:
    del line


def test_nobody_listens_where_others_could_reach(two: FarmProcesses) -> None:
    """Who reaches a worker or a scheduler of Dask can have it run anything."""
    assert two.listening() == {"127.0.0.1"}


def test_neither_files_nor_lines_of_dask_are_left(mix: Path, tmp_path: Path) -> None:
    with farm(tmp_path / "farm", "one") as processes:
        with pool_of(processes.address) as pool:
            job = a_job(tmp_path, mix)
            error = pool.submit(KillTask(job), nobody_hears).exception(60)
            assert error is not None
            told = processes.processes["one"].stdout.readline()
            # It is at work when it is told to end, and the scheduler before it.
            begun: list[dict[str, Any]] = []
            pool.submit(SleepTask(job, seconds=60), begun.append)
            wait_until(lambda: begun)
        assert all(each.name.startswith(".masterprint-") for each in processes.scratch.iterdir())
    assert told == "one-1 had ended, and was started again\n"
    assert (processes.said("one"), processes.said("scheduler")) == ("", "")
    assert list(processes.scratch.iterdir()) == []


def test_a_worker_that_is_to_end_need_not_be_killed(
    two: FarmProcesses, mix: Path, tmp_path: Path
) -> None:
    """Nor does it wait for its job, which others do; Dask says so, where it is allowed to."""
    job = a_job(tmp_path, mix)
    two.worker("loud", DASK_LOGGING__DISTRIBUTED="info")
    with pool_of(two.address) as pool:
        begun: list[dict[str, Any]] = []
        for _ in range(3):
            pool.submit(SleepTask(job, seconds=60), begun.append)
        wait_until(lambda: len(begun) == 3)
        loud = two.processes.pop("loud")
        loud.send_signal(signal.SIGTERM)
        assert loud.wait(30) == 0
        loud.stdout.close()
    assert "Worker closed" in two.said("loud")
    assert "killing" not in two.said("loud")


def test_a_scheduler_forgets_what_was_told_to_a_client_that_is_gone(
    two: FarmProcesses, mix: Path, tmp_path: Path
) -> None:
    with closing(Farm(two.address)) as looking:
        with closing(Farm(two.address)) as client:
            with closing(client.pool(0)) as pool:
                pool.submit(SleepTask(a_job(tmp_path, mix)), nobody_hears).result(30)
            topic = client.client.id
            assert any("key" in said for _, said in looking.client.get_events(topic))
        wait_until(lambda: topic not in looking.client.get_events())
        kept = [name for name in looking.client.get_events() if name.startswith("masterprint")]
    assert kept == []
