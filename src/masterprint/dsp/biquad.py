"""Second-order sections: the recursive filters under every equaliser and crossover here."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from masterprint.dsp.jit import kernel

IDENTITY = np.array([1.0, 0.0, 0.0, 0.0, 0.0])


@kernel(
    "void(f8[::1], f8[::1], f8[::1], f8[::1], f8[:, ::1], f8[:, :, ::1], i8)",
    reads=("left", "right"),
)
def two_sections_two_channels(
    left: NDArray[np.float64],
    right: NDArray[np.float64],
    left_out: NDArray[np.float64],
    right_out: NDArray[np.float64],
    sections: NDArray[np.float64],
    state: NDArray[np.float64],
    position: int,
) -> None:
    """Two sections in series on two channels, transposed direct form II.

    Four recursions side by side keep the processor busy while each waits for its own last sample.
    `state` has shape (2 channels, 2 sections, 2). Every 4096 frames of programme, states that have
    decayed below -600 dBFS become zero, because arithmetic on denormal numbers is very slow.
    """
    b0, b1, b2, a1, a2 = sections[0]
    d0, d1, d2, c1, c2 = sections[1]
    p1, p2 = state[0, 0]
    q1, q2 = state[1, 0]
    r1, r2 = state[0, 1]
    s1, s2 = state[1, 1]
    frames = left.shape[0]
    start = 0
    while start < frames:
        stop = min(frames, start + 4096 - (position + start) % 4096)
        for n in range(start, stop):
            u = left[n]
            v = right[n]
            x = b0 * u + p1
            p1 = (b1 * u + p2) - a1 * x
            p2 = b2 * u - a2 * x
            y = b0 * v + q1
            q1 = (b1 * v + q2) - a1 * y
            q2 = b2 * v - a2 * y
            w = d0 * x + r1
            r1 = (d1 * x + r2) - c1 * w
            r2 = d2 * x - c2 * w
            z = d0 * y + s1
            s1 = (d1 * y + s2) - c1 * z
            s2 = d2 * y - c2 * z
            left_out[n] = w
            right_out[n] = z
        if (position + stop) % 4096 == 0:
            p1 = 0.0 if abs(p1) < 1e-30 else p1
            p2 = 0.0 if abs(p2) < 1e-30 else p2
            q1 = 0.0 if abs(q1) < 1e-30 else q1
            q2 = 0.0 if abs(q2) < 1e-30 else q2
            r1 = 0.0 if abs(r1) < 1e-30 else r1
            r2 = 0.0 if abs(r2) < 1e-30 else r2
            s1 = 0.0 if abs(s1) < 1e-30 else s1
            s2 = 0.0 if abs(s2) < 1e-30 else s2
        start = stop
    state[0, 0, 0], state[0, 0, 1] = p1, p2
    state[1, 0, 0], state[1, 0, 1] = q1, q2
    state[0, 1, 0], state[0, 1, 1] = r1, r2
    state[1, 1, 0], state[1, 1, 1] = s1, s2


def channel_pairs(channels: int) -> list[tuple[int, int]]:
    """Channels two by two, as kernels take them; an odd last one is beside itself."""
    return [(c, min(c + 1, channels - 1)) for c in range(0, channels, 2)]


class BiquadCascade:
    """Sections in series on every channel, block by block, remembering where they were.

    Args:
        sections: shape (sections, 5): b0, b1, b2, a1, a2 with a0 = 1.
        channels: rows of the blocks that will come.
    """

    def __init__(self, sections: NDArray[np.float64], channels: int) -> None:
        padded = sections if len(sections) % 2 == 0 else np.vstack([sections, IDENTITY])
        self._pairs = np.ascontiguousarray(padded.reshape(-1, 2, 5))
        # An odd last channel is computed twice and the copy thrown away.
        self._channel_pairs = channel_pairs(channels)
        self._state = np.zeros((len(self._channel_pairs), len(self._pairs), 2, 2, 2))
        self._position = 0

    def __call__(self, block: NDArray[np.float64]) -> NDArray[np.float64]:
        """The filtered block, as a new array."""
        if not len(self._pairs):
            return block
        out = np.empty_like(block)
        for (left, right), states in zip(self._channel_pairs, self._state, strict=True):
            left_in, right_in = block[left], block[right]
            left_out = out[left]
            right_out = out[right] if right != left else np.empty_like(left_out)
            for sections, state in zip(self._pairs, states, strict=True):
                two_sections_two_channels(
                    left_in, right_in, left_out, right_out, sections, state, self._position
                )
                left_in, right_in = left_out, right_out
        self._position += block.shape[1]
        return out
