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

from masterprint.dsp.jit import kernel

Array = NDArray[np.float64]

NOISE = 1e-8
"""Of the power, taken to be noise, so that the model of a pure tone stays a model."""
RIDGE = 1e-9
"""Of the diagonal, added to it: what cannot be told from the samples around stays small."""


@kernel("void(f8[::1], f8[::1])")
def find_lags(tapered: Array, lags: Array) -> None:
    """The autocorrelation of audio under a window, with at least so many zeros behind it, and 3."""
    count = lags.shape[0]
    lags[:] = 0.0
    frames = tapered.shape[0] - count - 3
    for n in range(0, frames - 3, 4):  # four at a time: one load and one store of each sum
        one, two, three, four = tapered[n], tapered[n + 1], tapered[n + 2], tapered[n + 3]
        first, second, third, fourth = (
            tapered[n:],
            tapered[n + 1 :],
            tapered[n + 2 :],
            tapered[n + 3 :],
        )
        for k in range(count):
            lags[k] += (one * first[k] + two * second[k]) + (three * third[k] + four * fourth[k])
    for n in range(frames - frames % 4, frames):
        for k in range(count):
            lags[k] += tapered[n] * tapered[n + k]


@kernel("i8(f8[::1], f8, f8, f8[::1])")
def find_model(lags: Array, noise: float, penalty: float, taps: Array) -> int:
    """The model whose output is that alike itself (Levinson and Durbin), and its order.

    The order is the one where the logarithm of the error and the penalty are least together, as in
    Akaike's criterion. 0 for silence.

    Args:
        lags: the autocorrelation, from lag 0 to the highest order.
        noise: share of the power that is added to the power.
        penalty: for each order.
        taps: takes the coefficients, 1 first; zeros above the order.
    """
    highest = lags.shape[0] - 1
    error = lags[0] * (1.0 + noise)
    taps[:] = 0.0
    taps[0] = 1.0
    if not error > 1e-200:
        return 0
    ahead, behind = np.zeros(highest + 1), np.zeros(highest + 1)
    turned = np.zeros(highest + 1)  # lags from the highest to the first
    for k in range(1, highest + 1):
        turned[highest - k] = lags[k]
    ahead[0] = 1.0
    order, lowest = 1, np.inf
    for i in range(1, highest + 1):
        past = turned[highest - i :]
        one, two, three, four = 0.0, 0.0, 0.0, 0.0
        for k in range(0, i - 3, 4):
            one += ahead[k] * past[k]
            two += ahead[k + 1] * past[k + 1]
            three += ahead[k + 2] * past[k + 2]
            four += ahead[k + 3] * past[k + 3]
        for k in range(i - i % 4, i):
            one += ahead[k] * past[k]
        reflection = -((one + two) + (three + four)) / error
        for k in range(i + 1):
            behind[k] = ahead[i - k]
        for k in range(i + 1):
            ahead[k] += reflection * behind[k]
        error *= 1.0 - reflection * reflection
        if not error > 0.0:
            break
        cost = np.log(error) + penalty * i
        if cost < lowest:
            order, lowest = i, cost
            for k in range(i + 1):
                taps[k] = ahead[k]
    return int(order)


@kernel("void(f8[::1], i8[::1], f8[::1], b1[::1], f8[::1], f8)")
def rebuild(
    line: Array,
    places: NDArray[np.int64],
    bounds: Array,
    free: NDArray[np.bool_],
    bonds: Array,
    ridge: float,
) -> None:
    """Put clipped samples where the error has the least energy, none short of its bound.

    Args:
        line: audio, with `order` frames more on either side of the first and the last place.
        places: of the clipped samples, rising.
        bounds: what they are at least: on the far side from zero, by their sign.
        free: which are not held at their bounds; brought up to date.
        bonds: how the error's energy binds samples k frames apart, for k from 0 to the model's
            order: the autocorrelation of its coefficients.
        ridge: share of b[0] that is added to the diagonal.
    """
    order, count = bonds.shape[0] - 1, places.shape[0]
    both = np.empty(2 * order + 2)
    both[2 * order + 1] = 0.0
    for k in range(order + 1):
        both[order + k] = bonds[k]
        both[order - k] = bonds[k]

    # The slope of the energy at what is held, then, with the free ones at zero, the right side.
    slopes = np.empty(count)
    unknown = np.empty(count, np.int64)
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
                first = places[i] - order
                one, two, three, four = 0.0, 0.0, 0.0, 0.0
                for k in range(0, 2 * order - 2, 4):
                    one += both[k] * line[first + k]
                    two += both[k + 1] * line[first + k + 1]
                    three += both[k + 2] * line[first + k + 2]
                    four += both[k + 3] * line[first + k + 3]
                for k in range(2 * order + 1 - (2 * order + 1) % 4, 2 * order + 1):
                    one += both[k] * line[first + k]
                slopes[i] = (one + two) + (three + four)
    left = 0
    for i in range(count):
        if free[i]:
            unknown[left] = i
            left += 1
    if left == 0:
        return

    # Only what lies within `order` frames is bound: a band, factored as L D L' in its upper half.
    reach = np.empty(left, np.int64)
    widest, last = 0, 0
    for i in range(left):
        while last + 1 < left and places[unknown[last + 1]] - places[unknown[i]] <= order:
            last += 1
        reach[i] = last - i
        widest = max(widest, last - i)
    band = np.zeros((left, widest + 2))
    right = np.empty(left)
    for i in range(left):
        for k in range(reach[i] + 1):
            band[i, k] = bonds[places[unknown[i + k]] - places[unknown[i]]]
        band[i, 0] += ridge * bonds[0]
        right[i] = -slopes[unknown[i]]
    for i in range(0, left, 2):  # two rows at a time: half the loads and stores of those below
        row, scale = band[i], 1.0 / band[i, 0]
        if i + 1 == left:
            break
        second = band[i + 1]
        factor = row[1] * scale
        right[i + 1] -= factor * right[i]
        for j in range(reach[i + 1] + 1):
            second[j] -= factor * row[1 + j]
        scale_second = 1.0 / second[0]
        for k in range(1, reach[i + 1] + 1):
            factor, factor_second = row[1 + k] * scale, second[k] * scale_second
            right[i + 1 + k] -= factor * right[i] + factor_second * right[i + 1]
            other, mine, mine_second = band[i + 1 + k], row[1 + k :], second[k:]
            for j in range(reach[i + 1] + 1 - k):
                other[j] -= factor * mine[j] + factor_second * mine_second[j]
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
    for i in range(places.shape[0]):
        place = places[i]
        total = 0.0
        for k in range(1, order + 1):
            total += bonds[k] * (line[place - k] + line[place + k])
        mean = -total / bonds[0]
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
