"""True-peak limiter."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from masterprint.dsp.decibels import amplitude
from masterprint.dsp.limiting import TruePeakLimiter
from masterprint.signal import Block, Signal
from masterprint.stages.base import Stage

Ceiling = Annotated[float, Field(ge=-40, le=0)]
Lookahead = Annotated[float, Field(ge=1, le=20)]
Release = Annotated[float, Field(ge=1, le=2000)]
Link = Annotated[float, Field(ge=0, le=1)]


class Limiter(Stage):
    """Limiter: nothing leaves above the ceiling, between the samples either.

    See `dsp.limiting` for how. The ceiling leaves room for the dither that follows it.
    """

    stage_name: ClassVar[str] = "limiter"
    holds_ceiling: ClassVar[bool] = True

    ceiling_dbtp: Ceiling = Field(-1.0, description="true peak that nothing passes")
    input_gain_db: float = Field(0.0, ge=-24, le=36, description="gain into the limiter")
    lookahead_ms: Lookahead = Field(5.0, description="how long before a peak the gain moves")
    release_ms: Release = Field(100.0, description="time in which 63 % of the gain comes back")
    link: Link = Field(1.0, description="1 moves all channels together, 0 each on its own")

    def apply(self, signal: Signal) -> Signal:
        """Limit, and report the largest and the mean gain reduction."""
        gain = amplitude(self.input_gain_db)
        driven = (block * gain for block in signal.blocks)
        return signal.carrying(limited(signal.carrying(driven), self))


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
        self.least_gain = min(self.least_gain, float(gains.min()))
        sparse = gains[:, -self._position % 16 :: 16]
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


def limited(signal: Signal, settings: Any, reduction: Reduction | None = None) -> Iterator[Block]:
    """The blocks of a signal through a limiter with the ceiling and times of `settings`.

    `settings` is a Limiter, or any stage with the same fields.
    """
    ceiling = amplitude(settings.ceiling_dbtp) - signal.reserve
    limiter = TruePeakLimiter(
        signal.sample_rate_hz,
        signal.channels,
        max(ceiling, 1e-4),
        settings.lookahead_ms / 1000.0,
        settings.release_ms / 1000.0,
        settings.link,
    )
    reduction = reduction or Reduction()
    skip = limiter.latency

    def padded() -> Iterator[Block]:
        yield from signal.blocks
        yield np.zeros((signal.channels, limiter.latency))

    for block in padded():
        out, gains = limiter(block)
        dropped = min(skip, out.shape[1])
        skip -= dropped
        if dropped < out.shape[1]:
            reduction.add(gains[:, dropped:])
            yield np.ascontiguousarray(out[:, dropped:])
    signal.report.update(reduction.report())
