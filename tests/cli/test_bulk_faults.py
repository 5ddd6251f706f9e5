"""What goes wrong while many are rendered: kills, full disks, lost permissions, two at once."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import pytest

from bulk_tools import CHAIN, events, masters, start, write_chain, write_mixes
from masterprint.batch.pool import LocalPool
from masterprint.batch.rendering import RenderTask, result_of
from masterprint.chain.loading import load_chain
from masterprint.files.pcm_hash import pcm_sha256
from masterprint.rendering.engine import try_render
from masterprint.rendering.planning import Wish, plan_all, prepare
from masterprint.rendering.progress import RenderProgress
from masterprint.sheets.sheet import load_sheet, sheet_path

SLOW = "masterprint: 1\nstages:\n" + "  - limiter: {input_gain_db: 3}\n" * 3


def pairs_hold(folder: Path) -> bool:
    """Whether every master is the one that its sheet describes."""
    found = [path for path in folder.rglob("*.wav") if not path.name.startswith(".")]
    return all(
        pcm_sha256(path) == load_sheet(sheet_path(path)).sheet.master.pcm_sha256 for path in found
    )


def until(condition, seconds: float = 60.0) -> None:
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, "it did not come to that"
        time.sleep(0.01)


def workers_of(pid: int) -> list[int]:
    """Worker processes that a process has started."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
            words = (status.parent / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if int(fields[1]) == pid and b"masterprint.batch.worker" in words:
            found.append(int(status.parent.name))
    return found


def test_a_batch_killed_at_any_moment_goes_on_where_it_was(run, tmp_path):
    write_chain(tmp_path / "chain.yaml", SLOW)
    write_mixes(tmp_path / "mixes", 6, 3.0)
    command = ("render", "chain.yaml", "mixes", "-q", "-o")
    began = time.monotonic()
    assert run(*command, "whole").returncode == 0
    takes_s = time.monotonic() - began
    chance = random.Random(int(time.time()))
    kills = 0
    for _ in range(30):
        running = start(tmp_path, *command, "out", "--resume")
        time.sleep(chance.uniform(0.4, 1.05) * takes_s)
        os.kill(running.pid, signal.SIGKILL)
        running.communicate()
        kills += running.returncode == -signal.SIGKILL
        # Whatever has a name is complete, and is what its sheet says.
        assert pairs_hold(tmp_path / "out")
        if kills and len(masters(tmp_path / "out")) >= 3:
            break
    assert kills
    done = run(*command, "out", "--resume", "--log", "log.jsonl")
    assert done.returncode == 0, done.stderr
    assert any(each["event"] == "done_already" for each in events(tmp_path / "log.jsonl"))
    until(lambda: not list((tmp_path / "out").glob(".*")), 10)
    assert masters(tmp_path / "out") == masters(tmp_path / "whole")


def test_what_a_killed_render_has_left_is_removed_later(run, tmp_path):
    write_chain(tmp_path / "chain.yaml")
    (mix,) = write_mixes(tmp_path / "mixes", 1)
    (tmp_path / "out").mkdir()
    old, young = (tmp_path / f"out/.masterprint-{name}.part" for name in ("old", "young"))
    for part in (old, young):
        part.write_bytes(b"half")
    an_hour_ago = time.time() - 3600
    os.utime(old, (an_hour_ago, an_hour_ago))
    assert run("render", "chain.yaml", mix, "-o", "out").returncode == 0
    assert not old.exists()
    assert young.exists()  # somebody may be writing it


def test_a_worker_that_dies_takes_one_mix_with_it(run, tmp_path):
    write_chain(tmp_path / "chain.yaml", SLOW)
    write_mixes(tmp_path / "mixes", 6, 4.0)
    running = start(
        tmp_path, "render", "chain.yaml", "mixes", "-o", "out", "--json", "--log", "log.jsonl"
    )
    log = tmp_path / "log.jsonl"
    until(lambda: log.exists() and '"rendered"' in log.read_text())
    victim = workers_of(running.pid)[0]
    os.kill(victim, signal.SIGSEGV)
    output, errors = running.communicate(timeout=120)
    assert running.returncode == 1, errors
    rows = json.loads(output)
    assert sorted(row["status"] for row in rows) == ["failed"] + ["ok"] * 5
    assert "the process that rendered it crashed (SIGSEGV)" in errors
    assert len(masters(tmp_path / "out")) == 5


def test_ctrl_c_once_finishes_what_runs_and_a_second_time_stops_it(run, tmp_path):
    write_chain(tmp_path / "chain.yaml", SLOW)
    write_mixes(tmp_path / "mixes", 12, 3.0)
    command = ("render", "chain.yaml", "mixes", "-o", "out", "--json", "--log", "log.jsonl")
    running = start(tmp_path, *command)
    log = tmp_path / "log.jsonl"
    until(lambda: log.exists() and '"rendered"' in log.read_text())
    os.kill(running.pid, signal.SIGINT)
    output, errors = running.communicate(timeout=120)
    assert running.returncode == 130, errors
    assert "finishing what is being rendered; Ctrl-C again stops it" in errors
    assert "Interrupted. Nothing was left half-written." in errors
    rows = [row["status"] for row in json.loads(output)]
    begun = sum(each["event"] == "rendering" for each in events(log))
    assert set(rows) == {"ok", "skipped"}
    assert rows.count("ok") == begun == len(masters(tmp_path / "out"))
    assert events(log)[-1]["interrupted"]
    done = run(*command, "--resume")
    assert done.returncode == 0
    found = [row["status"] for row in json.loads(done.stdout)]
    assert found.count("unchanged") == rows.count("ok")
    assert len(masters(tmp_path / "out")) == 12


def test_a_full_disk_fails_each_mix_in_one_sentence(tmp_path):
    write_chain(tmp_path / "chain.yaml")
    write_mixes(tmp_path / "mixes", 3, 3.0)
    write_mixes(tmp_path / "mixes/short", 1, 0.1)
    script = 'ulimit -f 300; exec "$0" -m masterprint render chain.yaml mixes -r -o out --json'
    running = start(tmp_path)  # for its environment only
    running.communicate()
    import subprocess

    done = subprocess.run(
        ["bash", "-c", script, sys.executable],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert [row["status"] for row in json.loads(done.stdout)] == ["failed"] * 3 + ["ok"]
    said = done.stderr.strip().splitlines()
    assert len(said) == 3
    assert all("cannot be written: File too large" in line for line in said)
    assert list(masters(tmp_path / "out")) == ["short/00.wav"]


@pytest.mark.skipif(os.geteuid() == 0 and not shutil.which("setpriv"), reason="needs setpriv")
def test_permission_lost_in_the_middle(tmp_path):
    write_chain(tmp_path / "chain.yaml", SLOW)
    write_mixes(tmp_path / "mixes", 8, 2.0)
    lost = "-dac_override,-dac_read_search"  # which make root stop at no door
    before = ("setpriv", "--bounding-set", lost, "--inh-caps", lost) if os.geteuid() == 0 else ()
    running = start(
        tmp_path,
        *("render", "chain.yaml", "mixes", "-o", "out", "--json", "--log", "log.jsonl"),
        before=before,
    )
    log = tmp_path / "log.jsonl"
    until(lambda: log.exists() and '"rendered"' in log.read_text())
    (tmp_path / "out").chmod(0o500)
    try:
        output, errors = running.communicate(timeout=120)
    finally:
        (tmp_path / "out").chmod(0o700)
    assert running.returncode == 1, errors
    rows = json.loads(output)
    failed = [row for row in rows if row["status"] == "failed"]
    assert failed
    assert len(failed) < 8
    assert all("cannot be written: Permission denied" in row["error"] for row in failed)
    assert pairs_hold(tmp_path / "out")


def test_two_batches_into_one_folder(tmp_path):
    write_mixes(tmp_path / "mixes", 6, 1.0)
    for number, gain in enumerate((-3, -9)):
        write_chain(tmp_path / f"{number}.yaml", CHAIN.replace("-3", str(gain)))
    # Both may replace: each master is one or the other, and its sheet says which.
    both = [
        start(tmp_path, "render", f"{n}.yaml", "mixes", "-o", "out", "--overwrite", "-q")
        for n in range(2)
    ]
    for running in both:
        _, errors = running.communicate(timeout=120)
        assert running.returncode == 0, errors
    assert len(masters(tmp_path / "out")) == 6
    assert pairs_hold(tmp_path / "out")
    # Neither may: whoever comes second leaves it.
    both = [
        start(tmp_path, "render", f"{n}.yaml", "mixes", "-o", "new", "-q", "--json")
        for n in range(2)
    ]
    done = [running.communicate(timeout=120) for running in both]
    assert len(masters(tmp_path / "new")) == 6
    assert pairs_hold(tmp_path / "new")
    for _, errors in done:
        for line in errors.splitlines():
            assert "exists already" in line or "appeared while its master was" in line


def test_thousands_of_tiny_jobs_with_many_that_fail(tmp_path):
    """The parent's memory does not grow with what is done."""
    write_chain(tmp_path / "chain.yaml")
    (mix,) = write_mixes(tmp_path, 1, 0.02)
    data = mix.read_bytes()
    (tmp_path / "mixes").mkdir()
    count = 1000
    for number in range(count):
        path = tmp_path / f"mixes/{number:05}.wav"
        path.write_bytes(b"no audio" if number % 10 == 0 else data)
    running = start(
        tmp_path, "render", "chain.yaml", "mixes", "-o", "out", "--log", "log.jsonl", "-q"
    )

    def done() -> int:
        folder = tmp_path / "out"
        return sum(1 for _ in folder.glob("*.wav")) if folder.exists() else 0

    def held_kilobytes() -> int:
        lines = Path(f"/proc/{running.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))

    until(lambda: done() > count // 5)
    early = held_kilobytes()
    until(lambda: done() > count * 8 // 10)
    late = held_kilobytes()
    _, errors = running.communicate(timeout=120)
    assert running.returncode == 1
    assert done() == count * 9 // 10
    assert errors.count("cannot be read as audio") == count // 10
    assert late - early < 2000, (early, late)


def test_two_that_resume_do_not_replace_one_another(tmp_path):
    """Two mixes of one name into one folder: whoever comes second is told."""
    for name, seed in (("a", 1), ("b", 2)):
        write_mixes(tmp_path / name, seed, 3.0)
        (tmp_path / name / "00.wav").rename(tmp_path / name / "song.wav")
        shutil.copy(tmp_path / name / "song.wav", tmp_path / f"{name}.keep")
    write_mixes(tmp_path / "other", 2, 3.0)
    shutil.copy(tmp_path / "other/01.wav", tmp_path / "b/song.wav")
    write_chain(tmp_path / "chain.yaml", SLOW)
    both = [
        start(tmp_path, "render", "chain.yaml", f"{name}/song.wav", "-o", "out", "--resume")
        for name in ("a", "b")
    ]
    done = [running.communicate(timeout=60) for running in both]
    assert sorted(running.returncode for running in both) == [0, 1], done
    assert any("appeared while its master was being rendered" in errors for _, errors in done)
    assert pairs_hold(tmp_path / "out")


def test_two_that_resume_the_same_both_succeed(tmp_path):
    write_chain(tmp_path / "chain.yaml", SLOW)
    write_mixes(tmp_path / "mixes", 4, 3.0)
    command = ("render", "chain.yaml", "mixes", "-o", "out", "--resume", "--json")
    both = [start(tmp_path, *command) for _ in range(2)]
    done = [running.communicate(timeout=60) for running in both]
    assert [running.returncode for running in both] == [0, 0], done
    found = [row["status"] for output, _ in done for row in json.loads(output)]
    assert found.count("ok") == 4
    assert found.count("unchanged") == 4
    assert pairs_hold(tmp_path / "out")


def test_a_render_cut_off_between_sheet_and_master_is_made_again(run, tmp_path):
    write_chain(tmp_path / "chain.yaml")
    (mix,) = write_mixes(tmp_path / "mixes", 1)
    command = ("render", "chain.yaml", mix, "-o", "out", "--resume", "--json")
    assert run(*command).returncode == 0
    old = (tmp_path / "out/00.wav").read_bytes()
    assert run(*command, "--set", "gain.gain_db=-6").returncode == 0
    new = (tmp_path / "out/00.wav").read_bytes()
    (tmp_path / "out/00.wav").write_bytes(old)  # as a kill right before the last step leaves it
    done = run(*command, "--set", "gain.gain_db=-6")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)[0]["status"] == "ok"
    assert (tmp_path / "out/00.wav").read_bytes() == new


def test_what_an_edited_sheet_says_is_not_believed(run, tmp_path):
    write_chain(tmp_path / "chain.yaml")
    write_mixes(tmp_path / "mixes", 2)
    command = ("render", "chain.yaml", "mixes", "-o", "out", "--json")
    assert run(*command).returncode == 0
    sheet = tmp_path / "out/00.wav.recall.yaml"
    sheet.write_text(sheet.read_text().replace("clipped_samples: 0", "clipped_samples: 7", 1))
    done = run(*command, "--resume")
    assert [row["status"] for row in json.loads(done.stdout)] == ["failed", "unchanged"]
    assert "its recall sheet was edited: it was left as it is" in done.stderr
    recalled = run("recall", "out")
    assert recalled.returncode == 0
    assert "2 identical; sheets edited: 1" in recalled.stdout
    assert "out/00.wav.recall.yaml: was edited or damaged" in recalled.stderr


@pytest.mark.parametrize("length", [250, 255])
def test_a_name_that_leaves_no_room_for_a_sheet_fails_alone(run, tmp_path, length):
    """The longest leaves none for the master either, whose ending is longer than the mix's."""
    write_chain(tmp_path / "chain.yaml")
    mixes = write_mixes(tmp_path / "mixes", 2)
    mixes[1].rename(tmp_path / "mixes" / f"{'x' * (length - 4)}.wav")
    for more in ((), ("--resume",)):
        command = ("render", "chain.yaml", "mixes", "-o", "out", "--format", "flac", *more)
        planned = run(*command, "--dry-run", "--json")
        assert [row["would"] == "fail" for row in json.loads(planned.stdout)] == [False, True]
        done = run(*command, "--json")
        assert done.returncode == 1, done.stderr
        assert [row["status"] == "failed" for row in json.loads(done.stdout)] == [False, True]
        assert f"has a name of {length + 1} bytes, where at most 243" in done.stderr


def test_a_mix_that_is_replaced_while_it_is_rendered_fails(run, tmp_path):
    write_chain(tmp_path / "chain.yaml", SLOW)
    mixes = write_mixes(tmp_path / "mixes", 3)
    write_mixes(tmp_path / "mixes", 1, 60.0)
    (other,) = write_mixes(tmp_path / "other", 1, level=0.2)
    running = start(tmp_path, "render", "chain.yaml", "mixes", "-o", "out", "--json", "--jobs", "1")
    until(lambda: list((tmp_path / "out").glob(".*.part")))  # of the first, which takes a second
    other.rename(mixes[0])
    output, errors = running.communicate(timeout=120)
    assert running.returncode == 1, errors
    assert [row["status"] for row in json.loads(output)] == ["failed"] + ["ok"] * 2
    assert "mixes/00.wav: changed while it was rendered" in errors
    assert not (tmp_path / "out/00.wav").exists()
    again = run("render", "chain.yaml", "mixes", "-o", "out", "--json", "--resume")
    assert [row["status"] for row in json.loads(again.stdout)] == ["ok"] + ["unchanged"] * 2


def test_a_reference_that_is_replaced_while_a_mix_is_rendered_fails_it(tmp_path):
    """It is read when most of the work is done; the sheet would tell the wrong hash of it."""
    mix, reference = write_mixes(tmp_path / "chain", 2)
    (other,) = write_mixes(tmp_path / "other", 1, level=0.2)
    text = "masterprint: 1\nstages:\n  - match: {reference: 01.wav}\n"
    chain = load_chain(write_chain(tmp_path / "chain/chain.yaml", text))
    (job,) = plan_all([Wish(prepare(chain), mix, tmp_path / "out/00.wav")])

    class Replacing(RenderProgress):
        def finish(self) -> None:
            other.replace(reference)

    result = try_render(job, Replacing())
    assert result.error == (
        f"{reference}: changed while 00.wav was rendered. Hint: render it again"
    )
    assert list((tmp_path / "out").iterdir()) == []


def test_what_nobody_foresaw_fails_one_mix_and_is_written_down(tmp_path, monkeypatch):
    """A task that raises what no task should: the worker goes on, and there is a file to send."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    (mix,) = write_mixes(tmp_path / "mixes", 1)
    (job,) = plan_all(
        [
            Wish(
                prepare(load_chain(write_chain(tmp_path / "chain.yaml"))),
                mix,
                tmp_path / "out/00.wav",
            )
        ]
    )
    pool = LocalPool(1, 2)
    try:
        broken = pool.submit(RenderTask(replace(job, dither_seed=7)), lambda line: None)
        result = result_of(job, broken)
        assert result_of(job, pool.submit(RenderTask(job), lambda line: None)).status == "ok"
    finally:
        pool.close()
    assert result.status == "failed"
    assert "00.wav: Masterprint met something that it does not know (TypeError: " in result.error
    (log,) = tmp_path.glob("masterprint-*.log")
    assert str(log) in result.error
    assert "Traceback" in log.read_text()
