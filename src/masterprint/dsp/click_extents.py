"""Where a disturbance begins and ends, and what it has added to the audio.

A click adds samples of its own; music only surprises an autoregressive model of it. To take samples
n ... n + m - 1 for unknown and to fill them in by least squares lowers the energy of the residual
by g' B^-1 g, with g the output of the matched filter there and B the banded Toeplitz matrix of the
model's own correlation (Godsill and Rayner, "Digital Audio Restoration", 1998, chapter 5). With
B = L D L', that energy is a sum of y[i]^2 / D[i], L y = g, one part for each sample that is added:
a single pass from left to right knows what every length is worth, one from right to left what every
beginning. B is the same for every place, so L is made once.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from masterprint.dsp.jit import kernel

Array = NDArray[np.float64]
Places = NDArray[np.int64]


@kernel("void(f8[::1], f8[:, ::1], f8[::1])")
def factorise(own: Array, columns: Array, diagonal: Array) -> None:
    """L D L' of the Toeplitz matrix of a model's own correlation, by Schur's algorithm.

    A Toeplitz matrix, less itself moved down and right by one, is u u' - v v' up to a factor. What
    each column of L leaves of it is so again, with u and v turned hyperbolically (Kailath and
    Sayed, "Displacement structure", SIAM Review 37, 1995). So a column costs as much as the order
    of the model, not as the square of it.

    Args:
        own: b[0] ... b[p].
        columns: L below its diagonal, each column in a row.
        diagonal: D, which falls from b[0] towards 1. Where rounding takes it well below, the last
            column stands for all further ones.
    """
    order, count = own.shape[0] - 1, diagonal.shape[0]
    u, v = own.copy(), np.zeros(order + 1)
    v[:order] = own[1:]  # one ahead: where u will have moved to
    for i in range(count):
        diagonal[i] = u[0]
        for k in range(order):
            columns[i, k] = u[k + 1] / u[0]
        turn = v[0] / u[0]
        if not u[0] * (1.0 - turn * turn) > 0.5:
            v[:] = 0.0
            continue
        for k in range(order):
            here = u[k]
            u[k] = here - turn * v[k]
            v[k] = v[k + 1] - turn * u[k + 1]


@kernel(
    "f8(f8[::1], f8[::1], f8[::1], f8[::1], f8[:, ::1], f8[::1], i8, i8, i8, f8, f8, f8, f8[::1],"
    " i8[::1])"
)
def next_disturbance(
    residual: Array,
    matched: Array,
    deviation: Array,
    bar: Array,
    columns: Array,
    diagonal: Array,
    start: int,
    blocked: int,
    last: int,
    threshold: float,
    price: float,
    patience: float,
    change: Array,
    place: Places,
) -> float:
    """The next disturbance that stands out, ends, and is well explained by samples of its own.

    Args:
        residual, matched: as `whiten` gives them.
        deviation: standard deviation of the undisturbed residual around each frame.
        bar: what the matched filter's output has to exceed for anything to be looked into.
        columns, diagonal: of `factorise`.
        start: where to look from.
        blocked: frames before this one are taken.
        last: where to stop.
        threshold: deviations by which a disturbance must stand out.
        price: variances that each of its samples must explain.
        patience: worth that may be lost on the way to a sample that is worth more, in prices.
        change: what it has added, from its first frame.
        place: its first frame, its frames, and where it was noticed; there are none if it has no
            frames.

    Returns:
        The energy that it explains.
    """
    order, longest, frames = columns.shape[1], columns.shape[0], residual.shape[0]
    y = change
    place[1] = 0
    n = start
    while n < last:
        if abs(matched[n]) <= bar[n]:
            n += 1
            continue
        variance = deviation[n] * deviation[n]
        # The residual of a strong click begins with it; what the matched filter makes of that
        # begins before.
        begin = n
        while begin < n + order and abs(residual[begin]) <= 3.5 * deviation[n]:
            begin += 1
        begin = max((begin if begin < n + order else n) - 4, blocked)
        length = 0
        for turn in range(3):
            # Turn 0 goes to the right and finds the end, turn 1 to the left and finds the
            # beginning, turn 2 computes what fills the gap.
            end = begin + length
            room = min(longest, frames - order - begin) if turn == 0 else length
            if turn == 1:
                room = min(longest, end - blocked)
            for i in range(room):
                y[i] = matched[end - 1 - i] if turn == 1 else matched[begin + i]
            worth, best, most = 0.0, 0.0, 0
            for i in range(room):
                value = y[i]
                rest, column = y[i + 1 : min(room, i + 1 + order)], columns[i]
                for k in range(rest.shape[0]):
                    rest[k] -= column[k] * value
                worth += value * value / diagonal[i] / variance - price
                if worth > best:
                    best, most = worth, i + 1
                elif turn < 2 and best - worth > patience * price and i > 8:
                    break
            if turn == 0:
                length = most if most < longest else 0  # what does not end is no click
            elif turn == 1:
                begin, length = end - most, most
            if length == 0:
                break
        explained = 0.0
        for i in range(length):
            explained += y[i] * y[i] / diagonal[i]
        if explained <= (threshold * threshold + 2.0 * price * length) * variance:
            n = max(n + 1 + order // 4, begin + 5)
            continue
        for i in range(length):
            change[i] = y[i] / diagonal[i]
        for i in range(length - 1, -1, -1):
            value = change[i]
            for k in range(min(length - 1 - i, order)):
                value -= columns[i, k] * change[i + 1 + k]
            change[i] = value
        place[0], place[1], place[2] = begin, length, n
        return explained
    return 0.0
