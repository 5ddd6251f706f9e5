"""Levels of hum in music."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from masterprint.dsp.harmonics import KNOT_S
from masterprint.dsp.jit import kernel

Levels = NDArray[np.complex128]
Power = NDArray[np.float64]

UNHEARD = 1e20
"""Noise power of a moment at which nothing can be known."""
SURE_LINES, SURE_ABOVE = 3, 4.0
"""So many lines that stand above the music by such a power tell the phase of the fundamental."""
TOGETHER = 8
FAR = 9.0
"""Three standard deviations: a level further from the mean is believed the less."""
LEAST_TELLING, MOSTLY_MUSIC = 4, 0.33
UNREACHED = 1_000_000
LEAST_WANDER_HZ, UNKNOWN_WANDER_HZ = 0.0003, 0.02
"""In a second."""
UNEVEN = 0.03
"""Share by which hum itself is never quite steady, so that no single moment decides."""


@kernel(
    "void(c16[:, :, ::1], f8[:, :, ::1], f8[:, ::1], c16[:, :, ::1], f8[:, :, ::1], f8[:, ::1])"
)
def smooth_levels(
    levels: Levels,
    noise: Power,
    step_power: Power,
    out: Levels,
    variance: Power,
    likelihood: Power,
) -> None:
    """Levels that wander at random, out of noise of known power.

    The Kalman filter and, backwards, the smoother of Rauch, Tung and Striebel (AIAA Journal 3(8),
    1965) for a random walk. `levels` and `noise` are (knots, orders, channels); `step_power` is
    what a level wanders from knot to knot; `variance` is what remains unknown of `out`, and
    `likelihood` tells how well the walk explains what was heard.
    """
    count, orders, channels = levels.shape
    for k in range(orders):
        for c in range(channels):
            step = step_power[k, c]
            mean, spread = 0j, 1e20
            total_likelihood = 0.0
            started = False
            for n in range(count):
                if started:
                    spread += step
                if noise[n, k, c] < 1e20:
                    total = spread + noise[n, k, c]
                    error = levels[n, k, c] - mean
                    if started:
                        total_likelihood -= math.log(total)
                        total_likelihood -= (
                            error.real * error.real + error.imag * error.imag
                        ) / total
                    started = True
                    mean += spread / total * error
                    spread = spread * noise[n, k, c] / total
                out[n, k, c] = mean
                variance[n, k, c] = spread
            for n in range(count - 2, -1, -1):
                ahead = variance[n, k, c] + step
                gain = variance[n, k, c] / ahead if ahead > 0.0 else 1.0
                out[n, k, c] += gain * (out[n + 1, k, c] - out[n, k, c])
                variance[n, k, c] += gain * gain * (variance[n + 1, k, c] - ahead)
            likelihood[k, c] = total_likelihood


def smoothed(levels: Levels, noise: Power, step_power: Power) -> tuple[Levels, Power, Power]:
    """The levels that wander, what remains unknown of them, and the likelihood."""
    out, variance = np.empty_like(levels), np.empty(levels.shape)
    likelihood = np.empty(levels.shape[1:])
    smooth_levels(
        np.ascontiguousarray(levels),
        np.ascontiguousarray(noise),
        np.ascontiguousarray(step_power),
        out,
        variance,
        likelihood,
    )
    return out, variance, likelihood


def noise_power(beside: Power, heard: NDArray[np.bool_]) -> Power:
    """What the music is likely to have at the lines themselves, from what it has beside them.

    Args:
        beside: power, (knots, orders, channels).
        heard: where there is sound at all, (knots, channels).
    """
    noise = beside.copy()
    noise[1:-1] = 0.25 * beside[:-2] + 0.5 * beside[1:-1] + 0.25 * beside[2:]
    noise += 1e-16
    return np.where(heard[:, None, :], np.minimum(noise, 0.1 * UNHEARD), UNHEARD)


def mean_level(
    levels: Levels, noise: Power, uneven: float = UNEVEN, doubting: bool = True
) -> tuple[Levels, Power]:
    """One level for all knots, each of which counts the less the more noise there is.

    `doubting` starts from the median and counts what is far from the mean the less, as notes are.
    With it comes the noise that was reckoned with: never less than what hum is uneven by.
    """
    mean = _middle(levels, noise) if doubting else np.zeros(levels.shape[1:], np.complex128)
    floored = noise
    for _ in range(4):
        floored = noise + (uneven * np.abs(mean)) ** 2
        if doubting:
            floored = np.maximum(floored, np.minimum(np.abs(levels - mean) ** 2 / FAR, UNHEARD))
        weight = 1.0 / floored
        mean = (weight * levels).sum(axis=0) / weight.sum(axis=0)
    return mean, floored


def _middle(levels: Levels, noise: Power) -> Levels:
    """The weighted median over the knots, of real and imaginary parts."""
    weight = 1.0 / noise
    middle = []
    for part in (levels.real, levels.imag):
        order = np.argsort(part, axis=0, kind="stable")
        below = np.cumsum(np.take_along_axis(weight, order, axis=0), axis=0)
        place = (below < 0.5 * below[-1]).sum(axis=0)[None]
        middle.append(np.take_along_axis(np.take_along_axis(part, order, axis=0), place, axis=0))
    return np.asarray(middle[0][0] + 1j * middle[1][0])


def clearness(levels: Levels, noise: Power, uneven: float = UNEVEN) -> Power:
    """How clearly each line stands out of what is around it, as a power ratio.

    What else there is is told by how far the level is off its mean in two seconds together: noise
    averages out there, a note does not.
    """
    mean, floored = mean_level(levels, noise, uneven)
    weight = np.where(noise < UNHEARD, 1.0 / floored, 0.0)
    firsts = np.arange(0, len(levels), TOGETHER)
    off = np.add.reduceat(weight * (levels - mean), firsts, axis=0)
    weights = np.add.reduceat(weight, firsts, axis=0)
    spread = (np.abs(off) ** 2 / np.maximum(weights, 1e-300)).sum(axis=0)
    spread /= np.maximum((weights > 0.0).sum(axis=0), 1)
    return np.asarray(np.abs(mean) ** 2 * weight.sum(axis=0) / np.maximum(spread, 1.0))


def agreement(levels: Levels, noise: Power) -> Power:
    """The share of moments that agree with each line's mean level, of those that could tell.

    Where there is so little noise that the line would stand out, hum is what it always is, however
    long the programme; music is there by chance. Moments at which a note sounds that is more than
    twice as loud do not count, unless most of them are such: then it is music that is heard there.
    -1 where hardly any moment could tell.
    """
    mean, _ = mean_level(levels, noise)
    power = 0.25 * np.abs(mean) ** 2
    telling = noise < power
    agreeing = (telling & (np.abs(levels - mean) ** 2 < power)).sum(axis=0)
    count = telling.sum(axis=0)
    quiet = (telling & (np.abs(levels) ** 2 < 16.0 * power)).sum(axis=0)
    share = agreeing / np.maximum(count, 1)
    share = np.where(share >= MOSTLY_MUSIC, agreeing / np.maximum(quiet, 1), share)
    return np.where(np.minimum(count, quiet) >= LEAST_TELLING, share, -1.0)


def line_power(levels: Levels, noise: Power) -> Power:
    """The power of each line, whatever its phase does."""
    weight = np.where(noise < UNHEARD, 1.0 / noise, 0.0)
    power = (weight * (np.abs(levels) ** 2 - noise)).sum(axis=0)
    return np.asarray(np.maximum(power / np.maximum(weight.sum(axis=0), 1e-300), 1e-20))


def common_turns(levels: Levels, noise: Power) -> NDArray[np.float64]:
    """Turns of the fundamental at each knot by which all harmonics together are ahead.

    Levels are smoothed, and how far they turn from knot to knot in common, each order k times as
    far, is taken away from them; less is smoothed away each time, until nothing turns.
    """
    orders = np.arange(1, levels.shape[1] + 1)[None, :, None]
    angle = np.zeros(len(levels))
    for wander in (0.4, 0.2, 0.1, 0.05):
        turned = levels * np.exp(-1j * orders * angle[:, None, None])
        step = wander**2 * KNOT_S * line_power(turned, noise)
        smooth, _, _ = smoothed(turned, noise, step)
        smooth, variance, _ = smoothed(turned, noise + UNEVEN**2 * np.abs(smooth) ** 2, step)
        across = smooth[1:] * np.conj(smooth[:-1])
        unknown = np.maximum(np.maximum(variance[1:], variance[:-1]), 1e-300)
        weight = np.where(np.abs(smooth[1:]) ** 2 > 4.0 * unknown, 1.0 / unknown, 0.0)
        ahead = (orders * weight * across.imag).sum(axis=(1, 2))
        worth = (orders**2 * weight * np.abs(across)).sum(axis=(1, 2))
        steps = np.divide(ahead, worth, out=np.zeros_like(ahead), where=worth > 0)
        angle[1:] += np.cumsum(steps)
    return np.asarray(angle / (2.0 * np.pi))


def phase_doubt(
    levels: Levels, noise: Power, present: NDArray[np.bool_], hz: NDArray[np.float64]
) -> NDArray[np.float64]:
    """How far the phase of the fundamental may be off at each knot: a variance, in square radians.

    At some knots the hum stands above the music, and its phase is sure. Away from them the
    frequency wanders at random, as much as it does between them, and the phase with it: between two
    sure knots, a and b seconds away, by (2 pi wander)^2 (a b / (a + b))^3 / 3.
    """
    knots = np.arange(len(levels))
    mean, _ = mean_level(levels, np.where(present[:, None, None], noise, UNHEARD))
    above = np.abs(mean) ** 2 > SURE_ABOVE * noise
    sure = above.any(axis=2).sum(axis=1) >= SURE_LINES
    if not sure.any():
        return np.zeros(len(levels))
    before = knots - np.maximum.accumulate(np.where(sure, knots, -UNREACHED))
    after = np.minimum.accumulate(np.where(sure, knots, UNREACHED)[::-1])[::-1] - knots
    wander = min(_wander_hz(hz, sure, lag) for lag in (4, 16))  # 1 s and 4 s
    reach = KNOT_S * before * after / np.maximum(before + after, 1)
    return np.asarray((2.0 * np.pi * wander) ** 2 * reach**3 / 3.0)


def _wander_hz(hz: NDArray[np.float64], sure: NDArray[np.bool_], lag: int) -> float:
    """How far a frequency wanders in a second, from how far it does in `lag` knots."""
    moved = (hz[lag:] - hz[:-lag])[sure[:-lag] & sure[lag:]] if lag < len(hz) else hz[:0]
    if not len(moved):
        return UNKNOWN_WANDER_HZ
    return max(LEAST_WANDER_HZ, float(np.sqrt(np.mean(moved**2) / (lag * KNOT_S))))
