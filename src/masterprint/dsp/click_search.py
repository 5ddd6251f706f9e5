"""What is usual around each frame, beside which a click stands out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from masterprint.dsp.jit import kernel

Array = NDArray[np.float64]


@kernel("void(f8[::1], f8[::1], i8, f8, f8, f8[::1], f8[::1])")
def surroundings(
    residual: Array,
    matched: Array,
    size: int,
    least: float,
    apart: float,
    deviation: Array,
    crowd: Array,
) -> None:
    """What is usual around each frame, by blocks of some milliseconds.

    `deviation` is the larger of before and after, each the second lowest of the medians of four
    blocks: so a click does not raise it, while a drum is measured by the level it has itself.
    `crowd` is `apart` times what the matched filter often reaches, as with the pulses of a voice:
    the second highest of the maxima of eight blocks, before or after.
    """
    frames = residual.shape[0]
    count = frames // size
    medians = np.zeros(count)
    peaks = np.zeros(count)
    part = np.zeros(size // 2)
    for i in range(count):
        for j in range(size):
            peaks[i] = max(peaks[i], abs(matched[i * size + j]))
        for j in range(size // 2):  # every second frame will do
            part[j] = abs(residual[i * size + 2 * j])
        medians[i] = np.partition(part, size // 4)[size // 4] / 0.6745
    for i in range(count):
        level, high = least, 0.0
        for side in range(2):
            lowest, lower = 1e300, 1e300
            for j in range(1, 5):
                at = max(0, i - j) if side == 0 else min(count - 1, i + j)
                if medians[at] < lowest:
                    lowest, lower = medians[at], lowest
                else:
                    lower = min(lower, medians[at])
            level = max(level, lower)
            highest, higher = 0.0, 0.0
            for j in range(2, 10):
                at = i - j if side == 0 else i + j
                if 0 <= at < count:
                    if peaks[at] > highest:
                        highest, higher = peaks[at], highest
                    else:
                        higher = max(higher, peaks[at])
            high = max(high, higher)
        deviation[i * size : (i + 1) * size] = level
        crowd[i * size : (i + 1) * size] = apart * high
    deviation[count * size :] = deviation[count * size - 1]
    crowd[count * size :] = crowd[count * size - 1]
