"""Samples that were cut off at a level, rebuilt from those around them.

Janssen, Veldhuis and Vries, "Adaptive interpolation of discrete-time signals that can be modelled
as autoregressive processes", 1986: a model of what each sample has to do with those before it is
made of a stretch of audio, the unknown samples are put where the model's error has the least
energy, and both steps are repeated, because the model is the better for better samples. Beyond
that, it is known of a clipped sample that it was no smaller than what is left of it. So each step
is a least-squares problem with bounds: samples that would fall short are held where they are, and
let go again as soon as the error's slope draws them outwards (an active set, as in Lawson and
Hanson, "Solving least squares problems", 1974, carried on from step to step).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from masterprint.dsp.chosen_model import LANES
from masterprint.dsp.jit import kernel

Array = NDArray[np.float64]

RIDGE = 1e-9
"""Of the diagonal, added to it: what cannot be told from the samples around stays small."""
BEHIND = 4 * LANES
"""Frames that have to lie behind those of `rebuild`, whatever they hold."""


def room_for(places: int, order: int) -> int:
    """Numbers that `rebuild` has to put down on the way."""
    return places * (min(places, order) + 4)


@kernel("void(f8[::1], i8[::1], f8[::1], b1[::1], f8[::1], f8, f8[::1])")
def rebuild(
    line: Array,
    places: NDArray[np.int64],
    bounds: Array,
    free: NDArray[np.bool_],
    bonds: Array,
    ridge: float,
    room: Array,
) -> None:
    """Put clipped samples where the error has the least energy, none short of its bound.

    Args:
        line: audio, with `order` frames more before the first place, and behind the last one as
            many and BEHIND.
        places: of the clipped samples, rising.
        bounds: what they are at least: on the far side from zero, by their sign.
        free: which are not held at their bounds; brought up to date.
        bonds: how the error's energy binds samples k frames apart, for k from 0 to the model's
            order: the autocorrelation of its coefficients.
        ridge: share of b[0] that is added to the diagonal.
        room: to work in; see `room_for`.
    """
    order, count = bonds.shape[0] - 1, places.shape[0]
    both = np.zeros(2 * order + 1 + BEHIND)
    for k in range(order + 1):
        both[order + k] = bonds[k]
        both[order - k] = bonds[k]

    # The slope of the energy at what is held, then, with the free ones at zero, the right side.
    slopes, sums = np.empty(count), np.empty(LANES)
    for turn in range(2):
        if turn == 1:
            for i in range(count):
                if not free[i] and slopes[i] * bounds[i] < 0.0:
                    free[i] = True
            for i in range(count):
                if free[i]:
                    line[places[i]] = 0.0
        for i in range(count):
            if free[i] == (turn == 1):
                near = line[places[i] - order :]
                sums[:] = 0.0
                for k in range(0, 2 * order + 1, BEHIND):
                    q, r, s = k + LANES, k + 2 * LANES, k + 3 * LANES
                    a, b, c, d = both[k:], both[q:], both[r:], both[s:]
                    e, f, g, h = near[k:], near[q:], near[r:], near[s:]
                    for j in range(LANES):
                        sums[j] += (a[j] * e[j] + b[j] * f[j]) + (c[j] * g[j] + d[j] * h[j])
                slopes[i] = sums.sum()
    unknown, at = np.empty(count, np.int64), np.empty(count, np.int64)
    left = 0
    for i in range(count):
        if free[i]:
            unknown[left], at[left] = i, places[i]
            left += 1
    if left == 0:
        return

    # Only what lies within `order` frames is bound: a band, factored as L D L' in its upper half.
    reach = np.empty(left, np.int64)
    widest, last = 0, 0
    for i in range(left):
        while last + 1 < left and at[last + 1] - at[i] <= order:
            last += 1
        reach[i] = last - i
        widest = max(widest, last - i)
    band = room[: left * (widest + 4)].reshape(left, widest + 4)
    right = np.empty(left)
    for i in range(left):
        row, far = band[i], at[i:]
        for k in range(reach[i] + 1):
            row[k] = bonds[far[k] - at[i]]
        row[0] += ridge * bonds[0]
        row[reach[i] + 1 :] = 0.0
        right[i] = -slopes[unknown[i]]
    for i in range(0, left, 4):  # four rows at a time: a quarter of the loads and stores below
        rows = min(4, left - i)
        for k in range(rows):
            scale, mine = 1.0 / band[i + k, 0], band[i + k]
            for below in range(k + 1, rows):
                factor, other, part = mine[below - k] * scale, band[i + below], mine[below - k :]
                right[i + below] -= factor * right[i + k]
                for j in range(reach[i + rows - 1] + rows - below):
                    other[j] -= factor * part[j]
        if rows < 4:
            break
        one, two, three, four = band[i], band[i + 1], band[i + 2], band[i + 3]
        p, q, r, s = 1.0 / one[0], 1.0 / two[0], 1.0 / three[0], 1.0 / four[0]
        for k in range(1, reach[i + 3] + 1):
            a, b, c, d = one[3 + k :], two[2 + k :], three[1 + k :], four[k:]
            e, f, g, h = a[0] * p, b[0] * q, c[0] * r, d[0] * s
            other = band[i + 3 + k]
            right[i + 3 + k] -= (e * right[i] + f * right[i + 1]) + (
                g * right[i + 2] + h * right[i + 3]
            )
            for j in range(reach[i + 3] + 1 - k):
                other[j] -= (e * a[j] + f * b[j]) + (g * c[j] + h * d[j])
    for i in range(left - 1, -1, -1):
        total = right[i]
        for k in range(1, reach[i] + 1):
            total -= band[i, k] * right[i + k]
        right[i] = total / band[i, 0]
    for i in range(left):
        which = unknown[i]
        value = right[i]
        if not abs(value) < 1e12 or (value - bounds[which]) * bounds[which] < 0.0:
            value = bounds[which]
            free[which] = False
        line[places[which]] = value


@kernel("void(f8[::1], i8[::1], f8[::1], f8[::1], f8)")
def expect(
    line: Array, places: NDArray[np.int64], bounds: Array, bonds: Array, variance: float
) -> None:
    """Move each clipped sample to where it is to be expected, given all others and its bound.

    Of what is likely on both sides of a bound only the far side is left, and its mean lies beyond
    the bound (that of a truncated normal distribution). Where the sound is sure, as of strings,
    that is next to nothing; in noise, peaks that least squares would leave at their level rise.

    Args:
        line: audio, as in `rebuild`.
        places: of the clipped samples, rising.
        bounds: what they are at least.
        bonds: as in `rebuild`.
        variance: of the model's error.
    """
    order = bonds.shape[0] - 1
    spread = math.sqrt(variance / bonds[0])
    if not spread > 0.0:
        return
    both, sums = np.zeros(2 * order + 1 + LANES), np.empty(LANES)
    for k in range(1, order + 1):
        both[order + k] = bonds[k]
        both[order - k] = bonds[k]
    for i in range(places.shape[0]):
        place = places[i]
        near = line[place - order :]
        sums[:] = 0.0
        for k in range(0, 2 * order + 1, LANES):
            one, two = both[k : k + LANES], near[k : k + LANES]
            for j in range(LANES):
                sums[j] += one[j] * two[j]
        mean = -sums.sum() / bonds[0]
        sign = 1.0 if bounds[i] > 0.0 else -1.0
        short = sign * (bounds[i] - mean) / spread
        if short > 25.0:
            hazard = short + 1.0 / short
        else:
            density = math.exp(-0.5 * short * short) / math.sqrt(2.0 * math.pi)
            hazard = density / (0.5 * math.erfc(short / math.sqrt(2.0)))
        value = mean + sign * spread * hazard
        if abs(value) < 1e12:
            line[place] = value
