"""The contour of sounds: where they begin and where they die away, from their level alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from masterprint.dsp.jit import kernel


@kernel("void(f8[::1], f8, f8[::1], i8[::1], f8[::1], i8[::1])")
def held_peaks(
    power: NDArray[np.float64],
    fall: float,
    window: NDArray[np.float64],
    window_places: NDArray[np.int64],
    level: NDArray[np.float64],
    state: NDArray[np.int64],
) -> None:
    """Squared samples to the squared level of a peak follower, in place.

    It rises at once, stays as long as the window is, and then moves down by the share `fall` of the
    way each frame. `window` and `window_places` are a ring of candidates for the largest sample,
    `level` is one value, `state` has head and count of the ring, and frames so far.
    """
    length = window.shape[0]
    head, count, position = state
    now = level[0]
    for n in range(power.shape[0]):
        value = power[n]
        # Monotone queue: only values larger than all that came later can still be the largest.
        if count and window_places[head] <= position - length:
            head = head + 1 if head + 1 < length else 0
            count -= 1
        while count:
            tail = (head + count - 1) % length
            if window[tail] > value:
                break
            count -= 1
        tail = (head + count) % length
        window[tail] = value
        window_places[tail] = position
        count += 1
        largest = window[head]
        now = largest if largest >= now else now + fall * (largest - now)
        now = now if now > 1e-60 else 0.0
        power[n] = now
        position += 1
    level[0] = now
    state[0] = head
    state[1] = count
    state[2] = position


@kernel("void(f8[:, ::1], f8[::1], f8[::1], f8, f8[:, ::1])")
def attacks_and_tails(
    levels: NDArray[np.float64],
    speeds: NDArray[np.float64],
    amounts: NDArray[np.float64],
    most_db: float,
    state: NDArray[np.float64],
) -> None:
    """Levels in dB over a floor to gains in dB, in place.

    With a the follower that takes its time to rise and falls at once, and s the one that rises at
    once and takes its time to fall: gain = amounts[0] (x - a) + amounts[1] (s - x), each difference
    at most `most_db`, behind one pole that softens it. `speeds` is the share per frame of the slow
    rise, the slow fall, and the softening. `state` has, for each row, a, s and the
    softened gain.
    """
    rise, fall, soften = speeds
    of_attack, of_tail = amounts
    for r in range(levels.shape[0]):
        row = levels[r]
        slow_to_rise = state[r, 0]
        slow_to_fall = state[r, 1]
        gain = state[r, 2]
        for n in range(row.shape[0]):
            level = row[n]
            if level > slow_to_rise:
                slow_to_rise += rise * (level - slow_to_rise)
            else:
                slow_to_rise = level
            if level < slow_to_fall:
                slow_to_fall += fall * (level - slow_to_fall)
            else:
                slow_to_fall = level
            attack = min(level - slow_to_rise, most_db)
            tail = min(slow_to_fall - level, most_db)
            wanted = of_attack * attack + of_tail * tail
            gain += soften * (wanted - gain)
            gain = gain if abs(gain) > 1e-9 else 0.0
            row[n] = gain
        state[r, 0] = slow_to_rise
        state[r, 1] = slow_to_fall
        state[r, 2] = gain
