"""Auditions as tasks: what an album has to know of each mix, heard by workers."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from masterprint.batch.rendering import Pool, limit_of
from masterprint.batch.run import as_they_come
from masterprint.batch.workers import Unforeseen, Unplaced, WorkerDied
from masterprint.errors import MasterprintError, UsageError, met_in
from masterprint.rendering.audition import Heard, audition
from masterprint.rendering.job import RenderJob
from masterprint.rendering.progress import RenderProgress
from masterprint.report import reported


@dataclass(frozen=True)
class AuditionTask:
    """A mix to be listened to by a worker."""

    job: RenderJob
    gains_db: tuple[float, ...] = ()

    @property
    def limit_s(self) -> float:
        """As for a render, of which it may be several."""
        return limit_of(self.job, 1 + len(self.gains_db))

    def run(self, progress: RenderProgress) -> dict[str, Any]:
        """Listen; gating blocks as base64 of float32."""
        del progress
        try:
            with met_in(self.job.mix):
                heard = audition(self.job, self.gains_db)
        except MasterprintError as error:
            return self.failed(str(error))
        return {
            "powers": [_packed(each) for each in (heard.powers, *heard.limited)],
            "peak_dbtp": heard.peak_dbtp,
        }

    def failed(self, text: str) -> dict[str, Any]:
        """The result where it cannot be listened to."""
        return {"error": text}


def listen(
    pool: Pool,
    jobs: Sequence[RenderJob],
    gains_db: tuple[float, ...],
    done: Callable[[str], None],
    stopped: Callable[[], bool],
) -> list[Heard]:
    """What is heard of each mix, in their order.

    Args:
        pool: by whom.
        jobs: whose mixes.
        gains_db: as for `audition`.
        done: told the name of each mix that has been listened to.
        stopped: asked whether to give up.

    Raises:
        UsageError: a mix cannot be read; all of them are named.
        KeyboardInterrupt: it was given up.
    """
    found: list[Heard | None] = [None] * len(jobs)
    problems: list[str] = []
    for index, future in as_they_come(
        [AuditionTask(job, gains_db) for job in jobs],
        lambda _, task: pool.submit(task, lambda line: None),
        lambda: pool.at_a_time,
        stopped,
    ):
        mix = jobs[index].mix
        done(mix.name)
        try:
            answer = future.result()
        except Unplaced as error:
            answer = {"error": f"{mix}: {error}"}
        except WorkerDied as error:
            answer = {"error": f"{mix}: the process that listened to it {error}."}
        except Unforeseen as error:
            answer = {"error": f"{mix}: {reported(str(error), error.traceback)}"}
        if "error" in answer:
            problems.append(str(answer["error"]))
            continue
        powers, *limited = (_unpacked(each) for each in answer["powers"])
        found[index] = Heard(powers, answer["peak_dbtp"], tuple(limited))
    heard = [each for each in found if each is not None]
    if len(heard) + len(problems) < len(jobs):
        raise KeyboardInterrupt
    if problems:
        raise UsageError(
            "\n".join(problems),
            hint="an album is matched as a whole: leave out what cannot be listened to",
        )
    return heard


def _packed(powers: NDArray[np.float64]) -> str:
    return base64.b64encode(powers.astype("<f4").tobytes()).decode()


def _unpacked(text: str) -> NDArray[np.float64]:
    return np.frombuffer(base64.b64decode(text), "<f4").astype(np.float64)
