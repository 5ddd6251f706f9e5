"""One gain for a set of mixes, so that together they measure the target and keep their balance.

First every mix is listened to up to the stage that sets its loudness; the gating blocks of all
together (BS.1770-5, as of one long programme) tell the gain that a plain `loudness` needs. For a
`maximizer` every mix is tried a second time at gains from there on, because limiting takes some of
the loudness away; between these gains the level of each block is interpolated in dB.
"""

from __future__ import annotations

import base64
import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from masterprint.batch.rendering import Pool
from masterprint.batch.run import as_they_come
from masterprint.batch.workers import Unforeseen, Unplaced, WorkerDied
from masterprint.chain.model import Chain
from masterprint.dsp.guard import MARGIN_DB
from masterprint.errors import MasterprintError, UsageError
from masterprint.metering import loudness as lufs
from masterprint.rendering.audition import Heard, audition, target_stage, with_gain
from masterprint.rendering.job import RenderJob
from masterprint.rendering.progress import RenderProgress
from masterprint.sheets.ingredients import ChainIngredients
from masterprint.stages.base import Stage
from masterprint.stages.maximizer import Maximizer

STEPS_DB = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0)
LEAST_GAIN_DB, MOST_GAIN_DB = -24.0, 36.0
CLOSE_DB = 1e-4
TOLERANCE_LU = 0.05


@dataclass(frozen=True)
class Album:
    """What was found for the mixes of one output folder.

    Attributes:
        folder: of the masters.
        tracks: how many.
        gain_db: for each of them.
        target_lufs, reached_lufs: of all together; None where all are silent.
        note: why the target is not reached, if so.
    """

    folder: Path
    tracks: int
    gain_db: float
    target_lufs: float
    reached_lufs: float | None
    note: str | None = None


@dataclass(frozen=True)
class AuditionTask:
    """A mix to be listened to by a worker."""

    job: RenderJob
    gains_db: tuple[float, ...] = ()
    limit_s: float = math.inf

    def run(self, progress: RenderProgress) -> dict[str, Any]:
        """Listen; gating blocks as base64 of float32."""
        del progress
        try:
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


def match_albums(
    jobs: Sequence[RenderJob],
    make_pool: Callable[[int], Pool],
    done: Callable[[str], None] = lambda name: None,
    stopped: Callable[[], bool] = lambda: False,
) -> tuple[list[RenderJob], list[Album]]:
    """The jobs with the gain of their album; every output folder is an album.

    Args:
        jobs: as planned.
        make_pool: makes what listens, given how many mixes there are.
        done: told the name of each mix that has been listened to.
        stopped: asked whether to give up.

    Raises:
        UsageError: a chain has no target, the chains of an album have different ones, or a mix
            cannot be read: its album would come out too loud or too quiet.
    """
    albums: dict[Path, list[int]] = defaultdict(list)
    for index, job in enumerate(jobs):
        albums[job.master.parent].append(index)
    for folder, members in albums.items():
        _same_target(folder, [jobs[index] for index in members])
    changed, found = list(jobs), []
    pool = make_pool(2 * len(jobs))
    try:
        for folder, members in albums.items():
            # One after another: what is known of its mixes is kept no longer than needed.
            own = [jobs[index] for index in members]
            album = _matched(folder, own, pool, done, stopped)
            found.append(album)
            for index, job in zip(members, _with_gain(own, album.gain_db), strict=True):
                changed[index] = job
    finally:
        pool.close()
    return changed, found


def _matched(
    folder: Path,
    jobs: Sequence[RenderJob],
    pool: Pool,
    done: Callable[[str], None],
    stopped: Callable[[], bool],
) -> Album:
    """What the mixes of one album need."""
    plain = _listen(pool, [AuditionTask(job) for job in jobs], done, stopped)
    grid = _grid(jobs, plain)
    if not grid:
        return _solve(folder, jobs, plain, (), ())
    tasks = [AuditionTask(job, grid) for job in jobs]
    limited = _listen(pool, tasks, lambda name: None, stopped)
    return _solve(folder, jobs, plain, limited, grid)


def _with_gain(jobs: Sequence[RenderJob], gain_db: float) -> Iterator[RenderJob]:
    """The jobs with a given gain; those of one chain share the new one."""
    known: dict[int, tuple[Chain, ChainIngredients]] = {}
    for job in jobs:
        if id(job.chain) not in known:
            chain = with_gain(job.chain, gain_db)
            known[id(job.chain)] = (chain, ChainIngredients.of(chain))
        chain, ingredients = known[id(job.chain)]
        yield replace(job, chain=chain, ingredients=ingredients)


def _same_target(folder: Path, jobs: Sequence[RenderJob]) -> None:
    targets: dict[tuple[type[Stage], float], RenderJob] = {}
    for job in jobs:
        _, stage = target_stage(job.chain)
        targets.setdefault((type(stage), stage.target_lufs), job)
    if len(targets) > 1:
        said = " and ".join(f"{target:g} LUFS" for _, target in targets)
        raise UsageError(
            f"{folder}: the chains of this album have different targets ({said} by "
            f"{' and '.join(sorted({kind.stage_name for kind, _ in targets}))}).",
            hint="let them have one, or render into different folders",
        )


