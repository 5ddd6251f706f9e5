"""Many jobs, a few at a time."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TypeVar

Job = TypeVar("Job")
Result = TypeVar("Result")


def default_workers(jobs: int, cores_each: int = 1) -> int:
    """As many as the cores suffice for, no more than there are jobs."""
    return max(1, min(jobs, (os.cpu_count() or 1) // cores_each))


def run_all(
    jobs: Sequence[Job], work: Callable[[int, Job], Result], workers: int
) -> Iterator[tuple[int, Result]]:
    """Do `work` on every job in threads; its results with the job's index, as they come.

    Kernels and file access release the GIL, so threads use all cores.
    """
    pool = ThreadPoolExecutor(workers, thread_name_prefix="masterprint")
    try:
        running = {pool.submit(work, index, job): index for index, job in enumerate(jobs)}
        for future in as_completed(running):
            yield running[future], future.result()
    finally:
        # After Ctrl-C nobody waits for what still runs; otherwise nothing does.
        pool.shutdown(wait=False, cancel_futures=True)
