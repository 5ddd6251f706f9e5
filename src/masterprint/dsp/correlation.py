"""Where one programme may lie in another: candidates from the correlation of both as a whole."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

KEPT = 3
"""Candidates from each way of looking."""
AS_HIGH = 0.98
LEAST_OVERLAP = 0.05
"""Of the shorter programme: where less meets, chance fits too well."""
LEAST_ENERGY = 1e-4
"""Of a programme's energy: an overlap with less is rated as if it had as much."""


def likely_lags(a: NDArray[Any], b: NDArray[Any], apart: int) -> list[int]:
    """Lags d at which b[n + d] looks like a[n], likely ones first; not to be trusted unproved.

    The cross-correlation over everything that both hold, at every lag at once, by way of the
    Fourier transform; once as it is, over the geometric mean of the energies that meet (1 at a
    perfect match), and once with half the tone taken out of it (the cross-spectrum over the square
    root of its magnitude, between plain and the phase transform of Knapp and Carter, "The
    generalized correlation method for estimation of time delay", 1976), for programmes that are
    tonal or differently equalised. Rows are also met crosswise, for channels that are swapped,
    and each row may be inverted.

    Args:
        a, b: shape (rows, frames), as many rows each, one or two.
        apart: lags that are closer to one another count as one.
    """
    size = 1 << (a.shape[1] + b.shape[1] - 1).bit_length()
    of_a = [np.fft.rfft(row, size) for row in a]
    of_b = [np.fft.rfft(row, size) for row in b]
    energy = _meeting(a, b)
    found: list[int] = []
    for order in (1, -1)[: len(a)]:
        plain = np.zeros(a.shape[1] + b.shape[1] - 1)
        toneless = np.zeros_like(plain)
        for one, other in zip(of_a, of_b[::order], strict=True):
            cross = np.conj(one) * other
            plain += np.abs(_by_lag(np.fft.irfft(cross, size), *_frames(a, b)))
            magnitude = np.sqrt(np.abs(cross))
            np.divide(cross, magnitude, out=cross, where=magnitude > 0)
            toneless += np.abs(_by_lag(np.fft.irfft(cross, size), *_frames(a, b)))
        found += _peaks(plain / energy, apart, a.shape[1] - 1)
        found += _peaks(toneless, apart, a.shape[1] - 1)
    first = 1 - a.shape[1]
    return [first + place for place in found]


def _frames(a: NDArray[Any], b: NDArray[Any]) -> tuple[int, int]:
    return a.shape[1], b.shape[1]


def _by_lag(circular: NDArray[np.float64], before: int, behind: int) -> NDArray[np.float64]:
    """A circular correlation from lag 1 - before to lag behind - 1."""
    return np.concatenate([circular[len(circular) - before + 1 :], circular[:behind]])


def _meeting(a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.float64]:
    """Root of the energies that meet at each lag; infinite where too little does."""
    frames_a, frames_b = _frames(a, b)
    lags = np.arange(1 - frames_a, frames_b)
    met = np.minimum(frames_a, frames_b - lags) - np.maximum(0, -lags)
    product = _energies(a, frames_b)[::-1] * _energies(b, frames_a)
    product[(met < LEAST_OVERLAP * min(frames_a, frames_b)) | (product <= 0)] = np.inf
    return np.asarray(np.sqrt(product))


def _energies(rows: NDArray[Any], other: int) -> NDArray[np.float64]:
    """Energies in a window as long as the other programme that moves from the start to the end."""
    running = np.cumsum(np.einsum("cn,cn->n", rows, rows, dtype=np.float64))
    until = np.pad(running, (0, other - 1), mode="edge")
    until[other:] -= running[:-1]
    return np.asarray(np.maximum(until, LEAST_ENERGY * running[-1]))


def _peaks(height: NDArray[np.float64], apart: int, middle: int) -> list[int]:
    """Places of the highest values that are `apart`, down to half the first.

    Of what is about as high as the highest, the place next to the middle is among them.
    """
    found: list[int] = []
    left = height.copy()
    for _ in range(KEPT):
        place = int(np.argmax(left))
        if not left[place] > 0.5 * height[found[0] if found else place]:
            break
        found.append(place)
        left[max(0, place - apart) : place + apart + 1] = 0.0
    if found:
        high = np.flatnonzero(height >= AS_HIGH * height[found[0]])
        found.append(int(high[np.argmin(np.abs(high - middle))]))
    return found
