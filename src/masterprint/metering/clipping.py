"""At which level a programme was clipped, if it was: by its flat tops.

What was cut off has tops that are flat, to a tolerance, with sides that come up to them steeply. A
smooth wave has neither: where three samples of a parabola lie within a tolerance of its top, the
ones beside them are at most four tolerances below. A limiter's peaks touch its ceiling, too, and
loops repeat their highest sample, but one sample at a time, two where the top of the wave lies
between them; so a share of what touches the level has to be flat.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from masterprint.dsp.jit import kernel
from masterprint.signal import Block

TOLERANCES = (2.0**-25, 2.5 * 2.0**-23, 2.5 * 2.0**-15)
"""How flat a top is: no rounding but that of 24 bits; dither of 24 bits; dither of 16 bits."""
LARGEST_TOLERANCE = 0.01
"""Of the level."""
STEEP = 8.0
"""Tolerances by which the samples on either side of a flat top lie below it."""
LEAST_STEP = 12.0 * 2.0**-15
"""The same, at least: the tops of low notes are as flat as the steps of 16 bits."""
LEAST_FLAT = 0.1
"""Share of the places where the level is touched that have to be flat tops of three and more..."""
LEAST_PAIRS = 0.35
"""... or of two and more, of which there have to be several."""
SEVERAL = 4
MOST_CLIPPED = 0.5
"""Share of a channel's samples that may be at the levels: a square wave is no clipped one."""
LOWEST = 1e-3
"""No clipping is looked for below: -60 dBFS."""

LAST, TOUCHED, SAMPLES, FLAT, FLAT_SAMPLES, PAIRS, LEAST = range(2, 9)
"""What the state of `find_flat_tops` holds by place; before these, the run that is going on, and
the sample in front of it."""


@dataclass(frozen=True)
class Side:
    """One polarity of one channel: its clip level as a positive number, None if not clipped."""

    level: float | None
    samples: int


def clip_levels(blocks: Iterable[Block], extremes: NDArray[np.float64]) -> list[list[Side]]:
    """For each channel its upper and its lower side.

    Args:
        blocks: the whole programme.
        extremes: the highest sample of each side, (channels, 2), the lower one turned.
    """
    scale = np.maximum(1.0, extremes)[..., None]
    tolerances = np.minimum(np.array(TOLERANCES) * scale, LARGEST_TOLERANCE * extremes[..., None])
    steps = np.maximum(STEEP * tolerances, LEAST_STEP * scale)
    state = np.zeros((*tolerances.shape, LEAST + 1))
    state[..., LEAST] = np.inf
    state[..., LAST] = -np.inf
    for block in blocks:
        for channel, row in enumerate(block):
            for side in range(2):
                if extremes[channel, side] >= LOWEST:
                    sign = 1.0 - 2.0 * side
                    find_flat_tops(
                        row,
                        sign,
                        extremes[channel, side],
                        tolerances[channel, side],
                        steps[channel, side],
                        state[channel, side],
                    )
    return [[_judged(side) for side in channel] for channel in state]


def _judged(found: NDArray[np.float64]) -> Side:
    """The side by what was found at each tolerance: the widest that shows markedly more."""
    best: NDArray[np.float64] | None = None
    for at in found:
        touched, flat, pairs = at[TOUCHED], at[FLAT], at[PAIRS]
        clipped = flat >= 1 and flat + pairs >= LEAST_FLAT * touched
        clipped = clipped or (pairs >= SEVERAL and flat + pairs >= LEAST_PAIRS * touched)
        if clipped and (best is None or at[FLAT_SAMPLES] > 1.5 * best[FLAT_SAMPLES]):
            best = at
    if best is None:
        return Side(None, 0)
    return Side(float(best[LEAST]), int(best[SAMPLES]))


@kernel("void(f8[::1], f8, f8, f8[::1], f8[::1], f8[:, ::1])", reads=("row",))
def find_flat_tops(
    row: NDArray[np.float64],
    sign: float,
    extreme: float,
    tolerances: NDArray[np.float64],
    steps: NDArray[np.float64],
    state: NDArray[np.float64],
) -> None:
    """Go through a row's runs of samples near its extreme; `state` is kept from block to block.

    Args:
        row: samples.
        sign: 1 for the upper side, -1 for the lower one.
        extreme: the highest sample of the programme on this side.
        tolerances: how near samples have to be.
        steps: by how much the neighbours of a flat run are lower at each of these.
        state: for each tolerance the current run and the sums, see above.
    """
    frames = row.shape[0]
    for index in range(tolerances.shape[0]):
        near = extreme - tolerances[index]
        low = extreme - steps[index]
        run, before = state[index, 0], state[index, 1]
        last = state[index, 2]
        for n in range(frames):
            value = sign * row[n]
            if value >= near:
                if run == 0:
                    before = last
                run += 1
                state[index, 4] += 1
                state[index, 8] = min(state[index, 8], value)
            elif run > 0:
                state[index, 3] += 1
                if before < low and value < low:
                    if run >= 3:
                        state[index, 5] += 1
                        state[index, 6] += run
                    elif run == 2:
                        state[index, 7] += 1
                run = 0
            last = value
        state[index, 0], state[index, 1], state[index, 2] = run, before, last
