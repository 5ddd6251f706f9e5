"""Mains hum in a programme: whether there is any, its frequency, when it is there, its lines."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from masterprint.dsp.harmonics import KNOT_S, Phase, demodulate
from masterprint.metering.hum_levels import (
    common_turns,
    line_power,
    mean_level,
    noise_power,
    smoothed,
    UNHEARD,
)
from masterprint.metering.hum_search import HumSearch
from masterprint.metering.hum_track import moved_by_hz

ORDERS = 40
TRACKED_ORDERS = 20
WITHIN_HZ = 0.6
"""How far from where it starts the hum may drift."""
CLEAR = 25.0
"""How much likelier a line must be there than not: as a power ratio, 14 dB."""
LEAST_S, LEAST_SHARE, NEARLY_ALL = 12.0, 0.4, 0.9
"""Hum is there for so long and for so much of the programme, or nearly all the time."""

Cells = Callable[[], Iterable[NDArray[np.float64]]]


@dataclass
class Hum:
    """A hum as it has been followed.

    Attributes:
        start_hz: the frequency from which it was followed.
        phase: of the fundamental.
        levels: what is heard at each knot, (knots, orders, channels), complex amplitudes.
        noise: the power of the music there.
        clear: how clearly each line stands out, (orders, channels), a power ratio.
        present: the knots at which the hum is there.
    """

    start_hz: float
    phase: Phase
    levels: NDArray[np.complex128]
    noise: NDArray[np.float64]
    clear: NDArray[np.float64]
    present: NDArray[np.bool_]

    def believed(self) -> bool:
        """Whether this is hum, and not music: lines that are clear, and there long enough."""
        found = self.clear.max(axis=1) >= CLEAR
        share = float(self.present.mean())
        lasting = share * len(self.present) * KNOT_S
        long = (lasting >= LEAST_S and share >= LEAST_SHARE) or share >= NEARLY_ALL
        return long and (found.sum() >= 2 or self.clear.max() >= CLEAR**2)


def followed(
    cells: Cells, heard: NDArray[np.bool_], search: HumSearch, start_hz: float, follow: bool
) -> Hum:
    """Follow a hum from a frequency at which it lies."""
    knots = len(heard)
    if follow and search.spans:
        hz, seconds = search.track(start_hz, WITHIN_HZ)
        phase = Phase.of(np.interp(np.arange(knots) * KNOT_S, seconds, hz))
        for half, within, steps, cost, orders in ((8, 0.12, 12, 0.3, 15), (12, 0.03, 15, 0.1, 20)):
            levels, beside = demodulate(cells(), phase, orders)
            off = moved_by_hz(levels, noise_power(beside, heard), half, within, steps, cost)
            phase = Phase.of(phase.hz + off)
    else:
        phase = Phase.of(np.full(knots, start_hz))
    levels, beside = demodulate(cells(), phase, ORDERS)
    noise = noise_power(beside, heard)
    if follow:
        turns = common_turns(levels[:, :TRACKED_ORDERS], noise[:, :TRACKED_ORDERS])
        phase = phase.turned(turns)
        orders = np.arange(1, ORDERS + 1)
        levels = levels * np.exp(-2j * np.pi * orders * turns[:, None])[:, :, None]
    return _judged(start_hz, phase, levels, noise)


def _judged(
    start_hz: float, phase: Phase, levels: NDArray[np.complex128], noise: NDArray[np.float64]
) -> Hum:
    """When the hum is there, and how clearly its lines stand out then."""
    present = np.ones(len(levels), bool)
    for _ in range(3):
        there = np.where(present[:, None, None], noise, UNHEARD)
        mean, floored = mean_level(levels, there)
        off = _off(levels, noise, mean, floored)
        present = off
    there = np.where(present[:, None, None], noise, UNHEARD)
    mean, floored = mean_level(levels, there)
    weight = np.where(floored < UNHEARD, 1.0 / floored, 0.0)
    count = np.maximum((weight > 0).sum(axis=0), 1)
    spread = (weight * np.abs(levels - mean) ** 2).sum(axis=0) / count
    clear = np.abs(mean) ** 2 * weight.sum(axis=0) / np.maximum(spread, 1.0)
    return Hum(start_hz, phase, levels, noise, clear, present)


def _off(levels, noise, mean, floored):
    return np.ones(len(levels), bool)


def lines_of(hum: Hum, orders: NDArray[np.bool_]) -> NDArray[np.complex128]:
    """The levels of the hum itself at every knot, of the orders wanted."""
    noise = np.where(hum.present[:, None, None], hum.noise, UNHEARD)
    power = line_power(hum.levels, noise)
    mean, _ = mean_level(hum.levels, noise)
    base = noise + (0.03 * np.abs(mean)) ** 2
    best = None
    for wander in (0.0, 0.02, 0.1, 0.4):
        out, variance, likelihood = smoothed(hum.levels, base, wander**2 * KNOT_S * power)
        if best is None:
            best = [out, variance, likelihood, np.full(power.shape, wander)]
            continue
        better = likelihood > best[2] + 2.0
        for place, new in enumerate((out, variance, likelihood)):
            best[place] = np.where(better, new, best[place])
        best[3] = np.where(better, wander, best[3])
    out, _, _, wander = best
    for _ in range(2):
        robust = np.maximum(base, np.abs(hum.levels - out) ** 2 / 3.0)
        robust = np.where(noise >= UNHEARD, UNHEARD, robust)
        out, variance, _ = smoothed(hum.levels, robust, wander**2 * KNOT_S * power)
    kept = np.maximum(0.0, 1.0 - variance / np.maximum(np.abs(out) ** 2, 1e-300))
    wanted = hum.present[:, None, None] & orders[None, :, None]
    return np.where(wanted, out * kept, 0.0)
