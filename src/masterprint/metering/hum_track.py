"""The frequency of a hum, followed closely through all of its harmonics."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from masterprint.dsp.harmonics import KNOT_S
from masterprint.dsp.jit import kernel
from masterprint.dsp.paths import best_path

DAMPED_ABOVE = 10.0
STEP_KNOTS = 4
"""The frequency is found every second, and goes in straight lines between."""

Floats = NDArray[np.float64]


@kernel("void(c16[:, :, ::1], f8[:, :, ::1], i8, i8, f8[::1], f8, f8[:, ::1])")
def comb_gains(
    levels: NDArray[np.complex128],
    noise: Floats,
    step: int,
    half: int,
    moves: Floats,
    damped_above: float,
    gains: Floats,
) -> None:
    """How much likelier all harmonics together are with the fundamental moved by each of `moves`.

    `levels` and `noise`, a power, are (knots, orders, channels); moves are in turns per knot;
    `gains` is (centres, moves), with a centre at every `step` knots and a Hann window that reaches
    `half` knots to each side. A line of unknown level in noise of known power gains
    |sum w z / noise|^2 / sum w / noise, which is damped by a logarithm.
    """
    knots, orders, channels = levels.shape
    for row in range(gains.shape[0]):
        centre = row * step
        first, last = max(0, centre - half + 1), min(knots, centre + half)
        for place in range(len(moves)):
            total = 0.0
            for k in range(orders):
                angle = -2.0 * math.pi * moves[place] * (k + 1)
                turn = complex(math.cos(angle), math.sin(angle))
                for channel in range(channels):
                    sum_z, sum_w = 0j, 0.0
                    phase = complex(1.0, 0.0)
                    for n in range(first, last):
                        w = 0.5 + 0.5 * math.cos(math.pi * (n - centre) / half)
                        w /= noise[n, k, channel]
                        sum_z += w * levels[n, k, channel] * phase
                        sum_w += w
                        phase *= turn
                    power = sum_z.real * sum_z.real + sum_z.imag * sum_z.imag
                    total += math.log1p(power / sum_w / damped_above)
            gains[row, place] = total


def moved_by_hz(
    levels: NDArray[np.complex128],
    noise: Floats,
    half_knots: int,
    within_hz: float,
    steps: int,
    cost: float,
) -> Floats:
    """By how much the frequency is off at every knot, in Hz, at most `within_hz`.

    Args:
        levels: of the harmonics at every knot (see `dsp.harmonics.demodulate`).
        noise: power of what else is there.
        half_knots: reach of the windows to each side.
        within_hz: how far to look.
        steps: to each side of none.
        cost: for each step from one second to the next.
    """
    knots = len(levels)
    moves_hz = within_hz * np.arange(-steps, steps + 1) / steps
    rows = (knots - 1) // STEP_KNOTS + 1
    gains = np.zeros((rows, len(moves_hz)))
    comb_gains(
        np.ascontiguousarray(levels),
        np.ascontiguousarray(noise),
        STEP_KNOTS,
        half_knots,
        moves_hz * KNOT_S,
        DAMPED_ABOVE,
        gains,
    )
    path = best_path(gains, max(1, steps // 3), cost)
    found = moves_hz[path] + within_hz / steps * _fractions(gains, path)
    return np.interp(np.arange(knots), STEP_KNOTS * np.arange(rows), found)


def _fractions(gains: Floats, path: NDArray[np.int64]) -> Floats:
    """Where the top of a parabola through each place and its neighbours lies, -0.5 to 0.5."""
    rows = np.arange(len(gains))
    inside = np.clip(path, 1, gains.shape[1] - 2)
    before, here, after = (gains[rows, inside + move] for move in (-1, 0, 1))
    bend = before - 2.0 * here + after
    top = np.divide(0.5 * (before - after), bend, out=np.zeros_like(bend), where=bend < 0)
    return np.where(inside == path, np.clip(top, -0.5, 0.5), 0.0)
