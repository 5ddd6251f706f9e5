"""Work ahead: let what produces blocks run in a thread of its own, a few blocks in front."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")

DEPTH = 3
"""Blocks that may wait between two threads: enough to even out their pace, little to remember."""

_threads = True


def use_threads(several: bool) -> None:
    """Whether this process works in several threads (the rule), or all in the one that asks.

    Where as many renders run as there are cores, further threads of each are only in the way.
    """
    global _threads  # noqa: PLW0603 - of the process, like the cores
    _threads = several


def beside(work: Callable[[], T]) -> Callable[[], T]:
    """Begin a piece of work in a thread of its own; the result, or its error, is had by calling."""
    if not _threads:
        return work
    done: Future[T] = Future()

    def run() -> None:
        try:
            done.set_result(work())
        except BaseException as error:  # handed on to who asks
            done.set_exception(error)

    threading.Thread(target=run, name="masterprint-beside", daemon=True).start()
    return done.result


def ahead(source: Iterator[T], depth: int = DEPTH) -> Iterator[T]:
    """The items of `source`, produced in a background thread.

    Kernels, libsndfile and soxr release the GIL, so decoding, the chain and encoding overlap on
    two cores. An exception in the source is raised here. The thread ends when the source does, or
    when the taker stops taking.
    """
    return _ahead(source, depth) if _threads else source


def _ahead(source: Iterator[T], depth: int) -> Iterator[T]:
    items: queue.Queue[tuple[bool, T | BaseException | None]] = queue.Queue(depth)
    stopped = threading.Event()

    def offer(last: bool, item: T | BaseException | None) -> bool:
        while not stopped.is_set():
            try:
                items.put((last, item), timeout=0.1)
                return True
            except queue.Full:
                continue
        return False

    def produce() -> None:
        try:
            for item in source:
                if not offer(False, item):
                    break
            else:
                offer(True, None)
        except BaseException as error:  # handed on, whatever it is: the taker's thread raises it
            offer(True, error)
        finally:
            close = getattr(source, "close", None)
            if close is not None:
                close()

    thread = threading.Thread(target=produce, name="masterprint-ahead", daemon=True)
    thread.start()
    try:
        while True:
            last, item = items.get()
            if last:
                if isinstance(item, BaseException):
                    raise item
                return
            yield item  # type: ignore[misc]  # an item that is not the last is a T
    finally:
        stopped.set()
        thread.join()
