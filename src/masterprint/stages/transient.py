"""Transient shaper."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from masterprint.dsp.ballistics import gains_of_decibels, moves_of_power
from masterprint.dsp.contour import attacks_and_tails, held_peaks
from masterprint.dsp.decibels import decibels
from masterprint.dsp.reaction import Curve, Detector, rows_for, share_of
from masterprint.signal import Block, Signal
from masterprint.stages.base import Stage
from masterprint.stages.lookahead import with_lookahead

FLOOR_DB = -70.0
"""What lies below is noise, in which there are no notes."""
HOLD_S = 0.0125
"""A peak is held for half a period of 40 Hz, so that a steady bass has a steady level."""
FALL_S = 0.005
SOFTEN_S, LOOKAHEAD_MS = 0.0004, 1.0
"""The gain does not jump, and is there when a stroke begins."""
WHOLE_DB = 12.0
"""How far the followers are apart in what is all attack, or all tail."""


class Transient(Stage):
    """Transient shaper: more or less attack, more or less sustain, at any level.

    Two followers of the level in dB, one quick and one that takes `attack_ms` to rise, are apart
    while a sound begins; two that fall, in `sustain_ms` and at once, while it dies away. How far
    they are apart, 12 dB being all the way, is the share of `attack_db` and of `sustain_db` that is
    applied. What is steady is left alone, and so is what lies below -70 dBFS.
    """

    stage_name: ClassVar[str] = "transient"

    attack_db: float = Field(3.0, ge=-15, le=15, description="gain of what begins")
    sustain_db: float = Field(0.0, ge=-15, le=15, description="gain of what dies away")
    attack_ms: float = Field(
        20.0, ge=2, le=200, description="how long a beginning is: time to 63 % of the slow follower"
    )
    sustain_ms: float = Field(
        300.0, ge=20, le=2000, description="how long an end is: time to 63 % of the slow follower"
    )
    link: float = Field(1.0, ge=0, le=1, description="1 moves all channels together, 0 each alone")

    def apply(self, signal: Signal) -> Signal:
        """Shape, and report how far the gain went up and down."""
        return signal.carrying(self._shaped(signal))

    def _shaped(self, signal: Signal) -> Iterator[Block]:
        extremes = np.ones(2)

        def gains(heard: Iterator[Block]) -> Iterator[Block]:
            return self._gains(signal, heard)

        for block, gain in with_lookahead(signal, gains, LOOKAHEAD_MS):
            extremes[0] = max(extremes[0], gain.max(initial=0.0))
            extremes[1] = min(extremes[1], gain.min(initial=1.0))
            yield block * gain
        up, down = (round(decibels(gain) or 0.0, 3) for gain in extremes)
        signal.report.update(max_gain_db=up, min_gain_db=down)
        signal.report["summary"] = f"{up:+.1f} dB of gain at most, {down:+.1f} dB at least"

    def _gains(self, signal: Signal, heard: Iterator[Block]) -> Iterator[Block]:
        rate, channels = signal.sample_rate_hz, signal.channels
        rows = rows_for(channels, self.link)
        detector = Detector(channels, rate, rows=rows)
        over_floor = Curve(FLOOR_DB, 1.0, 0.0, 200.0).as_array()
        speeds = np.array(
            [
                share_of(self.attack_ms / 1000.0, rate),
                share_of(self.sustain_ms / 1000.0, rate),
                share_of(SOFTEN_S, rate),
            ]
        )
        amounts = np.array([self.attack_db, self.sustain_db]) / WHOLE_DB
        peaks = [_PeakFollower(rate) for _ in range(rows)]
        followers = np.zeros((rows, 3))
        for block in heard:
            levels = detector(block)
            if rows > 1 and self.link:
                levels += (levels.max(axis=0) - levels) * self.link
            for row, follow in zip(levels, peaks, strict=True):
                follow(row)
            moves_of_power(levels, over_floor)
            attacks_and_tails(levels, speeds, amounts, WHOLE_DB, followers)
            gains_of_decibels(levels, 1.0, 0.0)
            yield levels


class _PeakFollower:
    """The peak level of one row, in place, with what it remembers."""

    def __init__(self, rate: int) -> None:
        frames = max(1, round(HOLD_S * rate))
        self._fall = share_of(FALL_S, rate)
        self._window, self._places = np.zeros(frames), np.zeros(frames, np.int64)
        self._level, self._state = np.zeros(1), np.zeros(3, np.int64)

    def __call__(self, row: NDArray[np.float64]) -> None:
        held_peaks(row, self._fall, self._window, self._places, self._level, self._state)
