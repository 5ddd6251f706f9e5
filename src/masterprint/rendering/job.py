"""A render job: which chain makes which mix into which master. Pure description, easy to send."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from masterprint.chain.model import Chain
from masterprint.sheets.ingredients import ChainIngredients


class IfThere(Enum):
    """What becomes of a master that is there already.

    One "of the same" was made of the same ingredients; one "of ours" is as its sheet says that it
    was rendered, and so not somebody's further work.
    """

    REFUSE = "it stays, and the job fails"
    REPLACE = "it is replaced"
    KEEP_SAME = "one of the same stays and is good; another one stays, and the job fails"
    RENEW_OURS = "one of the same stays and is good; another one of ours is replaced"
    RENEW_ALL = "one of the same stays and is good; another one is replaced"

    @classmethod
    def of(cls, overwrite: bool, resume: bool = False) -> IfThere:
        """What the options of that name mean."""
        if resume:
            return cls.RENEW_ALL if overwrite else cls.RENEW_OURS
        return cls.REPLACE if overwrite else cls.REFUSE

    @property
    def keeps_same(self) -> bool:
        """Whether a master of the same is left as it is, and counts as done."""
        return self not in (IfThere.REFUSE, IfThere.REPLACE)

    @property
    def replaces_all(self) -> bool:
        """Whether it does not matter whose it is."""
        return self in (IfThere.REPLACE, IfThere.RENEW_ALL)


@dataclass(frozen=True)
class RenderJob:
    """One master to be made.

    Attributes:
        chain: what the mix goes through, and in its `master` block how the master is written.
        mix: the file that comes in.
        master: the file that goes out; its folder exists.
        if_there: what becomes of a file at `master`.
        ingredients: what the chain was found to be made of.
        chain_file: name of the chain's file, where it has one.
        timeout_s: how long it may take while plugins are involved; None for what is generous for
            the mix's length.
        dither_seed: 16 hex digits, where the dither of another master is to be had again.
        mix_later: where the mix will be when the render is over, if it is about to be moved.
    """

    chain: Chain
    mix: Path
    master: Path
    if_there: IfThere
    ingredients: ChainIngredients
    chain_file: str | None = None
    timeout_s: float | None = None
    dither_seed: str | None = None
    mix_later: Path | None = None
