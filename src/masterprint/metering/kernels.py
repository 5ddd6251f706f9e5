"""What the meters do to every sample: weight it, sum it, compare it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from masterprint.dsp.jit import kernel


@kernel(
    "void(f8[::1], f8[::1], f8[:, ::1], f8[:, ::1], f8[:, ::1], f8[::1], i8[::1], i8, i8, i8, f8)",
    reads=("left", "right"),
)
def weigh_pair(
    left: NDArray[np.float64],
    right: NDArray[np.float64],
    weighting: NDArray[np.float64],
    state: NDArray[np.float64],
    energies: NDArray[np.float64],
    sums: NDArray[np.float64],
    clipping: NDArray[np.int64],
    position: int,
    first_hop: int,
    sample_rate_hz: int,
    full_scale: float,
) -> None:
    """K-weighted energy per 10 ms of two channels, and what else one look at a sample can tell.

    Args:
        left, right: one block of each channel.
        weighting: the two K-weighting sections, b0 b1 b2 a1 a2; the second has b = [1, -2, 1].
        state: (2 channels, 4) filter memories.
        energies: (2 channels, hops) sums of weighted squares from hop `first_hop` on; hop k ends
            at (k + 1) * rate // 100.
        sums: sum of left, of right; squares of left, of right; of products; peak of left, of right.
        clipping: per channel the open run at full scale, and the samples counted so far.
        position: frames before this block.
        sample_rate_hz: frames per second.
        full_scale: magnitude from which a sample counts as at full scale.
    """
    b0, b1, b2, a1, a2 = weighting[0]
    c1 = weighting[1, 3]
    c2 = weighting[1, 4]
    p1, p2, r1, r2 = state[0]
    q1, q2, s1, s2 = state[1]
    sum_left, sum_right, square_left, square_right, product, peak_left, peak_right = sums
    run_left, run_right, clipped_left, clipped_right = clipping
    frames = left.shape[0]
    hop = ((position + 1) * 100 - 1) // sample_rate_hz
    start = 0
    while start < frames:
        hop_end = (hop + 1) * sample_rate_hz // 100 - position
        stop = min(frames, hop_end)
        energy_left = energies[0, hop - first_hop]
        energy_right = energies[1, hop - first_hop]
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
            energy_left += w * w
            energy_right += z * z
            sum_left += u
            sum_right += v
            square_left += u * u
            square_right += v * v
            product += u * v
            u = abs(u)
            v = abs(v)
            peak_left = max(peak_left, u)
            peak_right = max(peak_right, v)
            if u >= full_scale:
                run_left += 1
                if run_left > 1:
                    clipped_left += 2 if run_left == 2 else 1
            else:
                run_left = 0
            if v >= full_scale:
                run_right += 1
                if run_right > 1:
                    clipped_right += 2 if run_right == 2 else 1
            else:
                run_right = 0
        energies[0, hop - first_hop] = energy_left
        energies[1, hop - first_hop] = energy_right
        if stop == hop_end:
            hop += 1
            # Memories that have decayed to nothing are let go: denormal arithmetic is slow.
            if abs(p1) + abs(p2) + abs(r1) + abs(r2) < 1e-30:
                p1 = p2 = r1 = r2 = 0.0
            if abs(q1) + abs(q2) + abs(s1) + abs(s2) < 1e-30:
                q1 = q2 = s1 = s2 = 0.0
        start = stop
    state[0, 0], state[0, 1], state[0, 2], state[0, 3] = p1, p2, r1, r2
    state[1, 0], state[1, 1], state[1, 2], state[1, 3] = q1, q2, s1, s2
    sums[0], sums[1], sums[2], sums[3] = sum_left, sum_right, square_left, square_right
    sums[4], sums[5], sums[6] = product, peak_left, peak_right
    clipping[0], clipping[1] = run_left, run_right
    clipping[2], clipping[3] = clipped_left, clipped_right


@kernel("void(f8[:, ::1], f8[:, ::1])", reads=("block",))
def levels(block: NDArray[np.float64], totals: NDArray[np.float64]) -> None:
    """Add the squares of each channel to totals[c, 0] and raise totals[c, 1] to its peak."""
    sums = np.empty(256)
    found = np.empty(1)
    for channel in range(block.shape[0]):
        row = block[channel]
        whole = row.shape[0] // 256 * 256
        sums[:] = 0.0
        for start in range(0, whole, 256):
            part = row[start : start + 256]
            for n in range(256):
                sums[n] += part[n] * part[n]
        for n in range(whole, row.shape[0]):
            sums[0] += row[n] * row[n]
        for n in range(256):
            totals[channel, 0] += sums[n]
        # Floats without their sign compare like whole numbers, of which the compiler finds the
        # largest several at a time.
        words = row.view(np.int64)
        highest = np.int64(0)
        for n in range(words.shape[0]):
            word = words[n] & np.int64(0x7FFFFFFFFFFFFFFF)
            highest = word if word > highest else highest
        found.view(np.int64)[0] = highest
        totals[channel, 1] = max(totals[channel, 1], found[0])


@kernel("void(f8[:, ::1], f8, i8[::1])", reads=("block",))
def sounding(block: NDArray[np.float64], threshold: float, place: NDArray[np.int64]) -> None:
    """First and last frame of a block above a threshold in any channel; -1 where there is none."""
    channels, frames = block.shape
    place[0] = place[1] = -1
    for n in range(frames):
        for channel in range(channels):
            if abs(block[channel, n]) > threshold:
                place[0] = n
                break
        if place[0] >= 0:
            break
    if place[0] < 0:
        return
    for n in range(frames - 1, -1, -1):
        for channel in range(channels):
            if abs(block[channel, n]) > threshold:
                place[1] = n
                return
