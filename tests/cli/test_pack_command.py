"""`masterprint pack` and `unpack` as a user types them, from one studio to another."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile

from conftest import Run

CONVOLVED = "masterprint: 1\nstages:\n  - convolution: {impulse_response: rooms/small room.wav}\n"


@pytest.fixture
def studio(tmp_path: Path, mix: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own, and the master `out/mix.wav` of `mix.wav` in a room."""
    monkeypatch.setenv("MASTERPRINT_HOME", str(tmp_path / "home of the first"))
    (tmp_path / "rooms").mkdir()
    response = np.random.default_rng(2).standard_normal(2000) * np.exp(-np.arange(2000) / 300)
    soundfile.write(tmp_path / "rooms" / "small room.wav", response, 44100, "FLOAT")
    (tmp_path / "room.yaml").write_text(CONVOLVED)
    done = run("render", "room.yaml", mix, "-o", "out", "-q")
    assert done.returncode == 0, done.stderr
    return tmp_path


def move_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """To another studio: another home, and what was here is gone."""
    for name in names:
        shutil.rmtree(tmp_path / name)
    monkeypatch.setenv("MASTERPRINT_HOME", str(tmp_path / "home of the second"))


def hidden(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob(".*"))


def test_another_studio_makes_the_same_master(studio, run, monkeypatch):
    packed = run("pack", "out/mix.wav.recall.yaml", "-o", "low tide.zip", "--json")
    assert packed.returncode == 0, packed.stderr
    told = json.loads(packed.stdout)
    names = ["mix.wav.recall.yaml", "rooms/small room.wav"]
    assert [row["name"] for row in told["members"]] == names
    assert told["bytes"] == (studio / "low tide.zip").stat().st_size
    move_out(studio, monkeypatch, "rooms", "out")
    (studio / "elsewhere").mkdir()
    (studio / "mix.wav").rename(studio / "elsewhere" / "another name.wav")
    unpacked = run("unpack", "low tide.zip", "--json")
    assert unpacked.returncode == 0, unpacked.stderr
    rows = json.loads(unpacked.stdout)["members"]
    assert [row["path"] for row in rows] == [f"low tide/{name}" for name in names]
    sheet = "low tide/mix.wav.recall.yaml"
    alone = run("recall", sheet)
    assert alone.returncode == 2
    assert "mix mix.wav: not found" in alone.stdout
    done = run("recall", sheet, "--mix", "elsewhere", "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["verdict"] == "identical"
    (of_sheet,) = [each for each in result["ingredients"] if each["kind"] == "sheet"]
    assert of_sheet["status"] == "same"
    assert hidden(studio) == []


def test_with_its_audio_a_session_needs_nothing_else(studio, run, monkeypatch):
    """Mix and master have one name, as they have when a chain was rendered with -o."""
    assert run("pack", "out/mix.wav", "-o", "all.zip", "--audio").returncode == 0
    audio = {name: (studio / name).read_bytes() for name in ("mix.wav", "out/mix.wav")}
    move_out(studio, monkeypatch, "rooms", "out")
    (studio / "mix.wav").unlink()
    done = run("unpack", "all.zip", "-o", "sessions/low tide")
    assert done.returncode == 0, done.stderr
    folder = studio / "sessions" / "low tide"
    assert (folder / "mix.wav").read_bytes() == audio["out/mix.wav"]
    assert (folder / "mixes" / "mix.wav").read_bytes() == audio["mix.wav"]
    done = run("recall", folder / "mix.wav", "--json")
    assert json.loads(done.stdout)["verdict"] == "identical", done.stderr


@pytest.mark.usefixtures("plugins")
def test_the_state_of_a_plugin_goes_along(scanned, tmp_path, mix, run, monkeypatch):
    (tmp_path / "chain.yaml").write_text("masterprint: 1\nstages:\n  - gain: {gain_db: -1}\n")
    run("capture", "Fixture Gain", "--into", "chain.yaml", "--set", "Gain=-7")
    assert run("render", "chain.yaml", mix, "-o", "out", "-q").returncode == 0
    packed = run("pack", "out/mix.wav", "-o", "p.zip")
    assert packed.returncode == 0, packed.stderr
    assert "file   states/fixture-gain-" in packed.stdout
    move_out(tmp_path, monkeypatch, "states", "out")
    shutil.copytree(scanned, tmp_path / "home of the second")
    assert run("unpack", "p.zip", "-o", "there").returncode == 0
    done = run("recall", "there/mix.wav.recall.yaml", "--mix", tmp_path, "--json")
    assert json.loads(done.stdout)["verdict"] == "identical", done.stderr


def test_a_missing_response_is_searched_where_it_is_said_to_be(studio, run):
    (studio / "rooms").rename(studio / "archive")
    failed = run("pack", "out/mix.wav", "-o", "a.zip")
    assert failed.returncode == 1
    assert "rooms/small room.wav" in failed.stderr
    assert "--search" in failed.stderr
    assert len(failed.stderr.strip().splitlines()) == 1
    assert not (studio / "a.zip").exists()
    done = run("pack", "out/mix.wav", "-o", "a.zip", "--search", "archive")
    assert done.returncode == 0, done.stderr


def test_an_edited_sheet_is_packed_and_that_is_said(studio, run):
    sheet = studio / "out" / "mix.wav.recall.yaml"
    sheet.write_text(sheet.read_text().replace("seconds: ", "seconds: 1"))
    done = run("pack", sheet, "-o", "a.zip")
    assert done.returncode == 0
    assert "warning" in done.stderr
    assert "edited" in done.stderr


def test_what_cannot_be_begun(studio, run):
    (studio / "there.zip").write_text("precious")
    (studio / "...zip").write_text("a name that leads out")
    (studio / "folder").mkdir()
    sheet = "out/mix.wav"
    cases = [
        (["pack", "nothing.recall.yaml", "-o", "a.zip"], "no such recall sheet"),
        (["pack", "room.yaml", "-o", "a.zip"], "is no recall sheet"),
        (["pack", sheet, "-o", "there.zip"], "exists already"),
        (["pack", sheet, "-o", "folder"], "is a folder"),
        (["pack", sheet, "-o", "nowhere/a.zip"], "no such folder"),
        (["pack", sheet, "-o", "a.zip", "--search", "nowhere"], "no such file or folder"),
        (["pack", sheet, "-o", "mix.wav", "--mix", "--overwrite"], "is to be packed itself"),
        (["pack", sheet], "--output"),
        (["unpack", "nothing.zip"], "no such file"),
        (["unpack", "folder", "-o", "x"], "is no file"),
        (["unpack", "...zip"], "gives no name for a folder"),
    ]
    for arguments, expected in cases:
        done = run(*arguments)
        assert done.returncode == 2, (arguments, done.stderr)
        assert expected in done.stderr, done.stderr
        assert "Traceback" not in done.stderr
    assert (studio / "there.zip").read_text() == "precious"
    assert not (studio / "a.zip").exists()
    refused = run("unpack", "there.zip")
    assert refused.returncode == 1
    assert refused.stderr.startswith("masterprint: there.zip: is no pack")
    assert not (studio / "there").exists()


def small_disk(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command whose files may have 200 KiB each."""
    command = 'ulimit -f 200; exec "$@"'
    words = ["bash", "-c", command, "-", sys.executable, "-m", "masterprint", *arguments]
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)


def test_a_full_disk_fails_in_one_sentence_and_leaves_nothing(studio, run):
    assert run("pack", "out/mix.wav", "-o", "good.zip", "--audio").returncode == 0
    before = sorted(studio.rglob("*"))
    for arguments in (
        ["pack", "out/mix.wav", "-o", "a.zip", "--audio"],
        ["unpack", "good.zip"],
        ["unpack", "good.zip", "-o", "rooms"],
    ):
        done = small_disk(studio, *arguments)
        assert done.returncode == 1, done.stderr
        assert "cannot be written: File too large" in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1
        assert sorted(studio.rglob("*")) == before


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A pack that takes a while: 400 MB in 100 files, each with a hash of its own."""
    from masterprint.sheets.ingredients import look_at_file

    size = 4 << 20
    (tmp_path / "zeros").write_bytes(bytes(size))
    digest = look_at_file(tmp_path / "zeros").sha256
    rows = [
        {"name": f"in/{number}.wav", "kind": "file", "bytes": size, "sha256": digest}
        for number in range(100)
    ]
    path = tmp_path / "large.zip"
    with zipfile.ZipFile(path, "w") as archive:
        manifest = {"masterprint_pack": 1, "masterprint": "0", "members": rows}
        archive.writestr("masterprint-pack.json", json.dumps(manifest))
        for row in rows:
            archive.writestr(str(row["name"]), bytes(size))
    return path


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("there", [False, True])
def test_killed_on_the_way_nothing_has_its_name(large, tmp_path, run, number, there):
    folder = tmp_path / "folder"
    if there:
        folder.mkdir()
    heeding = "signal.signal(signal.SIGINT, signal.default_int_handler)"
    program = f"import signal, masterprint.cli.app as app; {heeding}; app.main()"
    running = subprocess.Popen(
        [sys.executable, "-c", program, "unpack", large.name, "-o", "folder"],
        cwd=tmp_path,
        stderr=subprocess.DEVNULL,
    )
    base = folder if there else tmp_path
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not list(base.glob(".masterprint-*.part/**/3.wav")):
        time.sleep(0.005)
    os.kill(running.pid, number)
    assert running.wait(timeout=60) in (-signal.SIGKILL, 130, 143)
    seen = {path.name for path in tmp_path.rglob("[!.]*.wav") if ".part/" not in str(path)}
    assert seen == set()
    assert folder.exists() == there
    if number != signal.SIGKILL:
        assert hidden(tmp_path) == []
        return
    (left,) = base.glob(".masterprint-*.part")
    old = time.time() - 3600
    os.utime(left, (old, old))
    assert run("unpack", large.name, "-o", "folder").returncode == 0
    assert len(list((folder / "in").iterdir())) == 100
    assert hidden(tmp_path) == []
