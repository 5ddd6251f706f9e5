"""Loudness by plain gain."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from masterprint.dsp.decibels import amplitude
from masterprint.metering.loudness import why_undefined
from masterprint.metering.meter import Meter
from masterprint.scratch import Scratch
from masterprint.signal import Block, Signal
from masterprint.stages.base import Stage

HIGHEST_GAIN_DB = 60.0


class Loudness(Stage):
    """Loudness: one gain over the whole programme that brings it to a target.

    Listens to all of it first (the audio waits in scratch), then plays it at the gain found. Peaks
    go where they go: put a limiter behind it.
    """

    stage_name: ClassVar[str] = "loudness"

    target_lufs: float = Field(-14.0, ge=-50, le=0, description="integrated loudness to reach")

    def apply(self, signal: Signal) -> Signal:
        """Measure, then multiply."""
        return signal.carrying(self._levelled(signal))

    def _levelled(self, signal: Signal) -> Iterator[Block]:
        meter = Meter(signal.sample_rate_hz, signal.channels, true_peak=False)
        scratch = Scratch()
        try:
            for block in meter.passing(signal.blocks):
                scratch.append(block)
            gain_db, measured = 0.0, meter.integrated_lufs()
            if measured is not None:
                # The gate at -70 LUFS does not move with the gain, so quiet passages may come in.
                for _ in range(3):
                    reached = meter.integrated_lufs(gain_db)
                    assert reached is not None
                    gain_db = min(gain_db + self.target_lufs - reached, HIGHEST_GAIN_DB)
            signal.report["measured_lufs"] = None if measured is None else round(measured, 3)
            signal.report["gain_db"] = round(gain_db, 3)
            signal.report["pinned"] = [{"gain": {"gain_db": gain_db}}]
            if measured is None:
                reason = why_undefined(meter.frames, signal.sample_rate_hz)
                signal.report["note"] = f"its loudness is undefined ({reason}): no gain"
            elif gain_db == HIGHEST_GAIN_DB:
                signal.report["note"] = f"stopped at {HIGHEST_GAIN_DB:g} dB of gain"
            factor = amplitude(gain_db)
            for block in scratch.replay():
                yield block * factor
        finally:
            scratch.close()
