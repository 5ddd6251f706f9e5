"""Butterworth filters and the Linkwitz-Riley crossovers made of them.

Analogue poles lie evenly on a half circle; the bilinear transform, pre-warped so that the corner
stays where it was asked for, makes second-order sections of pole pairs (Oppenheim and Schafer,
"Discrete-Time Signal Processing", section 7.1; Linkwitz, JAES 24(1), 1976).
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Kind = Literal["highpass", "lowpass", "allpass"]


def butterworth(
    kind: Kind, frequency_hz: float, order: int, sample_rate_hz: float
) -> NDArray[np.float64]:
    """Sections of a Butterworth filter of `order` 1 to 8, or of the all-pass with its poles.

    Returns shape (ceil(order / 2), 5): b0, b1, b2, a1, a2. The magnitude at `frequency_hz` is
    -3.01 dB (all-pass: 0 dB everywhere). The frequency lies between 0 and half the sample rate.
    """
    k = math.tan(math.pi * frequency_hz / sample_rate_hz)
    sections = []
    for pair in range(order // 2):
        damping = 2.0 * math.sin(math.pi * (2 * pair + 1) / (2 * order))
        a0 = 1.0 + damping * k + k * k
        a1 = 2.0 * (k * k - 1.0) / a0
        a2 = (1.0 - damping * k + k * k) / a0
        if kind == "lowpass":
            b0 = k * k / a0
            sections.append([b0, 2 * b0, b0, a1, a2])
        elif kind == "highpass":
            sections.append([1 / a0, -2 / a0, 1 / a0, a1, a2])
        else:
            sections.append([a2, a1, 1.0, a1, a2])
    if order % 2:
        pole = (k - 1.0) / (k + 1.0)
        if kind == "lowpass":
            b0 = k / (k + 1.0)
            sections.append([b0, b0, 0.0, pole, 0.0])
        elif kind == "highpass":
            b0 = 1.0 / (k + 1.0)
            sections.append([b0, -b0, 0.0, pole, 0.0])
        else:
            sections.append([pole, 1.0, 0.0, pole, 0.0])
    return np.array(sections)


def linkwitz_riley(
    kind: Kind, frequency_hz: float, slope_db_per_octave: int, sample_rate_hz: float
) -> NDArray[np.float64]:
    """Sections of one side of a Linkwitz-Riley crossover of 12, 24, 36 or 48 dB per octave.

    A Butterworth filter of half the order, twice; -6.02 dB at the crossover. Low-pass and
    high-pass add up to the all-pass that `kind="allpass"` gives. At 12 and 36 dB per octave the
    two sides are half a turn apart, so the high-pass comes inverted.
    """
    order = slope_db_per_octave // 12
    half = butterworth(kind, frequency_hz, order, sample_rate_hz)
    if kind == "allpass":
        return half
    both = np.vstack([half, half])
    if kind == "highpass" and order % 2:
        both[0, :3] *= -1.0
    return both