def _listen(
    pool: Pool,
    tasks: Sequence[AuditionTask],
    done: Callable[[str], None],
    stopped: Callable[[], bool],
) -> list[Heard]:
    """What is heard of each mix, in their order."""
    found: list[Heard | None] = [None] * len(tasks)
    problems: list[str] = []
    for index, future in as_they_come(
        tasks, lambda _, task: pool.submit(task, lambda line: None), lambda: pool.at_a_time, stopped
    ):
        mix = tasks[index].job.mix
        done(mix.name)
        try:
            answer = future.result()
        except Unplaced as error:
            answer = {"error": f"{mix}: {error}"}
        except (WorkerDied, Unforeseen) as error:
            answer = {"error": f"{mix}: listening to it failed: the process {error}"}
        if "error" in answer:
            problems.append(str(answer["error"]))
            continue
        powers, *limited = (_unpacked(each) for each in answer["powers"])
        found[index] = Heard(powers, answer["peak_dbtp"], tuple(limited))
    heard = [each for each in found if each is not None]
    if len(heard) + len(problems) < len(tasks):
        raise KeyboardInterrupt
    if problems:
        raise UsageError(
            "\n".join(problems),
            hint="an album is matched as a whole: leave out what cannot be read",
        )
    return heard


def _grid(jobs: Sequence[RenderJob], plain: Sequence[Heard]) -> tuple[float, ...]:
    """At which gains the mixes of an album are to be tried; none where a plain gain does it."""
    _, stage = target_stage(jobs[0].chain)
    if not isinstance(stage, Maximizer):
        return ()
    least = _plain_gain_db([each.powers for each in plain], stage.target_lufs)
    if least is None:
        return ()
    most = _most_gain_db(jobs, plain)
    return tuple(sorted({min(least + step, most) for step in STEPS_DB}))


def _most_gain_db(jobs: Sequence[RenderJob], heard: Sequence[Heard]) -> float:
    """The gain at which the first limiter would take off more than it may."""
    most = MOST_GAIN_DB
    for job, each in zip(jobs, heard, strict=True):
        _, stage = target_stage(job.chain)
        if isinstance(stage, Maximizer) and each.peak_dbtp is not None:
            aim_dbtp = stage.ceiling_dbtp + MARGIN_DB
            most = min(most, stage.max_reduction_db + aim_dbtp - each.peak_dbtp)
    return most


def _plain_gain_db(powers: Sequence[NDArray[np.float64]], target_lufs: float) -> float | None:
    """The gain that brings all together to a target; None where nothing passes the gates."""
    together = np.concatenate(powers)
    gain_db = 0.0
    # The gate at -70 LUFS does not move with the gain, so quiet passages may come in.
    for _ in range(3):
        reached = lufs.integrated(together * 10.0 ** (gain_db / 10.0))
        if reached is None:
            return None
        gain_db += target_lufs - reached
    return gain_db


def _solve(
    folder: Path,
    jobs: Sequence[RenderJob],
    plain: Sequence[Heard],
    limited: Sequence[Heard],
    grid: tuple[float, ...],
) -> Album:
    _, stage = target_stage(jobs[0].chain)
    target = stage.target_lufs
    gain_db = _plain_gain_db([each.powers for each in plain], target)
    if gain_db is None:
        return Album(folder, len(jobs), 0.0, target, None, "its loudness is undefined: no gain")
    if not grid:
        gain_db = min(max(gain_db, -60.0), 60.0)
        together = np.concatenate([each.powers for each in plain])
        reached = lufs.integrated(together * 10.0 ** (gain_db / 10.0))
        return _album(folder, len(jobs), gain_db, target, reached, None)
    curves = [each.limited for each in limited]

    def loudness(gain_db: float) -> float:
        return lufs.integrated(np.concatenate([_at(c, grid, gain_db) for c in curves])) or -70.0

    low, high = grid[0], grid[-1]
    if loudness(high) < target - TOLERANCE_LU:
        note = "more would need over max_reduction_db of limiting in the mix that peaks most"
        return _album(folder, len(jobs), high, target, loudness(high), note)
    while high - low > CLOSE_DB:
        middle = 0.5 * (low + high)
        low, high = (middle, high) if loudness(middle) < target else (low, middle)
    gain_db = min(max(0.5 * (low + high), LEAST_GAIN_DB), MOST_GAIN_DB)
    return _album(folder, len(jobs), gain_db, target, loudness(gain_db), None)


def _album(
    folder: Path,
    tracks: int,
    gain_db: float,
    target: float,
    reached: float | None,
    note: str | None,
) -> Album:
    shown = None if reached is None else round(reached, 3)
    return Album(folder, tracks, round(gain_db, 3), target, shown, note)


def _at(
    curve: Sequence[NDArray[np.float64]], grid: Sequence[float], gain_db: float
) -> NDArray[np.float64]:
    """Gating blocks at a gain, from those at the gains of a grid."""
    place = int(np.clip(np.searchsorted(grid, gain_db) - 1, 0, max(0, len(grid) - 2)))
    if len(grid) == 1:
        return curve[0]
    share = (gain_db - grid[place]) / (grid[place + 1] - grid[place])
    low, high = (np.log(np.maximum(curve[n], 1e-30)) for n in (place, place + 1))
    return np.exp(low + (high - low) * share)


def _packed(powers: NDArray[np.float64]) -> str:
    return base64.b64encode(powers.astype("<f4").tobytes()).decode()


def _unpacked(text: str) -> NDArray[np.float64]:
    return np.frombuffer(base64.b64decode(text), "<f4").astype(np.float64)
