"""Dynamic equaliser."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from masterprint.dsp.analogue import matched_section
from masterprint.dsp.band_level import band_and_power, quarter_turn
from masterprint.dsp.decibels import amplitude
from masterprint.dsp.reaction import Curve, Reaction, rows_for, share_of
from masterprint.signal import Block, Signal
from masterprint.stages.base import Frequency, Settings, Stage

USUAL_Q = {"bell": 1.0, "low_shelf": 0.71, "high_shelf": 0.71}
SHORTEST_MEAN_S, LONGEST_MEAN_S = 0.0002, 0.010


class DynamicBand(Settings):
    """One band: where it works, what wakes it, and how far it goes."""

    shape: Literal["bell", "low_shelf", "high_shelf"] = Field("bell", description="bell or shelf")
    frequency_hz: Frequency = Field(description="centre, or middle of the shelf")
    q: Annotated[float, Field(ge=0.1, le=20)] | None = Field(
        None, description="1 for bells, 0.71 for shelves where it is left out"
    )
    when: Literal["above", "below"] = Field(
        "above", description="act while the band is above the threshold, or below it"
    )
    threshold_db: float = Field(-30.0, ge=-90, le=0, description="RMS level of the band, dBFS")
    range_db: float = Field(
        -6.0, ge=-24, le=24, description="how far it goes at most: below 0 down, above 0 up"
    )
    ratio: float = Field(
        3.0, ge=1, le=100, description="it goes 1 - 1/ratio dB for each dB beyond the threshold"
    )
    knee_db: float = Field(6.0, ge=0, le=24, description="width of the bend about the threshold")
    attack_ms: float = Field(
        10.0, ge=0.1, le=500, description="time to 63 % of the way where the level rises"
    )
    release_ms: float = Field(
        120.0, ge=1, le=5000, description="time to 63 % of the way back where it falls"
    )


class DynamicEq(Stage):
    """Dynamic equaliser: bells and shelves that act only while their band is loud, or quiet.

    Each band at its full range is exactly the band of `eq` with that gain, matched to the analogue
    curve. With H its response and G its gain, R = (H - 1) / (G - 1) is what it adds, of unit gain
    at the centre or in the shelf; the output is x + (g - 1) R x, in which the gain g follows the
    level of R x: RMS over about a period of the band's frequency (0.2 to 10 ms), so that a sine
    reads 3 dB below its peak. Curve and times are those of the compressor; a band lower than about
    200 Hz takes some milliseconds more, because its filter does. Bands are in series, each hearing
    what the one before it gives. For mid or side alone, set `on`.
    """

    stage_name: ClassVar[str] = "dynamic_eq"

    bands: Annotated[list[DynamicBand], Field(max_length=24)] = Field(
        default_factory=list, description="any number of bands, all in series"
    )
    link: float = Field(1.0, ge=0, le=1, description="1 moves all channels together, 0 each alone")

    def apply(self, signal: Signal) -> Signal:
        """Equalise, and report how far each band went."""
        return signal.carrying(self._equalised(signal))

    def _equalised(self, signal: Signal) -> Iterator[Block]:
        bands = [_Working(band, signal, self.link) for band in self.bands if band.range_db]
        for block in signal.blocks:
            for band in bands:
                block = band(block)  # noqa: PLW2901 - one band after another
            yield block
        if bands:
            changes = [band.report() for band in bands]
            signal.report["changes"] = changes
            signal.report["summary"] = "at most " + ", ".join(
                f"{each['max_change_db']:+.1f} dB at {each['frequency_hz']:g} Hz"
                for each in changes
            )


class _Working:
    """One band at work."""

    def __init__(self, band: DynamicBand, signal: Signal, link: float) -> None:
        rate, channels = signal.sample_rate_hz, signal.channels
        self._band = band
        self._rows = rows_for(channels, link)
        q = USUAL_Q[band.shape] if band.q is None else band.q
        self._section = added_by(band.shape, band.frequency_hz, band.range_db, q, rate)
        self._allpasses = quarter_turn(band.frequency_hz, rate)
        mean_s = min(max(1.0 / band.frequency_hz, SHORTEST_MEAN_S), LONGEST_MEAN_S)
        self._average = share_of(mean_s, rate)
        self._state = np.zeros((channels, 5))
        self._position = 0
        up, below = band.range_db > 0, band.when == "below"
        slope = 1.0 - 1.0 / band.ratio
        self._reaction = Reaction(
            Curve(band.threshold_db, slope, band.knee_db, abs(band.range_db), below, up),
            band.attack_ms / 1000.0,
            band.release_ms / 1000.0,
            rate,
            self._rows,
            link,
            mean_s=mean_s,
        )

    def __call__(self, block: Block) -> Block:
        inside = np.empty_like(block)
        power = np.empty((self._rows, block.shape[1]))
        band_and_power(
            block,
            self._section,
            self._allpasses,
            self._average,
            self._state,
            inside,
            power,
            self._position,
        )
        self._position += block.shape[1]
        gains = self._reaction.gains(power)
        gains -= 1.0
        inside *= gains
        inside += block
        return inside

    def report(self) -> dict[str, float]:
        sign = 1.0 if self._band.range_db > 0 else -1.0
        return {
            "frequency_hz": self._band.frequency_hz,
            "max_change_db": round(sign * self._reaction.most_db, 3),
            "mean_change_db": round(sign * self._reaction.mean_db, 3),
        }


def added_by(
    shape: Literal["bell", "low_shelf", "high_shelf"],
    frequency_hz: float,
    gain_db: float,
    q: float,
    sample_rate_hz: int,
) -> NDArray[np.float64]:
    """The section R = (H - 1) / (G - 1) of an equaliser band H with the gain G, which is not 1."""
    b0, b1, b2, a1, a2 = matched_section(shape, frequency_hz, gain_db, q, sample_rate_hz)
    scale = 1.0 / (amplitude(gain_db) - 1.0)
    return np.array([(b0 - 1.0) * scale, (b1 - a1) * scale, (b2 - a2) * scale, a1, a2])
