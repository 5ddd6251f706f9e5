"""The process of a plugin: whatever happens in it, ours goes on, knows why, and nothing stays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from masterprint.plugins.host import (
    Died,
    Host,
    Refused,
    _ready,
    close_ready,
    start_ahead,
    take_host,
)
from plugin_tools import bundle, load, need_fixtures


@pytest.fixture(autouse=True)
def _fixtures() -> None:
    need_fixtures()


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"


def members(group: int) -> list[str]:
    """The processes of a group that are still running."""
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError, IndexError):
            name, _, rest = (entry / "stat").read_text().rpartition(")")
            state, _, its_group, *_ = rest.split()
            if int(its_group) == group and state != "Z":
                found.append(name)
    return found


def gone_within(pid: int, seconds: float) -> bool:
    ends = time.monotonic() + seconds
    while alive(pid) and time.monotonic() < ends:
        time.sleep(0.02)
    return not alive(pid)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("CrashLoad", "crashed (SIGSEGV)"),
        ("CrashScan", "crashed (SIGSEGV)"),
        ("ThrowLoad", "no licence"),
        ("HangLoad", "did not answer within 1 s"),
        ("HangScan", "did not answer within 1 s"),
    ],
)
def test_a_fault_at_loading_is_told(name: str, said: str) -> None:
    with Host() as host:
        with pytest.raises(Died) as caught:
            load(host, name, 1.0 if name.startswith("Hang") else 20.0)
        assert said in str(caught.value)
        pid = host._process.pid
    assert gone_within(pid, 5.0)


def test_identity_does_not_depend_on_the_path(tmp_path: Path) -> None:
    import shutil

    shutil.copytree(bundle("Gain"), tmp_path / "elsewhere" / "Gain.vst3")
    with Host() as host:
        here = load(host, "Gain")
    with Host() as host:
        path = str(tmp_path / "elsewhere" / "Gain.vst3")
        there = host.ask("load", path=path, name="Fixture Gain", format="vst3")
    assert here == there


def test_a_channel_count_that_is_refused_is_no_death() -> None:
    with Host() as host:
        load(host, "MonoOnly")
        with pytest.raises(Refused, match="2-channel"):
            host.ask("prepare", rate=44100, channels=2, block_frames=512)
        assert host.ask("prepare", rate=44100, channels=1, block_frames=512) == {"latency": 0}


HANG_IN_RUN = (
    "host.ask('load', path=sys.argv[1], name='Fixture HangRun', format='vst3')\n"
    "host.ask('set', values={'Arm': True})\n"
    "host.send('prepare', rate=44100, channels=2, block_frames=8192)\n"
)
HANG_IN_LOAD = "host.send('names', path=sys.argv[1], format='vst3')\n"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a process with its parent")
@pytest.mark.parametrize(("name", "hang"), [("HangRun", HANG_IN_RUN), ("HangLoad", HANG_IN_LOAD)])
def test_the_process_ends_when_ours_is_killed_while_the_plugin_hangs(name: str, hang: str) -> None:
    """SIGKILL leaves us no time to say goodbye; and a load that hangs holds Python's lock."""
    script = (
        "import sys, time\n"
        "from masterprint.plugins.host import Host\n"
        f"host = Host()\n{hang}"
        "print(host._process.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(bundle(name))], stdout=subprocess.PIPE, text=True
    ) as ours:
        assert ours.stdout is not None
        pid = int(ours.stdout.readline())
        time.sleep(0.5)
        assert alive(pid)
        ours.kill()
    assert gone_within(pid, 5.0)


def test_a_process_that_died_while_it_waited_is_not_given_out() -> None:
    start_ahead(1)
    (waiting,) = _ready
    os.killpg(waiting._process.pid, signal.SIGKILL)
    assert gone_within(waiting._process.pid, 5.0)
    with take_host() as host:
        assert host is not waiting
        assert load(host, "Gain")["name"] == "Fixture Gain"


def test_processes_that_nobody_needed_are_ended() -> None:
    start_ahead(2)
    pids = [host._process.pid for host in _ready]
    close_ready()
    assert all(gone_within(pid, 5.0) for pid in pids)


def test_a_fork_neither_hangs_nor_ends_what_is_not_its_own() -> None:
    """multiprocessing forks on Linux: the child has our memory, and none of our threads."""
    with Host() as ours:
        load(ours, "Gain")
        start_ahead(1)
        child = os.fork()
        if not child:
            signal.alarm(20)
            try:
                with Host() as its_own:
                    load(its_own, "Tail")
                del ours
                close_ready()
            finally:
                os._exit(0 if sys.exc_info()[0] is None else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert ours.ask("describe")["latency"] == 0
        assert _ready[0].is_alive
        close_ready()


def test_a_thread_that_outlives_the_main_one_can_still_host() -> None:
    script = (
        "import sys, threading, time\n"
        "from masterprint.plugins.host import Host\n"
        "def late():\n"
        "    time.sleep(0.5)\n"
        "    with Host() as host:\n"
        "        load = dict(path=sys.argv[1], name='Fixture Gain', format='vst3')\n"
        "        print(host.ask('load', **load)['name'])\n"
        "threading.Thread(target=late).start()\n"
    )
    command = [sys.executable, "-c", script, str(bundle("Gain"))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.stdout == "Fixture Gain\n", done.stderr


def test_what_a_plugin_has_started_ends_with_it() -> None:
    with Host() as host:
        load(host, "StartsProgram")
        host.ask("set", values={"Arm": True})
        group = host._process.pid
        os.killpg(group, 0)
    ends = time.monotonic() + 5.0
    while members(group) and time.monotonic() < ends:
        time.sleep(0.02)
    assert members(group) == []


def test_modules_in_the_present_folder_are_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stranger's folder with chains in it may hold a numpy.py, too."""
    (tmp_path / "numpy.py").write_text("raise SystemExit('taken')")
    (tmp_path / "pedalboard.py").write_text("raise SystemExit('taken')")
    monkeypatch.chdir(tmp_path)
    with Host() as host:
        assert load(host, "Gain")["name"] == "Fixture Gain"


def test_the_plugin_prints_to_us_and_not_to_the_answers() -> None:
    with Host() as host:
        load(host, "Chatty")
        time.sleep(0.2)
        assert "Chatty: something is odd" in host.stderr
