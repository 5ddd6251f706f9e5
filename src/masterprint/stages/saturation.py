"""Saturation."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import ClassVar, Literal, NamedTuple

import numpy as np
from pydantic import Field

from masterprint.dsp.analogue import matched_section
from masterprint.dsp.biquad import BiquadCascade
from masterprint.dsp.butterworth import butterworth
from masterprint.dsp.curves import saturation_residual
from masterprint.dsp.decibels import amplitude, power_decibels
from masterprint.dsp.oversampling import Bend
from masterprint.metering.meter import Meter
from masterprint.scratch import Scratch
from masterprint.signal import Block, Signal
from masterprint.stages.base import Stage

NO_OFFSET_HZ = 5.0
"""An asymmetrical curve adds an offset; below this it is taken out of what the curve adds."""


class _Kind(NamedTuple):
    """What makes a curve a machine: how uneven it is, and where it saturates first."""

    bias: float
    shape: Literal["low_shelf", "high_shelf"] | None = None
    frequency_hz: float = 0.0
    gain_db: float = 0.0


KINDS = {
    "tape": _Kind(0.0, "high_shelf", 5000.0, 6.0),
    "tube": _Kind(0.4),
    "transformer": _Kind(0.1, "low_shelf", 90.0, 9.0),
}


class Saturation(Stage):
    """Saturation: the harmonics of tape, of a tube, or of a transformer.

    One curve, v / sqrt(1 + v^2), with what tells the machines apart around it. `tape` is
    symmetrical (odd harmonics) and hears the highs 6 dB louder, so that they saturate first. `tube`
    is driven off its centre, which adds even harmonics. `transformer` hears the lows 9 dB louder,
    as its core does, and is slightly uneven. What emphasis does before the curve is undone behind.

    What the curve adds is computed at four times the sample rate, with antiderivative anti-aliasing
    (see `dsp.oversampling`), freed of its offset below 5 Hz, and added to the signal, which itself
    stays as it is.
    """

    stage_name: ClassVar[str] = "saturation"

    curve: Literal["tape", "tube", "transformer"] = Field("tape", description="which machine")
    drive_db: float = Field(
        0.0, ge=-24, le=24, description="how much louder the curve hears the signal than it is"
    )
    match_loudness: bool = Field(
        False, description="give the result the loudness that the signal had (listens first)"
    )

    def apply(self, signal: Signal) -> Signal:
        """Bend, and report the level of what is new beside the signal."""
        return signal.carrying(self._matched(signal) if self.match_loudness else self._bent(signal))

    def _bent(self, signal: Signal) -> Iterator[Block]:
        rate, channels = signal.sample_rate_hz, signal.channels
        kind = KINDS[self.curve]
        drive = amplitude(self.drive_db)
        before = []
        behind = [butterworth("highpass", NO_OFFSET_HZ, 1, rate)] if kind.bias else []
        if kind.shape is not None:
            section = matched_section(kind.shape, kind.frequency_hz, kind.gain_db, 0.71, rate)
            before = [np.array([section])]
            behind.append(np.array([_undone(section)]))
        bend = Bend(
            channels,
            4,
            lambda rows, out: saturation_residual(rows, drive, kind.bias, out),
            BiquadCascade(np.concatenate(before), channels) if before else None,
            BiquadCascade(np.concatenate(behind), channels) if behind else None,
        )
        energy, change, along = 0.0, 0.0, 0.0
        for plain, added in bend.run(signal.blocks):
            energy += float(np.einsum("cn,cn->", plain, plain))
            change += float(np.einsum("cn,cn->", added, added))
            along += float(np.einsum("cn,cn->", added, plain))
            yield plain + added
        # What goes along with the signal is gain, mostly below 1: no harmonics.
        new = max(0.0, change - along**2 / energy) if energy else 0.0
        added_db = power_decibels(new * energy / (energy + along) ** 2) if new else None
        signal.report["added_db"] = None if added_db is None else round(added_db, 2)
        if added_db is not None:
            signal.report["summary"] = f"harmonics at {added_db:.0f} dB"

    def _matched(self, signal: Signal) -> Iterator[Block]:
        rate, channels = signal.sample_rate_hz, signal.channels
        before = Meter(rate, channels, true_peak=False)
        after = Meter(rate, channels, true_peak=False)
        scratch = Scratch()
        try:
            given = signal.carrying(before.passing(signal.blocks))
            for block in after.passing(self._bent(given)):
                scratch.append(block)
            old, new = before.integrated_lufs(), after.integrated_lufs()
            gain_db = 0.0 if old is None or new is None else old - new
            signal.report["gain_db"] = round(gain_db, 3)
            bent_only = {"curve": self.curve, "drive_db": self.drive_db}
            signal.report["pinned"] = [{self.stage_name: bent_only}, {"gain": {"gain_db": gain_db}}]
            gain = amplitude(gain_db)
            for block in scratch.replay():
                yield block * gain
        finally:
            scratch.close()


def _undone(section: np.ndarray) -> list[float]:
    """The section that takes back what a section of minimum phase does."""
    b0, b1, b2, a1, a2 = (float(value) for value in section)
    assert math.isfinite(1.0 / b0)
    return [1.0 / b0, a1 / b0, a2 / b0, b1 / b0, b2 / b0]
