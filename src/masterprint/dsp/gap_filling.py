"""Samples that are lost, filled in by what an autoregressive model makes of those around them.

The unknown samples are those with which the energy of the model's residual is least: they solve
B u = -(B x)_u, where B holds the model's own correlation and x has zeros for the unknown ones
(Janssen, Veldhuis and Vries, 1986). Model and samples are found in turn.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from masterprint.dsp.autoregression import model, own_correlation, whiten
from masterprint.dsp.jit import kernel

Array = NDArray[np.float64]
Places = NDArray[np.int64]

TURNS = 2
NEAR = 8
"""Frames on either side over which the strength of a click is judged."""
LOUD = 8.0
"""Power of a click, beside that of the music, above which its samples tell little of the music."""


def fill(audio: Array, unknown: Places, order: int) -> Array:
    """The values of unknown samples, at these places (rising) of one channel."""
    filled = audio.copy()
    known = np.ones(len(audio), dtype=np.bool_)
    known[unknown] = False
    if not known.any():
        return np.zeros(len(unknown))
    filled[unknown] = np.interp(unknown, np.flatnonzero(known), audio[known])
    taper = _taper(len(audio))
    for _ in range(TURNS):
        coefficients = model(filled, taper, order)
        own = own_correlation(coefficients)
        least_squares(filled, unknown, own, np.zeros(len(unknown)))
    return _weighed(audio, filled, unknown, coefficients, own)


def _weighed(
    audio: Array, filled: Array, unknown: Places, coefficients: Array, own: Array
) -> Array:
    """What fills the gaps, with what the damaged samples still tell.

    A click has a strength of its own around each sample, music another at each frequency: where
    the music is the stronger, what is there says more of it than what is around. With r the ratio
    of the model's surprise to the strength of the click, the change c solves (B + r) c = (B x)_u
    (Godsill and Rayner, 1998, chapter 9). The strength is that of the change found so far.

    That takes a click for noise, as strong at every frequency. A loud pop swings, so that most of
    it lies where the music is: there its samples are trusted the less, the louder it is.
    """
    order = len(coefficients) - 1
    residual = np.zeros(len(audio))
    matched = np.zeros(len(audio))
    whiten(filled, coefficients, residual, matched)
    known = np.ones(len(audio), dtype=np.bool_)
    known[: min(order, len(audio))] = False
    known[unknown] = False
    surprise = float(np.median(np.abs(residual[known])) / 0.6745) ** 2 if known.any() else 0.0
    if surprise < 1e-12:
        return filled[unknown]
    inside = np.zeros(len(audio))
    inside[unknown] = 1.0
    music = float(np.mean(filled**2)) + 1e-30
    for _ in range(TURNS):
        change = audio - filled
        strength = _around(change**2, unknown) / _around(inside, unknown)
        trust = surprise / np.maximum(strength, 1e-3 * surprise)
        trust /= 1.0 + (strength.max() / (LOUD * music)) ** 2
        filled = audio.copy()
        least_squares(filled, unknown, own, trust)
    return filled[unknown]


def _around(values: Array, places: Places) -> Array:
    """Sums over some frames on either side of each place."""
    total = np.cumsum(np.pad(values, (NEAR + 1, NEAR)))
    return total[places + 2 * NEAR + 1] - total[places]


@lru_cache(32)
def _taper(frames: int) -> Array:
    taper = np.hanning(frames + 2)[1:-1]
    taper.flags.writeable = False
    return taper


@kernel("void(f8[::1], i8[::1], f8[::1], f8[::1])")
def least_squares(audio: Array, unknown: Places, own: Array, trust: Array) -> None:
    """Solve for the unknown samples, in place.

    The matrix is banded: what is further apart than the order does not meet. It is taken apart
    into L D L', kept by columns.
    """
    order = own.shape[0] - 1
    count, frames = unknown.shape[0], audio.shape[0]
    columns = np.zeros((count, order))
    diagonal = np.zeros(count)
    y = np.zeros(count)
    part = np.zeros(order)
    for i in range(count):
        if trust[i] == 0.0:
            audio[unknown[i]] = 0.0
    low = 0
    for i in range(count):
        place = unknown[i]
        for n in range(max(0, place - order), min(frames, place + order + 1)):
            y[i] -= own[abs(n - place)] * audio[n]
        while unknown[low] < place - order:
            low += 1
        for j in range(i - low):
            part[j] = own[place - unknown[low + j]]
        here = own[0] + trust[i]
        for j in range(i - low):
            value = part[j]
            here -= value * value / diagonal[low + j]
            columns[low + j, i - 1 - low - j] = value / diagonal[low + j]
            y[i] -= columns[low + j, i - 1 - low - j] * y[low + j]
            rest, column = part[j + 1 : i - low], columns[low + j]
            for k in range(rest.shape[0]):
                rest[k] -= value * column[k]
        diagonal[i] = max(here, 0.5)
    for i in range(count):
        y[i] /= diagonal[i]
    for i in range(count - 1, -1, -1):
        for k in range(min(count - 1 - i, order)):
            y[i] -= columns[i, k] * y[i + 1 + k]
    for i in range(count):
        audio[unknown[i]] += y[i]
