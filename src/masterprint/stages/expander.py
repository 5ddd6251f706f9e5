"""Expander."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from masterprint.dsp.ballistics import (
    gains_of_decibels,
    moves_of_power,
    open_above,
    smooth_branching,
)
from masterprint.dsp.reaction import Curve, Detector, report_of, rows_for, share_of
from masterprint.signal import Block, Signal
from masterprint.stages.base import Frequency, Stage
from masterprint.stages.compressor import RMS_WINDOW_S, sidechain_filter
from masterprint.stages.lookahead import with_lookahead


class Expander(Stage):
    """Expander: turns down what is quieter than the programme, such as hiss between its phrases.

    Above the threshold it is open and changes nothing. It closes when the level has been more than
    `hysteresis_db` below the threshold for `hold_ms`, so that a note that dies away does not
    flutter; then each dB below the threshold becomes `ratio` dB, by the curve of the compressor
    turned over (Giannoulis, Massberg and Reiss, JAES 60(6), 2012, eq. 4), down to `range_db`. The
    gain moves in dB, through one pole. With a high ratio it is a gate. Times are counted from what
    the detector hears; where a sound stops, the mean of `rms` falls by 4 dB each 10 ms.
    """

    stage_name: ClassVar[str] = "expander"

    threshold_db: float = Field(-50.0, ge=-90, le=0, description="level where it opens, dBFS")
    ratio: float = Field(2.0, ge=1, le=100, description="dB out per dB in below the threshold")
    range_db: float = Field(12.0, ge=0, le=90, description="most that is ever taken off")
    hysteresis_db: float = Field(
        3.0, ge=0, le=24, description="how far below the threshold it begins to close"
    )
    hold_ms: float = Field(50.0, ge=0, le=2000, description="how long it waits before it closes")
    attack_ms: float = Field(2.0, ge=0.01, le=500, description="time to 63 % of the opening")
    release_ms: float = Field(200.0, ge=1, le=5000, description="time to 63 % of the closing")
    lookahead_ms: float = Field(
        5.0, ge=0, le=20, description="how much sooner it opens than the level rises"
    )
    knee_db: float = Field(6.0, ge=0, le=40, description="width of the bend about the threshold")
    detector: Literal["peak", "rms"] = Field(
        "rms", description="what is compared: samples, or their RMS over 10 ms"
    )
    link: float = Field(1.0, ge=0, le=1, description="1 moves all channels together, 0 each alone")
    sidechain_highpass_hz: Frequency | None = Field(
        None, description="the detector does not hear what lies below (12 dB per octave)"
    )

    def apply(self, signal: Signal) -> Signal:
        """Expand, and report the largest and the mean gain reduction."""
        return signal.carrying(self._expanded(signal))

    def _expanded(self, signal: Signal) -> Iterator[Block]:
        totals = np.zeros(3)

        def gains(heard: Iterator[Block]) -> Iterator[Block]:
            return self._gains(signal, heard, totals)

        for block, gain in with_lookahead(signal, gains, self.lookahead_ms):
            yield block * gain
        largest, total, count = totals.tolist()
        signal.report.update(report_of(largest, total / max(1.0, count)))

    def _gains(self, signal: Signal, heard: Iterator[Block], totals: np.ndarray) -> Iterator[Block]:
        rate, channels = signal.sample_rate_hz, signal.channels
        sidechain = sidechain_filter(self.sidechain_highpass_hz, signal)
        slope = self.ratio - 1.0
        curve = Curve(self.threshold_db, slope, self.knee_db, self.range_db, below=True).as_array()
        rise, fall = share_of(self.release_ms / 1e3, rate), share_of(self.attack_ms / 1e3, rate)
        opens = 10.0 ** (self.threshold_db / 10.0)
        closes = 10.0 ** ((self.threshold_db - self.hysteresis_db) / 10.0)
        hold_frames = round(self.hold_ms / 1e3 * rate)
        rows = rows_for(channels, self.link)
        window_s = RMS_WINDOW_S if self.detector == "rms" else 0.0
        detector = Detector(channels, rate, window_s, rows)
        opened = np.zeros((rows, 1), np.int64)
        state = np.zeros((rows, 1))
        for block in heard:
            power = detector(sidechain(block) if sidechain else block)
            moves = power.copy()
            moves_of_power(moves, curve)
            open_above(moves, power, opens, closes, hold_frames, opened)
            if rows > 1 and self.link:
                moves += (moves.min(axis=0) - moves) * self.link
            smooth_branching(moves, rise, fall, state, totals)
            gains_of_decibels(moves, -1.0, 0.0)
            yield moves
