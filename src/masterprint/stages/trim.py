"""Trim."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field, model_validator

from masterprint.dsp.decibels import amplitude
from masterprint.scratch import Scratch
from masterprint.signal import Block, Signal
from masterprint.stages.base import Stage, refuse

WINDOW_S = 0.005
"""Level is judged over this long, so that a tick in the lead-in does not count as music."""

Time = Annotated[float, Field(ge=0, le=86400)]


class Trim(Stage):
    """Trim: cuts off what is before the music and after it.

    Finds where the level (RMS over 5 ms, in any channel) first and last passes a threshold, and
    keeps a little more at each end. Or cuts at given times, to the frame nearest to each; with both
    ends given nothing is listened for. Where nothing passes the threshold, nothing is cut.
    """

    stage_name: ClassVar[str] = "trim"
    keeps_length: ClassVar[bool] = False

    threshold_db: float = Field(
        -60.0, ge=-120, le=-10, description="level that counts as music, dBFS"
    )
    head_ms: float = Field(50.0, ge=0, le=60000, description="kept before the music")
    tail_ms: float = Field(500.0, ge=0, le=60000, description="kept behind it")
    start_s: Time | None = Field(None, description="begin here instead")
    end_s: Time | None = Field(None, description="end here instead, counted from the old beginning")

    @model_validator(mode="after")
    def _in_order(self) -> Trim:
        if self.start_s is not None and self.end_s is not None and self.end_s <= self.start_s:
            raise ValueError(f"end_s is {self.end_s:g}, where more than start_s is expected")
        return self

    def apply(self, signal: Signal) -> Signal:
        """Cut, and report where."""
        return replace(signal, blocks=self._cut(signal), frames=None)

    def _cut(self, signal: Signal) -> Iterator[Block]:
        rate = signal.sample_rate_hz
        scratch = Scratch()
        try:
            loud = _Loud(signal, amplitude(self.threshold_db))
            for block in loud.heard():
                scratch.append(block)
            first, last = loud.first, loud.last
            if first is None or last is None:
                first, last = 0, loud.frames
                if self.start_s is None or self.end_s is None:
                    signal.report["note"] = (
                        f"nothing is above {self.threshold_db:g} dBFS: no silence was cut off"
                    )
            else:
                first = max(0, first - math.ceil(self.head_ms / 1000 * rate))
                last = min(loud.frames, last + math.ceil(self.tail_ms / 1000 * rate))
            first = first if self.start_s is None else round(self.start_s * rate)
            last = last if self.end_s is None else min(loud.frames, round(self.end_s * rate))
            if loud.frames and first >= last:
                refuse(
                    self,
                    f"nothing is left between {first / rate:.3f} and {last / rate:.3f} s of "
                    f"{loud.frames / rate:.3f} s: give other times",
                )
            times = {"start_s": first / rate, "end_s": last / rate}
            signal.report.update({key: round(at_s, 6) for key, at_s in times.items()})
            cut_s = (loud.frames - (last - first)) / rate
            signal.report["cut_s"] = round(cut_s, 6)
            signal.report["summary"] = f"{cut_s:.2f} s cut off"
            signal.report["pinned"] = [{self.stage_name: times}]
            position = 0
            for block in scratch.replay():
                low, high = max(first - position, 0), min(last - position, block.shape[1])
                position += block.shape[1]
                if low < high:
                    yield np.ascontiguousarray(block[:, low:high])
        finally:
            scratch.close()


class _Loud:
    """Finds the first and the last window of a signal that is above a level."""

    def __init__(self, signal: Signal, level: float) -> None:
        self._signal = signal
        self._window = max(1, round(WINDOW_S * signal.sample_rate_hz))
        self._energy = level**2 * self._window
        self._part = np.zeros((signal.channels, 0))
        self.frames = 0
        self.first: int | None = None
        self.last: int | None = None

    def heard(self) -> Iterator[Block]:
        """The same blocks, listened to."""
        for block in self._signal.blocks:
            self._look(np.concatenate([self._part, block], axis=1))
            self.frames += block.shape[1]
            yield block
        rest = self._part.shape[1]
        if rest:
            self._look(np.pad(self._part, ((0, 0), (0, self._window - rest))))
            self.last = None if self.last is None else min(self.last, self.frames)

    def _look(self, line: Block) -> None:
        begin = self.frames - self._part.shape[1]
        count = line.shape[1] // self._window
        whole = line[:, : count * self._window].reshape(len(line), count, self._window)
        self._part = line[:, count * self._window :].copy()
        loud = np.flatnonzero((np.square(whole).sum(axis=2) > self._energy).any(axis=0))
        if len(loud):
            if self.first is None:
                self.first = begin + int(loud[0]) * self._window
            self.last = begin + (int(loud[-1]) + 1) * self._window
