"""Parametric equaliser."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from masterprint.dsp.analogue import analogue_magnitude, matched_section
from masterprint.dsp.biquad import BiquadCascade
from masterprint.dsp.fir import convolve, linear_phase_taps
from masterprint.signal import Signal
from masterprint.stages.base import Frequency, Phase, Settings, Stage

LINEAR_REACH_S = (0.19, 1.4)
"""Shortest and longest reach of a linear-phase filter to each side, in seconds."""
RINGING = 4.0
"""Reach in periods times Q of a pole or zero: by then it has died away by 100 dB."""
NARROWER = 1.554
"""Q of a notch whose square is -3 dB where the notch itself was: u^2 / (u^2 + 1) = 1 / sqrt(2)."""
DEFAULT_Q = {"bell": 1.0, "low_shelf": 0.71, "high_shelf": 0.71, "notch": 10.0, "tilt": 0.71}


class Band(Settings):
    """One band of the equaliser."""

    shape: Literal["bell", "low_shelf", "high_shelf", "notch", "tilt"] = Field(
        "bell", description="bell, shelf, notch, or a tilt of the whole balance about a frequency"
    )
    frequency_hz: Frequency = Field(description="centre, shelf middle, or pivot of a tilt")
    gain_db: Annotated[float, Field(ge=-30, le=30)] = Field(
        0.0, description="boost or cut; of a tilt, from the lows to the highs; a notch has none"
    )
    q: Annotated[float, Field(ge=0.1, le=40)] | None = Field(
        None, description="1 for bells, 0.71 for shelves, 10 for notches where it is left out"
    )

    @model_validator(mode="after")
    def _no_idle_settings(self) -> Band:
        if self.shape == "notch" and self.gain_db:
            raise ValueError("a notch has no gain_db: its depth is infinite at its centre")
        if self.shape == "tilt" and self.q is not None:
            raise ValueError("a tilt has no q: it is a first-order curve")
        return self

    @property
    def quality(self) -> float:
        """The Q in use."""
        return DEFAULT_Q[self.shape] if self.q is None else self.q


class Eq(Stage):
    """Equaliser: bells, shelves, notches and tilts that keep their analogue curves to the top.

    With minimum phase each band is one second-order section matched to the analogue magnitude.
    With linear phase the analogue curves themselves become one symmetric filter: all frequencies
    are delayed alike (and the delay is taken out), at the price of ringing before a sound begins.
    A bell of 6 dB rings 2 Q periods of its frequency earlier at -55 dB beside the sound, and 4 Q
    periods earlier at -90 dB: 33 ms before it for Q 1 at 60 Hz, where ears may notice; nothing at
    3 kHz.
    """

    stage_name: ClassVar[str] = "eq"

    bands: Annotated[list[Band], Field(max_length=64)] = Field(
        default_factory=list, description="any number of bands, all in series"
    )
    phase: Phase = Field("minimum", description="minimum as analogue, or linear")

    def apply(self, signal: Signal) -> Signal:
        """Filter with all bands at once."""
        bands = [band for band in self.bands if band.shape == "notch" or band.gain_db]
        if not bands:
            return signal
        if self.phase == "linear":
            taps = linear_phase_taps(self._smooth_magnitude, signal.sample_rate_hz, self._reach_s())
            return convolve(signal, taps)
        rate = signal.sample_rate_hz
        sections = [
            matched_section(band.shape, band.frequency_hz, band.gain_db, band.quality, rate)
            for band in bands
        ]
        return signal.map(BiquadCascade(np.array(sections), signal.channels))

    def _reach_s(self) -> float:
        shortest, longest = LINEAR_REACH_S
        return min(max([shortest, *map(_ringing_s, self.bands)]), longest)

    def _smooth_magnitude(self, at_hz: NDArray[np.float64]) -> NDArray[np.float64]:
        """As `magnitude`, with notches that linear phase can have.

        The magnitude of a notch comes to a point at its centre, which no symmetric filter of sane
        length can follow. The square of a narrower one, as wide at -3 dB, is smooth there.
        """
        total = np.ones_like(at_hz)
        for band in self.bands:
            notch = band.shape == "notch"
            q = band.quality * (NARROWER if notch else 1.0)
            curve = analogue_magnitude(band.shape, band.frequency_hz, band.gain_db, q, at_hz)
            total *= curve**2 if notch else curve
        return total

    def magnitude(self, at_hz: NDArray[np.float64]) -> NDArray[np.float64]:
        """Linear magnitude of the analogue curve of all bands at frequencies in hertz."""
        total = np.ones_like(at_hz)
        for band in self.bands:
            total *= analogue_magnitude(
                band.shape, band.frequency_hz, band.gain_db, band.quality, at_hz
            )
        return total


def _ringing_s(band: Band) -> float:
    """How far the linear-phase curve of a band reaches to each side."""
    # The sharper of a bell's poles and zeros has a Q of this much more.
    bell: float = 10.0 ** (abs(band.gain_db) / 40.0)
    sharper = {"bell": bell, "notch": NARROWER}.get(band.shape, 1.0)
    return RINGING * band.quality * sharper / band.frequency_hz
