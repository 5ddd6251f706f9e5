"""Disturbances that an autoregressive model tells from music: short, strong, and nothing else.

A click adds samples of its own to the audio; music only surprises the model. To take samples
n ... n + m - 1 for unknown and to fill them in by least squares lowers the energy of the residual
by g' B^-1 g, with g the output of the matched filter there and B the banded Toeplitz matrix of the
model's own correlation (Godsill and Rayner, 1998, chapter 5). With B = L D L', that energy is a sum
of y[i]^2 / D[i], L y = g, one part for each sample that is added: a single pass from left to right
knows what every length is worth, one from right to left what every beginning. B is the same for
every place, so L is made once.

A candidate is a click if the residual is calm once it is filled in. A drum or a plucked string is a
surprise to the model that no samples explain away: it goes on, or its energy stays.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from masterprint.dsp.jit import kernel

Array = NDArray[np.float64]
Places = NDArray[np.int64]


@kernel(
    "i8(f8[::1], f8[::1], f8[::1], f8[::1], f8[::1], f8[::1], f8[:, ::1], f8[::1], i8[::1],"
    " f8[::1], i8, i8, f8[::1], i8[:, ::1])"
)
def seek(
    audio: Array,
    residual: Array,
    matched: Array,
    deviation: Array,
    coefficients: Array,
    own: Array,
    columns: Array,
    diagonal: Array,
    grown: Places,
    crowd: Array,
    first: int,
    last: int,
    rules: Array,
    spans: Places,
) -> int:
    """Find clicks that begin between two places, and fill them in.

    Args:
        audio, residual, matched: what `whiten` took and gave; all three are brought up to date.
        deviation: standard deviation of the undisturbed residual around each frame.
        coefficients, own: the model and its own correlation.
        columns, diagonal, grown: L (below its diagonal), D, and whether they are of this model.
        crowd: what the matched filter's output has to pass around each frame in any case.
        first, last: where a click may be noticed.
        rules: threshold in deviations; what a further sample must explain, in variances; leftover
            energy allowed for each coefficient, in variances; or share of the click's energy;
            frames over which there must be calm; share of them that need not be;
            how many times the energy of differences may be what it was before; how many times it
            must be that of what follows for a click to need no calm; how much worth may be
            lost on the way to the next sample that is worth more, in prices; frames
            behind a click in which leftover energy is counted; frames between those whose
            differences are taken.
        spans: beginning and length of what was found, a row each.

    Returns:
        How many were found.
    """
    order = coefficients.shape[0] - 1
    longest = diagonal.shape[0]
    threshold, price, allowed, share = rules[0], rules[1], rules[2], rules[3]
    calm, restless, brighter, outshines = int(rules[4]), rules[5], rules[6], rules[7]
    patience, near, lag = rules[8], min(order, int(rules[9])), int(rules[10])
    centre = np.sqrt(own[0])
    frames = audio.shape[0]
    y = np.zeros(longest)
    change = np.zeros(longest)
    after = np.zeros(longest + order)
    found = 0
    blocked = first  # a click does not begin before the end of the last one
    n = first
    while n < last and found < spans.shape[0]:
        if abs(matched[n]) <= max(threshold * deviation[n] * centre, crowd[n]):
            n += 1
            continue
        if not grown[0]:
            for i in range(longest):
                low = max(0, i - order)
                part = y[: i - low]
                for j in range(i - low):
                    part[j] = own[i - low - j]
                here = own[0]
                for j in range(i - low):
                    value = part[j]
                    here -= value * value / diagonal[low + j]
                    columns[low + j, i - 1 - low - j] = value / diagonal[low + j]
                    rest, column = part[j + 1 :], columns[low + j]
                    for k in range(rest.shape[0]):
                        rest[k] -= value * column[k]
                diagonal[i] = max(here, 0.5)
            grown[0] = 1
        variance = deviation[n] * deviation[n]
        # The residual of a strong click begins with it; what the matched filter makes of that
        # begins before.
        begin = n
        while begin < n + order and abs(residual[begin]) <= 3.5 * deviation[n]:
            begin += 1
        begin = max((begin if begin < n + order else n) - 4, blocked)
        length = 0
        for turn in range(3):
            # Turn 0 goes to the right and finds the end, turn 1 to the left and finds the
            # beginning, turn 2 computes what fills the gap.
            end = begin + length
            room = min(longest, frames - order - begin) if turn == 0 else length
            if turn == 1:
                room = min(longest, end - blocked)
            for i in range(room):
                y[i] = matched[end - 1 - i] if turn == 1 else matched[begin + i]
            worth, best, most = 0.0, 0.0, 0
            for i in range(room):
                value = y[i]
                rest, column = y[i + 1 : min(room, i + 1 + order)], columns[i]
                for k in range(rest.shape[0]):
                    rest[k] -= column[k] * value
                worth += value * value / diagonal[i] / variance - price
                if worth > best:
                    best, most = worth, i + 1
                elif turn < 2 and best - worth > patience * price and i > 8:
                    break
            if turn == 0:
                length = most if most < longest else 0  # what does not end is no click
            elif turn == 1:
                begin, length = end - most, most
            if length == 0:
                break
        if length == 0:
            n = max(n + 1 + order // 4, begin + 5)
            continue
        explained = 0.0
        for i in range(length):
            explained += y[i] * y[i] / diagonal[i]
            change[i] = y[i] / diagonal[i]
        for i in range(length - 1, -1, -1):
            for k in range(min(length - 1 - i, order)):
                change[i] -= columns[i, k] * change[i + 1 + k]
        left, largest = 0.0, 0.0
        for j in range(length + order):
            largest = max(largest, residual[begin + j] ** 2)
            value = residual[begin + j]
            for k in range(max(0, j - length + 1), min(j, order) + 1):
                value -= coefficients[k] * change[j - k]
            after[j] = value
            if j < length + near:
                left += value * value
        ok = explained > (threshold * threshold + 2.0 * price * length) * variance
        if length > 1 and own[0] > 5.0 and largest > 0.45 * explained:
            # One surprise that samples before it were made to explain: a faint one is an onset.
            ok = ok and explained > 2500.0 * variance
        if ok:
            # Brightness by differences, behind the click, before it, and of the click itself; in
            # quarters, of which the least counts, so that another click nearby does no harm.
            quarter = calm // 4
            before, behind = 1e300, 1e300
            for turn in range(4):
                total = 0.0
                for j in range(quarter):
                    at = begin - 1 - turn * quarter - j
                    if at >= lag:
                        total += (audio[at] - audio[at - lag]) ** 2
                before = min(before, total)
                total = 0.0
                for j in range(quarter):
                    at = begin + length + lag + turn * quarter + j
                    if at < frames:
                        total += (audio[at] - audio[at - lag]) ** 2
                behind = min(behind, total)
            bright = 0.0
            for i in range(length + lag):
                value = change[i] if i < length else 0.0
                value -= change[i - lag] if i >= lag else 0.0
                bright += value * value
            if bright * quarter > outshines * behind * length:
                ok = left < max(allowed * near * variance, 0.04 * explained)
            else:
                loud = 0
                for j in range(begin + length + order, min(begin + length + order + calm, frames)):
                    if abs(residual[j]) > 3.0 * deviation[n]:
                        loud += 1
                ok = left < max(allowed * near * variance, share * explained)
                ok = ok and loud <= restless * calm
                ok = ok and behind <= brighter * before + quarter * variance
        if not ok:
            n = max(n + 1 + order // 4, begin + 5)
            continue
        for i in range(length):
            audio[begin + i] -= change[i]
        for j in range(length + order):
            residual[begin + j] = after[j]
        for i in range(max(0, begin - order), min(begin + length + order, frames - order)):
            value = 0.0
            for k in range(order + 1):
                value += coefficients[k] * residual[i + k]
            matched[i] = value
        spans[found, 0] = begin
        spans[found, 1] = length
        found += 1
        blocked = begin + length
        n = max(n, blocked)
    return found


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
