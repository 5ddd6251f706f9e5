"""From level to gain: detection, the static curve, attack and release, in four plain passes.

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
def reduction_of_power(power: NDArray[np.float64], curve: NDArray[np.float64]) -> None:
    """Squared level to wanted reduction in dB, in place.

    `curve` is threshold in dB, 1 / ratio - 1, knee in dB, range in dB. With x the level less the
    threshold: 0 below the knee, -slope (x + knee/2)^2 / (2 knee) in it, -slope x above.
    """
    threshold, slope, knee, most = curve
    half = 0.5 * knee
    bend = -slope / (2.0 * knee) if knee > 0.0 else 0.0
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
            over = level - threshold
            into = min(max(over + half, 0.0), knee)
            # In the knee `into` is the way into it; above, the parabola's end plus the line.
            wanted = bend * into * into - slope * max(over - half, 0.0)
            row[n] = min(wanted, most)


@kernel("void(f8[:, ::1], f8[::1], f8, f8[:, ::1], f8[::1])")
def gains_of_reduction(
    reduction: NDArray[np.float64],
    ballistics: NDArray[np.float64],
    makeup_db: float,
    state: NDArray[np.float64],
    totals: NDArray[np.float64],
) -> None:
    """Wanted reduction in dB to linear gain, in place, through smooth decoupled ballistics.

    y1 = max(x, y1 + release (x - y1)); y = y + attack (y1 - y) for each row. `totals` collects the
    largest reduction, the sum of all, and their number.
    """
    attack, release, _ = ballistics
    per_db = -math.log2(10.0) / 20.0
    for r in range(reduction.shape[0]):
        row = reduction[r]
        first = state[r, 0]
        second = state[r, 1]
        largest = totals[0]
        total = totals[1]
        for n in range(row.shape[0]):
            wanted = row[n]
            first = max(wanted, first + release * (wanted - first))
            second += attack * (first - second)
            # Let go of what nobody hears, so that a gain comes back to exactly one.
            first = first if first > 1e-9 else 0.0
            second = second if second > 1e-9 else 0.0
            largest = max(largest, second)
            total += second
            row[n] = second
        state[r, 0] = first
        state[r, 1] = second
        totals[0] = largest
        totals[1] = total
        totals[2] += row.shape[0]
        bits = row.view(np.int64)
        makeup = 10.0 ** (makeup_db / 20.0)
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
            row[n] = row[n] * series * makeup
