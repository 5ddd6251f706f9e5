"""Running a program to its end: its wall time, and the peak memory of its largest process."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

TIME_LIMIT_S = 3600.0
KILOBYTE = 1 if sys.platform == "darwin" else 1024
"""What `ru_maxrss` counts: bytes on macOS, kilobytes elsewhere."""


class RunFailed(Exception):
    """A program that did not do its work; the message is the last thing it said."""


@dataclass(frozen=True)
class Run:
    """One program, or several run one after another as one.

    Attributes:
        seconds: from start to end, start-up included; summed over the programs.
        memory_mb: peak resident memory, in 10**6 bytes, of the largest single process.
        cpu_seconds: processor time of all its processes.
        foreign_seconds: processor time of all other programs of the machine meanwhile.
        output: what the last program wrote to its standard output.
    """

    seconds: float
    memory_mb: float
    cpu_seconds: float
    foreign_seconds: float
    output: str

    @property
    def reported_seconds(self) -> float:
        """What a program says that its work took, where it times that work itself."""
        return float(json.loads(self.output.splitlines()[-1])["seconds"])


def run_all(commands: Sequence[Sequence[str]], environment: Mapping[str, str]) -> Run:
    """Run programs one after another."""
    os.sync()  # what the run before has written must not be flushed on this one's time
    runs = [run(command, environment) for command in commands]
    return Run(
        seconds=sum(one.seconds for one in runs),
        memory_mb=max(one.memory_mb for one in runs),
        cpu_seconds=sum(one.cpu_seconds for one in runs),
        foreign_seconds=sum(one.foreign_seconds for one in runs),
        output=runs[-1].output,
    )


def run(command: Sequence[str], environment: Mapping[str, str]) -> Run:
    """Run one program, and wait for it and everything that it waited for.

    The memory comes from `wait4`, which tells the peak of the process or of its largest descendant,
    whichever is larger. It cannot tell less than what this process holds: keep it small.
    """
    with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        busy = _busy_seconds()
        begin = time.perf_counter()
        try:
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                env=dict(environment),
                start_new_session=True,
            )
        except OSError as error:
            raise RunFailed(f"{command[0]} does not start: {error.strerror}") from error
        alarm = threading.Timer(TIME_LIMIT_S, _kill, [child.pid])
        alarm.start()
        try:
            _, status, usage = os.wait4(child.pid, 0)
            seconds = time.perf_counter() - begin
            busy = _busy_seconds() - busy
        except BaseException:
            _kill(child.pid)
            child.wait()
            raise
        finally:
            alarm.cancel()
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            stdout.seek(0)
            stderr.seek(0)
            said = (stderr.read() or stdout.read()).decode(errors="replace").strip()
            last = said.splitlines()[-1].strip() if said else "it said nothing"
            raise RunFailed(f"{Path(command[0]).name} exited with {child.returncode}: {last}")
        stdout.seek(0)
        output = stdout.read().decode(errors="replace")
    cpu = usage.ru_utime + usage.ru_stime
    return Run(seconds, usage.ru_maxrss * KILOBYTE / 1e6, cpu, max(0.0, busy - cpu), output)


def _busy_seconds() -> float:
    """Processor time spent on anything since the machine started; 0 where Linux does not tell."""
    try:
        words = Path("/proc/stat").read_text().splitlines()[0].split()
    except OSError:
        return 0.0
    user, nice, system, _idle, _waiting, *interrupts = map(int, words[1:9])
    return (user + nice + system + sum(interrupts)) / os.sysconf("SC_CLK_TCK")


def _kill(group: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)
