"""Renders on a Dask cluster of real processes: what goes where, and that it is the same there."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
import soundfile

from conftest import Run
from farm_tools import FarmProcesses, a_job, hashes, lines_of, wait_until
from masterprint.batch.farm.sent import sent
from masterprint.batch.rendering import RenderTask
from masterprint.chain.loading import load_chain
from masterprint.rendering.job import IfThere
from masterprint.rendering.planning import Wish, plan_all, prepare
from masterprint.rendering.progress import RenderProgress
from masterprint.rendering.result import RenderResult
from plugin_tools import noise


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
        wait_until(lambda: lines_of(log, "rendering"))
        two.kill("holder")
        _, errors = ours.communicate(timeout=60)
    assert ours.returncode == 1
    assert "waited 2 s for a worker that has its plugins after the last one was lost" in errors
    assert [line["worker"] for line in lines_of(log, "rendering")] == ["holder-1"]
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
    # The recall sheet, from which the second is told, has the figures as they are shown.
    as_printed = [RenderResult.from_dict(each).as_dict()["after"] for each in (first, second)]
    assert as_printed[0] == as_printed[1]
    if overwrite:
        assert made != before
