"""Clipper."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np
from pydantic import Field

from masterprint.dsp.curves import clip_residual, clipped_to
from masterprint.dsp.decibels import amplitude, decibels
from masterprint.dsp.oversampling import Bend
from masterprint.signal import Block, Signal
from masterprint.stages.base import Stage

HARDEST_KNEE = 1e-6
"""Of the ceiling: what no knee at all is."""
TOUCHED = 1e-4
"""Share of the ceiling by which a sample has changed that counts as clipped: -80 dB."""


class Clipper(Stage):
    """Clipper: cuts peaks off at a ceiling, hard or round, for loudness before a limiter.

    Short peaks are taken off whole, where a limiter would turn everything down around them. Runs at
    eight times the sample rate, with antiderivative anti-aliasing (see `dsp.oversampling`); what
    stays below the ceiling, or the knee before it, comes out as it went in, to the bit.

    The ceiling is where the wave is cut; back at its own rate the flat top rings over it, as it
    does behind every clipper without aliases: by some tenths of a dB on music, driven hard by one
    or two on drums and on what was clipped before. A second clipper takes off half of that. Put a
    `limiter` behind, which finds little left to do.

    `max_gain_reduction_db` is what the curve takes off the highest sample.
    """

    stage_name: ClassVar[str] = "clipper"

    ceiling_db: float = Field(-1.0, ge=-40, le=0, description="level at which peaks are cut, dBFS")
    input_gain_db: float = Field(0.0, ge=-24, le=36, description="gain into the clipper")
    softness: float = Field(
        0.25, ge=0, le=1, description="0 cuts hard; else from this share below the ceiling, round"
    )

    def apply(self, signal: Signal) -> Signal:
        """Clip, and report how much and how often."""
        return signal.carrying(self._clipped(signal))

    def _clipped(self, signal: Signal) -> Iterator[Block]:
        ceiling = amplitude(self.ceiling_db)
        knee = ceiling * max(self.softness, HARDEST_KNEE)
        gain = amplitude(self.input_gain_db)
        bend = Bend(signal.channels, 8, lambda rows, out: clip_residual(rows, ceiling, knee, out))
        clipped, frames, loudest, highest = 0, 0, 0.0, 0.0
        louder = signal.blocks if gain == 1.0 else (block * gain for block in signal.blocks)
        for plain, added in bend.run(louder):
            out = plain + added
            touched = np.abs(added) > TOUCHED * ceiling
            clipped += int(np.count_nonzero(touched.any(axis=0)))
            frames += out.shape[1]
            loudest = max(loudest, float(np.abs(plain).max(initial=0.0)))
            highest = max(highest, float(np.abs(out).max(initial=0.0)))
            yield out
        peak_db = decibels(highest)
        # Not from sample to sample: what rings beside a cut may cross zero where nothing else does.
        left = clipped_to(loudest, ceiling, knee) / loudest if loudest else 1.0
        signal.report["max_gain_reduction_db"] = round(abs(decibels(left) or 0.0), 3)
        signal.report["clipped_percent"] = round(100.0 * clipped / max(1, frames), 3)
        signal.report["peak_dbfs"] = None if peak_db is None else round(peak_db, 3)
