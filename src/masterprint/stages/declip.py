"""Declipping."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from masterprint.dsp.clipped_regions import ClippedRegions, Effort
from masterprint.dsp.decibels import amplitude, decibels
from masterprint.metering.clipping import MOST_CLIPPED, clip_levels
from masterprint.scratch import Scratch
from masterprint.signal import Block, Signal
from masterprint.stages.base import Settings, Stage

LevelDbfs = Annotated[float, Field(ge=-60, le=60)]
DIGITS = 6
"""After the point of a level that is found."""
EFFORTS = {"normal": Effort(384, 4, 1500.0), "best": Effort(512, 10, 20000.0)}


class ClipLevels(Settings):
    """Where one channel is clipped: its upper and its lower side."""

    positive_dbfs: LevelDbfs | None = Field(
        None, description="level of the clipped tops; null if there are none"
    )
    negative_dbfs: LevelDbfs | None = Field(
        None, description="level of the clipped bottoms; null if there are none"
    )


class Declip(Stage):
    """Declip: rebuilds peaks that were cut off.

    The level at which they were cut is found by their flat tops, in each channel and polarity by
    itself, also where the programme was turned down or dithered afterwards. A programme without
    flat tops comes out as it went in, to the bit, and so does every sample below the level. Clipped
    samples are put where a model of the sound around them has them (autoregressive interpolation
    after Janssen, of up to 384th order, in frames of 93 ms), at their level or beyond it: see
    `dsp.declipping`.

    Tops that are no longer flat, as behind a lossy codec or a soft clipper, are not found: give
    `clip_dbfs`. A channel of which half lies at its levels, such as a square wave, is left alone.

    Rebuilt peaks lie over the old level, and may lie over full scale: put a `limiter` behind, or
    make room by `headroom_db`.
    """

    stage_name: ClassVar[str] = "declip"

    clip_dbfs: (
        LevelDbfs | Annotated[list[ClipLevels], Field(min_length=1, max_length=64)] | None
    ) = Field(
        None,
        description="level from where on samples are clipped, or a mapping for each channel, the "
        "last of which stands for further ones; null finds it",
    )
    quality: Literal["normal", "best"] = Field(
        "normal",
        description="best takes some three times as long; pays for sustained notes, not for voices",
    )
    headroom_db: float = Field(
        0.0, ge=0, le=24, description="by how much all is turned down, for the new peaks"
    )

    def apply(self, signal: Signal) -> Signal:
        """Look for flat tops, then rebuild them."""
        return signal.carrying(self._declipped(signal))

    def _declipped(self, signal: Signal) -> Iterator[Block]:
        scratch = Scratch()
        try:
            extremes = np.zeros((signal.channels, 2))
            frames = 0
            for block in signal.blocks:
                scratch.append(block)
                frames += block.shape[1]
                if block.size:
                    sides = np.stack([block.max(axis=1), -block.min(axis=1)], axis=1)
                    extremes = np.maximum(extremes, sides)
            levels = self._levels(signal, scratch, extremes, frames)
            linear = np.array(
                [[math.inf if s is None else amplitude(s) for s in sides] for sides in levels]
            )
            regions = ClippedRegions(linear, signal.sample_rate_hz, EFFORTS[self.quality])
            factor = amplitude(-self.headroom_db)
            stored = signal.carrying(scratch.replay())
            clipped = bool((extremes >= linear).any())
            for block in regions.run(stored) if clipped else stored.blocks:
                yield block if factor == 1.0 else block * factor
            self._report(signal.report, levels, regions, frames)
        finally:
            scratch.close()

    def _levels(
        self, signal: Signal, scratch: Scratch, extremes: NDArray[np.float64], frames: int
    ) -> list[list[float | None]]:
        """The levels in dBFS, upper and lower by channel, as given or as found."""
        if isinstance(self.clip_dbfs, list):
            last = len(self.clip_dbfs) - 1
            given = [self.clip_dbfs[min(n, last)] for n in range(signal.channels)]
            return [[each.positive_dbfs, each.negative_dbfs] for each in given]
        if self.clip_dbfs is not None:
            return [[self.clip_dbfs, self.clip_dbfs] for _ in range(signal.channels)]
        found: list[list[float | None]] = []
        alone = []
        for channel, sides in enumerate(clip_levels(scratch.replay(), extremes), 1):
            if sum(side.samples for side in sides) > MOST_CLIPPED * frames:
                alone.append(str(channel))
                found.append([None, None])
            else:
                found.append([_below(side.level) for side in sides])
        if alone:
            signal.report["note"] = (
                f"channel {', '.join(alone)}: most samples lie at the highest level, as in a "
                "square wave; left alone"
            )
        return found

    def _report(
        self,
        report: dict[str, Any],
        levels: list[list[float | None]],
        regions: ClippedRegions,
        frames: int,
    ) -> None:
        channels = [{"positive_dbfs": up, "negative_dbfs": down} for up, down in levels]
        report["channels"] = [
            each
            | {
                "regions": int(regions.regions[n]),
                "clipped_percent": round(100.0 * int(regions.samples[n]) / max(1, frames), 4),
                "rebuilt_peak_dbfs": _rounded(decibels(float(regions.peaks[n]))),
            }
            for n, each in enumerate(channels)
        ]
        total = int(regions.samples.sum())
        report["regions"] = int(regions.regions.sum())
        report["clipped_percent"] = round(100.0 * total / max(1, frames * len(levels)), 4)
        report["rebuilt_peak_dbfs"] = _rounded(decibels(float(regions.peaks.max(initial=0.0))))
        if regions.left_alone.any():
            report["left_alone_s"] = round(float(regions.left_alone.sum()) * regions.half_s, 3)
        report["summary"] = (
            f"{report['regions']:,} clipped peaks rebuilt, up to {report['rebuilt_peak_dbfs']} dBFS"
            if total
            else "no clipped peaks were found"
        )
        settings: dict[str, Any] = {"clip_dbfs": channels, "quality": self.quality}
        report["pinned"] = [
            {self.stage_name: settings | {"headroom_db": self.headroom_db}},
        ]


def _below(level: float | None) -> float | None:
    """A level in dBFS, rounded down by so little that it is written down whole."""
    if level is None:
        return None
    scale = 10.0**DIGITS
    return math.floor((decibels(level) or 0.0) * scale) / scale


def _rounded(level_db: float | None) -> float | None:
    return None if level_db is None else round(level_db, 3)
