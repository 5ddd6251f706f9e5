"""Rendering through plugins as a user does: what fails, how it is told, and what stays behind."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

import masterprint
from conftest import Run
from masterprint.plugins.catalogue import Catalogue
from plugin_tools import bundle, noise

pytestmark = pytest.mark.usefixtures("plugins")


def write_mix(path: Path, seconds: float = 2.0, channels: int = 2) -> Path:
    soundfile.write(path, noise(seconds, channels).T, 44100, "FLOAT")
    return path


def write_chain(path: Path, *stages: str) -> Path:
    listed = "".join(f"  - {stage}\n" for stage in stages)
    path.write_text(f"masterprint: 1\nstages:\n{listed}master: {{bit_depth: 64f}}\n")
    return path


def plugin(name: str, **settings: str) -> str:
    more = "".join(f", {key}: {value}" for key, value in settings.items())
    return f"plugin: {{name: Fixture {name}{more}}}"


@pytest.fixture(autouse=True)
def _marked(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is started for this test can be told from what others have started."""
    monkeypatch.setenv("MASTERPRINT_TEST", f"test-{os.getpid()}-{time.monotonic_ns()}")


def processes_of_plugins() -> list[int]:
    """Every plugin's process that this test has started, whoever its parent is by now."""
    mark = f"MASTERPRINT_TEST={os.environ['MASTERPRINT_TEST']}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
                marks = (entry / "environ").read_bytes().split(b"\0")
            except OSError:
                continue
            if b"masterprint.plugins.hosted" in words and mark in marks:
                found.append(int(entry.name))
    return found


FAULTS = {
    "CrashRun": "crashed (SIGSEGV) at 00:0",
    "SpawnsThread": "crashed (SIGSEGV) at 00:0",
    "AbortRun": "crashed (SIGABRT) at 00:00",
    "ExitRun": "ended its process (exit code 7) at 00:00",
    "Exit0Run": "ended its process (exit code 0) at 00:00",
    "ThrowRun": "threw an exception: ThrowRun: out of luck at 00:00",
    "NanRun": "gave samples that are not finite (NaN or infinite) at 00:00",
}


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_a_fault_fails_its_mix_only_and_leaves_no_file(tmp_path: Path, run: Run, name: str) -> None:
    armed = plugin(name, parameters="{Arm: 1}")
    chain = write_chain(tmp_path / "chain.yaml", "gain: {}", plugin("Latency64"), armed)
    long = write_mix(tmp_path / "long.wav", 3.0)
    missing_a_fault = write_chain(tmp_path / "fine.yaml", plugin("Latency64"), plugin(name))
    done = run("render", chain, long, "-o", tmp_path / "out", "--json")
    assert done.returncode == 1, done.stderr
    (result,) = json.loads(done.stdout)
    assert result["status"] == "failed"
    assert f"stage 3, plugin 'Fixture {name}' 1.2.3: {FAULTS[name]}" in result["error"]
    assert f"{long}: stage 3" in done.stderr
    assert list((tmp_path / "out").iterdir()) == []
    assert run("render", missing_a_fault, long, "-o", tmp_path / "out").returncode == 0


def test_other_mixes_go_on(tmp_path: Path, run: Run) -> None:
    chain = write_chain(tmp_path / "chain.yaml", plugin("CrashRun", parameters="{Arm: 1}"))
    mixes = [
        write_mix(tmp_path / "a.wav", 0.2),  # over before the fault strikes, at one second
        write_mix(tmp_path / "b.wav", 3.0),
        write_mix(tmp_path / "c.wav", 0.3),
    ]
    done = run("render", chain, *mixes, "-o", tmp_path / "out", "--json")
    assert done.returncode == 1
    assert [row["status"] for row in json.loads(done.stdout)] == ["ok", "failed", "ok"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "a.wav",
        "a.wav.recall.yaml",
        "c.wav",
        "c.wav.recall.yaml",
    ]


