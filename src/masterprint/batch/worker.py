"""The program of a worker: it does one task after another, in a process that only they can harm.

Started by `workers.Worker` as `python -m masterprint.batch.worker`. A task comes in on standard
input as its length and its pickle (our parent's own, no stranger's); lines of JSON go back: how far
it is, several times a second, then what came of it. What else is printed goes to standard error.
"""

from __future__ import annotations

import json
import os
import pickle
import resource
import signal
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, NoReturn

from masterprint import children
from masterprint.ahead import use_threads
from masterprint.batch.workers import LENGTH
from masterprint.dsp.jit import announce_compilation_to
from masterprint.files.unfinished import discard_unfinished
from masterprint.rendering.progress import RenderProgress

TELLING_S = 0.2


class Answers:
    """Lines to the parent, from more than one thread."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def send(self, **data: Any) -> None:
        """One line of JSON."""
        line = json.dumps(data, allow_nan=False).encode() + b"\n"
        with self._lock:
            self._stream.write(line)
            self._stream.flush()

    @contextmanager
    def telling(self, progress: RenderProgress) -> Iterator[None]:
        """Meanwhile say several times a second how far it is."""
        over = threading.Event()

        def tell() -> None:
            while not over.wait(TELLING_S):
                self.send(
                    fraction=progress.fraction,
                    stage=progress.stage,
                    times_real_time=progress.times_real_time,
                )

        thread = threading.Thread(target=tell, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()


def _leave(number: int, frame: object) -> NoReturn:
    """Put in order what a render has begun, and end."""
    del number, frame
    discard_unfinished()
    children.close_all()
    os._exit(0)


def main() -> None:
    """Serve until standard input ends."""
    tasks = os.fdopen(os.dup(0), "rb")
    answers = Answers(os.fdopen(os.dup(1), "wb"))
    os.dup2(2, 1)
    signal.signal(signal.SIGTERM, _leave)
    children.die_with_parent(tasks.fileno(), gently=True)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    children.settle_in()
    announce_compilation_to(lambda text: answers.send(say=text))
    import masterprint.rendering.engine  # noqa: F401 - now, while nobody waits for it yet

    while len(head := tasks.read(LENGTH.size)) == LENGTH.size:
        progress = RenderProgress()
        try:
            task, several_threads = pickle.loads(tasks.read(LENGTH.unpack(head)[0]))
            use_threads(several_threads)
            with answers.telling(progress):
                result = task.run(progress)
        except Exception as error:  # nobody foresaw it: the parent is told, and goes on
            text = "".join(traceback.format_exception(error))
            answers.send(unforeseen=f"{type(error).__name__}: {error}", traceback=text)
        else:
            answers.send(result=result)
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
