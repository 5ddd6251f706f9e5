"""A band of a signal and its level, sample by sample."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from masterprint.dsp.jit import kernel

APART = 1.0 + math.sqrt(2.0)
"""Corners of two all-passes that are a quarter of a turn apart lie this factor off the middle:
2 atan(APART) - 2 atan(1 / APART) = pi / 2."""


def quarter_turn(frequency_hz: float, sample_rate_hz: int) -> NDArray[np.float64]:
    """Coefficients of two first-order all-passes, a quarter of a turn apart at a frequency."""
    middle = math.tan(math.pi * frequency_hz / sample_rate_hz)
    corners = np.array([middle * APART, middle / APART])
    return np.asarray((corners - 1.0) / (corners + 1.0))


@kernel(
    "void(f8[:, ::1], f8[::1], f8[::1], f8, f8[:, ::1], f8[:, ::1], f8[:, ::1], i8)",
    reads=("block",),
)
def band_and_power(
    block: NDArray[np.float64],
    section: NDArray[np.float64],
    allpasses: NDArray[np.float64],
    average: float,
    state: NDArray[np.float64],
    band: NDArray[np.float64],
    power: NDArray[np.float64],
    position: int,
) -> None:
    """A block through one section, and the mean square of what comes out.

    The square of a sine sways at twice its frequency, and a mean that is quick cannot hide that.
    So the band is taken twice, a quarter of a turn apart, by two all-passes of the first order,
    y = c x + s, s = x - c y with the `allpasses` c of `quarter_turn`: at their frequency the sum of
    both squares does not sway at all, and an octave off by a fifth of what it would. Half of that
    sum goes through a one-pole mean that moves by the share `average` per frame. With one row of
    `power` the loudest channel counts. `state` has 5 values for each channel; what has decayed to
    nothing is set to zero every 4096 frames of programme, because arithmetic on denormal numbers is
    very slow.
    """
    b0, b1, b2, a1, a2 = section
    early, late = allpasses
    frames = block.shape[1]
    for c in range(block.shape[0]):
        row = block[c]
        out = band[c]
        into = power[min(c, power.shape[0] - 1)]
        first = c == 0 or power.shape[0] > 1
        p1, p2, held, kept, mean = state[c]
        start = 0
        while start < frames:
            stop = min(frames, start + 4096 - (position + start) % 4096)
            for n in range(start, stop):
                x = row[n]
                y = b0 * x + p1
                p1 = (b1 * x + p2) - a1 * y
                p2 = b2 * x - a2 * y
                one = early * y + held
                held = y - early * one
                other = late * y + kept
                kept = y - late * other
                mean += average * (0.5 * (one * one + other * other) - mean)
                out[n] = y
                into[n] = mean if first else max(into[n], mean)
            if (position + stop) % 4096 == 0:
                p1 = 0.0 if abs(p1) < 1e-30 else p1
                p2 = 0.0 if abs(p2) < 1e-30 else p2
                held = 0.0 if abs(held) < 1e-30 else held
                kept = 0.0 if abs(kept) < 1e-30 else kept
                mean = 0.0 if mean < 1e-60 else mean
            start = stop
        state[c, 0] = p1
        state[c, 1] = p2
        state[c, 2] = held
        state[c, 3] = kept
        state[c, 4] = mean
