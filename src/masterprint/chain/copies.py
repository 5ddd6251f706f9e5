"""A chain bound to plugins on one machine, for another that has the same ones elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from masterprint.chain.model import Chain
from masterprint.plugins.identity import Plugin as Installed
from masterprint.stages.base import Stage
from masterprint.stages.plugin import Plugin
from masterprint.stages.split import Split


def with_copies(chain: Chain, copy_of: Callable[[Installed], Installed]) -> Chain:
    """A chain that is bound to plugins, with other installed copies of the same ones.

    What was bound to its fallback, or is left out, stays so.
    """

    def of(stages: Sequence[Stage]) -> list[Stage]:
        return [copied(stage) for stage in stages]

    def copied(stage: Stage) -> Stage:
        if isinstance(stage, Split) and stage.bands:
            return stage.model_copy(update={"bands": [of(band) for band in stage.bands]})
        if isinstance(stage, Plugin) and stage.found is not None:
            return stage.with_copy(copy_of(stage.found.plugin))
        if isinstance(stage, Plugin) and stage.fallback:
            return stage.model_copy(update={"fallback": of(stage.fallback)})
        return stage

    return chain.model_copy(update={"stages": of(chain.stages)})
