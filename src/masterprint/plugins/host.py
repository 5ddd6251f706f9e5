"""A plugin's own process, seen from ours: started clean, bounded in time, outlived.

Whatever a plugin does (crash, hang, exit, throw), it does to a process that holds nothing else;
here it becomes a `PluginError` that says what happened. `hosted` is the program at the other end.
"""

from __future__ import annotations

import json
import mmap
import os
import select
import tempfile
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from masterprint import children
from masterprint.errors import PluginError

LOAD_S = 60.0
"""How long a plugin may take to load, or for any other single answer, unless told otherwise."""
DID_NOT_LOAD = "did not load"
HOSTED = "masterprint.plugins.hosted"
MOST_ANSWER_BYTES = 256 << 20


class Refused(PluginError):
    """The plugin is well and does not do what was asked; `message` says why."""


class Died(PluginError):
    """The plugin's process has come to an end, or had to be ended; `message` says how."""


class Host:
    """A process for one plugin. Close it, or leave it to the garbage collector."""

    def __init__(self) -> None:
        self._owner = os.getpid()
        self._file = _shared_file()
        number = self._file.fileno()
        self._process = children.start(HOSTED, str(number), pass_fds=(number,))
        self._waiting = bytearray()
        self._said = children.Said(self._process.stderr)

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
        try:
            children.write_all(self._process, line)
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
        children.end(process)
        process.stdout.close()
        self._said.finish()

    def _died(self) -> Died:
        """How the process ended."""
        how = children.how_it_ended(self._process)
        self.close()
        return Died(how)


_ready: children.Spares[Host] = children.Spares(Host, most=8)
start_ahead = _ready.start_ahead
take_host = _ready.take
close_ready = _ready.close


def _shared_file() -> Any:
    """A nameless file in memory, or on disk where the system has no such thing."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("masterprint-audio"), "r+b")
    return tempfile.TemporaryFile()


def _thrown(kind: str, text: str) -> str:
    if kind == "ImportError":
        return DID_NOT_LOAD
    if "unknown exception" in text.lower():
        return "threw a C++ exception"
    return f"threw an exception: {text.rstrip('.')}"
