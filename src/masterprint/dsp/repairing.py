"""Clicks found and filled in, in audio that streams by."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from masterprint.dsp.click_finder import Finder, Search, Span
from masterprint.dsp.gap_filling import fill
from masterprint.signal import Block, Signal, rechunk

Tell = Callable[[int, int, Block, Block], None]
"""Told of a repair: channel, first frame, samples before and after."""


@dataclass(frozen=True)
class Filling:
    """How gaps are filled in.

    Attributes:
        order: of the model.
        context: frames that it hears on either side of a gap.
        cell: frames within which gaps are filled together.
    """

    order: int
    context: int
    cell: int


def repaired(
    signal: Signal,
    filling: Filling,
    longest: int,
    search: Search | None,
    given: Sequence[Sequence[Span]] | None,
    tell: Tell,
) -> Iterator[Block]:
    """The signal with what is found, or given, filled in; everything else as it was, to the bit.

    Searching and filling go side by side, each in cells at fixed places of the programme. The
    search has a copy of the audio, which it cleans as it goes; so what is filled in depends on the
    audio and on where the gaps are, and on nothing else.

    Args:
        signal: what is repaired.
        filling: how.
        longest: frames that no gap exceeds.
        search: how gaps are looked for; None takes those that are given.
        given: for each channel, gaps that do not overlap, in order.
        tell: told of each repair.
    """
    channels = signal.channels
    finders = [Finder(search) for _ in range(channels)] if search else []
    gaps: list[deque[Span]] = [deque(spans) for spans in given or [[]] * channels]
    ahead = search.context if search else 0
    step = search.cell if search else filling.cell
    pad = max(ahead, filling.context + filling.cell)
    origin = -pad  # the place of the first frame that is kept
    audio = np.zeros((channels, pad))
    heard = audio.copy() if search else audio
    received, looked, filled, given_out = 0, 0, 0, 0
    ended = False
    for block in itertools.chain(rechunk(signal.blocks, 16 * step), [None]):
        if block is None:
            ended = True
            behind = np.zeros((channels, step + ahead))
        else:
            behind = block
            received += block.shape[1]
        audio = np.concatenate([audio, behind], axis=1)
        if search:
            heard = np.concatenate([heard, behind], axis=1)
            while looked + (0 if ended else step + ahead) < received:
                at = looked - ahead - origin
                for channel, finder in enumerate(finders):
                    found = finder.look(
                        heard[channel, at : at + step + 2 * ahead],
                        ahead - looked,
                        ahead + received - looked if ended else len(heard[0]),
                    )
                    gaps[channel].extend((looked + begin, length) for begin, length in found)
                looked += step
        else:
            looked = received
        reach = 2 * filling.cell + longest + filling.context
        while filled < received and (ended or filled + reach <= looked):
            end = received if ended else looked
            for channel in range(channels):
                row = audio[channel, max(0, -origin) : end - origin]
                _fill_cell(row, max(0, origin), filled, channel, gaps[channel], filling, tell)
            filled += filling.cell
        ready = min(filled, received)
        if ready > given_out:
            yield audio[:, given_out - origin : ready - origin].copy()
            given_out = ready
        keep = min(looked - ahead, filled - filling.context - filling.cell) - origin
        if keep > 0 and not ended:
            audio, heard, origin = audio[:, keep:], heard[:, keep:], origin + keep


def _fill_cell(
    row: Block,
    origin: int,
    cell: int,
    channel: int,
    gaps: deque[Span],
    filling: Filling,
    tell: Tell,
) -> None:
    """Fill in the gaps of a channel that begin in one cell; later ones nearby are gaps as well."""
    here: list[Span] = []
    while gaps and gaps[0][0] < cell + filling.cell:
        here.append(gaps.popleft())
    if not here:
        return
    middle = (here[0][0] + sum(here[-1])) // 2 - origin
    reach = filling.context + filling.cell // 2
    low = max(0, min(middle - reach, here[0][0] - filling.context // 2 - origin))
    high = min(len(row), max(middle + reach, sum(here[-1]) + filling.context // 2 - origin))
    later = itertools.takewhile(lambda span: span[0] < high + origin, gaps)
    places = np.concatenate([np.arange(begin, begin + length) for begin, length in (*here, *later)])
    places = places[places < high + origin] - origin - low
    values = fill(row[low:high], places, filling.order)
    own = places < sum(here[-1]) - origin - low
    before = row[low:high].copy()
    row[low + places[own]] = values[own]
    for begin, length in here:
        span = slice(begin - origin, min(begin + length - origin, len(row)))
        tell(channel, begin, before[span.start - low : span.stop - low], row[span])
