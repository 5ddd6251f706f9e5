"""Loudness by gain into a limiter."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

from pydantic import Field

from masterprint.ahead import ahead
from masterprint.dsp.decibels import amplitude, decibels
from masterprint.dsp.guard import MARGIN_DB
from masterprint.metering.loudness import why_undefined
from masterprint.metering.meter import Meter
from masterprint.signal import Block, Signal
from masterprint.stages.base import Stage
from masterprint.stages.limiter import (
    Ceiling,
    Link,
    Lookahead,
    Reduction,
    Release,
    in_time,
    limiter_of,
)
from masterprint.stages.preview import KnownProgramme

CLOSE_ENOUGH_LU = 0.02
PREVIEW_CLOSE_LU = 0.01
TOLERANCE_LU = 0.05
TOLERANCE_DB = 0.05
MOST_PASSES = 12
MOST_PREVIEWS = 24
SAME_GAIN_DB = 1e-4
LONGEST_STEP_DB = 8.0
LARGEST_GAIN_DB = 60.0
SILENT_LUFS = -70.0

Point = tuple[float, float]
"""An input gain in dB and the loudness in LUFS that it leads to."""


class Maximizer(Stage):
    """Maximizer: the gain into a limiter at which the limited result measures the target.

    Listens to the whole programme, looks for the gain in previews of the limiter, limits with it
    and measures; how far the preview was off goes into the next search, until integrated loudness
    is within 0.05 LU of the target. Where the limiter would have to take off more than
    `max_reduction_db` at any moment, it stops there and reports the loudness that it reached: in a
    programme with one far peak, raise that setting or tame the peak before.
    """

    stage_name: ClassVar[str] = "maximizer"
    holds_ceiling: ClassVar[bool] = True

    target_lufs: float = Field(-14.0, ge=-50, le=-3, description="integrated loudness to reach")
    ceiling_dbtp: Ceiling = Field(-1.0, description="true peak that nothing passes")
    max_reduction_db: float = Field(
        8.0, ge=0.1, le=30, description="most that the limiter may take off at any moment"
    )
    lookahead_ms: Lookahead = Field(5.0, description="how long before a peak the gain moves")
    release_ms: Release = Field(100.0, description="time in which 63 % of the gain comes back")
    link: Link = Field(1.0, description="1 moves all channels together, 0 each on its own")

    def apply(self, signal: Signal) -> Signal:
        """Find the gain, then limit with it."""
        return signal.carrying(self._maximized(signal))

    def _maximized(self, signal: Signal) -> Iterator[Block]:
        programme = KnownProgramme(signal.sample_rate_hz, signal.channels, self.link)
        try:
            for block in signal.blocks:
                programme.append(block)
            programme.pad(limiter_of(self, signal, 1.0).latency)
            gain_db = self._find_gain_db(signal, programme)
            reduction = Reduction()
            yield from self._limited(signal, programme, gain_db, reduction)
            signal.report.update(reduction.report(), pinned=[self._limiter(gain_db)])
        finally:
            programme.close()

    def _limiter(self, gain_db: float) -> dict[str, Any]:
        """The stage that does the same with the gain that was found."""
        names = ("ceiling_dbtp", "lookahead_ms", "release_ms", "link")
        settings = {name: getattr(self, name) for name in names}
        return {"limiter": settings | {"input_gain_db": gain_db}}

    def _find_gain_db(self, signal: Signal, programme: KnownProgramme) -> float:
        """The input gain; writes what was decided into the report."""
        input_lufs = programme.integrated_lufs()
        if input_lufs is None:
            reason = why_undefined(programme.frames, signal.sample_rate_hz)
            signal.report["note"] = f"its loudness is undefined ({reason}): no gain"
            return 0.0

        @functools.cache
        def preview(gain_db: float) -> float:
            gain = amplitude(gain_db)
            found = programme.preview(limiter_of(self, signal, gain), gain)
            return SILENT_LUFS if found is None else found

        # The reduction grows dB for dB with the gain, so this is close to the most there may be.
        aim_dbtp = self.ceiling_dbtp + MARGIN_DB
        peak_dbtp = decibels(programme.peak) or 0.0
        most_db = min(self.max_reduction_db + aim_dbtp - peak_dbtp, LARGEST_GAIN_DB)
        gain_db = min(self.target_lufs - input_lufs, most_db)
        error = 0.0  # of the previews, in LU
        passes = 0
        while True:
            tried_db = gain_db
            gain_db = find_gain_db(preview, self.target_lufs + error, tried_db, most_db)
            if passes and (abs(gain_db - tried_db) < SAME_GAIN_DB or passes == MOST_PASSES):
                gain_db = tried_db
                break
            passes += 1
            reached, reduction_db = self._try(signal, programme, gain_db)
            excess_db = reduction_db - self.max_reduction_db
            if excess_db > TOLERANCE_DB:
                most_db = gain_db - excess_db - 0.5 * TOLERANCE_DB
                continue
            missing = self.target_lufs - reached
            at_most = gain_db >= most_db - SAME_GAIN_DB
            if abs(missing) <= CLOSE_ENOUGH_LU or (at_most and missing > 0):
                break
            error = preview(gain_db) - reached
        self._report(signal, gain_db, reached, passes, gain_db >= most_db - SAME_GAIN_DB)
        return gain_db

    def _report(
        self, signal: Signal, gain_db: float, reached: float, passes: int, at_most: bool
    ) -> None:
        met = abs(reached - self.target_lufs) <= TOLERANCE_LU
        signal.report.update(
            {
                "target_lufs": self.target_lufs,
                "reached_lufs": round(reached, 3),
                "target_met": met,
                "input_gain_db": round(gain_db, 3),
                "passes": passes,
            }
        )
        if not met:
            if reached > self.target_lufs or not at_most:
                reason = "its loudness jumps where quiet parts pass the gate"
            elif gain_db >= LARGEST_GAIN_DB - SAME_GAIN_DB:
                reason = f"more than {LARGEST_GAIN_DB:g} dB of gain is not given"
            else:
                reason = (
                    f"more would need over {self.max_reduction_db:g} dB of limiting under "
                    f"{self.ceiling_dbtp:g} dBTP (raise max_reduction_db to allow it)"
                )
            signal.report["note"] = (
                f"reached {reached:.2f} LUFS instead of {self.target_lufs:g}: {reason}"
            )

    def _try(
        self, signal: Signal, programme: KnownProgramme, gain_db: float
    ) -> tuple[float, float]:
        """Integrated loudness and largest gain reduction of the result at a gain."""
        meter = Meter(signal.sample_rate_hz, signal.channels, true_peak=False)
        reduction = Reduction()
        for block in ahead(self._limited(signal, programme, gain_db, reduction)):
            meter.feed(block)
        reached = meter.integrated_lufs()
        loss = decibels(reduction.least_gain)
        return SILENT_LUFS if reached is None else reached, 0.0 if loss is None else -loss

    def _limited(
        self, signal: Signal, programme: KnownProgramme, gain_db: float, reduction: Reduction
    ) -> Iterator[Block]:
        limiter = limiter_of(self, signal, amplitude(gain_db))
        limited = (limiter.limit(block, peaks) for block, peaks in programme.replay())
        return in_time(limited, limiter.latency, reduction)


def find_gain_db(
    preview: Callable[[float], float], target_lufs: float, start_db: float, most_db: float
) -> float:
    """The gain whose preview is the target, or the largest one if that falls short of it.

    Secant steps between bounds; where loudness jumps over the target (the gate opens), the gain
    just before.
    """
    low: Point | None = None
    high: Point | None = None
    gain_db = min(start_db, most_db)
    for step in range(1, MOST_PREVIEWS):
        reached = preview(gain_db)
        missing = target_lufs - reached
        if abs(missing) <= PREVIEW_CLOSE_LU or (missing > 0 and gain_db >= most_db):
            return gain_db
        previous = low or high
        if missing > 0:
            low = (gain_db, reached)
        else:
            high = (gain_db, reached)
        if low and high and high[0] - low[0] < SAME_GAIN_DB:
            return low[0]
        gain_db = min(_next_db(target_lufs, low, high, previous, halve=step % 3 == 0), most_db)
    return gain_db


def _next_db(
    target_lufs: float, low: Point | None, high: Point | None, previous: Point | None, halve: bool
) -> float:
    """The gain to try next, from points below and above the target."""
    if low and high:
        if halve:  # a secant alone creeps along a curve
            return 0.5 * (low[0] + high[0])
        slope = max((high[1] - low[1]) / (high[0] - low[0]), 1e-3)
        return low[0] + (target_lufs - low[1]) / slope
    point = low or high
    assert point is not None
    slope = 0.8  # limiting takes part of each step back
    if previous and previous[0] != point[0]:
        slope = (point[1] - previous[1]) / (point[0] - previous[0])
    step = (target_lufs - point[1]) / min(max(slope * 0.9, 0.05), 1.0)
    return point[0] + min(max(step, -LONGEST_STEP_DB), LONGEST_STEP_DB)
