"""What is left of a disturbance, and of what is around it, once it is taken out of the audio."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from masterprint.dsp.jit import kernel

Array = NDArray[np.float64]


@kernel("void(f8[::1], f8[::1], f8[::1], i8, i8, f8[::1])")
def without(
    residual: Array, coefficients: Array, change: Array, begin: int, length: int, after: Array
) -> None:
    """The residual from a frame on, less what the model makes of a change that begins there.

    Args:
        residual: of the audio.
        coefficients: of the model.
        change: what is taken out of the audio; `length` frames of it.
        begin: its first frame.
        length: how many there are.
        after: the residual then, for as long as the change is felt: `length` + order frames.
    """
    order = coefficients.shape[0] - 1
    after[: length + order] = residual[begin : begin + length + order]
    for i in range(length):
        part, value = after[i : i + order + 1], change[i]
        for k in range(order + 1):
            part[k] -= coefficients[k] * value


@kernel("void(f8[::1], f8[::1], f8[::1], f8[::1], f8[::1], f8[::1], i8, i8)")
def take_out(
    audio: Array,
    residual: Array,
    matched: Array,
    coefficients: Array,
    change: Array,
    after: Array,
    begin: int,
    length: int,
) -> None:
    """Take a change out of the audio, and bring residual and matched filter's output up to date."""
    order = coefficients.shape[0] - 1
    for i in range(length):
        audio[begin + i] -= change[i]
    residual[begin : begin + length + order] = after[: length + order]
    low = max(0, begin - order)
    high = min(begin + length + order, audio.shape[0] - order)
    out = matched[low:high]
    out[:] = 0.0
    for k in range(order + 1):
        ahead, value = residual[low + k : high + k], coefficients[k]
        for i in range(out.shape[0]):
            out[i] += value * ahead[i]


@kernel("f8(f8[::1], i8, i8, i8, i8)")
def darkest(audio: Array, begin: int, end: int, pieces: int, lag: int) -> float:
    """Energy of differences over a stretch: that of the least of its pieces.

    So another click in one of them does no harm. What lies beyond the audio is silence.

    Args:
        audio: one channel.
        begin, end: of the stretch.
        pieces: how many it is divided into.
        lag: frames between those whose difference is taken.
    """
    size = (end - begin) // pieces
    least = 1e300
    for piece in range(pieces):
        total = 0.0
        low = begin + piece * size
        for n in range(max(lag, low), min(low + size, audio.shape[0])):
            total += (audio[n] - audio[n - lag]) ** 2
        least = min(least, total)
    return least
