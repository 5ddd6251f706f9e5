"""A plugin's own process, seen from ours: started clean, bounded in time, outlived.

Whatever a plugin does (crash, hang, exit, throw), it does to a process that holds nothing else;
here it becomes a `PluginError` that says what happened. `hosted` is the program at the other end.
"""

from __future__ import annotations

import json
import mmap
import os
import queue
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import Future
from contextlib import suppress
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from masterprint.errors import PluginError

LOAD_S = 60.0
"""How long a plugin may take to load, or for any other single answer, unless told otherwise."""
DID_NOT_LOAD = "did not load"
MOST_ANSWER_BYTES = 256 << 20
STDERR_BYTES = 8192
_groups: set[int] = set()
"""Process groups that are ours to end: a plugin's process, and whatever it has started."""


class Refused(PluginError):
    """The plugin is well and does not do what was asked; `message` says why."""


class Died(PluginError):
    """The plugin's process has come to an end, or had to be ended; `message` says how."""


class Host:
    """A process for one plugin. Close it, or leave it to the garbage collector."""

    def __init__(self) -> None:
        self._owner = os.getpid()
        self._file = _shared_file()
        started: Future[subprocess.Popen[bytes]] = Future()
        _orders().put((self._file.fileno(), started))
        self._process = started.result()
        _groups.add(self._process.pid)
        self._waiting = bytearray()
        self._said = _Said(self._process.stderr)

    def __enter__(self) -> Host:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()

    @property
    def stderr(self) -> str:
        """The last that the plugin printed."""
        return self._said.text()

    @property
    def is_alive(self) -> bool:
        """Whether the process is there."""
        return self._process.poll() is None

    def slots(self, count: int, channels: int, frames: int) -> list[NDArray[np.float32]]:
        """Memory that both processes see, as `count` blocks of shape (channels, frames)."""
        size = channels * frames
        os.ftruncate(self._file.fileno(), count * size * 4)
        memory = mmap.mmap(self._file.fileno(), count * size * 4)
        whole = np.frombuffer(memory, np.float32)
        return [whole[n * size : (n + 1) * size].reshape(channels, frames) for n in range(count)]

    def ask(self, do: str, limit_s: float = LOAD_S, **arguments: Any) -> dict[str, Any]:
        """Send a command and wait for its answer.

        Raises:
            Refused: the plugin cannot do this.
            Died: it crashed, ended, threw, or did not answer within `limit_s` seconds.
        """
        self.send(do, limit_s, **arguments)
        return self.receive(limit_s)

    def send(self, do: str, limit_s: float = LOAD_S, **arguments: Any) -> None:
        """Send a command whose answer will be taken later."""
        line = json.dumps({"do": do, "limit": limit_s, **arguments}).encode() + b"\n"
        assert self._process.stdin is not None
        view = memoryview(line)
        try:
            while view:
                view = view[self._process.stdin.write(view) or 0 :]
        except BrokenPipeError as error:
            raise self._died() from error

    def receive(self, limit_s: float = LOAD_S) -> dict[str, Any]:
        """The answer to the oldest command that has none yet."""
        assert self._process.stdout is not None
        ends = time.monotonic() + limit_s
        poll = select.poll()
        poll.register(self._process.stdout, select.POLLIN)
        while b"\n" not in self._waiting[-65536:]:
            left = ends - time.monotonic()
            if left <= 0 or not poll.poll(max(1.0, left * 1000)):
                self.close()
                raise Died(f"did not answer within {limit_s:.3g} s")
            got = os.read(self._process.stdout.fileno(), 65536)
            if not got:
                raise self._died()
            self._waiting += got
            if len(self._waiting) > MOST_ANSWER_BYTES:
                self.close()
                raise Died("answered without end")
        line, _, self._waiting = self._waiting.partition(b"\n")
        answer = json.loads(line)
        if "refused" in answer:
            raise Refused(str(answer["refused"]))
        if "error" in answer:
            raise Died(_thrown(str(answer.get("type")), str(answer["error"])))
        return dict(answer)

    def close(self) -> None:
        """End the process, whatever it is doing; nothing of it stays."""
        process = getattr(self, "_process", None)
        if process is None or process.stdin is None or process.stdin.closed:
            return
        if self._owner != os.getpid():  # a fork of ours has no say in it
            return
        process.stdin.close()
        self._file.close()
        # Nothing in it is worth a farewell: what it had to say has been said.
        _end_group(process.pid)
        _groups.discard(process.pid)
        process.wait()
        process.stdout.close()
        self._said.finish()

    def _died(self) -> Died:
        """How the process ended."""
        try:
            code = self._process.wait(10.0)
        except subprocess.TimeoutExpired:
            self.close()
            return Died("closed its connection and stayed")
        self.close()
        if code < 0:
            return Died(f"crashed ({_signal_name(-code)})")
        return Died(f"ended its process (exit code {code})")