def test_a_hang_ends_with_the_time_limit(tmp_path: Path, run: Run) -> None:
    chain = write_chain(tmp_path / "chain.yaml", plugin("HangRun", parameters="{Arm: true}"))
    mix = write_mix(tmp_path / "mix.wav", 3.0)
    done = run("render", chain, mix, "-o", tmp_path / "out", "--timeout", "3")
    assert done.returncode == 1
    assert "plugin 'Fixture HangRun' 1.2.3: was still working when the time limit" in done.stderr
    assert "ran out, and had come to 00:00" in done.stderr
    assert list((tmp_path / "out").iterdir()) == []
    assert processes_of_plugins() == []


def test_what_a_plugin_said_is_told_when_it_fails(tmp_path: Path, run: Run) -> None:
    chain = write_chain(
        tmp_path / "chain.yaml", plugin("ThrowRun", parameters="{Arm: 1}"), plugin("Chatty")
    )
    done = run("render", chain, write_mix(tmp_path / "m.wav"), "-o", tmp_path / "out", "--json")
    (result,) = json.loads(done.stdout)
    assert "out of luck" in result["error"]
    chatty = write_chain(tmp_path / "chain.yaml", plugin("Chatty"))
    told = run("render", chatty, tmp_path / "m.wav", "-o", tmp_path / "out", "--json")
    assert "something is odd" in json.loads(told.stdout)[0]["stages"][0]["stderr"]


def test_ctrl_c_leaves_no_process_and_no_file(tmp_path: Path) -> None:
    chain = write_chain(tmp_path / "chain.yaml", plugin("HangRun", parameters="{Arm: true}"))
    mix = write_mix(tmp_path / "mix.wav", 3.0)
    command = [sys.executable, "-m", "masterprint", "render", chain, mix, "-o", tmp_path / "out"]
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        with subprocess.Popen([*map(str, command)], stderr=subprocess.PIPE) as ours:
            time.sleep(2.5)
            ours.send_signal(number)
        ends = time.monotonic() + 5
        while processes_of_plugins() and time.monotonic() < ends:
            time.sleep(0.05)
        assert processes_of_plugins() == [], number
        assert not (tmp_path / "out" / "mix.wav").exists()


