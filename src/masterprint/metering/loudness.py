"""Loudness after ITU-R BS.1770-5, EBU Tech 3341 and EBU Tech 3342."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

ABSOLUTE_GATE_LUFS = -70.0
OFFSET_DB = -0.691
HOPS_PER_SECOND = 100
MOMENTARY_HOPS = 40
SHORT_TERM_HOPS = 300
STEP_HOPS = 10
"""Gating blocks and the loudness range advance by 100 ms."""


def k_weighting(sample_rate_hz: int) -> NDArray[np.float64]:
    """The two K-weighting sections, b0 b1 b2 a1 a2, for any sample rate.

    The analogue prototypes behind Tables 1 and 2 of BS.1770-5, through the bilinear transform;
    at 48 kHz they give the tables' coefficients to 14 decimals. The second section keeps the
    numerator [1, -2, 1] of the table; `k_weighting_gain` makes up for what that does elsewhere.
    """
    f0, gain_db, q = 1681.974450955533, 3.999843853973347, 0.7071752369554196
    k = math.tan(math.pi * f0 / sample_rate_hz)
    high = 10.0 ** (gain_db / 20.0)
    band = high**0.4996667741545416
    a0 = 1.0 + k / q + k * k
    shelf = [
        (high + band * k / q + k * k) / a0,
        2.0 * (k * k - high) / a0,
        (high - band * k / q + k * k) / a0,
        2.0 * (k * k - 1.0) / a0,
        (1.0 - k / q + k * k) / a0,
    ]
    f0, q = 38.13547087602444, 0.5003270373238773
    k = math.tan(math.pi * f0 / sample_rate_hz)
    a0 = 1.0 + k / q + k * k
    highpass = [1.0, -2.0, 1.0, 2.0 * (k * k - 1.0) / a0, (1.0 - k / q + k * k) / a0]
    return np.array([shelf, highpass])


def k_weighting_gain(sample_rate_hz: int) -> float:
    """Linear gain that gives the second section its 48 kHz pass-band level at another rate.

    With b = [1, -2, 1] the gain well above the corner is 4 / (1 - a1 + a2), which depends on the
    rate by up to 0.03 dB; BS.1770-5 asks for the response of 48 kHz.
    """

    def passband(rate: int) -> float:
        *_, a1, a2 = k_weighting(rate)[1]
        return float(4.0 / (1.0 - a1 + a2))

    return passband(48000) / passband(sample_rate_hz)


def channel_weights(channels: int) -> NDArray[np.float64]:
    """BS.1770-5 weights for the channel orders of WAV: L R C LFE Ls Rs, and 5.0 as L R C Ls Rs.

    Other counts are taken as equal channels; the LFE of 5.1 does not count.
    """
    weights = {5: [1.0, 1.0, 1.0, 1.41, 1.41], 6: [1.0, 1.0, 1.0, 0.0, 1.41, 1.41]}
    return np.array(weights.get(channels, [1.0] * channels))


def loudness(power: float) -> float | None:
    """LUFS of a weighted mean square; None where there is none."""
    return OFFSET_DB + 10.0 * math.log10(power) if power > 0 else None


def power_of(lufs: float) -> float:
    """The weighted mean square that measures `lufs`."""
    return float(10.0 ** ((lufs - OFFSET_DB) / 10.0))


def sliding_powers(
    hop_energies: NDArray[np.float64], hops: int, rate: int, first: int = 0
) -> NDArray[np.float64]:
    """Mean square in every window of `hops` 10 ms steps, shape (windows,).

    `first` is the number of the first hop in its programme: at rates that 100 does not divide,
    hops differ in length by a frame.
    """
    if len(hop_energies) < hops:
        return np.zeros(0)
    running = np.concatenate([[0.0], np.cumsum(hop_energies)])
    sums = running[hops:] - running[:-hops]
    starts = np.arange(first, first + len(sums))
    lengths = (starts + hops) * rate // HOPS_PER_SECOND - starts * rate // HOPS_PER_SECOND
    return np.asarray(np.maximum(sums, 0.0) / lengths)


def why_undefined(frames: int, sample_rate_hz: int) -> str:
    """Why a programme has no integrated loudness, in a few words."""
    if frames == 0:
        return "no audio"
    if frames * HOPS_PER_SECOND // sample_rate_hz < MOMENTARY_HOPS:
        return "shorter than the 400 ms of a loudness block"
    return f"nothing is louder than the gate at {ABSOLUTE_GATE_LUFS:g} LUFS"


def integrated(powers: NDArray[np.float64] | Iterable[float]) -> float | None:
    """Integrated loudness in LUFS of gating blocks, gated at -70 LUFS and at -10 LU relative.

    None where nothing passes the gates. Give the blocks of several programmes to measure an album.
    """
    blocks = np.asarray(powers, dtype=np.float64)
    blocks = blocks[blocks > power_of(ABSOLUTE_GATE_LUFS)]
    if not len(blocks):
        return None
    loud = blocks[blocks > blocks.mean() * 0.1]
    return loudness(float(loud.mean()))


def loudness_range(short_term_powers: NDArray[np.float64]) -> float | None:
    """Loudness range in LU after EBU Tech 3342: 10th to 95th percentile of short-term loudness.

    Args:
        short_term_powers: mean squares of 3 s windows, 100 ms apart.

    None where no window passes the gates. The 1.5 s of silence that a file meter appends only add
    windows with less sound in them; they are added by `HopLoudness.finish`.
    """
    powers = short_term_powers[short_term_powers >= power_of(ABSOLUTE_GATE_LUFS)]
    if not len(powers):
        return None
    powers = np.sort(powers[powers >= powers.mean() * 0.01])
    low = powers[math.floor((len(powers) - 1) * 0.10 + 0.5)]
    high = powers[math.floor((len(powers) - 1) * 0.95 + 0.5)]
    return 10.0 * math.log10(high / low)


class HopLoudness:
    """Sliding windows over a stream of 10 ms energies, in memory that hardly grows.

    Hops are worked through in stretches of 30 s that begin at fixed places, so that rounding does
    not depend on how they arrived. Kept are only the maxima and a value every 100 ms.

    Attributes:
        momentary_max, short_term_max: largest mean square of 400 ms and of 3 s, every 10 ms.
        hops: how many have come.
    """

    STRETCH_HOPS = 3000

    def __init__(self, sample_rate_hz: int) -> None:
        self.hops = 0
        self.momentary_max = 0.0
        self.short_term_max = 0.0
        self._rate = sample_rate_hz
        self._line = np.zeros(0)
        """The last hops of earlier stretches that windows still reach, then those that wait."""
        self._first = 0
        """Number of the first hop in the line."""
        self._done = 0
        """Hops before this one have been worked through."""
        self._gating: list[NDArray[np.float64]] = []
        self._short_term: list[NDArray[np.float64]] = []

    def feed(self, energies: NDArray[np.float64]) -> None:
        """Take in whole hops."""
        self._line = np.concatenate([self._line, energies])
        self.hops += len(energies)
        while self.hops - self._done >= self.STRETCH_HOPS:
            stretch = self._done + self.STRETCH_HOPS
            momentary, short_term, gating, steps = self._windows(stretch)
            self.momentary_max = max(self.momentary_max, momentary)
            self.short_term_max = max(self.short_term_max, short_term)
            self._gating.append(gating)
            self._short_term.append(steps)
            keep = stretch - SHORT_TERM_HOPS + 1
            self._line = self._line[keep - self._first :].copy()
            self._first = keep
            self._done = stretch

    def gating_powers(self) -> NDArray[np.float64]:
        """Mean squares of the 400 ms gating blocks, 75 % overlapped, so far."""
        return np.concatenate([*self._gating, self._windows(self.hops)[2]])

    def finish(self) -> tuple[float, float, NDArray[np.float64], NDArray[np.float64]]:
        """Largest momentary and short-term power, short-term every 100 ms, and for the range."""
        momentary, short_term, _, steps = self._windows(self.hops)
        powers = np.concatenate([*self._short_term, steps])
        silence = np.zeros(HOPS_PER_SECOND * 3 // 2)
        if self.hops >= SHORT_TERM_HOPS:
            self._line = np.concatenate([self._line, silence])
            longer = self._windows(self.hops + len(silence))[3]
            self._line = self._line[: -len(silence)]
        else:
            longer = np.zeros(0)
        return (
            max(self.momentary_max, momentary),
            max(self.short_term_max, short_term),
            powers,
            np.concatenate([*self._short_term, longer]),
        )

    def _windows(self, stop: int) -> tuple[float, float, NDArray[np.float64], NDArray[np.float64]]:
        """Maxima and 100 ms steps of the windows that end after the hops done and by `stop`."""
        found: list[tuple[float, NDArray[np.float64]]] = []
        for hops in (MOMENTARY_HOPS, SHORT_TERM_HOPS):
            first = max(0, self._done - hops + 1)
            line = self._line[first - self._first : stop - self._first]
            powers = sliding_powers(line, hops, self._rate, first)
            step = powers[-first % STEP_HOPS :: STEP_HOPS]
            found.append((float(powers.max(initial=0.0)), step))
        (momentary, gating), (short_term, steps) = found
        return momentary, short_term, gating, steps
