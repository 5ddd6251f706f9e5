"""Farms of which something dies, freezes or is interrupted."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import soundfile

from bulk_tools import events, start
from conftest import Run
from farm_tools import (
    CrashTask,
    FarmProcesses,
    KillTask,
    SleepTask,
    TouchTask,
    a_job,
    farm,
    hashes,
    lines_of,
    pool_of,
    wait_until,
)
from masterprint.batch.farm import pool as pools
from masterprint.batch.workers import Unplaced, WorkerDied
from plugin_tools import noise


def nobody_hears(line: dict[str, Any]) -> None:
    del line


def command(folder: Path, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "masterprint", *map(str, arguments)],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_with_a_worker_killed_in_the_middle_every_master_is_that_of_a_local_render(
    studio: Path, two: FarmProcesses, tmp_path: Path, run: Run
) -> None:
    (tmp_path / "jobs.yaml").write_text(
        "masterprint_batch: 1\njobs:\n"
        + "".join(f"  - {{mix: {path}, chain: streaming}}\n" for path in studio.glob("mix-*.wav"))
    )
    local = run("batch", "jobs.yaml", "-o", "local", "--json")
    assert local.returncode == 0, local.stderr
    log = tmp_path / "log.jsonl"
    two.worker("doomed")
    with command(
        tmp_path, "batch", "jobs.yaml", "-o", "out", "--dask", two.address, "--log", log
    ) as ours:
        wait_until(lambda: lines_of(log, "rendering"))
        two.kill_at_work("doomed")
        said, errors = ours.communicate(timeout=120)
    assert ours.returncode == 0, errors
    assert "8 rendered" in said
    assert "distributed" not in errors
    assert hashes(tmp_path / "out") == hashes(tmp_path / "local")
    assert len(hashes(tmp_path / "out")) == 8
    assert len(lines_of(log, "rendered")) == 8
    begun = lines_of(log, "rendering")
    (again,) = [line for line in begun if line["attempt"] == 2]
    (first,) = [line for line in begun if line["mix"] == again["mix"] and line != again]
    assert (first["worker"], first["attempt"]) == ("doomed-1", 1)
    assert again["worker"] in ("one-1", "two-1")
    assert len(begun) == 9


def test_all_jobs_fail_when_the_last_worker_is_gone_for_good(
    studio: Path, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Together, after one time of waiting: not one after the other."""
    monkeypatch.setenv("MASTERPRINT_FARM_PATIENCE_S", "3")
    with farm(tmp_path / "farm", "one") as processes:
        mixes = sorted(studio.glob("mix-*.wav"))
        common = ("render", "streaming", *mixes, "-o", "out", "--dask", processes.address)
        with command(tmp_path, *common, "--json") as ours:
            processes.kill_at_work("one")
            said, errors = ours.communicate(timeout=4 * 3 + 10)
        nobody = run(*common, "--overwrite")
    assert ours.returncode == 1, errors
    failed = [row for row in json.loads(said) if row["status"] == "failed"]
    assert len(failed) >= 5
    assert all("waited 3 s for a worker after the last one was lost" in row["error"]
               for row in failed)  # fmt: skip
    assert nobody.returncode == 2
    assert "has no workers of Masterprint" in nobody.stderr


def test_only_the_job_that_kills_workers_fails(
    two: FarmProcesses, mix: Path, tmp_path: Path
) -> None:
    job = a_job(tmp_path, mix)
    tasks = [SleepTask(job) for _ in range(20)]
    tasks[4] = KillTask(job)
    tasks[11] = CrashTask(job)
    with pool_of(two.address) as pool:
        # All at once, so that many wait where the killer strikes.
        futures = [pool.submit(task, nobody_hears) for task in tasks]
        found = [future.exception(90) for future in futures]
    two.wait_for(2)
    assert [n for n, error in enumerate(found) if error is not None] == [4, 11]
    assert isinstance(found[4], Unplaced)
    assert "was begun 3 times (" in str(found[4])
    assert isinstance(found[11], WorkerDied)
    assert "crashed (SIGSEGV) (on the worker " in str(found[11])


def test_nothing_is_given_to_a_frozen_worker(
    two: FarmProcesses, studio: Path, tmp_path: Path, run: Run
) -> None:
    log = tmp_path / "log.jsonl"
    mixes = sorted(studio.glob("mix-*.wav"))[:3]
    common = ("render", "streaming", *mixes, "-o", "out", "--dask", two.address)
    with two.frozen("one"):
        with command(tmp_path, *common, "--log", log) as ours:
            status = run("farm", "status", two.address, "--json")
            _, errors = ours.communicate(timeout=60)
        assert ours.returncode == 0, errors
    assert "warning: one-1 did not answer and will be given nothing to do" in errors
    assert {line["worker"] for line in lines_of(log, "rendering")} == {"two-1"}
    problems = {row["name"]: row["problem"] for row in json.loads(status.stdout)}
    assert problems == {"one-1": "does not answer", "two-1": None}
    two.wait_for(2)