def test_a_plugin_is_loaded_only_from_the_catalogue_or_when_trusted(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MASTERPRINT_HOME", str(tmp_path / "empty"))
    chain = write_chain(tmp_path / "chain.yaml", plugin("Gain", parameters="{Gain: -6}"))
    mix = write_mix(tmp_path / "mix.wav")
    refused = run("render", chain, mix, "-o", tmp_path / "out")
    assert refused.returncode == 2
    assert "'Fixture Gain' is not in the catalogue, which is empty" in refused.stderr
    assert not (tmp_path / "out").exists()
    trusted = run("render", chain, mix, "-o", tmp_path / "out", "--trust-path", bundle("Gain"))
    assert trusted.returncode == 0, trusted.stderr
    assert not (tmp_path / "empty" / "plugins.json").exists()  # for one run
    wrong = run("render", chain, mix, "-o", tmp_path / "o2", "--trust-path", bundle("CrashScan"))
    assert wrong.returncode == 2
    assert "crashed (SIGSEGV)" in wrong.stderr
    for nothing in (tmp_path, ""):
        folder = run("render", chain, mix, "-o", tmp_path / "o3", "--trust-path", nothing)
        assert folder.returncode == 2
        assert "is not a plugin that Masterprint hosts" in folder.stderr


def test_a_plugin_that_was_removed_is_missing(tmp_path: Path, run: Run) -> None:
    copy = tmp_path / "plugins" / "Gain.vst3"
    shutil.copytree(bundle("Gain"), copy)
    chain = write_chain(tmp_path / "chain.yaml", plugin("Gain"))
    mix = write_mix(tmp_path / "mix.wav")
    run("plugins", "forget", "--all")
    run("plugins", "scan", "--only", tmp_path / "plugins")
    assert run("render", chain, mix, "-o", tmp_path / "out").returncode == 0
    shutil.rmtree(copy)
    done = run("render", chain, mix, "-o", tmp_path / "out", "--overwrite")
    assert done.returncode == 2
    assert f"{copy}: there is no such plugin file" in done.stderr


def test_a_render_is_repeated_bit_for_bit_also_beside_others(tmp_path: Path, run: Run) -> None:
    chain = write_chain(
        tmp_path / "chain.yaml",
        plugin("StatefulReset"),
        plugin("Latency1000"),
        plugin("Tail"),
        plugin("MonoOnly", parameters="{Gain: -3.21}"),
    )
    mix = write_mix(tmp_path / "mix.wav", 3.0)
    other = write_mix(tmp_path / "other.wav", 1.0)
    run("render", chain, mix, "-o", tmp_path / "alone")
    run("render", chain, mix, other, "-o", tmp_path / "together", "--jobs", "2")
    alone = (tmp_path / "alone" / "mix.wav").read_bytes()
    assert alone == (tmp_path / "together" / "mix.wav").read_bytes()


def test_mono_mixes_through_stereo_plugins(tmp_path: Path, run: Run) -> None:
    chain = write_chain(tmp_path / "chain.yaml", plugin("StereoOnly", parameters="{Gain: -20}"))
    mix = write_mix(tmp_path / "mix.wav", 1.0, channels=1)
    assert run("render", chain, mix, "-o", tmp_path / "out").returncode == 0
    audio, _ = soundfile.read(tmp_path / "out" / "mix.wav")
    assert audio.ndim == 1
    assert np.abs(audio - noise(1.0, 1)[0] * 0.1).max() < 1e-7


def test_two_hundred_renders_in_a_row_leave_nothing(tmp_path: Path) -> None:
    """One program renders 200 mixes, now and then with a fault, and holds no more than before."""
    fine = masterprint.load_chain(write_chain(tmp_path / "fine.yaml", plugin("Latency64")))
    fault = masterprint.load_chain(
        write_chain(tmp_path / "fault.yaml", plugin("ThrowRun", parameters="{Arm: true}"))
    )
    mix = write_mix(tmp_path / "mix.wav", 0.5)

    def children() -> list[str]:
        """Processes that this one has started; a farm of other tests may be among them."""
        listed = Path(f"/proc/self/task/{os.getpid()}/children")
        return listed.read_text().split() if listed.exists() else []

    def held() -> tuple[int, int, int]:
        descriptors = len(list(Path("/proc/self/fd").iterdir()))
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        threads = len(list(Path("/proc/self/task").iterdir()))
        return descriptors, pages * resource.getpagesize(), threads

    others, before = children(), (0, 0, 0)
    for number in range(200):
        if number == 20:  # by now everything that stays has been loaded
            before = held()
        if number % 10 == 9:
            with pytest.raises(masterprint.MasterprintError, match="out of luck"):
                masterprint.render(fault, mix, tmp_path / "out", overwrite=True)
        else:
            masterprint.render(fine, mix, tmp_path / "out", overwrite=True)
    after = held()
    assert after[0] <= before[0] + 1
    assert after[2] <= before[2] + 1
    assert after[1] <= before[1] + (24 << 20)
    assert processes_of_plugins() == []
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["mix.wav", "mix.wav.recall.yaml"]
    assert set(children()) <= set(others)


def test_the_catalogue_is_not_needed_by_chains_without_plugins(
    tmp_path: Path, run: Run, plugins: Path
) -> None:
    (plugins / "plugins.json").write_text("damaged")
    chain = write_chain(tmp_path / "chain.yaml", "gain: {gain_db: -1}")
    done = run("render", chain, write_mix(tmp_path / "mix.wav"), "-o", tmp_path / "out")
    assert done.returncode == 0
    assert Catalogue.load().damaged
