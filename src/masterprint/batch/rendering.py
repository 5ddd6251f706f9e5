"""Renders as tasks: each in a worker, their results as they come."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Protocol

from masterprint.batch.pool import LocalPool
from masterprint.batch.run import as_they_come
from masterprint.batch.workers import Heard, Task, Unforeseen, Unplaced, WorkerDied
from masterprint.chain.plugins import plugin_processes
from masterprint.rendering.engine import try_render
from masterprint.rendering.job import RenderJob
from masterprint.rendering.progress import RenderProgress
from masterprint.rendering.result import RenderResult
from masterprint.report import reported

GRACE_S = 60.0


@dataclass(frozen=True)
class RenderTask:
    """A render job for a worker."""

    job: RenderJob

    def run(self, progress: RenderProgress) -> dict[str, Any]:
        """Render it; the result as plain data."""
        return try_render(self.job, progress).as_dict(rounded=False)

    def failed(self, text: str) -> dict[str, Any]:
        """The result where it could not even be begun."""
        return RenderResult(self.job.mix, self.job.master, "failed", text).as_dict()

    @property
    def limit_s(self) -> float:
        """What was asked for; the render itself keeps to it as long as it can."""
        return limit_of(self.job)


def limit_of(job: RenderJob, times: int = 1) -> float:
    """Seconds after which a worker is given up that goes so many times through a job's plugins.

    What has none comes to its end by itself.
    """
    if job.timeout_s is None or not plugin_processes(job.chain):
        return math.inf
    return times * job.timeout_s + GRACE_S


class Pool(Protocol):
    """What runs tasks: workers of this machine, or of a cluster."""

    @property
    def at_a_time(self) -> int:
        """How many it works on."""

    def submit(self, task: Task, heard: Heard) -> Future[dict[str, Any]]:
        """Have a task done."""

    def close(self) -> None:
        """Stop."""


def render_many(
    jobs: Sequence[RenderJob], cores: int | None = None
) -> Iterator[tuple[int, RenderResult]]:
    """Render jobs on this machine; each one's index and result, as they come. None is kept.

    Args:
        jobs: what is to be done.
        cores: how many to use; all unless told otherwise.
    """
    pool = LocalPool(cores or os.cpu_count() or 1, len(jobs))

    def submit(_: int, job: RenderJob) -> Future[dict[str, Any]]:
        return pool.submit(RenderTask(job), lambda line: None)

    try:
        for index, future in as_they_come(jobs, submit, lambda: pool.at_a_time):
            yield index, result_of(jobs[index], future)
    finally:
        pool.close()


def result_of(job: RenderJob, future: Future[dict[str, Any]]) -> RenderResult:
    """What came of a job, also where its worker died."""
    try:
        return RenderResult.from_dict(future.result())
    except WorkerDied as error:
        text = f"{job.mix}: the process that rendered it {error}."
    except Unplaced as error:
        text = f"{job.mix}: {error}."
    except Unforeseen as error:
        text = f"{job.mix}: {reported(str(error), error.traceback)}"
    except OSError as error:
        text = f"{job.mix}: no process could be started to render it: {error.strerror}."
    return RenderResult(job.mix, job.master, "failed", text)