_ready: list[Host] = []
"""Started before they are needed."""


def start_ahead(count: int) -> None:
    """Start processes that the next ones to ask will get: they come up while others import."""
    with suppress(OSError):  # who needs one will hear of it
        _ready.extend(Host() for _ in range(min(count, 8) - len(_ready)))


def take_host() -> Host:
    """A process that was started ahead, else a new one."""
    while _ready:
        with suppress(IndexError):  # another thread has taken the last
            host = _ready.pop()
            if host.is_alive:
                return host
            host.close()
    return Host()


def close_ready() -> None:
    """End those that were started ahead and not needed."""
    while _ready:
        with suppress(IndexError):
            _ready.pop().close()


class _Said:
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
        # Something that the plugin started may hold the pipe open: nobody waits for that.
        self._thread.join(1.0)

    def text(self) -> str:
        """Whole lines, without what is no text."""
        text = bytes(self._kept).decode("utf-8", "replace")
        return "".join(c if c.isprintable() or c == "\n" else " " for c in text).strip()


def close_all() -> None:
    """End every plugin's process: for a program that is about to end."""
    for group in list(_groups):
        _end_group(group)


def _end_group(group: int) -> None:
    with suppress(ProcessLookupError, PermissionError):  # it has ended by itself
        os.killpg(group, signal.SIGKILL)


Order = tuple[int, "Future[subprocess.Popen[bytes]]"]


@cache
def _orders() -> queue.SimpleQueue[Order]:
    """Where processes are ordered.

    One thread starts them all, and stays: Linux ends a child with the thread that started it.
    """
    orders: queue.SimpleQueue[Order] = queue.SimpleQueue()

    def serve() -> None:
        while True:
            memory_file, started = orders.get()
            try:
                started.set_result(_start(memory_file))
            except OSError as error:
                started.set_exception(error)

    threading.Thread(target=serve, daemon=True, name="masterprint-starter").start()
    return orders


def _in_a_fork() -> None:
    """A fork of this process has neither its threads nor any business with its plugins."""
    _orders.cache_clear()
    _groups.clear()
    _ready.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_a_fork)


def _start(memory_file: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        # -P: a folder that the user happens to stand in is not a place for modules.
        [sys.executable, "-P", "-m", "masterprint.plugins.hosted", str(memory_file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        pass_fds=(memory_file,),
        env=_environment(),
        bufsize=0,
        start_new_session=True,  # Ctrl-C is for us, who then close it
    )


def _environment() -> dict[str, str]:
    """Ours, with one thread for libraries that would start many, and modules found as we do."""
    return os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


def _shared_file() -> Any:
    """A nameless file in memory, or on disk where the system has no such thing."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("masterprint-audio"), "r+b")
    return tempfile.TemporaryFile()


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _thrown(kind: str, text: str) -> str:
    if kind == "ImportError":
        return DID_NOT_LOAD
    if "unknown exception" in text.lower():
        return "threw a C++ exception"
    return f"threw an exception: {text.rstrip('.')}"
