"""The one gain with which several programmes, together, measure a target.

Their gating blocks are pooled, as if they were one long programme (BS.1770-5, annex 1). A plain
gain shifts them all alike. After a limiter they do not follow the gain any more, so each programme
is known by its blocks at several gains, between which the level of each is interpolated in dB.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from masterprint.metering import loudness as lufs
from masterprint.rendering.audition import Heard

STEPS_DB = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0)
"""Above what a plain gain would be: limiting only ever takes loudness away."""
MOST_PLAIN_DB = 60.0
LEAST_INPUT_DB, MOST_INPUT_DB = -24.0, 36.0
"""What a `gain` and the input gain of a limiter can be set to."""
CLOSE_DB = 1e-4
TOLERANCE_LU = 0.05
SILENCE_LUFS = -70.0


@dataclass(frozen=True)
class AlbumGain:
    """A gain in dB, the loudness that it leads to, and whether that is short of the target."""

    gain_db: float
    reached_lufs: float | None
    is_short: bool = False


def plain_gain(heard: Sequence[Heard], target_lufs: float) -> AlbumGain | None:
    """The gain that shifts all to a target; None where nothing passes the gates."""
    together = np.concatenate([each.powers for each in heard])
    gain_db = 0.0
    # The gate at -70 LUFS does not move with the gain, so quiet passages may come in.
    for _ in range(3):
        reached = lufs.integrated(together * 10.0 ** (gain_db / 10.0))
        if reached is None:
            return None
        gain_db += target_lufs - reached
    gain_db = min(max(gain_db, -MOST_PLAIN_DB), MOST_PLAIN_DB)
    return AlbumGain(gain_db, lufs.integrated(together * 10.0 ** (gain_db / 10.0)))


def gains_to_try(least_db: float, most_db: float) -> tuple[float, ...]:
    """Input gains of a limiter, from that of a plain gain on, in increasing order."""
    most_db = min(most_db, MOST_INPUT_DB)
    return tuple(sorted({max(min(least_db + step, most_db), LEAST_INPUT_DB) for step in STEPS_DB}))


def limited_gain(
    heard: Sequence[Heard], gains_db: Sequence[float], target_lufs: float
) -> AlbumGain:
    """The input gain that brings all to a target behind their limiters.

    Args:
        heard: each with `limited` at each of these gains.
        gains_db: as `gains_to_try` gave them.
        target_lufs: in LUFS.
    """

    def loudness(gain_db: float) -> float:
        together = np.concatenate([_at(each.limited, gains_db, gain_db) for each in heard])
        return lufs.integrated(together) or SILENCE_LUFS

    low, high = gains_db[0], gains_db[-1]
    if (most := loudness(high)) < target_lufs - TOLERANCE_LU:
        return AlbumGain(high, most, is_short=True)
    while high - low > CLOSE_DB:
        middle = 0.5 * (low + high)
        low, high = (middle, high) if loudness(middle) < target_lufs else (low, middle)
    return AlbumGain(0.5 * (low + high), loudness(0.5 * (low + high)))


def _at(
    curve: Sequence[NDArray[np.float64]], gains_db: Sequence[float], gain_db: float
) -> NDArray[np.float64]:
    """Gating blocks at a gain, from those at the gains around it."""
    if len(gains_db) == 1:
        return curve[0]
    place = int(np.clip(np.searchsorted(gains_db, gain_db) - 1, 0, len(gains_db) - 2))
    share = (gain_db - gains_db[place]) / (gains_db[place + 1] - gains_db[place])
    low, high = (np.log(np.maximum(curve[n], 1e-30)) for n in (place, place + 1))
    return np.exp(low + (high - low) * share)
