"""What tests of a farm share: schedulers and workers as real processes, and tasks for them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from masterprint.batch.farm.cluster import Farm
from masterprint.batch.farm.pool import FarmPool
from masterprint.chain.library import find_chain
from masterprint.files.pcm_hash import pcm_sha256
from masterprint.rendering.job import RenderJob
from masterprint.rendering.planning import Wish, plan_all, prepare

TESTS = Path(__file__).parent
FARM = [sys.executable, "-m", "masterprint", "farm"]


class FarmProcesses:
    """A scheduler and workers on this machine, each started as a user would."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self._folder = folder
        # What is killed leaves its files behind: where pytest clears them away.
        self.scratch = folder / "tmp"
        self.scratch.mkdir()
        # Tasks of tests are found in the folder of this file.
        # Behind it what is there already, so that workers have the Masterprint that is tested.
        path = os.pathsep.join(filter(None, [str(TESTS), os.environ.get("PYTHONPATH")]))
        ours = {"PYTHONPATH": path, "TMPDIR": str(self.scratch)}
        self._environment = os.environ | ours | environment
        self.processes: dict[str, subprocess.Popen[str]] = {}
        self.address = self._start("scheduler", "--port", "0")

    def worker(self, name: str, jobs: int = 1, **environment: str) -> None:
        """Start a worker and wait until it is there."""
        arguments = ("worker", self.address, "--jobs", str(jobs), "--name", name)
        said = self._start(*arguments, **environment)
        assert said.startswith(f"{jobs} worker"), said

    def kill(self, name: str) -> None:
        """SIGKILL a worker's nanny and the worker itself: as when its machine is switched off."""
        process = self.processes.pop(name)
        below = children_of(process.pid)
        for pid in (process.pid, *below):
            os.kill(pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()

    def kill_at_work(self, name: str, seconds: float = 30.0) -> None:
        """SIGKILL a worker, and all below it, while it is certain to be rendering.

        It is stopped first and looked at: what is stopped with a half-written master, and killed
        without going on, is a job that is lost.
        """
        ends = time.monotonic() + seconds
        while True:
            tree = tree_of(self.processes[name].pid)
            for pid in tree:
                os.kill(pid, signal.SIGSTOP)
            if any(map(half_written, tree)):
                break
            for pid in tree:
                os.kill(pid, signal.SIGCONT)
            assert time.monotonic() < ends, "it was never seen at work"
            time.sleep(0.05)
        process = self.processes.pop(name)
        for pid in tree:
            os.kill(pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()

    @contextmanager
    def frozen(self, name: str) -> Iterator[None]:
        """Meanwhile a worker neither goes on nor ends: as on a machine that is out of memory."""
        tree = tree_of(self.processes[name].pid)
        for pid in tree:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in tree:
                os.kill(pid, signal.SIGCONT)

    def wait_for(self, workers: int) -> None:
        """Until so many are there and answer."""

        def awake() -> int:
            with closing(Farm(self.address)) as client:
                return sum(not worker.problem for worker in client.workers)

        wait_until(lambda: awake() == workers)

    def said(self, name: str) -> str:
        """What one has said on standard error."""
        return (self._folder / f"{name}.log").read_text()

    def listening(self) -> set[str]:
        """Addresses on which any process of the farm listens."""
        found = set()
        for process in self.processes.values():
            for pid in tree_of(process.pid):
                connections = psutil.Process(pid).net_connections("inet")
                found |= {each.laddr.ip for each in connections if each.status == "LISTEN"}
        return found

    def close(self) -> None:
        """End all; the scheduler last."""
        scheduler = self.processes.pop("scheduler")
        for group in ([*self.processes.values()], [scheduler]):
            for process in group:
                process.terminate()
            for process in group:
                process.wait(20)
                process.stdout.close()

    def _start(self, *arguments: str, **environment: str) -> str:
        name = arguments[-1] if arguments[0] == "worker" else arguments[0]
        with (self._folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                [*FARM, *arguments],
                env=self._environment | environment,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self.processes[name] = process
        return process.stdout.readline().strip()


@contextmanager
def farm(folder: Path, *workers: str, **environment: str) -> Iterator[FarmProcesses]:
    """A scheduler, and workers of these names."""
    folder.mkdir(exist_ok=True)
    processes = FarmProcesses(folder, **environment)
    try:
        for name in workers:
            processes.worker(name)
        yield processes
    finally:
        processes.close()


@contextmanager
def pool_of(address: str) -> Iterator[FarmPool]:
    """A connection to a farm, and its workers."""
    with closing(Farm(address)) as client, closing(client.pool(0)) as pool:
        yield pool


def a_job(tmp_path: Path, mix: Path) -> RenderJob:
    """A mix through the chain `streaming`."""
    wish = Wish(prepare(find_chain("streaming")), mix, tmp_path / "out" / "mix.wav")
    (job,) = plan_all([wish])
    return job


def hashes(folder: Path) -> dict[str, str]:
    """The samples of every master in a folder."""
    return {path.name: pcm_sha256(path) for path in sorted(folder.glob("*.wav"))}


def wait_until(what: Callable[[], object], seconds: float = 30.0) -> None:
    """Until something is so."""
    ends = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < ends
        time.sleep(0.05)


def lines_of(log: Path, event: str) -> list[dict[str, Any]]:
    """What a log, which may still grow, has of an event by now."""
    text = log.read_text() if log.exists() else ""
    lines = [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]
    return [line for line in lines if line["event"] == event]


def children_of(pid: int) -> list[int]:
    """Processes that a process has started."""
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += [int(each) for each in (task / "children").read_text().split()]
    return found


def tree_of(pid: int) -> list[int]:
    """A process and all below it."""
    return [pid, *(each for child in children_of(pid) for each in tree_of(child))]


def half_written(pid: int) -> bool:
    """Whether a process holds a master open that has no name yet."""
    with suppress(OSError):
        for each in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                target = each.readlink().name
                is_ours = target.startswith(".masterprint-") and target.endswith(".part")
                if is_ours and each.is_file():
                    return True
    return False


@dataclass(frozen=True)
class SleepTask:
    """A task that takes a moment."""

    job: RenderJob
    seconds: float = 0.05
    limit_s: float = 60.0

    def run(self, progress: Any) -> dict[str, Any]:
        del progress
        time.sleep(self.seconds)
        return {"slept": self.seconds}

    def failed(self, text: str) -> dict[str, Any]:
        return {"error": text}


@dataclass(frozen=True)
class TouchTask(SleepTask):
    """A task that leaves a file beside its mix."""

    def run(self, progress: Any) -> dict[str, Any]:
        self.job.mix.with_suffix(".touched").touch()
        return super().run(progress)


@dataclass(frozen=True)
class KillTask(SleepTask):
    """A task that ends the Dask worker that it is given to, every time."""

    def run(self, progress: Any) -> dict[str, Any]:
        del progress
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(10)
        return {}


@dataclass(frozen=True)
class CrashTask(SleepTask):
    """A task that crashes its own process."""

    def run(self, progress: Any) -> dict[str, Any]:
        del progress
        os.kill(os.getpid(), signal.SIGSEGV)
        return {}
