"""From level to gain: detection, the static curve, attack and release, in plain passes.

Logarithm and exponential are series of our own, a few operations each that the compiler does for
several samples at once: they are ten times as fast as the C library's, and give the same bits on
every machine. The logarithm is right to 1e-11, the exponential to 1e-12.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from masterprint.dsp.jit import kernel


@kernel("void(f8[:, ::1], f8[:, ::1], f8, f8[::1])", reads=("heard",))
def detect(
    heard: NDArray[np.float64],
    power: NDArray[np.float64],
    average: float,
    squares: NDArray[np.float64],
) -> None:
    """Squared level of each channel, or with one row of `power` of the loudest at each sample.

    `average` is the share by which a mean square moves each frame; 0 takes the samples themselves.
    `squares` remembers the mean squares.
    """
    channels, frames = heard.shape
    if average == 0.0:
        for c in range(channels):
            row = heard[c]
            into = power[min(c, power.shape[0] - 1)]
            if c == 0 or power.shape[0] > 1:
                for n in range(frames):
                    into[n] = row[n] * row[n]
            else:
                for n in range(frames):
                    into[n] = max(into[n], row[n] * row[n])
        return
    if channels == 2 and power.shape[0] == 1:
        left, right = heard
        into = power[0]
        a = squares[0]
        b = squares[1]
        for n in range(frames):
            a += average * (left[n] * left[n] - a)
            b += average * (right[n] * right[n] - b)
            into[n] = max(a, b)
        # Far below any threshold: what is left of a sound must not become denormal.
        squares[0] = a if a > 1e-60 else 0.0
        squares[1] = b if b > 1e-60 else 0.0
        return
    for c in range(channels):
        row = heard[c]
        into = power[min(c, power.shape[0] - 1)]
        first = c == 0 or power.shape[0] > 1
        a = squares[c]
        for n in range(frames):
            a += average * (row[n] * row[n] - a)
            into[n] = a if first else max(into[n], a)
        squares[c] = a if a > 1e-60 else 0.0


@kernel("void(f8[:, ::1], f8[::1])")
def moves_of_power(power: NDArray[np.float64], curve: NDArray[np.float64]) -> None:
    """Squared level to the dB by which the curve moves it, in place, 0 or more.

    `curve` is threshold in dB, slope, knee in dB, range in dB, and 1 to act above the threshold or
    -1 below. With x how far the level lies on that side: 0 before the knee,
    slope (x + knee/2)^2 / (2 knee) in it, slope x behind it, the range at most.
    """
    threshold, slope, knee, most, side = curve
    half = 0.5 * knee
    bend = slope / (2.0 * knee) if knee > 0.0 else 0.0
    for row in power:
        bits = row.view(np.int64)
        for n in range(row.shape[0]):
            # x = 2^e m with m in sqrt(1/2) .. sqrt(2): the mantissa's top bits say which e.
            word = max(bits[n], np.int64(0x0010000000000000))
            shifted = word - np.int64(0x3FE6A09E667F3BCD)
            exponent = shifted >> np.int64(52)
            bits[n] = word - (exponent << np.int64(52))
            mantissa = row[n]
            t = (mantissa - 1.0) / (mantissa + 1.0)
            u = t * t
            series = 1.0 / 11.0 + u * (1.0 / 13.0)
            series = 1.0 / 9.0 + u * series
            series = 1.0 / 7.0 + u * series
            series = 1.0 / 5.0 + u * series
            series = 1.0 / 3.0 + u * series
            logarithm = 2.0 * t * (1.0 + u * series)
            level = 10.0 * (0.30102999566398120 * exponent + 0.43429448190325183 * logarithm)
            over = side * (level - threshold)
            into = min(max(over + half, 0.0), knee)
            # In the knee `into` is the way into it; above, the parabola's end plus the line.
            wanted = bend * into * into + slope * max(over - half, 0.0)
            row[n] = min(wanted, most)


@kernel("void(f8[:, ::1], f8[::1], f8[:, ::1], f8[::1])")
def smooth_decoupled(
    rows: NDArray[np.float64],
    ballistics: NDArray[np.float64],
    state: NDArray[np.float64],
    totals: NDArray[np.float64],
) -> None:
    """Wanted dB to smoothed dB, in place: y1 = max(x, y1 + release (x - y1)); y += attack (y1 - y).

    `ballistics` is attack, release, slow attack, slow release, as shares per frame. With a slow
    release, a second follower is charged by what lasts, and holds y1 up as it lets go:
    s += slow (x - s), y1 = max(y1, s). `state` has 3 values for each row. `totals` collects the
    largest, the sum of all, their number, and the smallest.
    """
    attack, release, slow_attack, slow_release = ballistics
    for r in range(rows.shape[0]):
        row = rows[r]
        first, second, slow = state[r]
        largest = totals[0]
        total = totals[1]
        smallest = totals[3]
        if slow_release > 0.0:
            for n in range(row.shape[0]):
                wanted = row[n]
                slow += (slow_attack if wanted > slow else slow_release) * (wanted - slow)
                first = max(wanted, first + release * (wanted - first))
                second += attack * (max(first, slow) - second)
                slow = slow if slow > 1e-9 else 0.0
                first = first if first > 1e-9 else 0.0
                second = second if second > 1e-9 else 0.0
                largest = max(largest, second)
                smallest = min(smallest, second)
                total += second
                row[n] = second
        else:
            for n in range(row.shape[0]):
                wanted = row[n]
                first = max(wanted, first + release * (wanted - first))
                second += attack * (first - second)
                # Let go of what nobody hears, so that a gain comes back to exactly one.
                first = first if first > 1e-9 else 0.0
                second = second if second > 1e-9 else 0.0
                largest = max(largest, second)
                smallest = min(smallest, second)
                total += second
                row[n] = second
        state[r, 0] = first
        state[r, 1] = second
        state[r, 2] = slow
        totals[0] = largest
        totals[1] = total
        totals[2] += row.shape[0]
        totals[3] = smallest


@kernel("void(f8[:, ::1], f8[:, ::1], f8, f8, i8, i8[:, ::1])")
def open_above(
    moves: NDArray[np.float64],
    power: NDArray[np.float64],
    open_power: float,
    close_power: float,
    hold_frames: int,
    state: NDArray[np.int64],
) -> None:
    """Moves become 0 from where the power reaches `open_power` to where it has closed again.

    It closes `hold_frames` frames after the power was last at `close_power` or more. `state` holds,
    for each row, for how many frames it stays open yet.
    """
    for r in range(moves.shape[0]):
        left = state[r, 0]
        for n in range(moves.shape[1]):
            level = power[r, n]
            if level >= open_power or (left > 0 and level >= close_power):
                left = hold_frames + 1
            if left > 0:
                moves[r, n] = 0.0
                left -= 1
        state[r, 0] = left


@kernel("void(f8[:, ::1], f8, f8, f8[:, ::1], f8[::1])")
def smooth_branching(
    rows: NDArray[np.float64],
    rise: float,
    fall: float,
    state: NDArray[np.float64],
    totals: NDArray[np.float64],
) -> None:
    """Wanted dB to smoothed dB, in place, by one pole that rises and falls at its own speeds."""
    for r in range(rows.shape[0]):
        row = rows[r]
        now = state[r, 0]
        largest = totals[0]
        total = totals[1]
        for n in range(row.shape[0]):
            now += (rise if row[n] > now else fall) * (row[n] - now)
            now = now if now > 1e-9 else 0.0
            largest = max(largest, now)
            total += now
            row[n] = now
        state[r, 0] = now
        totals[0] = largest
        totals[1] = total
        totals[2] += row.shape[0]


@kernel("void(f8[:, ::1], f8, f8)")
def gains_of_decibels(rows: NDArray[np.float64], sign: float, offset_db: float) -> None:
    """Linear gains of `offset_db` + `sign` times what stands in the rows, in place."""
    per_db = sign * math.log2(10.0) / 20.0
    offset = 10.0 ** (offset_db / 20.0)
    for row in rows:
        bits = row.view(np.int64)
        for n in range(row.shape[0]):
            power = per_db * row[n]
            whole = np.rint(power)
            f = (power - whole) * 0.6931471805599453
            series = 1.0 + f * (1.0 / 11.0)
            series = 1.0 + f * (1.0 / 10.0) * series
            series = 1.0 + f * (1.0 / 9.0) * series
            series = 1.0 + f * (1.0 / 8.0) * series
            series = 1.0 + f * (1.0 / 7.0) * series
            series = 1.0 + f * (1.0 / 6.0) * series
            series = 1.0 + f * (1.0 / 5.0) * series
            series = 1.0 + f * (1.0 / 4.0) * series
            series = 1.0 + f * (1.0 / 3.0) * series
            series = 1.0 + f * (1.0 / 2.0) * series
            series = 1.0 + f * series
            bits[n] = (np.int64(whole) + np.int64(1023)) << np.int64(52)
            row[n] = row[n] * series * offset