def test_a_job_of_a_worker_that_freezes_is_begun_elsewhere(
    two: FarmProcesses, mix: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pools, "SILENT_S", 3.0)
    monkeypatch.setenv("MASTERPRINT_FARM_PATIENCE_S", "3")
    heard: list[dict[str, Any]] = []
    with pool_of(two.address) as pool:
        future = pool.submit(SleepTask(a_job(tmp_path, mix), seconds=1.0), heard.append)
        wait_until(lambda: heard)
        first = heard[0]["begun"]["worker"]
        with two.frozen(first.removesuffix("-1")):
            assert future.result(60) == {"slept": 1.0}
    two.wait_for(2)
    begun = [line["begun"] for line in heard if "begun" in line]
    assert [each["attempt"] for each in begun] == [1, 2]
    assert {each["worker"] for each in begun} == {"one-1", "two-1"}


def test_a_scheduler_that_is_lost_fails_what_was_under_way(studio: Path, tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    with farm(tmp_path / "farm", "one") as processes:
        mixes = sorted(studio.glob("mix-*.wav"))
        common = ("render", "streaming", *mixes, "-o", "out", "--dask", processes.address)
        with command(tmp_path, *common, "--log", log) as ours:
            wait_until(lambda: lines_of(log, "rendered"))
            os.kill(processes.processes["scheduler"].pid, signal.SIGKILL)
            _, errors = ours.communicate(timeout=60)
        worker = processes.processes["one"]
        assert worker.wait(30) == 1
        assert processes.said("one").splitlines() == [
            f"masterprint: {processes.address}: the scheduler is gone, and so is the work."
        ]
    assert ours.returncode == 1
    assert "Traceback" not in errors
    begun = {line["mix"] for line in lines_of(log, "rendering")}
    failed = {line["mix"]: line["error"] for line in lines_of(log, "failed")}
    assert len(failed) >= 5
    for each, error in failed.items():
        text = "was lost with the connection" if each in begun else "was not begun: the connection"
        assert f"{text} to the scheduler at tcp://" in error


def test_ctrl_c_once_finishes_what_runs_and_begins_nothing_more(
    two: FarmProcesses, tmp_path: Path, studio: Path
) -> None:
    for number in range(6):
        os.link(studio / "mix-0.wav", tmp_path / f"{number}.wav")
    log = tmp_path / "log.jsonl"
    mixes = sorted(tmp_path.glob("?.wav"))
    arguments = ("render", "streaming", *mixes, "-o", "out", "--dask", two.address)
    with start(tmp_path, *arguments, "--log", log, "--json") as ours:
        wait_until(lambda: lines_of(log, "rendering"))
        ours.send_signal(signal.SIGINT)
        told = ours.stderr.readline()
        begun_then = len(lines_of(log, "rendering"))
        said, _ = ours.communicate(timeout=60)
    assert "finishing what is being rendered" in told
    assert ours.returncode == 130
    begun = [line["mix"] for line in lines_of(log, "rendering")]
    # What was on its way to a worker when it was interrupted may have been begun there.
    assert begun_then <= len(begun) <= 2
    rows = json.loads(said)
    assert [row["mix"] for row in rows if row["status"] == "ok"] == sorted(begun)
    assert {row["error"] for row in rows if row["status"] == "skipped"} == {
        "interrupted before it was begun"
    }
    assert len(hashes(tmp_path / "out")) == len(begun)


def test_what_is_withdrawn_before_a_worker_has_begun_it_is_never_begun(
    two: FarmProcesses, mix: Path, tmp_path: Path
) -> None:
    """As where another studio's jobs keep the workers busy."""
    job = a_job(tmp_path, mix)
    begun: list[dict[str, Any]] = []
    heard: list[dict[str, Any]] = []
    with pool_of(two.address) as others, pool_of(two.address) as pool:
        busy = [others.submit(SleepTask(job, seconds=2.0), begun.append) for _ in range(2)]
        wait_until(lambda: len(begun) == 2)
        queued = [pool.submit(TouchTask(job), heard.append) for _ in range(3)]
        time.sleep(0.5)
        assert heard == []
        assert all(future.cancel() for future in queued)
        assert [future.result(30) for future in busy] == [{"slept": 2.0}] * 2
        last = pool.submit(SleepTask(job), nobody_hears)
        assert last.result(30)
        assert not last.cancel()
    assert heard == []
    assert not mix.with_suffix(".touched").exists()


def test_ctrl_c_twice_ends_what_runs_on_the_workers(
    two: FarmProcesses, tmp_path: Path, run: Run, long: Path
) -> None:
    for number in range(4):
        os.link(long, tmp_path / f"{number}.wav")
    log = tmp_path / "log.jsonl"
    mixes = sorted(tmp_path.glob("?.wav"))
    arguments = ("render", "streaming", *mixes, "-o", "out", "--dask", two.address)
    with start(tmp_path, *arguments, "--log", log) as ours:
        wait_until(lambda: len(list((tmp_path / "out").glob(".masterprint-*"))) >= 2)
        ours.send_signal(signal.SIGINT)
        time.sleep(0.5)
        ours.send_signal(signal.SIGINT)
        _, errors = ours.communicate(timeout=30)
    assert ours.returncode == 130, errors
    cut_off = [each["mix"] for each in events(log) if each["event"] == "not_done"]
    assert cut_off == sorted(line["mix"] for line in lines_of(log, "rendering"))
    assert len(cut_off) == 2
    wait_until(lambda: list((tmp_path / "out").iterdir()) == [], 10)
    small = tmp_path / "small.wav"
    soundfile.write(small, noise(2.0).T, 44100, "PCM_16")
    assert run("render", "streaming", small, "-o", "o", "--dask", two.address).returncode == 0
