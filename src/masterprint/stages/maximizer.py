"""Loudness by gain into a limiter."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from masterprint.dsp.decibels import amplitude, decibels
from masterprint.metering.measurement import Meter
from masterprint.scratch import Scratch
from masterprint.signal import Block, Signal
from masterprint.stages.base import Stage
from masterprint.stages.limiter import Ceiling, Link, Lookahead, Reduction, Release, limited

CLOSE_ENOUGH_LU = 0.02
TOLERANCE_LU = 0.05
TOLERANCE_DB = 0.05
MOST_PASSES = 16
LONGEST_STEP_DB = 8.0
LARGEST_GAIN_DB = 60.0


class Maximizer(Stage):
    """Maximizer: the gain into a limiter at which the limited result measures the target.

    Listens to the whole programme, limits it at one gain after another (secant steps between
    bounds) until its integrated loudness is within 0.05 LU of the target, and plays that. Where
    the limiter would have to take off more than `max_reduction_db` at any moment, it stops there
    and reports the loudness that it reached.
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
        meter = Meter(signal.sample_rate_hz, signal.channels)
        scratch = Scratch()
        try:
            for block in meter.passing(signal.blocks):
                scratch.append(block)
            measured = meter.result()
            report = signal.report
            if measured.integrated_lufs is None or measured.true_peak_dbtp is None:
                report["note"] = "loudness is undefined (silence): no gain"
                gain_db = 0.0
            else:
                gain_db = self._search(
                    signal, scratch, measured.integrated_lufs, measured.true_peak_dbtp
                )
            yield from limited(self._driven(signal, scratch, gain_db), self)
        finally:
            scratch.close()

    def _search(
        self, signal: Signal, scratch: Scratch, input_lufs: float, input_dbtp: float
    ) -> float:
        """The input gain in dB, found by trying; writes what was decided into the report."""
        # The reduction grows dB for dB with the gain, so this is close to the most there may be.
        most_db = min(self.max_reduction_db + self.ceiling_dbtp - input_dbtp, LARGEST_GAIN_DB)
        wanted_db = min(self.target_lufs - input_lufs, most_db)
        low: tuple[float, float] | None = None
        high: tuple[float, float] | None = None
        passes = 0
        while True:
            gain_db = wanted_db
            passes += 1
            reached, reduction_db = self._try(signal, scratch, gain_db)
            excess_db = reduction_db - self.max_reduction_db
            error = self.target_lufs - reached
            if excess_db > TOLERANCE_DB and passes < MOST_PASSES:
                most_db = wanted_db = gain_db - excess_db - 0.5 * TOLERANCE_DB
                high = None
                continue
            at_most = gain_db >= most_db - 1e-9
            if abs(error) <= CLOSE_ENOUGH_LU or (at_most and error > 0) or passes == MOST_PASSES:
                break
            previous = low or high
            if error > 0:
                low = (gain_db, reached)
            else:
                high = (gain_db, reached)
            wanted_db = self._next(low, high, previous, halve=passes % 3 == 0)
            wanted_db = min(wanted_db, most_db)
        signal.report.update(
            {
                "target_lufs": self.target_lufs,
                "reached_lufs": round(reached, 3),
                "target_met": abs(reached - self.target_lufs) <= TOLERANCE_LU,
                "input_gain_db": round(gain_db, 3),
                "passes": passes,
            }
        )
        if not signal.report["target_met"]:
            signal.report["note"] = (
                f"reached {reached:.2f} LUFS instead of {self.target_lufs:g}: more would need over "
                f"{self.max_reduction_db:g} dB of limiting under {self.ceiling_dbtp:g} dBTP"
            )
        return gain_db

    def _next(
        self,
        low: tuple[float, float] | None,
        high: tuple[float, float] | None,
        previous: tuple[float, float] | None,
        halve: bool,
    ) -> float:
        """The gain to try next, from (gain, loudness) below and above the target."""
        if low and high:
            if halve:  # a secant alone creeps along a curve
                return 0.5 * (low[0] + high[0])
            slope = max((high[1] - low[1]) / (high[0] - low[0]), 1e-3)
            return low[0] + (self.target_lufs - low[1]) / slope
        point = low or high
        assert point is not None
        slope = 0.8  # limiting takes part of each step back
        if previous and previous[0] != point[0]:
            slope = (point[1] - previous[1]) / (point[0] - previous[0])
        step = (self.target_lufs - point[1]) / min(max(slope * 0.9, 0.05), 1.0)
        return point[0] + min(max(step, -LONGEST_STEP_DB), LONGEST_STEP_DB)

    def _try(self, signal: Signal, scratch: Scratch, gain_db: float) -> tuple[float, float]:
        """Integrated loudness and largest gain reduction of the result at a gain."""
        meter = Meter(signal.sample_rate_hz, signal.channels, true_peak=False)
        reduction = Reduction()
        for block in limited(self._driven(signal, scratch, gain_db), self, reduction):
            meter.feed(block)
        reached = meter.integrated_lufs()
        loss = decibels(reduction.least_gain)
        return -70.0 if reached is None else reached, 0.0 if loss is None else -loss

    @staticmethod
    def _driven(signal: Signal, scratch: Scratch, gain_db: float) -> Signal:
        factor = amplitude(gain_db)
        return signal.carrying(block * factor for block in scratch.replay())
