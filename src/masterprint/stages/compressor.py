"""Compressor."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from masterprint.dsp.biquad import BiquadCascade
from masterprint.dsp.butterworth import butterworth
from masterprint.dsp.reaction import Curve, Detector, Reaction, report_of, rows_for
from masterprint.signal import Block, Signal
from masterprint.stages.base import Frequency, Stage
from masterprint.stages.lookahead import with_lookahead

RMS_WINDOW_S = 0.010
MOST_DOWN_DB, MOST_UP_DB = 60.0, 12.0
"""Range where none is set: down as far as the ratio goes, up no further than noise allows."""


class Compressor(Stage):
    """Compressor: feed-forward, soft knee, level and gain in dB.

    Giannoulis, Massberg and Reiss, "Digital Dynamic Range Compressor Design", JAES 60(6), 2012:
    static curve with a quadratic knee (eq. 4), smooth decoupled ballistics (eq. 17). The release
    is shortened by what the attack filter behind it adds, so that 63 % of the gain is back after
    `release_ms`; it cannot be quicker than the attack. The `rms` detector reads a sine 3 dB below
    its peak, so it needs a threshold that much lower than `peak` for the same reduction.

    The mean of `rms` takes its own time, which is taken off: both times hold for a step of 12 dB. A
    step of 20 dB rises 2 ms sooner and falls 8 ms later. No rise is quicker than 4 ms, no fall
    quicker than 17 ms. The ripple of the mean counts as level: a sine reads 0.1 dB high at 300 Hz,
    0.3 dB at 100 Hz, 0.6 dB at 50 Hz.

    `upward` leaves alone what is loud and turns up what lies below the threshold: details come
    forward, peaks stay as they are. With `release: programme`, what has been held down for longer
    (five release times and more) comes back ten times as slowly, while the gain after a single hit
    comes back at once. For parallel compression turn down `mix`.
    """

    stage_name: ClassVar[str] = "compressor"

    direction: Literal["downward", "upward"] = Field(
        "downward", description="turn down what is above the threshold, or up what is below"
    )
    threshold_db: float = Field(-18.0, ge=-60, le=0, description="level where it begins, dBFS")
    ratio: float = Field(2.0, ge=1, le=100, description="dB in per dB out beyond the threshold")
    attack_ms: float = Field(
        30.0, ge=0.01, le=500, description="time to 63 % of the way where the level rises"
    )
    release_ms: float = Field(
        200.0, ge=1, le=5000, description="time to 63 % of the way back where it falls"
    )
    release: Literal["fixed", "programme"] = Field(
        "fixed", description="always as quick, or slower the longer the gain was held"
    )
    lookahead_ms: float = Field(
        0.0, ge=0, le=20, description="how much sooner the gain moves than the level does"
    )
    knee_db: float = Field(6.0, ge=0, le=40, description="width of the bend about the threshold")
    makeup_db: float = Field(0.0, ge=-24, le=24, description="gain after compression")
    detector: Literal["peak", "rms"] = Field(
        "rms", description="what is compared: samples, or their RMS over 10 ms"
    )
    link: float = Field(1.0, ge=0, le=1, description="1 moves all channels together, 0 each alone")
    sidechain_highpass_hz: Frequency | None = Field(
        None, description="the detector does not hear what lies below (12 dB per octave)"
    )
    range_db: Annotated[float, Field(ge=0, le=60)] | None = Field(
        None, description="most that it moves the level; null for 60 dB down, 12 dB up"
    )

    def apply(self, signal: Signal) -> Signal:
        """Compress, and report the largest and the mean change of gain."""
        return signal.carrying(self._compressed(signal))

    def _compressed(self, signal: Signal) -> Iterator[Block]:
        upward = self.direction == "upward"
        most_db = self.range_db
        if most_db is None:
            most_db = MOST_UP_DB if upward else MOST_DOWN_DB
        rate, channels = signal.sample_rate_hz, signal.channels
        rows = rows_for(channels, self.link)
        window_s = RMS_WINDOW_S if self.detector == "rms" else 0.0
        reaction = Reaction(
            Curve(self.threshold_db, 1.0 - 1.0 / self.ratio, self.knee_db, most_db, upward, upward),
            self.attack_ms / 1000.0,
            self.release_ms / 1000.0,
            rate,
            rows,
            self.link,
            by_programme=self.release == "programme",
            mean_s=window_s,
        )
        detector = Detector(channels, rate, window_s, rows)
        sidechain = sidechain_filter(self.sidechain_highpass_hz, signal)

        def gains(heard: Iterator[Block]) -> Iterator[Block]:
            for block in heard:
                power = detector(sidechain(block) if sidechain else block)
                yield reaction.gains(power, self.makeup_db)

        for block, gain in with_lookahead(signal, gains, self.lookahead_ms):
            yield block * gain
        most_db, mean_db = reaction.most_db, reaction.mean_db
        change = "gain" if upward else "gain_reduction"
        signal.report.update(report_of(most_db, mean_db, change))
        if upward:
            signal.report["summary"] = (
                f"{most_db:.1f} dB of gain at most, {mean_db:.1f} dB on average"
            )


def sidechain_filter(frequency_hz: float | None, signal: Signal) -> BiquadCascade | None:
    """What a detector hears through, if it does not hear everything."""
    if frequency_hz is None:
        return None
    sections = butterworth("highpass", frequency_hz, 2, signal.sample_rate_hz)
    return BiquadCascade(sections, signal.channels)
