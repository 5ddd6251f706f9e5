"""The exponential integral E1, which the log-spectral amplitude estimator needs."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

LEAST, MOST = 1e-9, 40.0
"""Beyond 40 the integral is below 1e-18: none."""
STEPS_PER_OCTAVE = 64


def half_exponential_integral(x: float) -> float:
    """exp(E1(x) / 2) for x from 1e-9 on, to 12 digits.

    Abramowitz and Stegun, Handbook of Mathematical Functions, 5.1.11 (series) and 5.1.22
    (continued fraction, evaluated from its far end).
    """
    if x > MOST:
        return 1.0
    if x <= 1.0:
        total, term = -0.5772156649015329 - math.log(x), 1.0
        for n in range(1, 25):
            term *= -x / n
            total -= term / n
        return math.exp(0.5 * total)
    fraction = 0.0
    for n in range(80, 0, -1):
        fraction = n / (1.0 + n / (x + fraction))
    return math.exp(0.5 * math.exp(-x) / (x + fraction))


def half_exponential_table() -> NDArray[np.float64]:
    """exp(E1(x) / 2) at 64 points per octave from 1e-9 to 40, for straight lines in log2 x."""
    count = math.ceil(STEPS_PER_OCTAVE * math.log2(MOST / LEAST)) + 2
    return np.array([half_exponential_integral(LEAST * 2.0 ** (n / 64)) for n in range(count)])
