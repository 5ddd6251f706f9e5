"""Declick."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from masterprint.dsp.click_finder import Search, Span
from masterprint.dsp.click_verdict import Rules
from masterprint.dsp.decibels import decibels
from masterprint.dsp.repairing import Filling, repaired
from masterprint.signal import Block, Signal
from masterprint.stages.base import Settings, Stage

MOST_LISTED = 200
LONGEST_GIVEN = 4000
ENDED = 0.85
"""Share of the longest that a click has at most: what comes nearer to it has not ended."""


class Repair(Settings):
    """A place to be repaired."""

    channel: int = Field(ge=1, le=64, description="which channel, 1 for the first or left")
    start_frame: int = Field(ge=0, le=10**11, description="its first frame")
    frames: int = Field(ge=1, le=LONGEST_GIVEN, description="how many there are")


class Declick(Stage):
    """Declick: finds ticks and pops, and fills in what they have destroyed.

    An autoregressive model of the music says what it cannot have foreseen. A click is what stands
    far out of that, is short, and leaves calm behind when it is filled in; a drum, a castanet or
    the pulse of a voice goes on, or stays a surprise whatever is filled in, and is left alone
    (`dsp.click_extents`, `dsp.click_verdict`). So is what is too faint to be heard beside the
    music. The samples of a click are replaced by those that the model, fitted to what is around,
    finds likeliest (Janssen, Veldhuis and Vries, 1986). All other samples stay as they are, to the
    bit.

    What was repaired is reported; the list holds the first 200, and only a whole list is pinned.
    With `repairs` given, as in a pinned chain, those are made and no others: to strike one out that
    was none, or to add one by hand.
    """

    stage_name: ClassVar[str] = "declick"

    sensitivity: float = Field(0.5, ge=0, le=1, description="how faint a click may be, 1 faintest")
    longest_ms: float = Field(5.0, ge=0.1, le=10, description="longer disturbances are left alone")
    repairs: list[Repair] | None = Field(
        None, max_length=10000, description="repair exactly these; null finds them"
    )

    def problems(self, sample_rate_hz: int, channels: int) -> list[str]:
        """Why it cannot work on such a mix."""
        found = super().problems(sample_rate_hz, channels)
        highest = max((repair.channel for repair in self.repairs or ()), default=0)
        if highest > channels:
            found.append(f"repairs name channel {highest}, where there are {channels} channel(s)")
        return found

    def apply(self, signal: Signal) -> Signal:
        """Find and fill in, and report what and where."""
        return signal.carrying(self._declicked(signal))

    def _declicked(self, signal: Signal) -> Iterator[Block]:
        rate = signal.sample_rate_hz
        search, given, longest = None, None, max(2, round(self.longest_ms / 1000.0 * rate))
        if self.repairs is None:
            search = clicks(rate, longest, 7.0 * 4.0 ** (0.5 - self.sensitivity))
        else:
            given = _in_order(self.repairs, signal.channels)
            longest = 2 * LONGEST_GIVEN
        told = Repairs(signal)
        yield from repaired(signal, filling(rate), longest, search, given, told)
        told.report(signal.report)
        if self.repairs is None and told.complete:
            signal.report["pinned"] = [{self.stage_name: {"repairs": told.settings}}]
        elif self.repairs is None:
            signal.report["not_pinned"] = f"it made more than {MOST_LISTED} repairs"


class Repairs:
    """What has been repaired, counted, and listed as far as a report has room."""

    def __init__(self, signal: Signal) -> None:
        self._rate = signal.sample_rate_hz
        self._counts = [0] * signal.channels
        self._longest = 0
        self._listed: list[dict[str, Any]] = []

    def __call__(self, channel: int, start: int, before: Block, after: Block) -> None:
        """Another repair."""
        self._counts[channel] += 1
        self._longest = max(self._longest, len(after))
        if len(self._listed) < MOST_LISTED:
            peak = float(np.max(np.abs(after - before), initial=0.0))
            self._listed.append(
                {
                    "channel": channel + 1,
                    "start_frame": start,
                    "frames": len(after),
                    "time_s": round(start / self._rate, 4),
                    "peak_dbfs": round(decibels(max(peak, 1e-10)) or 0.0, 1),
                }
            )

    @property
    def complete(self) -> bool:
        """Whether the list holds all."""
        return sum(self._counts) == len(self._listed)

    @property
    def settings(self) -> list[dict[str, int]]:
        """The list as settings of the stage."""
        return [
            {key: entry[key] for key in ("channel", "start_frame", "frames")}
            for entry in self._listed
        ]

    def report(self, report: dict[str, Any]) -> None:
        """Write down what has been done."""
        count, longest_ms = sum(self._counts), 1000.0 * self._longest / self._rate
        report["summary"] = _summary(count, longest_ms)
        report["repairs"] = count
        report["listed"] = len(self._listed)
        report["repairs_by_channel"] = self._counts
        report["longest_ms"] = round(longest_ms, 3)
        report["list"] = self._listed


def _summary(count: int, longest_ms: float) -> str:
    """One line for people."""
    if count == 0:
        return "no clicks were found"
    if count == 1:
        return f"1 repair of {longest_ms:.1f} ms"
    return f"{count} repairs, the longest {longest_ms:.1f} ms"


def clicks(rate: int, longest: int, threshold: float) -> Search:
    """How clicks are looked for."""
    scale = rate / 44100.0
    order = round(40 * scale**0.5)
    return Search(
        order=order,
        cell=round(1024 * scale),
        context=round(1024 * scale) + longest,
        longest=longest,
        level=round(0.004 * rate),
        thresholds=(max(20.0, threshold), threshold, threshold, threshold),
        price=3.0,
        patience=14.0,
        crowd=1.5,
        lenient=1,
        rules=Rules(
            allowed=1.6,
            share=0.015,
            calm=round(0.008 * rate),
            restless=0.25,
            brighter=5.0,
            outshines=20.0,
            near=order,
            lag=max(1, round(scale)),
            hidden=0.3,
            faint=1.0,
            each=0.45 * threshold**2,
            long=round(12 * scale),
            each_of_long=2.0 * threshold**2,
            longest=int(ENDED * longest),
        ),
    )


def filling(rate: int) -> Filling:
    """How gaps are filled in."""
    scale = rate / 44100.0
    return Filling(round(64 * scale**0.5), round(2048 * scale), round(512 * scale))


def _in_order(repairs: list[Repair], channels: int) -> list[list[Span]]:
    """Repairs by channel, in order, without overlaps."""
    rows: list[list[Span]] = [[] for _ in range(channels)]
    for repair in sorted(repairs, key=lambda repair: (repair.start_frame, -repair.frames)):
        row = rows[repair.channel - 1]
        begin = max(repair.start_frame, sum(row[-1]) if row else 0)
        length = repair.start_frame + repair.frames - begin
        if length > 0:
            row.append((begin, length))
    return rows
