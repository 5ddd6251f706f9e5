"""True-peak limiter."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from masterprint.dsp.decibels import amplitude
from masterprint.dsp.envelope import UNITY
from masterprint.dsp.limiting import TruePeakLimiter
from masterprint.signal import Block, Signal
from masterprint.stages.base import Stage

Ceiling = Annotated[float, Field(ge=-40, le=0)]
Lookahead = Annotated[float, Field(ge=1, le=20)]
Release = Annotated[float, Field(ge=1, le=2000)]
Link = Annotated[float, Field(ge=0, le=1)]


class Limiter(Stage):
    """Limiter: nothing leaves above the ceiling, between the samples either.

    The ceiling leaves room for the dither that follows it.
    """

    stage_name: ClassVar[str] = "limiter"
    holds_ceiling: ClassVar[bool] = True

    ceiling_dbtp: Ceiling = Field(-1.0, description="true peak that nothing passes")
    input_gain_db: float = Field(0.0, ge=-60, le=60, description="gain into the limiter")
    lookahead_ms: Lookahead = Field(5.0, description="how long before a peak the gain moves")
    release_ms: Release = Field(100.0, description="time in which 63 % of the gain comes back")
    link: Link = Field(1.0, description="1 moves all channels together, 0 each on its own")

    def apply(self, signal: Signal) -> Signal:
        """Limit, and report the largest and the mean gain reduction."""
        return signal.carrying(self._limited(signal))

    def _limited(self, signal: Signal) -> Iterator[Block]:
        limiter = limiter_of(self, signal, amplitude(self.input_gain_db))
        reduction = Reduction()
        padded = itertools.chain(signal.blocks, [np.zeros((signal.channels, limiter.latency))])
        yield from in_time((limiter(block) for block in padded), limiter.latency, reduction)
        signal.report.update(reduction.report())


SMALLEST_GAIN = 1.0 / UNITY
"""What is shown of a gain of nothing, which has no decibels."""


class Reduction:
    """Largest and mean gain reduction in dB; the mean looks at every 16th frame."""

    def __init__(self) -> None:
        self.least_gain = 1.0
        self._total_db = 0.0
        self._count = 0
        self._position = 0

    def add(self, gains: NDArray[np.float64]) -> None:
        """Take in gains of shape (groups, frames)."""
        if not gains.size:
            return
        self.least_gain = max(min(self.least_gain, float(gains.min())), SMALLEST_GAIN)
        sparse = np.maximum(gains[:, -self._position % 16 :: 16], SMALLEST_GAIN)
        self._position += gains.shape[1]
        self._count += sparse.size
        if sparse.size and sparse.min() < 1.0:
            self._total_db -= 20.0 * float(np.log10(sparse).sum())

    def report(self) -> dict[str, Any]:
        """For the render's JSON."""
        largest = -20.0 * float(np.log10(self.least_gain)) + 0.0
        mean = self._total_db / self._count if self._count else 0.0
        return {
            "max_gain_reduction_db": round(largest, 3),
            "mean_gain_reduction_db": round(mean, 3),
        }


def limiter_of(settings: Any, signal: Signal, input_gain: float) -> TruePeakLimiter:
    """The engine for a signal, with the ceiling and times of a stage that has such settings."""
    ceiling = amplitude(settings.ceiling_dbtp) - signal.reserve
    return TruePeakLimiter(
        signal.sample_rate_hz,
        signal.channels,
        max(ceiling, 1e-4),
        settings.lookahead_ms / 1000.0,
        settings.release_ms / 1000.0,
        settings.link,
        input_gain,
    )


def in_time(
    limited: Iterable[tuple[Block, Block]], latency: int, reduction: Reduction
) -> Iterator[Block]:
    """The blocks that leave a limiter, without its latency; their gains go to `reduction`."""
    for block, gains in limited:
        dropped = min(latency, block.shape[1])
        latency -= dropped
        if dropped < block.shape[1]:
            reduction.add(gains[:, dropped:])
            yield np.ascontiguousarray(block[:, dropped:])
