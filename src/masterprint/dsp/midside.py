"""Mid and side: M = (L + R) / 2, S = (L - R) / 2, and back L = M + S, R = M - S."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from masterprint.dsp.jit import kernel


@kernel("void(f8[::1], f8[::1], f8, f8[::1], f8[::1])", reads=("first", "second"))
def _sum_and_difference(
    first: NDArray[np.float64],
    second: NDArray[np.float64],
    scale: float,
    total: NDArray[np.float64],
    difference: NDArray[np.float64],
) -> None:
    for n in range(first.shape[0]):
        a = first[n]
        b = second[n]
        total[n] = (a + b) * scale
        difference[n] = (a - b) * scale


def mid_and_side(block: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mid and side of a block of shape (2, frames), each of shape (1, frames)."""
    mid, side = np.empty((1, block.shape[1])), np.empty((1, block.shape[1]))
    _sum_and_difference(block[0], block[1], 0.5, mid[0], side[0])
    return mid, side


def left_and_right(mid: NDArray[np.float64], side: NDArray[np.float64]) -> NDArray[np.float64]:
    """The block of shape (2, frames) that has such a mid and side."""
    block = np.empty((2, mid.shape[1]))
    _sum_and_difference(mid[0], side[0], 1.0, block[0], block[1])
    return block


def mid_and_side_squares(left: float, right: float, both: float) -> tuple[float, float]:
    """Sums of squares of mid and side; what rounding leaves of either is nothing.

    Args:
        left, right: sums of squares of the channels.
        both: sum of their products.
    """
    mid, side = (left + right + 2.0 * both) / 4.0, (left + right - 2.0 * both) / 4.0
    least = 1e-12 * (left + right)
    return (mid if mid > least else 0.0), (side if side > least else 0.0)
