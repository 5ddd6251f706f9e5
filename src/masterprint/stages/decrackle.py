"""Decrackle."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from masterprint.dsp.crackle import FLOOR, Crackle
from masterprint.scratch import Scratch
from masterprint.signal import MOST_CHANNELS, Block, Reader, Signal
from masterprint.stages.base import Stage

LEAST_PER_S, LEAST = 3.0, 5
"""Clicks each second, and in all, in the quieter half of moments, from which on it is crackle."""
EVENLY = 0.7
"""Moments with clicks, beside what there would be if those came by chance at any time (Poisson).
What of hats and guitars is taken for clicks comes in bunches: 0.6 and less; crackle has 0.9."""


class Decrackle(Stage):
    """Decrackle: takes out the many small clicks of a worn record.

    Crackle is there all the time, and most of all where the music is quiet. So each channel is
    listened to first: clicks of single frames are counted in the quieter half of its moments. With
    fewer than three each second there, or where they come in bunches, as from hi-hats, the channel
    stays as it is, to the bit. Where there is crackle, samples are looked for that an
    autoregressive model of some fifty milliseconds cannot explain but by something added to them
    (`dsp.crackle_search`); they are filled in with what the model finds likeliest, the fainter they
    are the nearer to what is there. All other samples stay as they are, to the bit. For larger
    ticks and pops put `declick` before it.
    """

    stage_name: ClassVar[str] = "decrackle"

    sensitivity: float = Field(0.5, ge=0, le=1, description="how faint crackle may be, 1 faintest")
    channels: list[Annotated[int, Field(ge=1, le=MOST_CHANNELS)]] | None = Field(
        None,
        max_length=MOST_CHANNELS,
        description="repair these, 1 the first, without listening first; null finds them",
    )

    def problems(self, sample_rate_hz: int, channels: int) -> list[str]:
        """Why it cannot work on such a mix."""
        found = super().problems(sample_rate_hz, channels)
        highest = max(self.channels or (), default=0)
        if highest > channels:
            found.append(f"channels name channel {highest}, where there are {channels} channel(s)")
        return found

    def apply(self, signal: Signal) -> Signal:
        """Listen, then find and fill in, and report how much."""
        return signal.carrying(self._decrackled(signal))

    def _decrackled(self, signal: Signal) -> Iterator[Block]:
        crackle = Crackle.at(signal.sample_rate_hz, self.sensitivity)
        if self.channels is not None:
            chosen = sorted({channel - 1 for channel in self.channels})
            yield from self._repaired(signal, signal.blocks, crackle, chosen)
            return
        scratch = Scratch()
        try:
            heard = Listening(crackle, signal)
            for window in windows(_kept(signal.blocks, scratch), signal.channels, crackle):
                heard.feed(window)
            signal.report["clicks_per_s"] = [round(value, 2) for value in heard.clicks_per_s]
            yield from self._repaired(signal, scratch.replay(), crackle, heard.crackling)
        finally:
            scratch.close()

    def _repaired(
        self, signal: Signal, blocks: Iterable[Block], crackle: Crackle, chosen: list[int]
    ) -> Iterator[Block]:
        repairs, changed = np.zeros((2, signal.channels), dtype=np.int64)
        frames = 0
        own = slice(crackle.context, crackle.context + crackle.cell)
        for window in windows(blocks, signal.channels, crackle) if chosen else ():
            for channel in chosen:
                row = window.audio[channel]
                clean, marked = crackle.clean(row, window.first, window.last)
                marked = marked[own]
                row[own][marked] = clean[own][marked]
                repairs[channel] += np.count_nonzero(np.diff(marked.astype(np.int8), prepend=0) > 0)
                changed[channel] += np.count_nonzero(marked)
            frames += window.frames
            yield window.audio[:, own.start : own.start + window.frames].copy()
        for block in () if chosen else blocks:
            frames += block.shape[1]
            yield block
        seconds = max(frames, 1) / signal.sample_rate_hz
        total = int(repairs.sum())
        signal.report["repairs_by_channel"] = repairs.tolist()
        signal.report["repairs_per_s"] = [round(n / seconds, 2) for n in repairs.tolist()]
        signal.report["share_filled_in"] = [round(n / max(frames, 1), 6) for n in changed.tolist()]
        signal.report["summary"] = (
            f"{total:,} repairs, {total / seconds:,.0f} each second"
            if chosen
            else "no crackle was found"
        )
        if self.channels is None:
            settings = {
                "sensitivity": self.sensitivity,
                "channels": [channel + 1 for channel in chosen],
            }
            signal.report["pinned"] = [{self.stage_name: settings}]


class Window:
    """A cell amid its surroundings.

    Attributes:
        audio: the frames of all channels; what is repaired in them is heard in the next window.
        first: from where on clicks are looked for; at the start of a programme there is no past.
        last: up to where.
        frames: of the cell that belong to the programme.
    """

    def __init__(self, audio: Block, first: int, last: int, frames: int) -> None:
        self.audio, self.first, self.last, self.frames = audio, first, last, frames


def windows(blocks: Iterable[Block], channels: int, crackle: Crackle) -> Iterator[Window]:
    """The programme in cells at fixed places, each with what is before and after it."""
    reader = Reader(blocks)
    cell, context, order = crackle.cell, crackle.context, crackle.order
    audio = np.zeros((channels, crackle.window))
    start, received = -cell, 0
    wanted = context
    while True:
        new = reader.take(wanted)
        count = 0 if new is None else new.shape[1]
        if new is not None:
            audio[:, crackle.window - wanted : crackle.window - wanted + count] = new
        received += count
        if wanted == cell:
            if start >= received:
                return
            origin = start - context
            first = max(0, -origin) + order
            last = min(crackle.window, received - origin) - order
            yield Window(audio, first, last, min(cell, received - start))
        start, wanted = start + cell, cell
        audio[:, :-cell] = audio[:, cell:].copy()
        audio[:, -cell:] = 0.0


class Listening:
    """Whether there is crackle in each channel."""

    def __init__(self, crackle: Crackle, signal: Signal) -> None:
        self._crackle = crackle
        self._rate = signal.sample_rate_hz
        self._found: list[list[tuple[float, int]]] = [[] for _ in range(signal.channels)]

    def feed(self, window: Window) -> None:
        """Count the clicks of another cell."""
        for row, found in zip(window.audio, self._found, strict=True):
            count, level = self._crackle.count(row, window.first, window.last)
            found.append((level, count))

    def _quiet(self, channel: int) -> NDArray[np.float64]:
        """Clicks in each of the quieter half of the cells that are not silent."""
        sounding = sorted(entry for entry in self._found[channel] if entry[0] > FLOOR)
        return np.array([count for _, count in sounding[: (len(sounding) + 1) // 2]])

    @property
    def clicks_per_s(self) -> list[float]:
        """How many there are in the quieter half of each channel."""
        cell_s = self._crackle.cell / self._rate
        quiet = [self._quiet(channel) for channel in range(len(self._found))]
        return [float(counts.sum() / max(len(counts), 1) / cell_s) for counts in quiet]

    @property
    def crackling(self) -> list[int]:
        """The channels, 0 the first, that have crackle."""
        return [
            channel for channel in range(len(self._found)) if self._is_crackle(self._quiet(channel))
        ]

    def _is_crackle(self, quiet: NDArray[np.float64]) -> bool:
        """Whether clicks by cell are many, and there all the time."""
        total, cell_s = quiet.sum(), self._crackle.cell / self._rate
        if total < max(LEAST, LEAST_PER_S * cell_s * len(quiet)):
            return False
        by_chance = 1.0 - np.exp(-quiet.mean())
        return bool(np.count_nonzero(quiet) >= EVENLY * by_chance * len(quiet))


def _kept(blocks: Iterable[Block], scratch: Scratch) -> Iterator[Block]:
    for block in blocks:
        scratch.append(block)
        yield block
