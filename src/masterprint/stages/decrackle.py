"""Decrackle."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from masterprint.dsp.click_finder import Search
from masterprint.dsp.crackle_finder import CrackleFinder
from masterprint.dsp.repairing import Filling, repaired
from masterprint.signal import Block, Signal
from masterprint.stages.base import Stage


class Decrackle(Stage):
    """Decrackle: takes out the many small clicks of a worn record.

    Single clicks are looked for as in `declick`. Where there have been many of them lately, fainter
    ones are looked for as well: samples that an autoregressive model can foresee neither from what
    was before nor from what comes after (`dsp.crackle_finder`). They are filled in with what the
    model finds likeliest; all other samples stay as they are, to the bit. For larger ticks and pops
    put `declick` before it.
    """

    stage_name: ClassVar[str] = "decrackle"

    sensitivity: float = Field(0.5, ge=0, le=1, description="how faint crackle may be, 1 faintest")

    def apply(self, signal: Signal) -> Signal:
        """Find and fill in, and report how much."""
        return signal.carrying(self._decrackled(signal))

    def _decrackled(self, signal: Signal) -> Iterator[Block]:
        rate = signal.sample_rate_hz
        scale = rate / 44100.0
        factor = 2.0 ** (0.5 - self.sensitivity)
        order, longest = round(40 * scale**0.5), max(8, round(0.0014 * rate))
        search = Search(
            order=order,
            cell=round(1024 * scale),
            context=round(1024 * scale) + longest,
            longest=longest,
            level=round(0.004 * rate),
            thresholds=(12.0 * factor, 5.0 * factor, 5.0 * factor),
            price=3.0,
            allowed=1.6,
            share=0.02,
            calm=round(0.004 * rate),
            restless=0.25,
            brighter=10.0,
            outshines=20.0,
            patience=8.0,
            near=order,
            lag=max(1, round(scale)),
            crowd=1.5,
        )
        turns = (4.0 * factor, 3.2 * factor, 3.2 * factor)
        counts, changed = [0] * signal.channels, [0] * signal.channels
        frames = 0

        def tell(channel: int, start: int, before: Block, after: Block) -> None:
            del start, before
            counts[channel] += 1
            changed[channel] += len(after)

        def make(search: Search) -> CrackleFinder:
            return CrackleFinder(search, turns, rate, clicks_per_s=5.0)

        filling = Filling(order, round(1024 * scale), round(512 * scale))
        # A run of crackle may be as long as a cell; the search goes on in the next one.
        most = search.cell + 2 * search.context
        for block in repaired(signal, filling, most, search, None, tell, make):
            frames += block.shape[1]
            yield block
        signal.report["repairs_by_channel"] = counts
        signal.report["repairs_per_s"] = [round(n * rate / max(frames, 1), 2) for n in counts]
        signal.report["share_filled_in"] = [round(n / max(frames, 1), 6) for n in changed]
