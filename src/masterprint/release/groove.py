"""What a cutting engineer listens for in a side: the low end in phase, sibilance, level.

Lacquers are cut by a needle that moves sideways for what both channels share and up and down for
what they do not. So low frequencies that differ between the channels lift it out of the groove, and
sibilants, which are fast, are what the playback needle cannot follow near the label.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from masterprint.dsp.biquad import BiquadCascade
from masterprint.dsp.butterworth import butterworth
from masterprint.dsp.midside import mid_and_side_squares
from masterprint.signal import Block

LOW_HZ = 300.0
"""Below, pressing plants want the channels in phase."""
BASS_HZ = 150.0
"""Below, cutting houses want mono."""
SIBILANCE_HZ = (5000.0, 9000.0)
VERTICAL_HZ = 500.0
"""Excursion is proportional to amplitude below the turnover of the RIAA curve, 500 Hz."""
WINDOW_S, SIBILANT_S = 1.0, 0.05
LEAST_CORRELATION = 0.5
MOST_BASS_SIDE_DB = -12.0
MOST_SIBILANCE_DB = -3.0
MOST_LEVEL_DBFS = -10.0
QUIET_DBFS = -50.0
"""Windows below this have no phase that matters."""


@dataclass(frozen=True)
class Groove:
    """What a side is like for the cutting head.

    Attributes:
        low_correlation: below 300 Hz, of the whole side; None where there is nothing.
        least_low_correlation, least_at_s: of its worst second, and where that is.
        bass_side_db: side beside mid below 150 Hz; None where there is none.
        vertical_dbfs, vertical_at_s: largest up-and-down excursion: side below 500 Hz.
        sibilance_db, sibilance_at_s: loudest 50 ms between 5 and 9 kHz, beside the side's RMS.
        rms_dbfs: of the louder channel.
    """

    low_correlation: float | None
    least_low_correlation: float | None
    least_at_s: float
    bass_side_db: float | None
    vertical_dbfs: float | None
    vertical_at_s: float
    sibilance_db: float | None
    sibilance_at_s: float
    rms_dbfs: float | None

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            key: round(value, 3) if isinstance(value, float) else value
            for key, value in vars(self).items()
        }

    def warnings(self) -> list[str]:
        """What a cutting engineer would ask about."""
        found = []
        least = self.least_low_correlation
        if least is not None and least < LEAST_CORRELATION:
            apart = "out of phase" if round(least, 2) < 0 else "far apart"
            found.append(
                f"below {LOW_HZ:g} Hz the channels are {apart} (correlation {least:.2f} at "
                f"{_time(self.least_at_s)}, wanted: {LEAST_CORRELATION:g} or more): use mono_bass"
            )
        if self.bass_side_db is not None and self.bass_side_db > MOST_BASS_SIDE_DB:
            found.append(
                f"below {BASS_HZ:g} Hz the side is only {-self.bass_side_db:.0f} dB below the mid: "
                "use mono_bass"
            )
        if self.sibilance_db is not None and self.sibilance_db > MOST_SIBILANCE_DB:
            found.append(
                f"a sibilant at {_time(self.sibilance_at_s)} is {self.sibilance_db:+.1f} dB beside "
                "the level of the side: use deess"
            )
        if self.rms_dbfs is not None and self.rms_dbfs > MOST_LEVEL_DBFS:
            found.append(f"its level of {self.rms_dbfs:.1f} dB RMS is more than can be cut cleanly")
        return found


class GrooveMeter:
    """Takes a stereo side as it passes."""

    def __init__(self, sample_rate_hz: int) -> None:
        self._rate = sample_rate_hz

        def filtered(kind: Any, hz: float, channels: int) -> BiquadCascade:
            hz = min(hz, 0.45 * sample_rate_hz)
            return BiquadCascade(butterworth(kind, hz, 4, sample_rate_hz), channels)

        self._low = filtered("lowpass", LOW_HZ, 2)
        self._bass = filtered("lowpass", BASS_HZ, 2)
        self._above = filtered("highpass", SIBILANCE_HZ[0], 2)
        self._below = filtered("lowpass", SIBILANCE_HZ[1], 2)
        vertical = butterworth("lowpass", VERTICAL_HZ, 1, sample_rate_hz)
        self._vertical = BiquadCascade(vertical, 1)
        self._sums = np.zeros(3)
        self._windows = _Windows(round(WINDOW_S * sample_rate_hz), 3)
        self._sibilants = _Windows(round(SIBILANT_S * sample_rate_hz), 1)
        self._bass_sums = np.zeros(3)
        self._squares = np.zeros(2)
        self._worst = (2.0, 0.0)
        self._loudest = (0.0, 0.0)
        self._lift = (0.0, 0.0)
        self._frames = 0

    def feed(self, block: Block) -> None:
        """Measure a block of two channels."""
        low = self._low(block)
        products = np.array([low[0] * low[0], low[1] * low[1], low[0] * low[1]])
        self._sums += products.sum(axis=1)
        for at, (left, right, both) in self._windows.feed(products):
            mean = 0.5 * (left + right) / self._windows.frames
            if left > 0 and right > 0 and mean > 10.0 ** (QUIET_DBFS / 10.0):
                self._worst = min(self._worst, (both / math.sqrt(left * right), at / self._rate))
        bass = self._bass(block)
        self._bass_sums[:2] += np.einsum("cn,cn->c", bass, bass)
        self._bass_sums[2] += np.einsum("n,n->", bass[0], bass[1])
        lift = np.abs(self._vertical(np.ascontiguousarray(0.5 * (block[:1] - block[1:])))[0])
        place = int(lift.argmax()) if lift.size else 0
        if lift.size and lift[place] > self._lift[0]:
            self._lift = (float(lift[place]), (self._frames + place) / self._rate)
        hiss = self._below(self._above(block))
        for at, (power,) in self._sibilants.feed(np.square(hiss).max(axis=0)[np.newaxis]):
            if power > self._loudest[0]:
                self._loudest = (power, at / self._rate)
        self._squares += np.einsum("cn,cn->c", block, block)
        self._frames += block.shape[1]

    def result(self) -> Groove:
        """The figures for all that was fed."""
        left, right, both = self._sums
        power = float(self._squares.max()) / max(1, self._frames)
        mid, side = mid_and_side_squares(*self._bass_sums)
        sibilance = self._loudest[0] / self._sibilants.frames
        heard = self._worst[0] <= 1.0
        return Groove(
            low_correlation=both / math.sqrt(left * right) if left > 0 and right > 0 else None,
            least_low_correlation=self._worst[0] if heard else None,
            least_at_s=self._worst[1],
            bass_side_db=10.0 * math.log10(side / mid) if mid and side else None,
            vertical_dbfs=20.0 * math.log10(self._lift[0]) if self._lift[0] > 0 else None,
            vertical_at_s=self._lift[1],
            sibilance_db=10.0 * math.log10(sibilance / power) if power and sibilance else None,
            sibilance_at_s=self._loudest[1],
            rms_dbfs=10.0 * math.log10(power) if power > 0 else None,
        )


class _Windows:
    """Sums over windows of so many frames, one after another; what is left behind does not count.

    Args:
        frames: of a window.
        rows: of the blocks.
    """

    def __init__(self, frames: int, rows: int) -> None:
        self.frames = frames
        self._line = np.zeros((rows, 0))
        self._position = 0

    def feed(self, block: Block) -> list[tuple[int, list[float]]]:
        """The windows that are complete now: first frame, and the sum of each row."""
        line = np.concatenate([self._line, block], axis=1)
        count = line.shape[1] // self.frames
        whole = line[:, : count * self.frames].reshape(len(line), count, self.frames).sum(axis=2)
        self._line = line[:, count * self.frames :]
        found = [(self._position + n * self.frames, whole[:, n].tolist()) for n in range(count)]
        self._position += count * self.frames
        return found


def _time(seconds: float) -> str:
    minutes, rest = divmod(seconds, 60.0)
    return f"{int(minutes)}:{rest:04.1f}"
