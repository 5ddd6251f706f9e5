"""Finding how two files lie: where they may fit from all that they hold, then excerpts in full."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from masterprint.dsp.alignment import LIKE, ROUNDING, TIE, Excerpt, Fit, fit
from masterprint.dsp.correlation import likely_lags
from masterprint.dsp.resampling import resample
from masterprint.metering.likeness import Likeness
from masterprint.rendering.pairing import SILENCE, Meeting, Pair
from masterprint.signal import Block, Signal

MOST_OUTLINE_FRAMES = 1 << 20
"""Of each file: what is correlated as a whole is at so low a rate that it is no longer."""
LEAST_OUTLINE_HZ = 200
STEPS_PER_SECOND = 400
"""Levels by time, which also find what has no low frequencies; fewer in very long programmes."""
EXCERPTS = 6
"""For each offset that may be: the loudest moments of as many parts of the programme."""
FINALISTS_UNLIKE, FINALISTS_MORE = 4.0, 0.02
"""Offsets whose excerpts are so much less like one another are not tried on all of the files."""

SWAPPED = 0.5
"""Channels are exchanged if that leaves less than this of what else cannot be explained."""
LEAST_ALIKE = 0.75
"""Of the power may be unlike (a correlation of 0.5) where an offset is to be believed."""


@dataclass(frozen=True)
class Outline:
    """A programme in short.

    Attributes:
        low: its low frequencies, shape (rows, frames) at the outline's rate.
        power: mean squares in every step, shape (steps,).
        edge: root mean square of the differences from frame to frame, shape (rows, steps).
    """

    low: NDArray[np.float32]
    power: NDArray[np.float64]
    edge: NDArray[np.float64]


@dataclass(frozen=True)
class Found:
    """An offset in frames by which B is later, and how well it fits."""

    offset: int
    fit: Fit

    @property
    def unlike(self) -> float:
        """Part of the power that A and B do not share, 0 to 1."""
        return 1.0 - max(self.fit.likeness, self.fit.swapped_likeness) ** 2

    @property
    def swapped(self) -> bool:
        """Whether A's left is B's right: exchanged, they leave far less unexplained."""
        return 1.0 - self.fit.swapped_likeness**2 < SWAPPED * (1.0 - self.fit.likeness**2)

    @property
    def believed(self) -> bool:
        """Whether it is an offset, not merely where two programmes are least unlike."""
        return self.fit.sure or self.unlike <= LEAST_ALIKE


def find_offset(pair: Pair) -> Found | None:
    """Look for the offset at any distance.

    None where either file is silent all through, or nothing fits anywhere.
    """
    rate, lengths = pair.sample_rate_hz, pair.lengths
    outline_hz = min(rate, max(LEAST_OUTLINE_HZ, MOST_OUTLINE_FRAMES * rate // max(lengths)))
    step = max(1, rate // STEPS_PER_SECOND, max(lengths) // MOST_OUTLINE_FRAMES)
    a, b = (_outline(signal, outline_hz, step) for signal in pair.signals())
    if not (a.power.any() and b.power.any()):
        return None
    margin = rate // 50
    candidates = [0]
    places = [lag * rate // outline_hz for lag in likely_lags(a.low, b.low, outline_hz // 50)]
    places += [lag * step for lag in likely_lags(a.edge, b.edge, max(1, rate // (50 * step)))]
    for place in places:
        if all(abs(place - other) > margin // 4 for other in candidates):
            candidates.append(place)
    best = _best(pair, candidates, margin, step, (a.power, b.power))
    return best if best is not None and best.believed else None


def _best(
    pair: Pair,
    candidates: list[int],
    margin: int,
    step: int,
    powers: tuple[NDArray[np.float64], NDArray[np.float64]],
) -> Found | None:
    size = 1 << (pair.sample_rate_hz * 3 // 4).bit_length()
    window = size - 2 * margin
    wanted: list[tuple[int, int]] = []
    for candidate in candidates:
        wanted += [
            (start, candidate) for start in _moments(Meeting(pair, candidate), window, step, powers)
        ]
    signal_a, signal_b = pair.signals()
    of_a = _cut(signal_a, [start for start, _ in wanted], window)
    of_b = _cut(signal_b, [start + lag - margin for start, lag in wanted], size)
    found: list[Found] = []
    for candidate in candidates:
        excerpts = [
            Excerpt(one, other)
            for one, other, (_, lag) in zip(of_a, of_b, wanted, strict=True)
            if lag == candidate
        ]
        fitting = fit(excerpts, candidate)
        if fitting is not None:
            found.append(Found(candidate + fitting.lag, fitting))
    if not found:
        return None
    found.sort(key=lambda each: each.unlike)
    if found[0].unlike > 1.0 - LIKE**2:
        found = [each for each in found if each.fit.sure] or found
    most = FINALISTS_UNLIKE * found[0].unlike + FINALISTS_MORE
    return _fitting_best(pair, [each for each in found if each.unlike <= most])


def _fitting_best(pair: Pair, finalists: list[Found]) -> Found:
    """Of offsets whose excerpts fit alike, as in loops, the one that fits all along.

    If several do, the one at which most of the files meets; then the smallest.
    """
    if len(finalists) == 1:
        return finalists[0]
    ranked = []
    for each in finalists:
        crossed = each.fit.swapped_likeness > each.fit.likeness
        meeting, likeness = Meeting(pair, each.offset, swapped=crossed), Likeness(pair.channels)
        for a, b in meeting.blocks():
            likeness.feed(a, b)
        ranked.append((1.0 - likeness.channel_correlation**2, likeness.frames, each))
    most = TIE * min(unlike for unlike, _, _ in ranked) + ROUNDING
    equal = [(-frames, abs(each.offset), each) for unlike, frames, each in ranked if unlike <= most]
    best = min(equal, key=lambda one: one[:2])[2]
    others = {each.offset for _, _, each in equal} - {best.offset}
    return replace(best, fit=replace(best.fit, rivals=best.fit.rivals + len(others)))


def _moments(
    meeting: Meeting,
    window: int,
    step: int,
    powers: tuple[NDArray[np.float64], NDArray[np.float64]],
) -> list[int]:
    """Frames of A at which excerpts begin: where both are loud, in every part of the overlap."""
    start = meeting.first + meeting.edge
    stop = meeting.first + meeting.overlap - meeting.edge
    if stop <= start:
        return []
    first, last = start // step, min(len(powers[0]), stop // step)
    steps = np.arange(first, max(first + 1, last))
    beside = np.clip(steps + round(meeting.offset / step), 0, len(powers[1]) - 1)
    both = np.sqrt(powers[0][np.minimum(steps, len(powers[0]) - 1)] * powers[1][beside])
    moments = []
    for part, place in zip(
        np.array_split(both, EXCERPTS), np.array_split(steps, EXCERPTS), strict=True
    ):
        if len(part) and part.max() > SILENCE**2:
            middle = int(place[np.argmax(part)]) * step
            moments.append(max(start, min(middle - window // 2, stop - window)))
    return sorted(set(moments))


def _cut(signal: Signal, starts: list[int], frames: int) -> list[NDArray[np.float32]]:
    """Stretches of a signal, silence where there is none, while all of it goes by once."""
    rows = min(2, signal.channels)
    cuts = [np.zeros((rows, frames), np.float32) for _ in starts]
    position = 0
    last = max(starts, default=0) + frames
    for block in signal.blocks:
        end = position + block.shape[1]
        two = _two_rows(block)
        for start, cut in zip(starts, cuts, strict=True):
            low, high = max(start, position), min(start + frames, end)
            if low < high:
                cut[:, low - start : high - start] = two[:, low - position : high - position]
        position = end
        if position >= last:
            break
    return cuts


def _two_rows(block: Block) -> Block:
    """At most two rows, for more channels the sums of every other one."""
    if len(block) <= 2:
        return block
    return np.stack([block[::2].sum(axis=0), block[1::2].sum(axis=0)])


def _outline(signal: Signal, outline_hz: int, step: int) -> Outline:
    rows = min(2, signal.channels)
    powers: list[NDArray[np.float64]] = []
    edges: list[NDArray[np.float64]] = []

    def watched() -> Iterator[Block]:
        waiting = np.zeros((rows, 0))
        last = np.zeros((rows, 1))
        for block in signal.blocks:
            two = _two_rows(block)
            yield two
            line = np.concatenate([waiting, two], axis=1)
            whole = line.shape[1] // step * step
            if whole:
                line, waiting = line[:, :whole], line[:, whole:]
                changes = np.diff(line, axis=1, prepend=last)
                last = line[:, -1:]
                powers.append(np.square(line).mean(axis=0).reshape(-1, step).mean(axis=1))
                edges.append(np.sqrt(np.square(changes).reshape(rows, -1, step).mean(axis=2)))
            else:
                waiting = line
        if waiting.shape[1]:
            powers.append(np.array([np.square(waiting).mean()]))
            edges.append(np.sqrt(np.square(waiting).mean(axis=1, keepdims=True)))

    short = Signal(watched(), signal.sample_rate_hz, rows, signal.frames)
    low = [block.astype(np.float32) for block in resample(short, outline_hz).blocks]
    edge = np.concatenate(edges, axis=1)
    # The slow part of a level says little about when.
    changing = np.diff(edge, axis=1, prepend=edge[:, :1])
    return Outline(np.concatenate(low, axis=1), np.concatenate(powers), changing)
