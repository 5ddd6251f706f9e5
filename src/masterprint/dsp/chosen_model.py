"""A model of audio whose order is chosen by what the audio tells: see `declipping`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from masterprint.dsp.jit import kernel

Array = NDArray[np.float64]

LANES = 16
"""Sums that a scalar product is divided into, for processors that work on several at a time."""


def find_lags(audio: Array, highest: int) -> Array:
    """The autocorrelation of audio under a window, from lag 0 to the highest."""
    frames = len(audio)
    size = frames + frames // 8 if 8 * highest <= frames else 2 * frames
    spectrum = np.fft.rfft(audio, size)
    power = spectrum.real**2 + spectrum.imag**2
    return np.fft.irfft(power, size)[: highest + 1].copy()


@kernel("i8(f8[::1], f8, f8, f8[::1])")
def find_model(lags: Array, noise: float, penalty: float, taps: Array) -> int:
    """The model whose output is that alike itself (Levinson and Durbin), and its order.

    The order is the one where the logarithm of the error and the penalty are least together, as in
    Akaike's criterion. 0 for silence.

    Args:
        lags: the autocorrelation, from lag 0 to the highest order.
        noise: share of the power that is added to the power.
        penalty: for each order.
        taps: takes the coefficients, 1 first; zeros above the order.
    """
    highest = lags.shape[0] - 1
    error = lags[0] * (1.0 + noise)
    taps[:] = 0.0
    taps[0] = 1.0
    if not error > 1e-200:
        return 0
    # Lags, and the coefficients, from the last to the first: views of both begin where they meet.
    turned, behind = np.zeros(highest + LANES), np.zeros(highest + 1)
    for k in range(1, highest + 1):
        turned[highest - k] = lags[k]
    ahead = np.zeros(highest + LANES)
    ahead[0] = behind[highest] = 1.0
    sums = np.empty(LANES)
    order, lowest = 1, np.inf
    for i in range(1, highest + 1):
        past, back = turned[highest - i :], behind[highest - i :]
        sums[:] = 0.0
        for k in range(0, i, LANES):
            one, two = ahead[k : k + LANES], past[k : k + LANES]
            for j in range(LANES):
                sums[j] += one[j] * two[j]
        reflection = -sums.sum() / error
        for k in range(i + 1):
            here = ahead[k]
            ahead[k] += reflection * back[k]
            back[k] += reflection * here
        error *= 1.0 - reflection * reflection
        if not error > 0.0:
            break
        cost = np.log(error) + penalty * i
        if cost < lowest:
            order, lowest = i, cost
            for k in range(i + 1):
                taps[k] = ahead[k]
    return int(order)
