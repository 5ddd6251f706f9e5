"""The words of the bench: a comparison has contenders, and contenders have targets.

A study is a comparison by other figures than the time and the memory of whole processes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Command = Sequence[str | Path]


@dataclass(frozen=True)
class Target:
    """A bound on the time or the memory of Masterprint.

    Attributes:
        of: what is bound.
        rule: as a share of the peer's, on its own, or as what it has more than the other.
        limit: that it must not pass; seconds or megabytes unless it is a share.
        aim: what it would be good to reach, where that is less than the limit.
    """

    of: Literal["time", "memory"]
    rule: Literal["share", "at most", "more by"]
    limit: float
    aim: float | None = None


@dataclass(frozen=True)
class Contender:
    """One side of a comparison.

    Attributes:
        name: for the table.
        commands: run one after another, as one.
        needs: the peer that has to be installed, where it is one.
        targets: what Masterprint must reach against it, or, of Masterprint, on its own.
        makes: files that are there afterwards, and not before.
        times_itself: the program prints how long its work took, and that is what counts.
    """

    name: str
    commands: Sequence[Command]
    needs: str = ""
    targets: tuple[Target, ...] = ()
    makes: tuple[Path, ...] = ()
    times_itself: bool = False


@dataclass(frozen=True)
class Comparison:
    """Masterprint, what it is measured beside, and the material both get."""

    name: str
    title: str
    ours: Contender
    others: tuple[Contender, ...] = ()
    material: tuple[str, ...] = ()
    runs: int = 5
    warm_up: bool = True
    spare_gigabytes: float = 0.0


@dataclass(frozen=True)
class Study:
    """What a program of the bench finds out by itself: how good things are, not how quick.

    Attributes:
        name, title: as of a comparison.
        commands: run one after another; the last one tells its `Findings`.
        needs: peers that have to be installed.
        material: as of a comparison.
    """

    name: str
    title: str
    commands: Sequence[Command]
    needs: tuple[str, ...] = ()
    material: tuple[str, ...] = ()
