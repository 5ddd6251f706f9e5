"""Autoregressive models: what a sample is, as a weighted sum of those before it, and a surprise.

A model of order p has coefficients a[0] = 1, a[1], ..., a[p]; the residual e[n] = sum a[k] x[n - k]
is what the model could not foresee. Coefficients come from the autocorrelation of the audio under
a taper by the Levinson-Durbin recursion (see Godsill and Rayner, "Digital Audio Restoration", 1998,
chapter 4).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from masterprint.dsp.jit import kernel

Array = NDArray[np.float64]

FLOOR = 1e-9
"""Noise that every model takes for granted, beside the power of the audio: it bounds what the
recursion has to divide by."""


def model(audio: Array, taper: Array, order: int) -> Array:
    """The coefficients of a model of the audio under a taper, both one-dimensional."""
    lags = np.zeros(order + 1)
    autocorrelation(audio * taper, lags)
    coefficients = np.zeros(order + 1)
    levinson(lags, FLOOR, coefficients)
    return coefficients


def own_correlation(coefficients: Array) -> Array:
    """b[k] = sum a[i] a[i + k]: what joins two unknown samples that are k apart."""
    whole = np.correlate(coefficients, coefficients, "full")
    return np.ascontiguousarray(whole[len(coefficients) - 1 :])


@kernel("void(f8[::1], f8[::1])")
def autocorrelation(audio: Array, lags: Array) -> None:
    """Add the sums of x[n] x[n + k] to `lags`, for every k there is room for."""
    frames, count = audio.shape[0], lags.shape[0]
    fours = max(0, frames - count - 2) // 4
    for n in range(0, 4 * fours, 4):  # four at a time: one load and one store of each sum
        a, b, c, d = audio[n], audio[n + 1], audio[n + 2], audio[n + 3]
        one, two, three, four = audio[n:], audio[n + 1 :], audio[n + 2 :], audio[n + 3 :]
        for k in range(count):
            lags[k] += (a * one[k] + b * two[k]) + (c * three[k] + d * four[k])
    for n in range(4 * fours, frames - count + 1):
        here, ahead = audio[n], audio[n:]
        for k in range(count):
            lags[k] += here * ahead[k]
    for n in range(max(0, frames - count + 1), frames):
        for k in range(frames - n):
            lags[k] += audio[n] * audio[n + k]


@kernel("void(f8[::1], f8, f8[::1])")
def levinson(lags: Array, floor: float, coefficients: Array) -> None:
    """Coefficients from an autocorrelation, by the recursion of Levinson and Durbin.

    Silence, or an autocorrelation that numbers no longer tell from a singular one, ends it early:
    the coefficients that are left stay zero.
    """
    order = coefficients.shape[0] - 1
    old = np.zeros(order + 1)
    coefficients[:] = 0.0
    coefficients[0] = 1.0
    power = lags[0] * (1.0 + floor)
    for m in range(1, order + 1):
        if not power > 1e-30:
            return
        total = lags[m]
        for k in range(1, m):
            total += coefficients[k] * lags[m - k]
        reflection = -total / power
        if not abs(reflection) < 1.0:
            return
        old[:m] = coefficients[:m]
        for k in range(1, m):
            coefficients[k] = old[k] + reflection * old[m - k]
        coefficients[m] = reflection
        power *= 1.0 - reflection * reflection


@kernel("void(f8[::1], f8[::1], f8[::1], f8[::1])")
def whiten(audio: Array, coefficients: Array, residual: Array, matched: Array) -> None:
    """The residual, and the residual through the same filter with time reversed.

    `residual` is left at zero for the first p frames, which have no past. `matched` is the output
    of the filter that is matched to a disturbance of a single frame: d[n] = sum a[k] e[n + k]; it
    is right p frames away from either end.
    """
    frames, order = audio.shape[0], coefficients.shape[0] - 1
    room = max(0, frames - order)
    residual[:] = 0.0
    matched[:] = 0.0
    out = residual[frames - room :]
    # Four coefficients at a time, over views that begin at 0: so the loops run in vectors.
    for k in range(0, order + 1, 4):
        one, a = audio[order - k :], coefficients[k]
        if k + 3 <= order:
            two, three, four = (
                audio[order - k - 1 :],
                audio[order - k - 2 :],
                audio[order - k - 3 :],
            )
            b, c, d = coefficients[k + 1], coefficients[k + 2], coefficients[k + 3]
            for n in range(room):
                out[n] += (a * one[n] + b * two[n]) + (c * three[n] + d * four[n])
        else:
            for rest in range(k, order + 1):
                one, a = audio[order - rest :], coefficients[rest]
                for n in range(room):
                    out[n] += a * one[n]
    for k in range(0, order + 1, 4):
        one, a = residual[k:], coefficients[k]
        if k + 3 <= order:
            two, three, four = residual[k + 1 :], residual[k + 2 :], residual[k + 3 :]
            b, c, d = coefficients[k + 1], coefficients[k + 2], coefficients[k + 3]
            for n in range(room):
                matched[n] += (a * one[n] + b * two[n]) + (c * three[n] + d * four[n])
        else:
            for rest in range(k, order + 1):
                one, a = residual[rest:], coefficients[rest]
                for n in range(room):
                    matched[n] += a * one[n]
