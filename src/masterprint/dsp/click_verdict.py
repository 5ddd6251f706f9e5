"""Whether a disturbance is a click: short, strong, and nothing else.

A disturbance is a click if the residual is calm once it is filled in. A drum or a plucked string is
a surprise to the model that no samples explain away: it goes on, or its energy stays, or what comes
behind it is brighter or louder than what was before. Hands that clap, and a beater on a skin, are
noise that dies away, and would be filled in well: they have no end before the longest click ends.
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
ONSET = 1.5
"""How many times as loud as anything before is what follows a stroke, even where it is quietest."""
OVERWHELMING = 30.0
"""How many times as loud as what follows it a click is that may come just before a stroke."""
SURE = 25000.0
"""Variances that a click explains which is no hammer or plectrum, be it as dark as the music."""
LOUDER, LOUDER_AMID_TONES = 1.0, 3.0
"""How many times as loud as what follows it a long click is of which little is explained."""
DROWNED, SHINES = 0.02, 12.0
"""How loud, beside what follows it, and how bright at most a long disturbance is that is the end of
a beater's noise on a skin."""


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
        hidden, faint: how many times as bright as what follows a click must be to be heard at all:
            one that is sure, and any other.
        each: variances that each of its frames must explain on average, if there are several.
        long, each_of_long: frames from which on a click is long, and what each must explain then,
            unless it is loud.
        longest: frames of the longest click; what seems to be longer has no end of its own.
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
    faint: float
    each: float
    long: int
    each_of_long: float
    longest: int


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
    each = one.explained / (length * one.variance)
    if length > rules.longest or (length > 1 and each < rules.each):
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
    heard = rules.hidden if one.explained > SURE * one.variance else rules.faint
    if bright < heard * behind * length:
        return False
    follows = _powers(audio, end + rules.lag, quarter)
    loud = float(np.dot(one.change, one.change)) * reach / max(follows.sum() * length, 1e-300)
    enough = LOUDER_AMID_TONES if own[0] > FORESEEN else LOUDER
    if length >= rules.long and each < rules.each_of_long and loud < enough:
        return False
    if length >= rules.long and loud < DROWNED and bright < SHINES * behind * length:
        return False
    leads = _powers(audio, one.begin - reach, quarter)
    if follows.min() > ONSET * leads.max() and loud < OVERWHELMING:
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


def _powers(audio: Array, begin: int, size: int) -> Array:
    """Energy of the pieces of a stretch. What lies beyond the audio is silence."""
    part = np.zeros(PIECES * size)
    low, high = max(0, begin), max(0, min(begin + len(part), len(audio)))
    part[low - begin : high - begin] = audio[low:high]
    return np.asarray(np.square(part).reshape(PIECES, size).sum(axis=1))


def _brightness(change: Array, lag: int) -> float:
    """Energy of the differences of a change, with silence before and behind it."""
    steps = np.concatenate([change[:lag], change[lag:] - change[:-lag], change[-lag:]])
    return float(np.dot(steps, steps))
