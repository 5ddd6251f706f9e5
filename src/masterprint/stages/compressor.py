"""Compressor."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from masterprint.dsp.ballistics import detect, gains_of_reduction, reduction_of_power
from masterprint.dsp.biquad import BiquadCascade
from masterprint.dsp.butterworth import butterworth
from masterprint.signal import Block, Signal
from masterprint.stages.base import Frequency, Stage

RMS_WINDOW_S = 0.010


class Compressor(Stage):
    """Compressor: feed-forward, soft knee, level and gain in dB.

    Giannoulis, Massberg and Reiss, "Digital Dynamic Range Compressor Design", JAES 60(6), 2012:
    static curve with a quadratic knee (eq. 4), smooth decoupled ballistics (eq. 17). The release
    is shortened by what the attack filter behind it adds, so that 63 % of the gain is back after
    `release_ms`; it cannot be quicker than the attack. The `rms` detector reads a sine 3 dB below
    its peak, so it needs a threshold that much lower than `peak` for the same reduction.
    """

    stage_name: ClassVar[str] = "compressor"

    threshold_db: float = Field(-18.0, ge=-60, le=0, description="level above which it acts, dBFS")
    ratio: float = Field(2.0, ge=1, le=100, description="dB in per dB out above the threshold")
    attack_ms: float = Field(30.0, ge=0.01, le=500, description="time to 63 % of the reduction")
    release_ms: float = Field(200.0, ge=1, le=5000, description="time to 63 % of the way back")
    knee_db: float = Field(6.0, ge=0, le=40, description="width of the bend about the threshold")
    makeup_db: float = Field(0.0, ge=-24, le=24, description="gain after compression")
    detector: Literal["peak", "rms"] = Field(
        "rms", description="what is compared: samples, or their RMS over 10 ms"
    )
    link: float = Field(1.0, ge=0, le=1, description="1 moves all channels together, 0 each alone")
    sidechain_highpass_hz: Frequency | None = Field(
        None, description="the detector does not hear what lies below (12 dB per octave)"
    )
    range_db: float = Field(60.0, ge=0, le=60, description="most that is ever taken off")

    def apply(self, signal: Signal) -> Signal:
        """Compress, and report the largest and the mean gain reduction."""
        return signal.carrying(self._compressed(signal))

    def _compressed(self, signal: Signal) -> Iterator[Block]:
        rate, channels = signal.sample_rate_hz, signal.channels
        sidechain = None
        if self.sidechain_highpass_hz is not None:
            sections = butterworth("highpass", self.sidechain_highpass_hz, 2, rate)
            sidechain = BiquadCascade(sections, channels)
        attack_s = self.attack_ms / 1000.0
        curve = np.array([self.threshold_db, 1.0 / self.ratio - 1.0, self.knee_db, self.range_db])
        ballistics = np.array(
            [
                _share(attack_s, rate),
                _share(release_before_attack(self.release_ms / 1000.0, attack_s), rate),
                _share(RMS_WINDOW_S, rate) if self.detector == "rms" else 0.0,
            ]
        )
        rows = 1 if self.link == 1.0 else channels
        squares = np.zeros(channels)
        state = np.zeros((rows, 2))
        totals = np.zeros(3)
        for block in signal.blocks:
            heard = block if sidechain is None else sidechain(block)
            gains = np.empty((rows, block.shape[1]))
            detect(heard, gains, ballistics[2], squares)
            reduction_of_power(gains, curve)
            if rows > 1 and self.link:
                gains += (gains.max(axis=0) - gains) * self.link
            gains_of_reduction(gains, ballistics, self.makeup_db, state, totals)
            yield block * gains
        signal.report["max_gain_reduction_db"] = round(float(totals[0]), 3)
        signal.report["mean_gain_reduction_db"] = round(float(totals[1] / max(1.0, totals[2])), 3)


def _share(time_s: float, rate: int) -> float:
    """How far a one-pole filter of a time constant moves in one frame."""
    return 1.0 - math.exp(-1.0 / (time_s * rate))


def release_before_attack(release_s: float, attack_s: float) -> float:
    """Time constant that, with the attack's behind it, is back by 63 % after `release_s`.

    Solves step(t1, attack, release) = 1 - 1/e for t1, where step is that of two one-pole filters
    in series.
    """

    def remaining(first: float) -> float:
        if abs(first - attack_s) < 1e-9 * attack_s:
            return (1.0 + release_s / attack_s) * math.exp(-release_s / attack_s)
        return (
            first * math.exp(-release_s / first) - attack_s * math.exp(-release_s / attack_s)
        ) / (first - attack_s)

    low, high = 1e-6, release_s
    for _ in range(60):
        middle = 0.5 * (low + high)
        if remaining(middle) < math.exp(-1.0):
            low = middle
        else:
            high = middle
    return high
