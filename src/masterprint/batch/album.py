"""One gain for a set of mixes, so that together they measure the target and keep their balance.

Chains that first bring a mix to a working level get one gain there for all mixes, so that what
comes after still hears which is the loud one. Then every mix is listened to up to the stage that
sets its loudness; all together tell the gain that a plain `loudness` needs. For a `maximizer` every
mix is tried once more at gains from there on, because limiting takes some of the loudness away (see
`album_gain`).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from masterprint.batch.auditioning import listen
from masterprint.batch.rendering import Pool
from masterprint.chain.model import Chain
from masterprint.dsp.guard import MARGIN_DB
from masterprint.errors import UsageError
from masterprint.rendering.album_gain import AlbumGain, gains_to_try, limited_gain, plain_gain
from masterprint.rendering.audition import (
    DIGITS,
    Heard,
    target_stage,
    with_gain,
    with_working_gains,
    working_stages,
)
from masterprint.rendering.job import RenderJob
from masterprint.sheets.ingredients import ChainIngredients
from masterprint.stages.loudness import Loudness
from masterprint.stages.maximizer import Maximizer

SILENT = "its loudness is undefined: no gain"
TOO_MUCH = "more would need over max_reduction_db of limiting in the mix that peaks most"


@dataclass(frozen=True)
class Album:
    """What was found for the mixes of one output folder.

    Attributes:
        folder: of the masters.
        tracks: how many.
        gain_db: for each of them.
        target_lufs, reached_lufs: of all together; None where all are silent.
        note: why the target is not reached, if so.
        working_db: the same gains for all where chains first go to a working level, by its name.
    """

    folder: Path
    tracks: int
    gain_db: float
    target_lufs: float
    reached_lufs: float | None
    note: str | None = None
    working_db: dict[str, float] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Plain data for a log."""
        return asdict(self) | {"folder": str(self.folder)}


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
        KeyboardInterrupt: it was given up.
    """
    albums: dict[Path, list[int]] = defaultdict(list)
    for index, job in enumerate(jobs):
        albums[job.master.parent].append(index)
    for folder, members in albums.items():
        _need_one_target(folder, [jobs[index] for index in members])
    changed, found = list(jobs), []
    pool = make_pool(2 * len(jobs))
    try:
        for folder, members in albums.items():
            # One after another: what is known of its mixes is kept no longer than needed.
            own = [jobs[index] for index in members]
            working_db = _working_gains(own, pool, stopped)
            levelled = list(_with_chains(own, partial(with_working_gains, gains_db=working_db)))
            album = _matched(folder, levelled, pool, done, stopped)
            found.append(replace(album, working_db=working_db))
            for index, job in zip(members, jobs_with_gain(levelled, album.gain_db), strict=True):
                changed[index] = job
    finally:
        pool.close()
    return changed, found


def _working_gains(
    jobs: Sequence[RenderJob], pool: Pool, stopped: Callable[[], bool]
) -> dict[str, float]:
    """One gain for every working level that chains of an album have, so that its balance stays.

    Each would bring its own mix to that level: after that, no gain could tell soft songs from loud
    ones. Instead all together are brought there; of several levels in a chain, one after the other.
    """
    found: dict[str, float] = {}
    stages = [working_stages(job.chain) for job in jobs]
    for place in range(max(map(len, stages))):
        members: dict[str, list[RenderJob]] = defaultdict(list)
        targets: dict[str, float] = {}
        for job, mine in zip(jobs, stages, strict=True):
            if place < len(mine):
                name, index, targets[name] = mine[place]
                chain = with_working_gains(job.chain, found)
                chain = chain.model_copy(update={"stages": chain.stages[: index + 1]})
                members[name].append(replace(job, chain=chain))
        for name, cut in members.items():
            heard = listen(pool, cut, (), lambda name: None, stopped)
            plain = plain_gain(heard, targets[name])
            found[name] = 0.0 if plain is None else round(plain.gain_db, DIGITS)
    return found


def _matched(
    folder: Path,
    jobs: Sequence[RenderJob],
    pool: Pool,
    done: Callable[[str], None],
    stopped: Callable[[], bool],
) -> Album:
    """What the mixes of one album need."""
    _, stage = target_stage(jobs[0].chain)
    target = stage.target_lufs

    def album(found: AlbumGain) -> Album:
        reached = None if found.reached_lufs is None else round(found.reached_lufs, 3)
        note = TOO_MUCH if found.is_short else None
        return Album(folder, len(jobs), round(found.gain_db, 3), target, reached, note)

    heard = listen(pool, jobs, (), done, stopped)
    plain = plain_gain(heard, target)
    if plain is None:
        return Album(folder, len(jobs), 0.0, target, None, SILENT)
    if isinstance(stage, Loudness):
        return album(plain)
    gains_db = gains_to_try(plain.gain_db, _most_gain_db(jobs, heard))
    limited = listen(pool, jobs, gains_db, lambda name: None, stopped)
    return album(limited_gain(limited, gains_db, target))


def jobs_with_gain(
    jobs: Sequence[RenderJob], gain_db: float, working_db: Mapping[str, float] | None = None
) -> Iterator[RenderJob]:
    """The jobs with given gains where their chains would look for their own."""

    def settled(chain: Chain) -> Chain:
        return with_gain(with_working_gains(chain, working_db or {}), gain_db)

    return _with_chains(jobs, settled)


def _with_chains(
    jobs: Sequence[RenderJob], change: Callable[[Chain], Chain]
) -> Iterator[RenderJob]:
    """The jobs with their chains changed; those of one chain share the new one."""
    known: dict[int, tuple[Chain, ChainIngredients]] = {}
    for job in jobs:
        if id(job.chain) not in known:
            chain = change(job.chain)
            known[id(job.chain)] = (chain, ChainIngredients.of(chain))
        chain, ingredients = known[id(job.chain)]
        yield replace(job, chain=chain, ingredients=ingredients)


def _need_one_target(folder: Path, jobs: Sequence[RenderJob]) -> None:
    stages = [target_stage(job.chain)[1] for job in jobs]
    found = dict.fromkeys(f"{stage.target_lufs:g} LUFS by {stage.stage_name}" for stage in stages)
    if len(found) > 1:
        raise UsageError(
            f"{folder}: the chains of this album set its loudness in different ways "
            f"({' and '.join(found)}).",
            hint="let them have one, or render into different folders",
        )


def _most_gain_db(jobs: Sequence[RenderJob], heard: Sequence[Heard]) -> float:
    """The gain at which the first limiter would take off more than it may."""
    most = math.inf
    for job, each in zip(jobs, heard, strict=True):
        _, stage = target_stage(job.chain)
        if isinstance(stage, Maximizer) and each.peak_dbtp is not None:
            aim_dbtp = stage.ceiling_dbtp + MARGIN_DB
            most = min(most, stage.max_reduction_db + aim_dbtp - each.peak_dbtp)
    return most
