"""Moving audio by a fraction of a frame."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from masterprint.dsp.jit import kernel

SINC_REACH = 256
"""Frames to each side that a fractional delay looks."""


def fractional_delay(fraction: float) -> NDArray[np.float64]:
    """Taps, odd in number, that bring what is `fraction` of a frame late back into place.

    A sinc under a Kaiser window (beta 12): flat within 0.0001 dB up to 0.48 of the sample rate.
    """
    places = np.arange(-SINC_REACH, SINC_REACH + 1)
    inside = np.sqrt(np.maximum(0.0, 1.0 - ((places + fraction) / (SINC_REACH + 1)) ** 2))
    taps = np.sinc(places + fraction) * np.i0(12.0 * inside) / np.i0(12.0)
    return np.asarray(taps / taps.sum())


PHASES = 512
SHORT_REACH = 32


def delay_table() -> NDArray[np.float64]:
    """Taps for every 1/512 frame from -0.5 to 0.5, one row each, for a delay that moves.

    Sincs under Kaiser windows (beta 9) of 32 frames to each side: flat within 0.01 dB up to 0.45 of
    the sample rate. Between two rows one interpolates.
    """
    places = np.arange(-SHORT_REACH, SHORT_REACH + 1)
    late = (np.arange(PHASES + 1) / PHASES - 0.5)[:, np.newaxis]
    inside = np.maximum(0.0, 1.0 - ((places - late) / (SHORT_REACH + 1)) ** 2)
    taps = np.sinc(places - late) * np.i0(9.0 * np.sqrt(inside))
    return np.asarray(taps / taps.sum(axis=1, keepdims=True))


@kernel("void(f8[::1], f8[::1], f8[:, ::1], i8, f8[::1])", reads=("line", "delays", "table"))
def moving_delay(
    line: NDArray[np.float64],
    delays: NDArray[np.float64],
    table: NDArray[np.float64],
    lead: int,
    out: NDArray[np.float64],
) -> None:
    """Frame n of `out` is the value `delays[n]` frames behind frame `lead` + n of `line`."""
    phases = table.shape[0] - 1
    reach = (table.shape[1] - 1) // 2
    for n in range(out.shape[0]):
        whole = np.rint(delays[n])
        place = (delays[n] - whole + 0.5) * phases
        row = min(int(place), phases - 1)
        share = place - row
        first = table[row]
        second = table[row + 1]
        at = lead + n + int(whole) - reach
        total = 0.0
        for k in range(2 * reach + 1):
            total += line[at + k] * (first[k] + share * (second[k] - first[k]))
        out[n] = total
