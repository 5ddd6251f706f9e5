"""What a memoryless curve adds to a signal, computed at a multiple of the sample rate.

A curve f bends a signal into harmonics without end; those above half the sample rate fold back as
tones that belong to nothing. So the signal is brought to four or eight times its rate, the residual
f(u) - u is taken there, averaged over each step between two samples (antiderivative anti-aliasing
of the first order: Parker, Zavalishin and Le Bivic, DAFx 2016), filtered, and brought back. The
signal itself does not go that way: what a curve leaves alone comes out as it was, to the bit.

Filters are linear phase under Kaiser windows (110 dB). Half-bands leave the samples where they
are; on the way back one of even length comes first, which takes out the half step that averaging
costs, and its droop. A signal at L times the rate is held as L rows of every L-th sample, so that
every filter is a sum of whole rows.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from masterprint.dsp.delay import Delay
from masterprint.dsp.jit import kernel
from masterprint.signal import Block

KAISER_BETA = 11.17
"""110 dB: 0.1102 (A - 8.7)."""
UP_PAIRS = {1: 36, 2: 8, 4: 6}
"""Pairs of taps of each half-band, by how many times the rate there is before: flat within
0.01 dB to 0.46 of the sample rate, 100 dB down from 0.55 on."""
BACK_PAIRS = {4: 14, 8: 10}
"""Pairs of taps of the first filter on the way back. These and the ones above are even."""
REACH = 96
"""Frames to each side that are looked at; the filters reach 90 of them at most."""
SECTION = 8192
"""Frames that are worked on at a time: their rows stay in the cache."""

Rows = NDArray[np.float64]
"""A signal at L times the rate, shape (L, frames)."""
Residual = Callable[[Rows, Rows], None]
"""Takes a signal, and writes the mean of f(u) - u between each sample and the one before it."""
Work = Callable[[Block], Block]


@kernel("void(f8[:, ::1], f8[::1], i8[::1], f8[:, ::1])")
def sums_of_pairs(
    rows: NDArray[np.float64],
    taps: NDArray[np.float64],
    steps: NDArray[np.int64],
    out: NDArray[np.float64],
) -> None:
    """Row f + j i of `out`: sum over k of taps[k] (u[e i + a - s k] + u[e i + b + s k]).

    `u` is the signal that `rows` hold, `steps` is e, a, b, s, f, j. The number of taps is even.
    Frames so near the ends that the sum is not complete are left as they are.
    """
    count, frames = rows.shape
    every, low, high, spacing, begin, jump = steps
    reach = (taps.shape[0] * spacing + count - 1) // count + 1
    total = np.empty(512)
    for i in range((out.shape[0] - begin + jump - 1) // jump):
        for start in range(reach, frames - reach, 512):
            stop = min(start + 512, frames - reach)
            width = stop - start
            for n in range(width):
                total[n] = 0.0
            for k in range(0, taps.shape[0], 2):
                first = taps[k]
                second = taps[k + 1]
                at = every * i + low - spacing * k
                p = rows[at % count][start + at // count : stop + at // count]
                at -= spacing
                r = rows[at % count][start + at // count : stop + at // count]
                at = every * i + high + spacing * k
                q = rows[at % count][start + at // count : stop + at // count]
                at += spacing
                s = rows[at % count][start + at // count : stop + at // count]
                for n in range(width):
                    total[n] += first * (p[n] + q[n]) + second * (r[n] + s[n])
            for n in range(width):
                out[begin + jump * i, start + n] = total[n]


BETWEEN = np.array([1, 0, 1, 1, 1, 2])
HALVE_BETWEEN = np.array([2, 0, 1, 1, 0, 1])
HALVE = np.array([2, -1, 1, 2, 0, 1])


def half_band(pairs: int) -> NDArray[np.float64]:
    """Taps for the value midway between two samples: a sinc under a Kaiser window."""
    places = np.arange(pairs) + 0.5
    taps = np.sinc(places) * np.i0(KAISER_BETA * np.sqrt(1.0 - (places / pairs) ** 2))
    return np.asarray(0.5 * taps / taps.sum())


def averaging_undone(pairs: int) -> NDArray[np.float64]:
    """The same for a low-pass to half the rate that lifts what a mean of two samples let droop."""
    turns = (np.arange(4096) + 0.5) / 4096 * 0.25
    places = np.arange(pairs) + 0.5
    taps = np.cos(2.0 * np.pi * np.outer(places, turns)) @ (1.0 / np.cos(np.pi * turns))
    taps *= np.i0(KAISER_BETA * np.sqrt(1.0 - (places / pairs) ** 2))
    return np.asarray(0.5 * taps / taps.sum())


class Bend:
    """What a curve adds to each channel of a stream.

    Args:
        channels: rows of the blocks.
        times: 4 or 8 times the rate.
        residual: the curve's; see `Residual`.
        before: work on the signal on its way to the curve, block by block.
        behind: work on what the curve adds.
    """

    def __init__(
        self,
        channels: int,
        times: int,
        residual: Residual,
        before: Work | None = None,
        behind: Work | None = None,
    ) -> None:
        self._residual = residual
        self._before = before or _as_it_is
        self._behind = behind or _as_it_is
        self._plain = Delay(channels, REACH)
        self._line = Delay(channels, 2 * REACH)
        self._rates = [times >> step for step in range(times.bit_length() - 2, -1, -1)]
        self._half_bands = {rate: half_band(UP_PAIRS[rate // 2]) for rate in self._rates}
        self._back = averaging_undone(BACK_PAIRS[times])
        self._kept: dict[tuple[str, int], Rows] = {}

    def run(self, blocks: Iterable[Block]) -> Iterator[tuple[Block, Block]]:
        """The signal, and what is to be added to it, side by side."""
        late = REACH
        silence = np.zeros((len(self._line.line), REACH))
        for block in itertools.chain(blocks, [silence]):
            for start in range(0, block.shape[1], SECTION):
                plain, added = self._late(block[:, start : start + SECTION])
                dropped = min(late, plain.shape[1])
                late -= dropped
                if dropped < plain.shape[1]:
                    yield plain[:, dropped:], added[:, dropped:]

    def _late(self, block: Block) -> tuple[Block, Block]:
        """The frames of `REACH` frames ago, and what the curve adds to them."""
        frames = block.shape[1]
        self._plain.room(frames)[:] = block
        self._line.room(frames)[:] = self._before(np.ascontiguousarray(block))
        added = np.empty(block.shape)
        for channel, row in enumerate(self._line.line):
            added[channel] = self._of_channel(row[np.newaxis])[REACH : REACH + frames]
        return self._plain.line[:, :frames].copy(), self._behind(added)

    def _of_channel(self, rows: Rows) -> NDArray[np.float64]:
        rows = np.ascontiguousarray(rows)
        frames = rows.shape[1]
        for rate in self._rates:
            doubled = self._room("up", rate, frames)
            doubled[0::2] = rows
            sums_of_pairs(rows, self._half_bands[rate], BETWEEN, doubled)
            rows = doubled
        bent = self._room("bent", len(rows), frames)
        self._residual(rows, bent)
        if not bent.any():
            return np.zeros(frames)
        rows = self._room("back", len(bent) // 2, frames)
        sums_of_pairs(bent, self._back, HALVE_BETWEEN, rows)
        for rate in reversed(self._rates[:-1]):
            halved = self._room("back", rate // 2, frames)
            sums_of_pairs(rows, self._half_bands[rate], HALVE, halved)
            halved += rows[0::2]
            halved *= 0.5
            rows = halved
        return np.asarray(rows[0])

    def _room(self, use: str, count: int, frames: int) -> Rows:
        """Rows to be written, the same ones again: what stands at their ends is looked at by none.

        Making new ones for each section would take a fifth of the time.
        """
        kept = self._kept.get((use, count))
        if kept is None or kept.shape[1] != frames:
            kept = self._kept[use, count] = np.zeros((count, frames))
        return kept


def _as_it_is(block: Block) -> Block:
    return block
