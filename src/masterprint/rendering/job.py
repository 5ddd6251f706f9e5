"""A render job: which chain makes which mix into which master. Pure description, easy to send."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from masterprint.chain.model import Chain
from masterprint.sheets.ingredients import ChainIngredients


@dataclass(frozen=True)
class RenderJob:
    """One master to be made.

    Attributes:
        chain: what the mix goes through, and in its `master` block how the master is written.
        mix: the file that comes in.
        master: the file that goes out; its folder exists.
        overwrite: whether a file at `master` may be replaced.
        ingredients: what the chain was found to be made of.
        chain_file: name of the chain's file, where it has one.
        timeout_s: how long it may take while plugins are involved; None for what is generous for
            the mix's length.
        keep_others: whether, with `resume`, a master made of something else stays, too.
        dither_seed: 16 hex digits, where the dither of another master is to be had again.
        mix_later: where the mix will be when the render is over, if it is about to be moved.
        resume: whether a master that is there, made of the same ingredients, is left as it is.
    """

    chain: Chain
    mix: Path
    master: Path
    overwrite: bool
    ingredients: ChainIngredients
    chain_file: str | None = None
    timeout_s: float | None = None
    resume: bool = False
    keep_others: bool = False
    dither_seed: str | None = None
    mix_later: Path | None = None
