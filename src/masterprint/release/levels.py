"""How loud each track of an album is to be, as settings of its chain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from masterprint.chain.model import Chain
from masterprint.errors import UsageError
from masterprint.release.album import Loudness
from masterprint.rendering.audition import target_stage
from masterprint.rendering.engine import last_ceiling
from masterprint.stages.gain import Gain
from masterprint.stages.maximizer import Maximizer

TRIM = "trim of the album"


def with_level(chain: Chain, loudness: Loudness, trim_db: float) -> Chain:
    """The chain of a track with the album's target and the track's trim.

    In mode `album` the trim goes in right before the stage that sets the level, which then gets one
    gain for all tracks. Where each chain finds its own gain, a trim before that would be undone: it
    moves the target. Elsewhere it goes in before what holds the ceiling.

    Raises:
        UsageError: the mode needs a stage with a loudness target, and the chain has none.
    """
    try:
        index, stage = target_stage(chain)
    except UsageError as error:
        if loudness.mode == "none":
            return _with_gain(chain, last_ceiling(chain.stages), trim_db)
        error.hint = "give it a loudness or a maximizer stage, or write loudness: {mode: none}"
        raise
    target = stage.target_lufs if loudness.target_lufs is None else loudness.target_lufs
    if loudness.mode == "album":
        return _with_gain(_with_target(chain, index, target), index, trim_db)
    if loudness.mode == "track" or isinstance(stage, Maximizer):
        return _with_target(chain, index, target + trim_db)
    ceiling = last_ceiling(chain.stages)
    return _with_gain(chain, ceiling if ceiling > index else len(chain.stages), trim_db)


def unlike_levels(chains: Sequence[Chain], loudness: Loudness) -> tuple[int, str] | None:
    """Which of an album's chains does not set its loudness like the first, and what that means.

    Only one gain for all asks for that. Every chain has a stage with a target, as `with_level` has
    looked.
    """
    if loudness.mode != "album":
        return None
    seen: dict[str, int] = {}
    for index, chain in enumerate(chains):
        _, stage = target_stage(with_level(chain, loudness, 0.0))
        seen.setdefault(f"{stage.target_lufs:g} LUFS by {stage.stage_name}", index)
        if len(seen) > 1:
            return index, (
                f"found {' and '.join(seen)}; one gain for the whole album needs chains that set "
                "their loudness alike, or write loudness: {mode: track}"
            )
    return None


def ceiling_of(chain: Chain) -> float | None:
    """The true peak that nothing leaves a chain above; None where none is held."""
    last = last_ceiling(chain.stages)
    return getattr(chain.stages[last], "ceiling_dbtp", None) if last < len(chain.stages) else None


def _with_gain(chain: Chain, index: int, gain_db: float) -> Chain:
    if not gain_db:
        return chain
    stages: list[Any] = list(chain.stages)
    stages.insert(index, Gain(gain_db=gain_db, label=TRIM))
    return chain.model_copy(update={"stages": stages})


def _with_target(chain: Chain, index: int, target_lufs: float) -> Chain:
    stages: list[Any] = list(chain.stages)
    if stages[index].target_lufs != target_lufs:
        stages[index] = stages[index].model_copy(update={"target_lufs": target_lufs})
    return chain.model_copy(update={"stages": stages})
