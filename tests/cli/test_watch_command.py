"""`masterprint watch` as it runs in a studio: mixes are dropped in, some half copied, some bad."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bulk_tools import CHAIN, events, start, write_chain, write_mixes
from masterprint.sheets.sheet import load_sheet


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def until(condition, seconds: float = 60.0) -> None:
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, "it did not come to that"
        time.sleep(0.02)


@pytest.fixture
def inbox(tmp_path):
    write_chain(tmp_path / "chain.yaml")
    write_mixes(tmp_path / "ready", 3)
    (tmp_path / "inbox").mkdir()
    return tmp_path / "inbox"


def test_once_does_what_is_there(run, tmp_path, inbox):
    for name in ("00.wav", "01.wav"):
        shutil.copy(tmp_path / "ready" / name, inbox)
    (inbox / "bad.wav").write_bytes(b"no audio")
    (inbox / "notes.txt").write_text("for you")
    (inbox / ".hidden.wav").write_bytes(b"")
    (inbox / "link.wav").symlink_to(tmp_path / "ready/02.wav")
    (inbox / "an album").mkdir()
    options = ("--once", "--settle", "0.2", "--set", "limiter.ceiling_dbtp=-9", "--bit-depth", "16")
    done = run("watch", "chain.yaml", "inbox", "-o", "out", *options, "--log", "log.jsonl")
    assert done.returncode == 1
    for odd in ("an album", "link.wav"):
        assert done.stderr.count(f"inbox/{odd}: is left alone") == 1
    found = soundfile.info(tmp_path / "out/00.wav")
    assert found.subtype == "PCM_16"
    assert np.max(np.abs(soundfile.read(tmp_path / "out/00.wav")[0])) <= 10 ** (-9 / 20)
    logged = events(tmp_path / "log.jsonl")
    assert (logged[0]["event"], logged[-1]["event"]) == ("begun", "ended")
    assert (logged[-1]["failed"], logged[-1]["cut_off"]) == (1, 0)
    assert sorted(names(tmp_path / "out")) == [
        "00.wav",
        "00.wav.recall.yaml",
        "01.wav",
        "01.wav.recall.yaml",
    ]
    assert names(inbox) == [".hidden.wav", "an album", "done", "errors", "link.wav", "notes.txt"]
    assert names(inbox / "done") == ["00.wav", "01.wav"]
    assert names(inbox / "errors") == ["bad.wav", "bad.wav.error.txt"]
    reason = (inbox / "errors/bad.wav.error.txt").read_text()
    assert reason.startswith("inbox/bad.wav: cannot be read as audio")
    # The sheet knows where the mix went.
    recalled = run("recall", "out/00.wav")
    assert recalled.returncode == 0, recalled.stdout
    assert "identical" in recalled.stdout
    again = run("watch", "chain.yaml", "inbox", "-o", "out", "--once", "--settle", "0.1")
    assert again.returncode == 0


def test_a_script_is_told_of_each_mix_in_a_line(run, tmp_path, inbox):
    shutil.copy(tmp_path / "ready/00.wav", inbox)
    (inbox / "bad.wav").write_bytes(b"no audio")
    options = ("--once", "--settle", "0.2", "--json")
    done = run("watch", "chain.yaml", "inbox", "-o", "out", *options)
    assert done.returncode == 1
    told = {data["mix"]: data for data in map(json.loads, done.stdout.splitlines())}
    assert told["inbox/00.wav"]["status"] == "ok"
    assert told["inbox/00.wav"]["after"]["integrated_lufs"] < 0
    assert "cannot be read as audio" in told["inbox/bad.wav"]["error"]
    assert "cannot be read as audio" in done.stderr


def test_mixes_are_taken_when_they_are_complete(tmp_path, inbox):
    (long,) = write_mixes(tmp_path / "long", 1, 3.0)
    data = long.read_bytes()
    options = ("--settle", "0.3", "--log", "log.jsonl")
    running = start(tmp_path, "watch", "chain.yaml", "inbox", "-o", "out", *options)
    try:
        until((inbox / "done").exists)
        with (inbox / "slow.wav").open("wb") as file:
            for place in range(0, len(data), len(data) // 5):
                assert names(tmp_path / "out") == []
                file.write(data[place : place + len(data) // 5])
                file.flush()
                time.sleep(0.6)  # longer than it takes to settle
        until(lambda: names(inbox / "done") == ["slow.wav"])
        shutil.copy(tmp_path / "ready/00.wav", inbox)
        until(lambda: "00.wav" in names(inbox / "done"))
        # Another mix of a name that is done already: its master stays, and so does the mix.
        shutil.copy(tmp_path / "ready/01.wav", inbox / "00.wav")
        until(lambda: "00.wav" in names(inbox / "errors"))
        # The same once more: nothing is rendered, and nothing is lost.
        shutil.copy(tmp_path / "ready/00.wav", inbox)
        until(lambda: "00 (2).wav" in names(inbox / "done"))
    finally:
        os.kill(running.pid, signal.SIGINT)
        output, errors = running.communicate(timeout=60)
    assert running.returncode == 130, errors
    assert "exists already, and the mix has changed: it was left as it is" in errors
    assert output.count("out/00.wav") == 2
    found = [each["event"] for each in events(tmp_path / "log.jsonl")]
    assert found.count("rendered") == 2
    assert found.count("done_already") == 1
    assert found.count("failed") == 1


def test_what_is_being_rendered_comes_to_its_end(tmp_path, inbox):
    write_chain(tmp_path / "chain.yaml", CHAIN + "  - limiter: {}\n" * 5)
    write_mixes(inbox, 2, 8.0)
    running = start(
        tmp_path, "watch", "chain.yaml", "inbox", "-o", "out", "--settle", "0", "--jobs", "1"
    )
    until(lambda: any(name.endswith(".part") for name in names(tmp_path / "out")))
    os.kill(running.pid, signal.SIGINT)
    _, errors = running.communicate(timeout=60)
    assert running.returncode == 130, errors
    assert "finishing what is being rendered" in errors
    assert names(inbox / "done") == [
        name.removesuffix(".recall.yaml")
        for name in names(tmp_path / "out")
        if name.endswith(".recall.yaml")
    ]
    assert not any(name.startswith(".") for name in names(tmp_path / "out"))


def test_a_mix_that_is_replaced_meanwhile_is_taken_again(tmp_path, inbox):
    write_chain(tmp_path / "chain.yaml", CHAIN + "  - limiter: {}\n" * 5)
    (mix,) = write_mixes(inbox, 1, 8.0)
    (other,) = write_mixes(tmp_path / "other", 1, 8.0, level=0.2)
    new = other.read_bytes()
    running = start(
        tmp_path, "watch", "chain.yaml", "inbox", "-o", "out", "--settle", "0.2", "--once"
    )
    until(lambda: any(name.endswith(".part") for name in names(tmp_path / "out")))
    other.rename(mix)
    _, errors = running.communicate(timeout=120)
    assert "inbox/00.wav: was replaced while it was rendered, and is taken again" in errors
    assert names(inbox / "done") == ["00.wav"]
    assert names(inbox / "errors") == []
    assert (inbox / "done/00.wav").read_bytes() == new
    sheet = load_sheet(tmp_path / "out/00.wav.recall.yaml").sheet
    assert sheet.mix.sha256 == hashlib.sha256(new).hexdigest()


def test_a_name_that_leaves_no_room_for_a_sheet_is_put_aside_with_the_reason(run, tmp_path, inbox):
    long = "n" * 246 + ".wav"
    shutil.copy(tmp_path / "ready/00.wav", inbox / long)
    done = run("watch", "chain.yaml", "inbox", "-o", "out", "--once", "--settle", "0.2")
    assert done.returncode == 1
    assert "leave room for the name of its recall sheet" in done.stderr
    (reason,) = (name for name in names(inbox / "errors") if name.endswith(".error.txt"))
    assert reason.startswith("nnn")
    assert "rename the mix" in (inbox / "errors" / reason).read_text()
    assert long in names(inbox / "errors")
    assert names(tmp_path / "out") == []


def test_what_cannot_be_watched_is_refused(run, tmp_path, inbox):
    (tmp_path / "file").write_text("")
    cases = [
        (("chain.yaml", "nowhere", "-o", "out"), "nowhere: there is no such folder"),
        (("chain.yaml", "file", "-o", "out"), "file: there is no such folder"),
        (("none.yaml", "inbox", "-o", "out"), "no such chain file"),
        (("chain.yaml", "inbox", "-o", "inbox"), "is the inbox itself"),
        (("chain.yaml", "inbox", "-o", "inbox/done"), "is the inbox itself or belongs to it"),
        (("chain.yaml", "inbox", "-o", "file"), "where an output folder is expected"),
    ]
    for arguments, expected in cases:
        done = run("watch", *arguments, "--once")
        assert done.returncode == 2, (arguments, done.stderr)
        assert expected in done.stderr


def test_one_bad_turn_does_not_end_the_watch(tmp_path, inbox):
    (inbox / os.fsdecode(b"caf\xe9.wav")).write_bytes((tmp_path / "ready/02.wav").read_bytes())
    running = start(tmp_path, "watch", "chain.yaml", "inbox", "-o", "out", "--settle", "0.2")
    try:
        until(lambda: len(names(inbox / "done")) == 1)
        # Gone before it could be moved; and a place in done that somebody has taken meanwhile.
        shutil.copy(tmp_path / "ready/00.wav", inbox)
        until(lambda: any(name.endswith(".part") for name in names(tmp_path / "out"))
              or "00.wav" in names(tmp_path / "out"))  # fmt: skip
        (inbox / "00.wav").unlink(missing_ok=True)
        shutil.copy(tmp_path / "ready/01.wav", inbox)
        until(lambda: "01.wav" in names(inbox / "done"))
    finally:
        os.kill(running.pid, signal.SIGINT)
        running.communicate(timeout=60)
    assert running.returncode == 130


def test_ctrl_c_leaves_what_only_waits(tmp_path, inbox):
    write_chain(tmp_path / "chain.yaml", CHAIN + "  - limiter: {}\n" * 5)
    write_mixes(inbox, 8, 4.0)
    options = ("--settle", "0", "--jobs", "1", "--once")
    running = start(tmp_path, "watch", "chain.yaml", "inbox", "-o", "out", *options)
    until(lambda: any(name.endswith(".part") for name in names(tmp_path / "out")))
    os.kill(running.pid, signal.SIGINT)
    _, errors = running.communicate(timeout=60)
    assert running.returncode == 130, errors
    assert len(names(inbox / "done")) <= 2
