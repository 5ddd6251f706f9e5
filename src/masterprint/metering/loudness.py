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


def sliding_powers(hop_energies: NDArray[np.float64], hops: int, rate: int) -> NDArray[np.float64]:
    """Mean square in every window of `hops` 10 ms steps, shape (windows,)."""
    if len(hop_energies) < hops:
        return np.zeros(0)
    running = np.concatenate([[0.0], np.cumsum(hop_energies)])
    sums = running[hops:] - running[:-hops]
    starts = np.arange(len(sums))
    lengths = (starts + hops) * rate // HOPS_PER_SECOND - starts * rate // HOPS_PER_SECOND
    return np.asarray(np.maximum(sums, 0.0) / lengths)


def gating_powers(hop_energies: NDArray[np.float64], rate: int) -> NDArray[np.float64]:
    """Mean squares of the 400 ms gating blocks, 75 % overlapped; incomplete ones do not count."""
    return sliding_powers(hop_energies, MOMENTARY_HOPS, rate)[::STEP_HOPS]


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


def loudness_range(hop_energies: NDArray[np.float64], rate: int) -> float | None:
    """Loudness range in LU after EBU Tech 3342: 10th to 95th percentile of short-term loudness.

    None where no window of 3 s exists or none passes the gates. The 1.5 s of silence that a file
    meter appends lie below the absolute gate and change nothing but the last windows.
    """
    silence = np.zeros(HOPS_PER_SECOND * 3 // 2)
    powers = sliding_powers(np.concatenate([hop_energies, silence]), SHORT_TERM_HOPS, rate)
    powers = powers[::STEP_HOPS]
    powers = powers[powers >= power_of(ABSOLUTE_GATE_LUFS)]
    if len(hop_energies) < SHORT_TERM_HOPS or not len(powers):
        return None
    powers = np.sort(powers[powers >= powers.mean() * 0.01])
    low = powers[math.floor((len(powers) - 1) * 0.10 + 0.5)]
    high = powers[math.floor((len(powers) - 1) * 0.95 + 0.5)]
    return 10.0 * math.log10(high / low)
