"""Compressor."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from masterprint.dsp.biquad import BiquadCascade
from masterprint.dsp.butterworth import butterworth
from masterprint.dsp.jit import kernel
from masterprint.signal import Block, Signal
from masterprint.stages.base import Frequency, Stage

RMS_WINDOW_S = 0.010


class Compressor(Stage):
    """Compressor: feed-forward, soft knee, level and gain in dB.

    Giannoulis, Massberg and Reiss, "Digital Dynamic Range Compressor Design", JAES 60(6), 2012:
    static curve with a quadratic knee (eq. 4), smooth decoupled ballistics (eq. 17). The release
    is shortened by what the attack filter behind it adds, so that 63 % of the gain is back after
    `release_ms`; it cannot be quicker than the attack.
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
        state = np.zeros((channels, 3))
        totals = np.zeros(3)
        for block in signal.blocks:
            heard = block if sidechain is None else sidechain(block)
            out = np.empty_like(block)
            compress(block, heard, out, curve, ballistics, self.link, self.makeup_db, state, totals)
            yield out
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


@kernel("void(f8[:, ::1], f8[:, ::1], f8[:, ::1], f8[::1], f8[::1], f8, f8, f8[:, ::1], f8[::1])")
def compress(  # noqa: PLR0913, PLR0915
    block: NDArray[np.float64],
    heard: NDArray[np.float64],
    out: NDArray[np.float64],
    curve: NDArray[np.float64],
    ballistics: NDArray[np.float64],
    link: float,
    makeup_db: float,
    state: NDArray[np.float64],
    totals: NDArray[np.float64],
) -> None:
    """One block through the compressor.

    Args:
        block, heard, out: (channels, frames): what is compressed, what the detector hears.
        curve: threshold dB, 1/ratio - 1, knee dB, range dB.
        ballistics: shares moved per frame by attack, release, and RMS average (0: peak).
        link: 0 to 1.
        makeup_db: added to the gain.
        state: (channels, 3): mean square, reduction before and after the attack filter, in dB.
        totals: largest reduction, sum of reductions, count of them.
    """
    threshold, slope, knee, most = curve
    attack, release, average = ballistics
    channels, frames = block.shape
    # Below this nothing is reduced: no logarithm is needed there.
    floor = 10.0 ** ((threshold - knee / 2.0) / 10.0)
    makeup = 10.0 ** (makeup_db / 20.0)
    to_gain = -math.log(10.0) / 20.0
    linked = link == 1.0
    wanted = np.zeros(channels)
    gain = makeup
    for n in range(frames):
        largest = 0.0
        top = 0.0
        for c in range(channels):
            power = heard[c, n] * heard[c, n]
            if average > 0.0:
                power = state[c, 0] + average * (power - state[c, 0])
                power = power if power > 1e-30 else 0.0
                state[c, 0] = power
            if linked:
                top = max(top, power)
                continue
            reduction = 0.0
            if power > floor:
                over = 10.0 * math.log10(power) - threshold
                if over >= 0.5 * knee:
                    reduction = -slope * over
                else:
                    reduction = -slope * (over + 0.5 * knee) ** 2 / (2.0 * knee)
                reduction = min(reduction, most)
            wanted[c] = reduction
            largest = max(largest, reduction)
        if linked:
            reduction = 0.0
            if top > floor:
                over = 10.0 * math.log10(top) - threshold
                if over >= 0.5 * knee:
                    reduction = -slope * over
                else:
                    reduction = -slope * (over + 0.5 * knee) ** 2 / (2.0 * knee)
                reduction = min(reduction, most)
            largest = reduction
        for c in range(1 if linked else channels):
            target = largest if linked else wanted[c] + link * (largest - wanted[c])
            first = state[c, 1]
            first = max(target, first + release * (target - first))
            second = state[c, 2] + attack * (first - state[c, 2])
            first = first if first > 1e-12 else 0.0
            second = second if second > 1e-12 else 0.0
            state[c, 1] = first
            state[c, 2] = second
            totals[0] = max(totals[0], second)
            totals[1] += second
            totals[2] += 1.0
            gain = makeup * math.exp(to_gain * second) if second > 0.0 else makeup
            out[c, n] = block[c, n] * gain
        if linked:
            for c in range(1, channels):
                out[c, n] = block[c, n] * gain
