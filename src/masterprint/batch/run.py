"""Many jobs, a few at a time."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

Job = TypeVar("Job")
Result = TypeVar("Result")
LOOKING_S = 0.2
"""How often somebody may ask to stop."""


def default_workers(jobs: int, cores_each: int = 1) -> int:
    """As many as the cores suffice for, no more than there are jobs."""
    return max(1, min(jobs, (os.cpu_count() or 1) // cores_each))


def as_they_come(
    jobs: Iterable[Job],
    submit: Callable[[int, Job], Future[Result]],
    at_a_time: Callable[[], int],
    stopped: Callable[[], bool] = lambda: False,
) -> Iterator[tuple[int, Future[Result]]]:
    """Submit jobs, a few at a time; each one's index and its finished future, as they finish.

    Nothing is kept of a job that has been given out. `at_a_time` is asked again and again, since
    workers of a cluster come and go. Once `stopped` says so, no further job is begun: those that
    nobody has begun yet are cancelled, and those that run are waited for.
    """
    waiting = enumerate(jobs)
    running: dict[Future[Result], int] = {}
    while True:
        while len(running) < at_a_time() and not stopped():
            index, job = next(waiting, (-1, None))
            if job is None:
                break
            running[submit(index, job)] = index
        if stopped():
            running = {future: index for future, index in running.items() if not future.cancel()}
        if not running:
            return
        done, _ = wait(running, LOOKING_S, FIRST_COMPLETED)
        for future in done:
            yield running.pop(future), future


def run_all(
    jobs: Sequence[Job], work: Callable[[int, Job], Result], workers: int
) -> Iterator[tuple[int, Result]]:
    """Do `work` on every job in threads; its results with the job's index, as they come.

    Kernels and file access release the GIL, so threads use all cores.
    """
    pool = ThreadPoolExecutor(workers, thread_name_prefix="masterprint")
    try:
        for index, future in as_they_come(
            jobs, lambda index, job: pool.submit(work, index, job), lambda: workers
        ):
            yield index, future.result()
    finally:
        # After Ctrl-C nobody waits for what still runs; otherwise nothing does.
        pool.shutdown(wait=False, cancel_futures=True)
