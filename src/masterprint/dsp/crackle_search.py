"""Crackle found in a window of audio: samples that something has been added to.

A click of one frame leaves, in the residual of an autoregressive model, the model's own impulse
response; so the residual through the matched filter shows it best (see `autoregression.whiten`).
Where clicks are dense, or last for some frames, each is heard in the next. So they are picked one
after another, the loudest of a neighbourhood first; how strong all those are that have been picked
is solved for together, they are taken out, and what is left is looked through again. What lies
between two that are near goes with them, and in the end whatever may stay as well as go is let go
(orthogonal matching pursuit, with a pass backward; see Godsill and Rayner, "Digital Audio
Restoration", 1998, chapters 5 and 9, for the model of both music and clicks).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from masterprint.dsp.jit import kernel

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
Places = NDArray[np.int64]


@kernel("void(f8[::1], b1[::1], i8, f8, f8[::1])")
def levels(residual: Array, marked: Flags, width: int, floor: float, level: Array) -> None:
    """The deviation of the residual around each frame, clicks or not.

    It is that of the median in the loudest of three spans of so many frames, so that a drum raises
    it from its first frame on. Every other frame is looked at; those that are marked do not count.
    """
    frames = residual.shape[0]
    spans = (frames + width - 1) // width
    medians = np.zeros(spans)
    kept = np.zeros(width)
    for span in range(spans):
        count = 0
        for n in range(span * width, min(frames, (span + 1) * width), 2):
            if not marked[n]:
                kept[count] = abs(residual[n])
                count += 1
        if count > width // 8:
            # The middle one by Hoare's selection: what is on its wrong side changes places.
            middle, low, high = count // 2, 0, count - 1
            while low < high:
                value = kept[middle]
                i, j = low, high
                while i <= j:
                    while kept[i] < value:
                        i += 1
                    while value < kept[j]:
                        j -= 1
                    if i <= j:
                        kept[i], kept[j] = kept[j], kept[i]
                        i += 1
                        j -= 1
                if j < middle:
                    low = i
                if middle < i:
                    high = j
            medians[span] = kept[middle] / 0.6745
    for span in range(spans):
        top = floor
        for near in range(max(0, span - 1), min(spans, span + 2)):
            top = max(top, medians[near])
        level[span * width : (span + 1) * width] = top


@kernel("i8(f8[::1], f8[::1], f8[::1], f8[::1], f8, f8, i8, i8, i8, b1[::1])")
def pick(
    residual: Array,
    matched: Array,
    own: Array,
    level: Array,
    threshold: float,
    share: float,
    reach: int,
    first: int,
    last: int,
    marked: Flags,
) -> int:
    """Mark frames between two places that stand out; how many are new.

    A frame is picked if the matched residual is above the threshold and higher than within `reach`
    frames on either side, or than next to it where others nearby are marked. Alone, it must also
    explain a share of the largest residual that follows: a pulse of a voice, or a stroke, is in the
    residual what it is, a single frame, and cannot be explained so by something added.
    """
    frames, order = residual.shape[0], own.shape[0] - 1
    old = marked.copy()
    root = np.sqrt(own[0])
    new = 0
    for n in range(first, last):
        height = abs(matched[n])
        if marked[n] or height <= threshold * level[n] * root:
            continue
        among = False
        for k in range(max(0, n - 3), min(frames, n + 4)):
            if old[k]:
                among = True
                break
        around = 1 if among else reach
        highest = True
        for k in range(max(0, n - around), min(frames, n + around + 1)):
            if abs(matched[k]) > height and not marked[k]:
                highest = False
                break
        if not highest:
            continue
        if not among:
            top = 0.0
            for k in range(n, min(frames, n + order + 1)):
                top = max(top, residual[k] * residual[k])
            if height * height < share * own[0] * top:
                continue
        marked[n] = True
        new += 1
    return new


@kernel("void(b1[::1], i8, i8, i8, i8)")
def close(marked: Flags, gap: int, more: int, first: int, last: int) -> None:
    """Mark the frames of gaps that are no longer than `gap`, and so many `more` at either end."""
    old = marked.copy()
    before = -1 - gap - last
    for n in range(first, last):
        if old[n]:
            if n - before <= gap + 1:
                marked[before + 1 : n] = True
            marked[max(first, n - more) : min(last, n + more + 1)] = True
            before = n


@kernel("i8(f8[::1], i8[::1], f8[::1], f8[::1], f8, b1[::1])")
def let_go(
    change: Array,
    places: Places,
    spread: Array,
    level: Array,
    least: float,
    marked: Flags,
) -> int:
    """Unmark frames whose change is small beside what it may be by chance; how many.

    `spread` holds the variance of each change for a model whose surprise is one. Of neighbours only
    the least certain is let go at a time, because the others may then be certain.
    """
    count = places.shape[0]
    score = np.zeros(count)
    for i in range(count):
        place = places[i]
        score[i] = abs(change[place]) / (level[place] * np.sqrt(max(spread[i], 1e-12)))
    gone = 0
    for i in range(count):
        if score[i] >= least:
            continue
        lowest = True
        for j in range(max(0, i - 4), min(count, i + 5)):
            near = abs(places[j] - places[i]) <= 6
            if near and (score[j] < score[i] or (score[j] == score[i] and j < i)):
                lowest = False
        if lowest:
            marked[places[i]] = False
            gone += 1
    return gone
