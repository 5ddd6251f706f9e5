"""Child processes of ours: started clean, ended with whatever they have started, never left behind.

Used for plugins, each in a process of its own, and for renders, several at a time.
"""

from __future__ import annotations

import ctypes
import gc
import os
import queue
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from functools import cache
from typing import Any, Protocol, TypeVar

STDERR_BYTES = 8192
PR_SET_PDEATHSIG = 1
FAREWELL_S = 3.0
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
_groups: dict[int, bool] = {}
"""Process groups that are ours to end: a child, and whatever it has started. True for one that has
something to put in order first, and does so when it is sent SIGTERM."""

Process = subprocess.Popen[bytes]
_Order = tuple[list[str], Sequence[int], "Future[Process]"]


def start(
    module: str, *arguments: str, pass_fds: Sequence[int] = (), gently: bool = False
) -> Process:
    """Start a module of ours as a program, with pipes for its three streams.

    One that is to be ended `gently` gets SIGTERM first, and a moment. OSError passes.
    """
    # -P: a folder that the user happens to stand in is not a place for modules.
    command = [sys.executable, "-P", "-m", module, *arguments]
    started: Future[Process] = Future()
    _orders().put((command, pass_fds, started))
    process = started.result()
    _groups[process.pid] = gently
    return process


def end(process: Process) -> None:
    """End a child, whatever it is doing; nothing of it stays."""
    _say_farewell([process.pid])
    _end_group(process.pid)
    _groups.pop(process.pid, None)
    process.wait()


def close_all() -> None:
    """End every child: for a program that is about to end."""
    groups = list(_groups)
    _say_farewell(groups)
    for group in groups:
        _end_group(group)


def _say_farewell(pids: Sequence[int]) -> None:
    """Give those that have something to put in order the time for it."""
    waiting = [pid for pid in pids if _groups.get(pid)]
    for pid in waiting:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGTERM)
    ends = time.monotonic() + FAREWELL_S
    while waiting and time.monotonic() < ends:
        waiting = [pid for pid in waiting if not _has_ended(pid)]
        if waiting:
            time.sleep(0.01)


def _has_ended(pid: int) -> bool:
    try:
        # Left to be waited for by who started it.
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return True


def settle_in() -> None:
    """What suits a process that does one thing on many blocks of audio."""
    # Importing makes a hundred thousand objects that stay: do not look them all through meanwhile.
    gc.set_threshold(50_000, 20, 50)
    # Nothing here multiplies matrices: OpenBLAS need not start threads for it.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if sys.platform == "linux":
        # Blocks come and go by the thousand: the C library is to keep them, not to hand each back
        # to the system and get it again, page by page.
        with suppress(OSError, AttributeError):  # another C library than glibc
            libc = ctypes.CDLL(None)
            libc.mallopt(M_TRIM_THRESHOLD, 128 << 20)
            libc.mallopt(M_MMAP_THRESHOLD, 32 << 20)


def how_it_ended(process: Process) -> str:
    """In words, of a child that has closed its connection."""
    try:
        code = process.wait(10.0)
    except subprocess.TimeoutExpired:
        return "closed its connection and stayed"
    if code < 0:
        return f"crashed ({_signal_name(-code)})"
    return f"ended its process (exit code {code})"


def write_all(process: Process, data: bytes) -> None:
    """Write to a child's standard input; BrokenPipeError where nobody reads any more."""
    assert process.stdin is not None
    view = memoryview(data)
    while view:
        view = view[process.stdin.write(view) or 0 :]


class Child(Protocol):
    """What has a process."""

    @property
    def is_alive(self) -> bool:
        """Whether the process is there."""

    def close(self) -> None:
        """End it."""


C = TypeVar("C", bound=Child)


class Spares(list[C]):
    """Children started before they are needed: they come up while we import.

    Args:
        make: starts one.
        most: that may wait.
    """

    def __init__(self, make: Callable[[], C], most: int) -> None:
        super().__init__()
        self._make = make
        self._most = most
        _spares.append(self)

    def start_ahead(self, count: int) -> None:
        """Have so many wait for the next ones to ask."""
        with suppress(OSError):  # who needs one will hear of it
            self.extend(self._make() for _ in range(min(count, self._most) - len(self)))

    def take(self) -> C:
        """One that was started ahead, else a new one."""
        while self:
            with suppress(IndexError):  # another thread has taken the last
                child = self.pop()
                if child.is_alive:
                    return child
                child.close()
        return self._make()

    def close(self) -> None:
        """End those that were not needed."""
        while self:
            with suppress(IndexError):
                self.pop().close()


_spares: list[Spares[Any]] = []


class Said:
    """What a process prints: read as it comes, so that it never waits for us; the end is kept."""

    def __init__(self, pipe: Any) -> None:
        self._kept = bytearray()
        self._pipe = pipe
        self._thread = threading.Thread(target=self._read, daemon=True, name="masterprint-stderr")
        self._thread.start()

    def _read(self) -> None:
        while got := self._pipe.read(65536):
            self._kept = (self._kept + got)[-STDERR_BYTES:]
        self._pipe.close()

    def finish(self) -> None:
        """Wait until all has been read, but not for long."""
        # Something that the process started may hold the pipe open: nobody waits for that.
        self._thread.join(1.0)

    def text(self) -> str:
        """Whole lines, without what is no text."""
        text = bytes(self._kept).decode("utf-8", "replace")
        return "".join(c if c.isprintable() or c == "\n" else " " for c in text).strip()


def die_with_parent(pipe: int, gently: bool = False) -> None:
    """In a child: end when the other end of a pipe closes, whatever the main thread is doing.

    With `gently` it is sent SIGTERM, which it handles; else there is nothing to put in order.
    """

    def watch() -> None:
        poll = select.poll()
        poll.register(pipe, 0)  # a hang-up is told without being asked for
        poll.poll()
        if gently:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(FAREWELL_S)
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()
    if sys.platform == "linux":
        # Also while something holds Python's lock, as a plugin that hangs in loading does.
        last = signal.SIGTERM if gently else signal.SIGKILL
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, last)


def _end_group(group: int) -> None:
    with suppress(ProcessLookupError, PermissionError):  # it has ended by itself
        os.killpg(group, signal.SIGKILL)


@cache
def _orders() -> queue.SimpleQueue[_Order]:
    """Where processes are ordered.

    One thread starts them all, and stays: Linux ends a child with the thread that started it.
    """
    orders: queue.SimpleQueue[_Order] = queue.SimpleQueue()

    def serve() -> None:
        while True:
            command, pass_fds, started = orders.get()
            try:
                started.set_result(_start(command, pass_fds))
            except OSError as error:
                started.set_exception(error)

    threading.Thread(target=serve, daemon=True, name="masterprint-starter").start()
    return orders


def _start(command: list[str], pass_fds: Sequence[int]) -> Process:
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        pass_fds=pass_fds,
        # One thread for libraries that would start many; modules found as we find them.
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
        bufsize=0,
        start_new_session=True,  # Ctrl-C is for us, who then end it
    )


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _in_a_fork() -> None:
    """A fork of this process has neither its threads nor any business with its children."""
    _orders.cache_clear()
    _groups.clear()
    for spares in _spares:
        spares.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_a_fork)
