"""How dynamics react: from what they hear to gains, by a static curve and its times."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from masterprint.dsp.ballistics import (
    detect,
    gains_of_decibels,
    moves_of_power,
    smooth_decoupled,
)

SLOW_ATTACK, SLOW_RELEASE = 5.0, 10.0
"""Times of the slow follower of a programme-dependent release, in release times."""
STEP = 10.0**1.2
"""In power, 12 dB: the step of the level that times are told for where a mean is heard."""
SHORTEST = 0.02
"""Of the time that is wanted: no filter behind a mean is made quicker."""


@dataclass(frozen=True)
class Curve:
    """A static curve with a quadratic knee (Giannoulis, Massberg and Reiss, 2012, eq. 4).

    Attributes:
        threshold_db: where it begins to act.
        slope: dB of gain for each dB beyond the threshold, 0 or more.
        knee_db: width of the bend about the threshold.
        range_db: most that it moves the level by.
        below: whether it acts on what lies below the threshold, rather than above.
        raises: whether it turns up what it acts on, rather than down.
    """

    threshold_db: float
    slope: float
    knee_db: float
    range_db: float
    below: bool = False
    raises: bool = False

    def as_array(self) -> NDArray[np.float64]:
        """As `moves_of_power` takes it."""
        side = -1.0 if self.below else 1.0
        return np.array([self.threshold_db, self.slope, self.knee_db, self.range_db, side])


class Detector:
    """What dynamics hear: squared levels, block by block.

    Args:
        channels: of what will come.
        sample_rate_hz: of what will come.
        rms_s: time constant of the mean square that is heard; 0 hears the samples.
        rows: 1 for the loudest channel at each moment, or `channels` for each of them.
    """

    def __init__(
        self, channels: int, sample_rate_hz: int, rms_s: float = 0.0, rows: int = 1
    ) -> None:
        self._window = share_of(rms_s, sample_rate_hz) if rms_s else 0.0
        self._squares = np.zeros(channels)
        self._rows = rows

    def __call__(self, heard: NDArray[np.float64]) -> NDArray[np.float64]:
        """Shape (rows, frames)."""
        power = np.empty((self._rows, heard.shape[1]))
        detect(heard, power, self._window, self._squares)
        return power


class Reaction:
    """Gains of a curve, block by block; attack is for levels that rise, release when they fall.

    Where the curve acts below its threshold, what is smoothed is the rest of its range, so that
    attack and release keep their meanings.

    Args:
        curve: how far which level is moved.
        attack_s: time to 63 % of the way, where the level rises.
        release_s: time to 63 % of the way back.
        sample_rate_hz: of what will come.
        rows: levels that will come side by side.
        link: 1 moves all rows together, 0 each alone.
        by_programme: whether what has been held for long is let go slowly.
        mean_s: time constant of the mean square that the levels are; its share is taken off both
            times.
    """

    def __init__(
        self,
        curve: Curve,
        attack_s: float,
        release_s: float,
        sample_rate_hz: int,
        rows: int = 1,
        link: float = 1.0,
        by_programme: bool = False,
        mean_s: float = 0.0,
    ) -> None:
        rate = sample_rate_hz
        self._curve, self._numbers = curve, curve.as_array()
        slow = (SLOW_ATTACK * release_s, SLOW_RELEASE * release_s)
        if mean_s:
            attack_s = behind_mean(attack_s, mean_s, rises=True)
            back_s = behind_mean(release_s, mean_s, rises=False, then_s=attack_s)
        else:
            back_s = release_before_attack(release_s, attack_s)
        self._ballistics = np.array(
            [
                share_of(attack_s, rate),
                share_of(back_s, rate),
                *((share_of(time_s, rate) if by_programme else 0.0) for time_s in slow),
            ]
        )
        self._link = link
        rest = curve.range_db if curve.below else 0.0
        self._state = np.full((rows, 3), rest)
        self._totals = np.array([0.0, 0.0, 0.0, rest])

    def gains(self, power: NDArray[np.float64], offset_db: float = 0.0) -> NDArray[np.float64]:
        """Linear gains of squared levels, in their place."""
        curve = self._curve
        moves_of_power(power, self._numbers)
        if curve.below:
            np.subtract(curve.range_db, power, out=power)
        if len(power) > 1 and self._link:
            power += (power.max(axis=0) - power) * self._link
        smooth_decoupled(power, self._ballistics, self._state, self._totals)
        sign = 1.0 if curve.raises else -1.0
        if curve.below:
            offset_db += sign * curve.range_db
            sign = -sign
        gains_of_decibels(power, sign, offset_db)
        return power

    @property
    def most_db(self) -> float:
        """How far the level was moved at most."""
        curve = self._curve
        return float(curve.range_db - self._totals[3] if curve.below else self._totals[0])

    @property
    def mean_db(self) -> float:
        """How far it was moved on the average over time."""
        mean = float(self._totals[1] / max(1.0, self._totals[2]))
        return self._curve.range_db - mean if self._curve.below and self._totals[2] else mean


def report_of(most_db: float, mean_db: float, what: str = "gain_reduction") -> dict[str, float]:
    """How far a stage moved the level, in the words of every report."""
    return {f"max_{what}_db": round(most_db, 3), f"mean_{what}_db": round(mean_db, 3)}


def rows_for(channels: int, link: float) -> int:
    """Levels that have to be told apart: one where all channels move together."""
    return 1 if link == 1.0 else channels


def share_of(time_s: float, sample_rate_hz: int) -> float:
    """How far a one-pole filter of a time constant moves in one frame."""
    return 1.0 - math.exp(-1.0 / (time_s * sample_rate_hz))


def release_before_attack(release_s: float, attack_s: float) -> float:
    """Time constant that, with the attack's behind it, is back by 63 % after `release_s`.

    Solves step(t1, attack, release) = 1 - 1/e for t1, where step is that of two one-pole filters
    in series.
    """

    def remaining(first: float) -> float:
        if abs(first - attack_s) < 1e-9 * attack_s:
            return (1.0 + release_s / attack_s) * math.exp(-release_s / attack_s)
        return (
            first * math.exp(-release_s / first) - attack_s * math.exp(-release_s / attack_s)
        ) / (first - attack_s)

    low, high = 1e-6, release_s
    for _ in range(60):
        middle = 0.5 * (low + high)
        if remaining(middle) < math.exp(-1.0):
            low = middle
        else:
            high = middle
    return high


def behind_mean(time_s: float, mean_s: float, rises: bool, then_s: float = 0.0) -> float:
    """Time constant that, behind a mean square, is 63 % of the way through in `time_s`.

    That is so for a step of 12 dB; through a mean square, a larger one rises a little sooner and
    falls a little later in dB. Not below a fiftieth of `time_s`, where the mean alone takes longer.

    Args:
        time_s: that all of it is to take.
        mean_s: time constant of the mean square.
        rises: whether the level does, or falls.
        then_s: time constant of a filter behind it.
    """
    if then_s < SHORTEST * time_s:
        time_s, then_s = time_s - then_s, 0.0
    since_s = np.linspace(0.0, time_s, 2001)
    before, after = (1.0, STEP) if rises else (STEP, 1.0)
    power = after + (before - after) * np.exp(-since_s / mean_s)
    level = np.log(power / before) / np.log(after / before)
    left_s = time_s - since_s

    def reached(first_s: float) -> float:
        response = np.exp(-left_s / first_s) / first_s
        if then_s:
            first_s *= 1.0 + 1e-6 * (first_s == then_s)
            response = (first_s * response - np.exp(-left_s / then_s)) / (first_s - then_s)
        heard = level * response
        return float((heard.sum() - 0.5 * (heard[0] + heard[-1])) * since_s[1])

    low, high = SHORTEST * time_s, time_s
    for _ in range(40):
        middle = 0.5 * (low + high)
        if reached(middle) > 1.0 - math.exp(-1.0):
            low = middle
        else:
            high = middle
    return high
