"""Mains hum in a programme: whether there is any, its frequency, when it is there, its lines."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from masterprint.dsp.harmonics import KNOT_S, Phase, demodulate
from masterprint.dsp.paths import best_path
from masterprint.metering.hum_levels import (
    UNEVEN,
    UNHEARD,
    agreement,
    clearness,
    common_turns,
    line_power,
    mean_level,
    noise_power,
    phase_doubt,
    smoothed,
)
from masterprint.metering.hum_track import moved_by_hz

ORDERS = 40
TRACKED_ORDERS = 20
VERY_CLEAR = 100.0
SEARCHES = (
    (16, 0.3, 20, 2.0, 10),
    (8, 0.12, 12, 0.6, 15),
    (12, 0.03, 15, 0.2, 20),
)
"""Closer and closer: reach of the windows in knots, how far to look in Hz, in how many steps, what
a step costs, and in how many harmonics."""
AGREED = 0.55
NOT_CLEAR_DB, EVIDENCE_DB = 12.0, 25.0
"""Lines of music may stand out by the first; what stands out further adds up to the second."""
MOST_SAID = 1.0
"""Of a single line at a single knot, in whether the hum is there."""
CHANGE_COST = 20.0
WANDERS = (0.0, 0.02, 0.1, 0.4)
"""How much levels may wander in a second, as a share of themselves."""
MOST_GAINED = 20.0
FAR = 2.0
CLEAR = 16.0
"""How much likelier a line must be there than not: as a power ratio, 12 dB."""
LEAST_S, LEAST_SHARE, NEARLY_ALL = 12.0, 0.4, 0.9
"""Hum is there for so long and for so much of the programme, or nearly all the time."""
MAINS_HZ, MAINS_WITHIN = (50.0, 60.0), 0.01
"""Further off, it comes from a tape at a wrong speed, and is there nearly all the time."""
LOW_ORDERS, LEAST_LINES = 2, 4
"""Hum has its fundamental or, rectified, the second harmonic; or at least so many lines."""

Cells = Callable[[], Iterable[NDArray[np.float64]]]


@dataclass
class Hum:
    """A hum as it has been followed.

    Attributes:
        start_hz: the frequency from which it was followed.
        follow: whether it was followed at all.
        phase: of the fundamental.
        levels: what is heard at each knot, (knots, orders, channels), complex amplitudes.
        noise: the power of the music there.
        clear: how clearly each line stands out, (orders, channels), a power ratio.
        agreed: the share of telling moments that agree with each line, -1 if there are hardly any.
        present: the knots at which the hum is there.
    """

    start_hz: float
    follow: bool
    phase: Phase
    levels: NDArray[np.complex128]
    noise: NDArray[np.float64]
    clear: NDArray[np.float64]
    agreed: NDArray[np.float64]
    present: NDArray[np.bool_]

    @property
    def evidence_db(self) -> float:
        """How far the lines that are always the same stand out, in sum."""
        return float(self._evidence_db().sum())

    def _evidence_db(self) -> NDArray[np.float64]:
        """How far each of the lines that are always the same stands out."""
        clear = np.where(self.agreed >= AGREED, self.clear, 0.0).max(axis=1)
        clear_db = 10.0 * np.log10(np.maximum(clear, 1e-9))
        return np.asarray(np.maximum(clear_db - NOT_CLEAR_DB, 0.0))

    def lines(self) -> NDArray[np.bool_]:
        """The harmonics that are there: clear, and where not very, not far above those beside them.

        What stands out a little and is twice as loud as the next lines that are very clear is a
        note that comes again and again.
        """
        music = (self.agreed >= 0.0) & (self.agreed < AGREED)
        clear = np.where(music, 0.0, self.clear).max(axis=1)
        there = np.where(self.present[:, None, None], self.noise, UNHEARD)
        level = np.abs(mean_level(self.levels, there)[0]).max(axis=1)
        found = clear >= CLEAR
        very = np.flatnonzero(clear >= VERY_CLEAR)
        for order in np.flatnonzero(found & (clear < VERY_CLEAR)):
            beside = [*very[very < order][-1:], *very[very > order][:1]]
            if beside and level[order] > 2.0 * level[beside].max():
                found[order] = False
        return np.asarray(found)

    def believed(self) -> bool:
        """Whether this is hum, and not music: its lines stand out, and for long enough.

        A few lines far up, or of a fundamental that no mains has, are notes that come back.
        """
        share = float(self.present.mean())
        if not share:
            return False
        hz = float(self.phase.hz[self.present].mean())
        of_mains = any(abs(hz / mains - 1.0) <= MAINS_WITHIN for mains in MAINS_HZ)
        lasting_s = share * len(self.present) * KNOT_S
        long = of_mains and lasting_s >= LEAST_S and share >= LEAST_SHARE
        stands_out = self._evidence_db() > 0.0
        whole = stands_out[:LOW_ORDERS].any() or stands_out.sum() >= LEAST_LINES
        enough = bool(whole) and self.evidence_db >= EVIDENCE_DB
        return enough and (long or share >= NEARLY_ALL)


def followed(cells: Cells, heard: NDArray[np.bool_], start_hz: float, follow: bool) -> Hum:
    """A hum that begins about some frequency, followed if it is to be.

    Args:
        cells: gives the audio, from its beginning, a cell from knot to knot.
        heard: the knots around which there is sound, (knots, channels).
        start_hz: within 0.3 Hz of where the hum lies.
        follow: whether its frequency drifts.
    """
    phase = Phase.of(np.full(len(heard), start_hz))
    if follow:
        for half_knots, within_hz, steps, cost, orders in SEARCHES:
            levels, beside = demodulate(cells(), phase, orders)
            noise = noise_power(beside, heard)
            off_hz = moved_by_hz(levels, noise, half_knots, within_hz, steps, cost)
            phase = Phase.of(phase.hz + off_hz)
    levels, beside = demodulate(cells(), phase, ORDERS)
    noise = noise_power(beside, heard)
    if follow:
        turns = common_turns(levels[:, :TRACKED_ORDERS], noise[:, :TRACKED_ORDERS])
        phase = phase.turned(turns)
        numbers = np.arange(1, ORDERS + 1)
        levels = levels * np.exp(-2j * np.pi * numbers * turns[:, None])[:, :, None]
    present = np.ones(len(heard), bool)
    for turn in range(3):
        known = _phase_known(levels, noise, present, phase.hz) if follow else np.ones(1)
        present = _present(levels, noise, present, known, doubting=turn > 0)
    there = np.where(present[:, None, None], noise, UNHEARD)
    clear, agreed = clearness(levels, there), agreement(levels, there)
    return Hum(start_hz, follow, phase, levels, noise, clear, agreed, present)


def _present(
    levels: NDArray[np.complex128],
    noise: NDArray[np.float64],
    believed: NDArray[np.bool_],
    known: NDArray[np.float64],
    doubting: bool,
) -> NDArray[np.bool_]:
    """The knots at which the hum is there, at a quarter of its mean level or more.

    At each knot the likelihood of its mean level, or a half or a quarter of it, is held against
    that of none, as far as the phase is known; between being there and not there is a path that
    does not change for nothing.
    """
    there = np.where(believed[:, None, None], noise, UNHEARD)
    mean, _ = mean_level(levels, there, doubting=doubting)
    floor = noise + (UNEVEN * np.abs(mean)) ** 2
    floor += np.maximum(np.abs(levels) - 1.5 * np.abs(mean), 0.0) ** 2  # a note says nothing
    along = (np.conj(mean) * levels).real / floor
    power = np.abs(mean) ** 2 / floor
    likelier = [
        (known * np.clip(2.0 * share * along - share**2 * power, -MOST_SAID, MOST_SAID)).sum(
            axis=(1, 2)
        )
        for share in (0.25, 0.5, 1.0)
    ]
    gains = np.stack([np.zeros(len(levels)), np.max(likelier, axis=0)], axis=1)
    path = best_path(gains, 1, CHANGE_COST)
    return np.asarray(path == 1)


def _phase_known(
    levels: NDArray[np.complex128],
    noise: NDArray[np.float64],
    present: NDArray[np.bool_],
    hz: NDArray[np.float64],
) -> NDArray[np.float64]:
    """How much is left of each harmonic on average where its phase is in doubt, (knots, orders, 1).

    The mean of e^(j k error) for an error of normal distribution.
    """
    doubt = phase_doubt(levels[:, :TRACKED_ORDERS], noise[:, :TRACKED_ORDERS], present, hz)
    return np.asarray(np.exp(-0.5 * np.outer(doubt, np.arange(1, ORDERS + 1) ** 2))[:, :, None])


def lines_of(hum: Hum, orders: NDArray[np.bool_]) -> NDArray[np.complex128]:
    """The levels of the hum itself at every knot, of the orders wanted.

    How much levels wander is chosen for all lines together, by likelihood: what moves a few of them
    only is music. Where a level is heard far from where it should be, it is believed the less.
    """
    noise = np.where(hum.present[:, None, None], hum.noise, UNHEARD)
    power = line_power(hum.levels, noise)
    _, floored = mean_level(hum.levels, noise)
    clear = hum.clear >= CLEAR
    steps = [wander**2 * KNOT_S * power for wander in WANDERS]
    likely = [smoothed(hum.levels, floored, step)[2] for step in steps]
    gained = [
        float(np.clip(likelihood - likely[0], -MOST_GAINED, MOST_GAINED)[clear].sum())
        for likelihood in likely
    ]
    step = steps[int(np.argmax(gained))]
    out = smoothed(hum.levels, floored, step)[0]
    for _ in range(3):
        doubted = np.maximum(floored, np.abs(hum.levels - out) ** 2 / FAR)
        out, variance, _ = smoothed(hum.levels, np.where(noise < UNHEARD, doubted, UNHEARD), step)
    strength = np.abs(out) ** 2
    kept = 1.0 - np.minimum(variance, strength) / np.maximum(strength, 1e-300)
    if hum.follow:
        kept = kept * _phase_known(hum.levels, hum.noise, hum.present, hum.phase.hz)
    wanted = hum.present[:, None, None] & orders[None, :, None]
    return np.where(wanted, out * kept, 0.0)
