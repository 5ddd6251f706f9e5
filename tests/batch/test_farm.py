"""Renders on a Dask cluster of real processes, some of which die."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bulk_tools import start
from conftest import Run
from farm_tools import CrashTask, FarmProcesses, KillTask, SleepTask, farm
from masterprint.batch.farm.cluster import Farm
from masterprint.batch.farm.pool import FarmPool
from masterprint.batch.farm.sent import sent
from masterprint.batch.rendering import RenderTask
from masterprint.batch.workers import Unplaced, WorkerDied
from masterprint.chain.library import find_chain
from masterprint.chain.loading import load_chain
from masterprint.files.pcm_hash import pcm_sha256
from masterprint.rendering.job import IfThere, RenderJob
from masterprint.rendering.planning import Wish, plan_all, prepare
from masterprint.rendering.progress import RenderProgress
from masterprint.rendering.result import RenderResult
from plugin_tools import noise


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory, music: np.ndarray) -> Path:
    """A folder with eight mixes of 40 seconds, all different."""
    folder = tmp_path_factory.mktemp("studio")
    for number in range(8):
        audio = np.tile(np.roll(music, 1000 * number, axis=1), 4).T
        soundfile.write(folder / f"mix-{number}.wav", audio, 44100, "PCM_16")
    return folder


@pytest.fixture(scope="module")
def long(studio: Path, music: np.ndarray) -> Path:
    """Ten minutes of music, on which a worker is busy for a while."""
    path = studio / "long.wav"
    soundfile.write(path, np.tile(music, 60).T, 44100, "PCM_16")
    return path


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FarmProcesses]:
    """A farm of two workers without plugins."""
    folder = tmp_path_factory.mktemp("farm")
    with farm(folder, "one", "two", MASTERPRINT_HOME=str(folder / "nobody")) as processes:
        yield processes


def hashes(folder: Path) -> dict[str, str]:
    return {path.name: pcm_sha256(path) for path in sorted(folder.glob("*.wav"))}


def a_job(tmp_path: Path, mix: Path) -> RenderJob:
    wish = Wish(prepare(find_chain("streaming")), mix, tmp_path / "out" / "mix.wav")
    (job,) = plan_all([wish])
    return job


def wait_until(what, seconds: float = 30.0) -> None:
    ends = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < ends
        time.sleep(0.05)


def test_with_a_worker_killed_in_the_middle_every_master_is_that_of_a_local_render(
    studio: Path, tmp_path: Path, run: Run
) -> None:
    (tmp_path / "jobs.yaml").write_text(
        "masterprint_batch: 1\njobs:\n"
        + "".join(f"  - {{mix: {path}, chain: streaming}}\n" for path in studio.glob("mix-*.wav"))
    )
    local = run("batch", "jobs.yaml", "-o", "local", "--json")
    assert local.returncode == 0, local.stderr
    log = tmp_path / "log.jsonl"
    with farm(tmp_path / "farm", "one", "two") as processes:
        command = ["batch", "jobs.yaml", "-o", "out", "--dask", processes.address, "--log", log]
        with subprocess.Popen(
            [sys.executable, "-m", "masterprint", *map(str, command)],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as ours:
            # Both have had something by then, and both are at the next.
            wait_until(lambda: log.exists() and log.read_text().count('"rendered"') >= 2)
            processes.kill_at_work("one")
            said, errors = ours.communicate(timeout=120)
        assert ours.returncode == 0, errors
    assert "8 rendered" in said
    assert "distributed" not in errors
    assert hashes(tmp_path / "out") == hashes(tmp_path / "local")
    assert len(hashes(tmp_path / "out")) == 8
    events = [json.loads(line) for line in log.read_text().splitlines()]
    assert [each["event"] for each in events].count("rendered") == 8


def test_nobody_listens_where_others_could_reach(two: FarmProcesses) -> None:
    """Who reaches a worker or a scheduler of Dask can have it run anything."""
    assert two.listening() == {"127.0.0.1"}


def test_all_jobs_fail_when_the_last_worker_is_gone_for_good(
    studio: Path, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Together, after one time of waiting: not one after the other."""
    monkeypatch.setenv("MASTERPRINT_FARM_PATIENCE_S", "3")
    with farm(tmp_path / "farm", "one") as processes:
        mixes = sorted(studio.glob("mix-*.wav"))
        command = ["render", "streaming", *mixes, "-o", "out", "--dask", processes.address]
        with subprocess.Popen(
            [sys.executable, "-m", "masterprint", *map(str, command), "--json"],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as ours:
            processes.kill_at_work("one")
            said, errors = ours.communicate(timeout=4 * 3 + 10)
    assert ours.returncode == 1, errors
    failed = [row for row in json.loads(said) if row["status"] == "failed"]
    assert len(failed) >= 5
    assert all("waited 3 s for a worker after the last one was lost" in row["error"]
               for row in failed)  # fmt: skip


def test_a_second_attempt_beside_the_first_is_no_failure(mix: Path, tmp_path: Path) -> None:
    """As when a worker was out of sight for a while, and went on."""
    ready = sent(RenderTask(a_job(tmp_path, mix)), renders=True)
    with ThreadPoolExecutor(2) as threads:
        both = [threads.submit(ready.run, RenderProgress()) for _ in range(2)]
        assert [each.result()["status"] for each in both] == ["ok", "ok"]


def test_an_album_is_matched_as_it_is_locally(
    studio: Path, two: FarmProcesses, tmp_path: Path, run: Run
) -> None:
    mixes = sorted(studio.glob("mix-*.wav"))[:3]
    common = ("render", "streaming", *mixes, "--match-loudness", "album")
    local = run(*common, "-o", "local", "-q")
    there = run(*common, "-o", "out", "--dask", two.address, "-q")
    assert (local.returncode, there.returncode) == (0, 0), there.stderr
    assert hashes(tmp_path / "out") == hashes(tmp_path / "local")


def test_a_plan_and_what_is_done_already_are_told_as_locally(
    studio: Path, two: FarmProcesses, run: Run
) -> None:
    mix = studio / "mix-0.wav"
    common = ("render", "streaming", mix, "-o", "out", "--dask", two.address)
    plan = run(*common, "--dry-run", "--json")
    assert [row["would"] for row in json.loads(plan.stdout)] == ["render"]
    first = json.loads(run(*common, "--json").stdout)
    assert [(row["status"], row["mix"]) for row in first] == [("ok", str(mix))]
    again = json.loads(run(*common, "--resume", "--json").stdout)
    assert [row["status"] for row in again] == ["unchanged"]
    refused = run(*common)
    assert refused.returncode == 2
    assert "exists already" in refused.stderr


def test_only_the_job_that_kills_workers_fails(
    mix: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = a_job(tmp_path, mix)
    once_more = {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1"}
    with (
        farm(tmp_path / "farm", "one", "two", **once_more) as processes,
        closing(Farm(processes.address)) as client,
        closing(FarmPool(client)) as pool,
    ):
        tasks = [SleepTask(job) for _ in range(20)]
        tasks[4] = KillTask(job)
        tasks[11] = CrashTask(job)
        # All at once, so that many wait where the killer strikes, and are blamed with it.
        futures = [pool.submit(task, lambda line: None) for task in tasks]
        found = [future.exception(90) for future in futures]
    assert [n for n, error in enumerate(found) if error is not None] == [4, 11]
    assert isinstance(found[4], Unplaced)
    assert "ended the processes of 2 workers, one after the other" in str(found[4])
    assert isinstance(found[11], WorkerDied)
    assert "crashed (SIGSEGV) (on the worker " in str(found[11])


def write_plugin_chain(folder: Path, **settings: str) -> Path:
    more = "".join(f", {key}: {value}" for key, value in settings.items())
    path = folder / "chain.yaml"
    path.write_text(f"masterprint: 1\nstages: [plugin: {{name: Fixture Gain{more}}}]\n")
    return path


def test_jobs_go_to_those_who_hold_their_plugins(
    scanned: Path,
    two: FarmProcesses,
    tmp_path: Path,
    run: Run,
    long: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chain = write_plugin_chain(tmp_path, parameters="{Gain: -6}")
    for number in range(4):
        soundfile.write(tmp_path / f"{number}.wav", noise(2.0, seed=number).T, 44100, "FLOAT")
    command = ("render", chain, *sorted(tmp_path.glob("?.wav")), "--dask", two.address)
    nobody = run(*command, "-o", "out")
    assert nobody.returncode == 2
    assert "'Fixture Gain' is not in the catalogue" in nobody.stderr
    assert not (tmp_path / "out").exists()

    two.worker("holder", MASTERPRINT_HOME=str(scanned))
    rows = json.loads(run("farm", "status", two.address, "--json").stdout)
    held = {row["name"]: {each["name"] for each in row["plugins"]} for row in rows}
    assert held.keys() == {"holder-1", "one-1", "two-1"}
    assert "Fixture Gain" in held["holder-1"]
    assert not held["one-1"]
    there = run(*command, "-o", "out", "--json")
    assert [row["status"] for row in json.loads(there.stdout)] == ["ok"] * 4, there.stderr
    monkeypatch.setenv("MASTERPRINT_HOME", str(scanned))
    assert run(*command[:-2], "-o", "local").returncode == 0
    assert hashes(tmp_path / "out") == hashes(tmp_path / "local")

    # What has it now is at work for a while: then it is gone, and nobody comes.
    monkeypatch.setenv("MASTERPRINT_FARM_PATIENCE_S", "2")
    log = tmp_path / "log.jsonl"
    arguments = ["render", str(chain), str(long), "-o", "gone", "--dask", two.address]
    with subprocess.Popen(
        [sys.executable, "-m", "masterprint", *arguments, "--log", str(log)],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
    ) as ours:
        wait_until(lambda: log.exists() and '"rendering"' in log.read_text())
        time.sleep(1.0)
        two.kill("holder")
        _, errors = ours.communicate(timeout=60)
    assert ours.returncode == 1
    assert "waited 2 s for a worker that has its plugins after the last one was lost" in errors
    assert not list((tmp_path / "gone").glob("*.wav"))


def test_a_fallback_stays_one_on_the_workers(
    two: FarmProcesses, mix: Path, tmp_path: Path, run: Run, plugins: Path
) -> None:
    """The machine that submits has the plugin; that does not count."""
    chain = write_plugin_chain(
        tmp_path, when_missing="fallback", fallback="[{gain: {gain_db: -3}}]"
    )
    done = run("render", chain, mix, "-o", "out", "--dask", two.address, "--json")
    (row,) = json.loads(done.stdout)
    assert row["status"] == "ok"
    assert any("its fallback is used" in text for text in row["warnings"])


def test_another_version_is_refused(
    two: FarmProcesses, mix: Path, tmp_path: Path, run: Run
) -> None:
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(
        "import masterprint.version\nmasterprint.version.__version__ = '9.9.9'\n"
    )
    two.worker("newer", PYTHONPATH=str(site))
    try:
        done = run("render", "streaming", mix, "-o", "out", "--dask", two.address)
    finally:
        two.kill("newer")
    assert done.returncode == 2
    assert "but of the workers newer-1 has 9.9.9" in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_worker_reads_the_same_or_nothing(mix: Path, tmp_path: Path) -> None:
    job = a_job(tmp_path, mix)
    task = sent(RenderTask(job), renders=True)
    other = replace(task, version="0.0.1").run(RenderProgress())
    assert other["status"] == "failed"
    assert "where the job comes from 0.0.1" in other["error"]
    mix.write_bytes(mix.read_bytes()[:-1000] + b"\1" * 1000)
    changed = task.run(RenderProgress())
    assert changed["status"] == "failed"
    assert "sees another file there" in changed["error"]
    mix.unlink()
    gone = task.run(RenderProgress())
    assert "all machines have to see the storage under the same path" in gone["error"]
    assert list((tmp_path / "out").iterdir()) == []


def test_a_plugin_that_is_another_one_by_now_fails_its_job(
    plugins: Path, mix: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain = load_chain(write_plugin_chain(tmp_path))
    (job,) = plan_all([Wish(prepare(chain), mix, tmp_path / "out" / "mix.wav")])
    task = sent(RenderTask(job), renders=True)
    assert any(tag.startswith("plugin-") for tag in task.tags)
    monkeypatch.setenv("MASTERPRINT_HOME", str(tmp_path / "empty"))
    failed = replace(task, worker="blue").run(RenderProgress())
    assert "the worker blue does not have plugin 'Fixture Gain'" in failed["error"]
    monkeypatch.setenv("MASTERPRINT_HOME", str(plugins))
    assert task.run(RenderProgress())["status"] == "ok"


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_second_attempt_takes_what_the_first_has_completed(
    mix: Path, tmp_path: Path, overwrite: bool
) -> None:
    job = a_job(tmp_path, mix)
    if overwrite:
        assert RenderTask(job).run(RenderProgress())["status"] == "ok"
        before = job.master.stat().st_ino
        job = replace(job, if_there=IfThere.REPLACE)
    task = sent(RenderTask(job), renders=True)
    first = task.run(RenderProgress())
    made = job.master.stat().st_ino
    second = task.run(RenderProgress())
    assert (first["status"], second["status"]) == ("ok", "ok")
    assert job.master.stat().st_ino == made
    as_printed = [RenderResult.from_dict(each).as_dict()["after"] for each in (first, second)]
    assert as_printed[0] == as_printed[1]
    if overwrite:
        assert made != before


def test_a_scheduler_that_is_lost_fails_what_was_under_way(studio: Path, tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    with farm(tmp_path / "farm", "one") as processes:
        mixes = map(str, sorted(studio.glob("mix-*.wav")))
        arguments = ["render", "streaming", *mixes, "-o", "out", "--dask", processes.address]
        with subprocess.Popen(
            [sys.executable, "-m", "masterprint", *arguments, "--log", str(log)],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as ours:
            wait_until(lambda: log.exists() and '"rendered"' in log.read_text())
            os.kill(processes.processes["scheduler"].pid, signal.SIGKILL)
            _, errors = ours.communicate(timeout=60)
        worker = processes.processes["one"]
        assert worker.wait(30) == 1
    assert ours.returncode == 1
    assert "was lost with the connection to the scheduler at tcp://" in errors
    assert "Traceback" not in errors


def test_ctrl_c_twice_ends_what_runs_on_the_workers(
    two: FarmProcesses, tmp_path: Path, run: Run, long: Path
) -> None:
    for number in range(4):
        os.link(long, tmp_path / f"{number}.wav")
    log = tmp_path / "log.jsonl"
    mixes = map(str, sorted(tmp_path.glob("?.wav")))
    arguments = ["render", "streaming", *mixes, "-o", "out", "--dask", two.address]
    with start(tmp_path, *arguments, "--log", log) as ours:
        wait_until(lambda: len(list((tmp_path / "out").glob(".masterprint-*"))) >= 2)
        ours.send_signal(signal.SIGINT)
        time.sleep(0.5)
        ours.send_signal(signal.SIGINT)
        _, errors = ours.communicate(timeout=30)
    assert ours.returncode == 130, errors
    wait_until(lambda: list((tmp_path / "out").iterdir()) == [], 10)
    small = tmp_path / "small.wav"
    soundfile.write(small, noise(2.0).T, 44100, "PCM_16")
    assert run("render", "streaming", small, "-o", "o", "--dask", two.address).returncode == 0


def test_a_farm_without_workers_is_told_in_a_sentence(mix: Path, tmp_path: Path, run: Run) -> None:
    with farm(tmp_path / "farm") as processes:
        empty = run("render", "streaming", mix, "-o", "out", "--dask", processes.address)
    assert empty.returncode == 2
    assert "has no workers of Masterprint" in empty.stderr
