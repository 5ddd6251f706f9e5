"""A delay line whose delay moves: chorus."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from masterprint.dsp.jit import kernel


@kernel("void(f8[:, ::1], f8[:, ::1], f8[:, ::1], i8, f8[::1])", reads=("block",))
def swaying_delay(
    block: NDArray[np.float64],
    out: NDArray[np.float64],
    line: NDArray[np.float64],
    position: int,
    settings: NDArray[np.float64],
) -> None:
    """Read every channel of a delay line at a delay that follows a sine, and feed some back.

    Between samples by the cubic through the four around (Lagrange, centred), whose gain is at most
    1 at every frequency (Laakso et al., "Splitting the unit delay", IEEE SP Magazine 13(1), 1996).
    `line` is a ring of a power of two. `settings`: centre, swing and least delay in frames, turns
    of the sine per frame, feedback. The sine is that of the place in the programme, so no error
    gathers. Below -600 dBFS the line holds zeros, as arithmetic on denormal numbers is very slow.
    """
    centre, swing, least, turns_per_frame, feedback = settings
    mask = line.shape[1] - 1
    for n in range(block.shape[1]):
        place = position + n
        turns = place * turns_per_frame
        sine = math.sin(2.0 * math.pi * (turns - math.floor(turns)))
        delay = max(least, centre + swing * sine)
        whole = int(delay)
        t = delay - whole
        c0 = -t * (t - 1.0) * (t - 2.0) / 6.0
        c1 = (t + 1.0) * (t - 1.0) * (t - 2.0) / 2.0
        c2 = -(t + 1.0) * t * (t - 2.0) / 2.0
        c3 = (t + 1.0) * t * (t - 1.0) / 6.0
        near = place - whole
        for channel in range(block.shape[0]):
            row = line[channel]
            heard = c0 * row[(near + 1) & mask] + c1 * row[near & mask]
            heard += c2 * row[(near - 1) & mask] + c3 * row[(near - 2) & mask]
            out[channel, n] = heard
            fed = block[channel, n] + feedback * heard
            row[place & mask] = fed if abs(fed) >= 1e-30 else 0.0


class SwayingDelay:
    """The delay above, block by block, remembering where it was.

    Args:
        channels: rows of the blocks that will come.
        centre: delay about which it sways, in frames.
        swing: how far it sways to each side, in frames.
        least: it never gets shorter, in frames; 2 or more.
        turns_per_frame: how much of a turn the sine makes from frame to frame.
        feedback: share that is fed back; stable below 0.8, as the cubic's taps add up to at most
            1.25 in magnitude.
    """

    def __init__(
        self,
        channels: int,
        centre: float,
        swing: float,
        least: float,
        turns_per_frame: float,
        feedback: float,
    ) -> None:
        longest = math.ceil(max(centre + swing, least)) + 4
        self._line = np.zeros((channels, 1 << longest.bit_length()))
        self._settings = np.array([centre, swing, least, turns_per_frame, feedback])
        self._position = 0

    def __call__(self, block: NDArray[np.float64]) -> NDArray[np.float64]:
        """What leaves the line, as a new array."""
        out = np.empty_like(block)
        swaying_delay(block, out, self._line, self._position, self._settings)
        self._position += block.shape[1]
        return out
