"""K-weighted squares frame by frame, and their energy under gains that are yet to be decided."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from masterprint.dsp.jit import kernel


@kernel(
    "void(f8[::1], f8[::1], f8[:, ::1], f8[:, ::1], f4[::1], f4[::1], i8)", reads=("left", "right")
)
def weighted_squares(
    left: NDArray[np.float64],
    right: NDArray[np.float64],
    weighting: NDArray[np.float64],
    state: NDArray[np.float64],
    left_squares: NDArray[np.float32],
    right_squares: NDArray[np.float32],
    position: int,
) -> None:
    """K-weighted squares of two channels, frame by frame; arguments as for `kernels.weigh_pair`."""
    b0, b1, b2, a1, a2 = weighting[0]
    c1 = weighting[1, 3]
    c2 = weighting[1, 4]
    p1, p2, r1, r2 = state[0]
    q1, q2, s1, s2 = state[1]
    frames = left.shape[0]
    start = 0
    while start < frames:
        stop = min(frames, start + 512 - (position + start) % 512)
        for n in range(start, stop):
            u = left[n]
            v = right[n]
            x = b0 * u + p1
            p1 = (b1 * u + p2) - a1 * x
            p2 = b2 * u - a2 * x
            y = b0 * v + q1
            q1 = (b1 * v + q2) - a1 * y
            q2 = b2 * v - a2 * y
            w = x + r1
            r1 = (r2 - 2.0 * x) - c1 * w
            r2 = x - c2 * w
            z = y + s1
            s1 = (s2 - 2.0 * y) - c1 * z
            s2 = y - c2 * z
            left_squares[n] = np.float32(w * w)
            right_squares[n] = np.float32(z * z)
        if (position + stop) % 512 == 0:
            # Memories that have decayed to nothing are let go: denormal arithmetic is slow.
            if abs(p1) + abs(p2) + abs(r1) + abs(r2) < 1e-30:
                p1 = p2 = r1 = r2 = 0.0
            if abs(q1) + abs(q2) + abs(s1) + abs(s2) < 1e-30:
                q1 = q2 = s1 = s2 = 0.0
        start = stop
    state[0, 0], state[0, 1], state[0, 2], state[0, 3] = p1, p2, r1, r2
    state[1, 0], state[1, 1], state[1, 2], state[1, 3] = q1, q2, s1, s2


@kernel("void(f4[::1], f8[::1], f8[::1], i8, i8)")
def squares_under_gains(
    squares: NDArray[np.float32],
    gains: NDArray[np.float64],
    hops: NDArray[np.float64],
    position: int,
    sample_rate_hz: int,
) -> None:
    """Add squares times squared gains to the 10 ms steps that they lie in.

    Args:
        squares: from `weighted_squares`.
        gains: linear, one per frame.
        hops: of the whole programme; hop k ends at (k + 1) * rate // 100.
        position: of the first frame in the programme.
        sample_rate_hz: frames per second.
    """
    frames = squares.shape[0]
    hop = ((position + 1) * 100 - 1) // sample_rate_hz
    start = 0
    while start < frames:
        stop = min(frames, (hop + 1) * sample_rate_hz // 100 - position)
        energy = hops[hop]
        for n in range(start, stop):
            energy += squares[n] * (gains[n] * gains[n])
        hops[hop] = energy
        hop += 1
        start = stop
