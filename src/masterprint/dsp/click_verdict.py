"""Whether a disturbance is a click: short, strong, and nothing else.

A disturbance is a click if the residual is calm once it is filled in. A drum or a plucked string is
a surprise to the model that no samples explain away: it goes on, or its energy stays, or what comes
behind it is brighter than what was before.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from masterprint.dsp.click_traces import darkest

Array = NDArray[np.float64]

PIECES = 4
"""Into which what is before and behind is divided, so that another click there does no harm."""
STRONG = 2500.0
"""Variances that a click explains which is beyond doubt."""
ONE_SURPRISE = 0.42
"""Share of the energy explained that lies in one frame of the residual, as at an onset."""
FORESEEN = 5.0
"""Gain of the matched filter, as a power, from which on a model foresees much: music with tones."""
LOUD = 3.0
"""Deviations of a residual that is not calm."""


@dataclass(frozen=True)
class Rules:
    """What a click has to satisfy.

    Attributes:
        allowed: leftover energy, in variances for each frame of `near`, that is calm.
        share: leftover energy, as a share of the click's, that is calm.
        calm: frames after a click that must be calm.
        restless: share of them that need not be.
        brighter: how many times the energy of differences after it may be what it was before.
        outshines: how many times as bright as what follows a click needs no calm.
        near: frames behind a click in which leftover energy is counted.
        lag: frames between those whose differences tell brightness.
        hidden: how many times as bright as what follows a click must be to be heard at all.
        each: variances that each of its frames must explain on average, if there are several.
    """

    allowed: float
    share: float
    calm: int
    restless: float
    brighter: float
    outshines: float
    near: int
    lag: int
    hidden: float
    each: float


@dataclass(frozen=True)
class Disturbance:
    """Some frames that stand out, and what they are believed to have added.

    Attributes:
        begin: the first frame.
        change: what has been added, from there on.
        explained: energy of the residual that is gone without it.
        variance: of the undisturbed residual around it.
    """

    begin: int
    change: Array
    explained: float
    variance: float


def is_click(
    one: Disturbance, rules: Rules, audio: Array, residual: Array, after: Array, own: Array
) -> bool:
    """Whether it is one.

    Args:
        one: the disturbance.
        rules: by which it is judged.
        audio, residual: with it.
        after: the residual from its first frame on without it; see `click_traces.without`.
        own: the model's own correlation.
    """
    length, order = len(one.change), len(own) - 1
    end = one.begin + length
    if length > 1 and one.explained < rules.each * length * one.variance:
        return False
    # One surprise that samples before it were made to explain: a faint one is an onset.
    largest = np.max(np.abs(residual[one.begin : end + order])) ** 2
    onset = length > 1 and own[0] > FORESEEN and largest > ONE_SURPRISE * one.explained
    if onset and one.explained <= STRONG * one.variance:
        return False
    left = float(np.dot(after[: length + rules.near], after[: length + rules.near]))
    pardoned = rules.allowed * rules.near * one.variance
    quarter = rules.calm // PIECES
    reach = PIECES * quarter
    behind = darkest(audio, end + rules.lag, end + rules.lag + reach, PIECES, rules.lag)
    bright = _brightness(one.change, rules.lag) * quarter
    if bright < rules.hidden * behind * length:
        return False
    if bright > rules.outshines * behind * length:
        return left < max(pardoned, 0.04 * one.explained)
    if left >= max(pardoned, rules.share * one.explained):
        return False
    later = residual[end + order : end + order + rules.calm]
    if np.count_nonzero(np.abs(later) > LOUD * one.variance**0.5) > rules.restless * rules.calm:
        return False
    before = darkest(audio, one.begin - reach, one.begin, PIECES, rules.lag)
    return behind <= rules.brighter * before + quarter * one.variance


def _brightness(change: Array, lag: int) -> float:
    """Energy of the differences of a change, with silence before and behind it."""
    steps = np.concatenate([change[:lag], change[lag:] - change[:-lag], change[-lag:]])
    return float(np.dot(steps, steps))
