"""Running stages: the common settings `on`, `mix` and `bypass`, and what each stage reports.

`on` parts a stereo signal in two, sends one half through the stage and lets the other wait in
scratch; `mix` does the same with a dry copy. Because a stage keeps its audio aligned, putting the
halves together again is addition.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import xxhash
from numpy.typing import NDArray

from masterprint.dsp.midside import left_and_right, mid_and_side
from masterprint.errors import SignalError
from masterprint.metering.kernels import levels
from masterprint.signal import Block, Signal, fork, join
from masterprint.stages.base import Stage

MOST_ENERGY = 1e32
"""Sum of squares of a channel: no programme comes near it, and float32 can still hold it."""


class LevelTap:
    """Peak, RMS and a hash of what passes a place in a chain, and how many frames have passed it.

    What is NaN, infinite or beyond all sense does not pass: it is an error of the stage before.
    """

    def __init__(self, channels: int, behind: str = "", before: LevelTap | None = None) -> None:
        self.frames = 0
        self._behind = behind
        self._before = before
        self._totals: NDArray[np.float64] = np.zeros((channels, 2))
        self._hashes = [xxhash.xxh3_128() for _ in range(channels)]

    def passing(self, blocks: Iterator[Block]) -> Iterator[Block]:
        """The same blocks, measured."""
        for block in blocks:
            levels(block, self._totals)
            for row, channel in zip(block, self._hashes, strict=True):
                channel.update(np.ascontiguousarray(row).data)
            if not self._totals[:, 0].max(initial=0.0) <= MOST_ENERGY:  # nor where it is NaN
                raise SignalError(
                    f"Stage {self._behind!r} gave samples that are not finite, or far beyond any "
                    "level, where audio is expected.",
                    hint="turn down the gain in it and before it, or bypass it",
                )
            self.frames += block.shape[1]
            yield block
        if self._before is not None and self.frames != self._before.frames:
            raise SignalError(
                f"Stage {self._behind!r} took {self._before.frames} frames and gave {self.frames}, "
                "where as many are expected.",
                hint="it breaks the stage contract: tell who made it",
            )

    @property
    def audio_xxh3(self) -> str:
        """XXH3 (128 bits) of the hashes of all channels' float64 samples, whatever the blocks."""
        digests = b"".join(channel.digest() for channel in self._hashes)
        return str(xxhash.xxh3_128(digests).hexdigest())

    def as_dict(self) -> dict[str, float | None]:
        """Peak in dBFS over all channels, RMS in dBFS of their mean power; None for silence."""
        peak = float(self._totals[:, 1].max(initial=0.0))
        power = float(self._totals[:, 0].sum()) / max(1, self.frames * len(self._totals))
        return {
            "peak_dbfs": round(20 * math.log10(peak), 3) if peak > 0 else None,
            "rms_dbfs": round(10 * math.log10(power), 3) if power > 0 else None,
        }


@dataclass
class StageReport:
    """What one stage did, complete once all audio has passed."""

    stage: str
    label: str
    bypass: bool
    before: LevelTap
    after: LevelTap
    details: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        found: dict[str, Any] = {"stage": self.stage, "label": self.label}
        if self.bypass:
            found["bypass"] = True
        found |= {"level_in": self.before.as_dict(), "level_out": self.after.as_dict()}
        return found | self.details | {"audio_xxh3": self.after.audio_xxh3}


def run_stages(
    stages: Sequence[Stage], signal: Signal, first: int = 0
) -> tuple[Signal, list[StageReport]]:
    """The signal through all stages in order, and their reports, which fill as audio is taken.

    `first` is how many stages of the chain come before these.
    """
    outer = f"{signal.place}, " if signal.place else ""
    reports: list[StageReport] = []
    tap = LevelTap(signal.channels)
    signal = signal.carrying(tap.passing(signal.blocks))
    for number, stage in enumerate(stages, first + 1):
        before = tap
        details: dict[str, Any] = {}
        place = f"{outer}stage {number}"
        signal = run_stage(stage, replace(signal, report=details, place=place))
        label = stage.title
        as_long = not stage.acts or stage.keeps_length
        tap = LevelTap(signal.channels, label, before if as_long else None)
        signal = signal.carrying(tap.passing(signal.blocks))
        reports.append(
            StageReport(
                stage.stage_name,
                label,
                stage.bypass,
                before,
                tap,
                details,
            )
        )
    return signal, reports


def run_stage(stage: Stage, signal: Signal) -> Signal:
    """The signal through one stage, with its common settings."""
    if not stage.acts:
        return signal
    if stage.on == "stereo":
        return _mixed(stage, signal)
    return _on_one_of_two(stage, signal)


def _mixed(stage: Stage, signal: Signal) -> Signal:
    if stage.mix == 1.0:
        return stage.apply(signal)
    into, dry = fork(((block, block) for block in signal.blocks), 2)
    wet = stage.apply(signal.carrying(into))
    share = stage.mix
    blocks = (w * share + d * (1.0 - share) for w, d in join(wet.blocks, dry))
    return wet.carrying(blocks)


def _on_one_of_two(stage: Stage, signal: Signal) -> Signal:
    """`on: mid`, `side`, `left` or `right`; the chosen one is a signal of one channel."""
    coded = stage.on in ("mid", "side")
    chosen = 0 if stage.on in ("mid", "left") else 1

    def part() -> Iterator[tuple[Block, Block]]:
        for block in signal.blocks:
            pair = mid_and_side(block) if coded else (block[0:1].copy(), block[1:2].copy())
            yield pair if chosen == 0 else (pair[1], pair[0])

    into, beside = fork(part(), 2)
    worked = _mixed(stage, signal.carrying(into, channels=1))

    def together() -> Iterator[Block]:
        for work, rest in join(worked.blocks, beside):
            pair = (work, rest) if chosen == 0 else (rest, work)
            yield left_and_right(*pair) if coded else np.concatenate(pair)

    return signal.carrying(together())
