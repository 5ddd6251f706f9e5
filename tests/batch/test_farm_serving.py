"""What a farm leaves behind in the scheduler, and who can reach it."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

from farm_tools import FarmProcesses, SleepTask, a_job, wait_until
from masterprint.batch.farm.cluster import Farm


def nobody_hears(line: dict[str, Any]) -> None:
    del line


def test_nobody_listens_where_others_could_reach(two: FarmProcesses) -> None:
    """Who reaches a worker or a scheduler of Dask can have it run anything."""
    assert two.listening() == {"127.0.0.1"}


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
