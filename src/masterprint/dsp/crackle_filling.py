"""How strong clicks are at marked samples: those changes that leave the least residual.

With x what is heard, a the model, B its own correlation (b[k] = sum a[i] a[i + k]) and d = B x the
matched residual, the changes c at the marked samples solve (B + r) c = d there: x - c is what the
model finds likeliest (Janssen, Veldhuis and Vries, 1986). r is nought, or the ratio of the model's
surprise to the strength of the click: then what is heard keeps a say in it (Godsill and Rayner,
1998, chapter 9).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from masterprint.dsp.jit import kernel

Array = NDArray[np.float64]
Places = NDArray[np.int64]

DOUBT = 4.0
"""How much more is asked of a change than its strength alone would: most samples have no click."""


@kernel("void(f8[::1], i8[::1], f8[::1], f8[::1], f8[::1], f8[::1])")
def solve(
    matched: Array, places: Places, own: Array, trust: Array, change: Array, spread: Array
) -> None:
    """Write the changes at these places (rising) into `change`, and how uncertain they are.

    The matrix is banded, because what is further apart than the order does not meet. It is taken
    apart into L D L', kept by columns. `spread`, unless it is empty, gets the diagonal of its
    inverse, from the last row up (Takahashi, Fagan and Chin, 1973).
    """
    order, count = own.shape[0] - 1, places.shape[0]
    columns = np.zeros((count, order))
    diagonal = np.zeros(count)
    y = np.zeros(count)
    part = np.zeros(order)
    low = 0
    for i in range(count):
        place = places[i]
        y[i] = matched[place]
        while places[low] < place - order:
            low += 1
        width = i - low
        for j in range(width):
            part[j] = own[place - places[low + j]]
        here = own[0] + trust[i]
        for j in range(width):
            value = part[j]
            factor = value / diagonal[low + j]
            here -= value * factor
            y[i] -= factor * y[low + j]
            column = columns[low + j]
            column[width - 1 - j] = factor
            for k in range(j + 1, width):
                part[k] -= value * column[k - j - 1]
        diagonal[i] = max(here, 0.5)
    for i in range(count):
        y[i] /= diagonal[i]
    for i in range(count - 1, -1, -1):
        for k in range(min(count - 1 - i, order)):
            y[i] -= columns[i, k] * y[i + 1 + k]
        change[places[i]] = y[i]
    if spread.shape[0] < count:
        return
    inverse = np.zeros((count, order + 1))
    for i in range(count - 1, -1, -1):
        width = 0
        while (
            width < order and i + 1 + width < count and places[i + 1 + width] <= places[i] + order
        ):
            width += 1
        for j in range(width, 0, -1):
            total = 0.0
            for k in range(1, j):
                total -= columns[i, k - 1] * inverse[i + k, j - k]
            for k in range(j, width + 1):
                total -= columns[i, k - 1] * inverse[i + j, k - j]
            inverse[i, j] = total
        total = 1.0 / diagonal[i]
        for k in range(1, width + 1):
            total -= columns[i, k - 1] * inverse[i, k]
        inverse[i, 0] = total
        spread[i] = total


@kernel("void(i8[::1], f8[::1], f8[::1], f8[::1], f8[::1], f8[::1])")
def take_out(
    places: Places, change: Array, coefficients: Array, own: Array, residual: Array, matched: Array
) -> None:
    """Take changes at these places out of the residual and the matched residual."""
    order, frames = own.shape[0] - 1, residual.shape[0]
    for place in places:
        strength = change[place]
        for k in range(min(order + 1, frames - place)):
            residual[place + k] -= strength * coefficients[k]
            matched[place + k] -= strength * own[k]
        for k in range(1, min(order, place) + 1):
            matched[place - k] -= strength * own[k]


@kernel("void(i8[::1], f8[::1], f8[::1], f8[::1])")
def weigh(places: Places, change: Array, level: Array, trust: Array) -> None:
    """The ratio of surprise to the strength of clicks, that of the changes within eight frames."""
    low, high, total = 0, 0, 0.0
    count = places.shape[0]
    for i in range(count):
        while high < count and places[high] <= places[i] + 8:
            total += change[places[high]] ** 2
            high += 1
        while places[low] < places[i] - 8:
            total -= change[places[low]] ** 2
            low += 1
        surprise = level[places[i]] ** 2
        trust[i] = DOUBT * surprise / max(total / (high - low), 1e-3 * surprise)
