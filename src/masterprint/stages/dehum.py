"""Removal of mains hum."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from masterprint.dsp.decibels import decibels
from masterprint.dsp.harmonics import KNOT_S, Phase, synthesise
from masterprint.dsp.resampling import resample
from masterprint.metering.hum import ORDERS, Hum, followed, lines_of
from masterprint.metering.hum_search import HumSearch
from masterprint.metering.silence import Silence
from masterprint.scratch import Scratch
from masterprint.signal import BLOCK_FRAMES, Block, Signal, rechunk
from masterprint.stages.base import Stage

LOW_RATE_HZ = 6000
"""Room for 40 harmonics of 65 Hz."""
CELL_FRAMES = round(LOW_RATE_HZ * KNOT_S)
SHORTEST_S = 4.0
SILENT_S = 0.05
CANDIDATES = 4
BEYOND_DOUBT_DB = 200.0
MOST_ENTRIES = 200

Order = Annotated[int, Field(ge=1, le=ORDERS)]


class Dehum(Stage):
    """Hum removal: takes out the hum of the mains and its harmonics, and leaves the music there.

    The hum is not filtered but subtracted. Its fundamental is found between 45 and 65 Hz, and
    followed where it drifts, through up to 20 harmonics together; for each harmonic in each channel
    a level and a phase, which may change slowly, are told from those moments at which the music has
    little around it; and what they make, sample by sample, is taken away. A note at the same pitch
    comes and goes, so it stays; nothing rings. What cannot be told from the music, because the
    music covers it all the time, stays as well.

    Hum is what is there through notes and pauses alike: all of the time, or, within 1 % of 50 or
    60 Hz, for at least 12 s and two fifths of the programme. It has its fundamental or the second
    harmonic, or four lines. Where there is none, not a bit changes. With `frequency_hz` given, it
    need not be there for so long; what drifts must lie within 0.3 Hz of it. Half of the hum, for
    one, goes with a `mix` of 0.5.
    """

    stage_name: ClassVar[str] = "dehum"

    frequency_hz: Annotated[float, Field(ge=45, le=65)] | None = Field(
        None, description="the fundamental; null finds it, and whether there is any hum at all"
    )
    follow: bool = Field(True, description="follow a frequency that drifts")
    harmonics: Order | Annotated[list[Order], Field(min_length=1, max_length=ORDERS)] = Field(
        ORDERS,
        description="up to which harmonic those are taken out that are found, 1 the fundamental; "
        "or a list of those to take out",
    )

    def apply(self, signal: Signal) -> Signal:
        """Listen to all of it, then subtract what the hum is made of."""
        return signal.carrying(self._cleaned(signal))

    def _cleaned(self, signal: Signal) -> Iterator[Block]:
        heard = _Heard(signal)
        try:
            heard.listen(signal)
            hum = self._found(heard, signal.report)
            orders = self._orders(hum)
            if hum is None or not orders.any() or not hum.present.any():
                signal.report.setdefault("summary", "no hum was found")
                signal.report["harmonics"] = []
                signal.report["pinned"] = []
                yield from heard.scratch.replay()
                return
            lines = lines_of(hum, orders)
            self._report(signal.report, hum, orders, lines)
            yield from _subtracted(heard, hum.phase, lines, signal.sample_rate_hz)
        finally:
            heard.close()

    def _found(self, heard: _Heard, report: dict[str, Any]) -> Hum | None:
        """The hum, if there is any."""
        if heard.seconds < SHORTEST_S:
            report["summary"] = f"shorter than {SHORTEST_S:g} s: hum cannot be told from music"
            return None
        if self.frequency_hz is not None:
            return heard.followed(self.frequency_hz, self.follow)
        best: Hum | None = None
        for start_hz in heard.search.candidates(CANDIDATES):
            hum = heard.followed(start_hz, follow=True)
            if hum.believed() and (best is None or hum.evidence_db > best.evidence_db):
                best = hum
            if best is not None and best.evidence_db > BEYOND_DOUBT_DB:
                break
        return best

    def _orders(self, hum: Hum | None) -> NDArray[np.bool_]:
        numbers = np.arange(1, ORDERS + 1)
        if hum is None:
            return np.zeros(ORDERS, bool)
        if isinstance(self.harmonics, list):
            return np.isin(numbers, self.harmonics)
        return np.asarray(hum.lines() & (numbers <= self.harmonics))

    def _report(
        self,
        report: dict[str, Any],
        hum: Hum,
        orders: NDArray[np.bool_],
        lines: NDArray[np.complex128],
    ) -> None:
        hz = hum.phase.hz[hum.present]
        mean_hz = float(hz.mean())
        numbers = [int(n) for n in np.flatnonzero(orders) + 1]
        power = (np.abs(lines[hum.present]) ** 2).mean(axis=0)
        report["frequency_hz"] = round(mean_hz, 3)
        report["drift_hz"] = [round(float(hz.min()), 3), round(float(hz.max()), 3)]
        report["present_s"] = _spans_s(hum.present)
        report["harmonics"] = [
            {
                "harmonic": n,
                "frequency_hz": round(n * mean_hz, 2),
                "level_dbfs": [_level(math.sqrt(p)) for p in power[n - 1]],
            }
            for n in numbers
        ]
        lines_in_words = "1 line" if len(numbers) == 1 else f"{len(numbers)} lines"
        report["summary"] = f"{mean_hz:.2f} Hz, {lines_in_words} taken out"
        if self.follow:
            report["track_hz"] = _track(hum)
        settings = {"frequency_hz": hum.start_hz, "follow": self.follow, "harmonics": numbers}
        report["pinned"] = [{self.stage_name: settings}]


def _track(hum: Hum) -> list[list[float]]:
    """Seconds and the frequency there, where the hum is, in at most 200 entries."""
    knots = np.flatnonzero(hum.present)
    every = max(4, math.ceil(len(knots) / MOST_ENTRIES))
    return [[round(n * KNOT_S, 2), round(float(hum.phase.hz[n]), 3)] for n in knots[::every]]


def _spans_s(present: NDArray[np.bool_]) -> list[list[float]]:
    """From when to when, the first 200 times."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], present.astype(np.int8), [0]])))
    return [
        [round(first * KNOT_S, 2), round((last - 1) * KNOT_S, 2)]
        for first, last in edges.reshape(-1, 2)[:MOST_ENTRIES].tolist()
    ]


def _level(amplitude: float) -> float | None:
    level = decibels(amplitude)
    return None if level is None else round(level, 1)


class _Heard:
    """A programme that has been listened to, and can be played again."""

    def __init__(self, signal: Signal) -> None:
        self.scratch, self._low = Scratch(), Scratch()
        self.search = HumSearch(LOW_RATE_HZ, signal.channels)
        self.silence = Silence(signal.channels, round(SILENT_S * signal.sample_rate_hz))
        self._rate = signal.sample_rate_hz
        self._channels = signal.channels
        self._frames = 0

    def listen(self, signal: Signal) -> None:
        """Take in the whole programme."""
        low = resample(replace(signal, blocks=self._keeping(signal)), LOW_RATE_HZ)
        for block in rechunk(low.blocks, 16 * CELL_FRAMES):
            self.search.feed(block)
            self._low.append(block.astype(np.float32))
        self.silence.finish()

    def _keeping(self, signal: Signal) -> Iterator[Block]:
        for block in rechunk(signal.blocks, BLOCK_FRAMES):
            self.scratch.append(block)
            self.silence.feed(block)
            self._frames += block.shape[1]
            yield block

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self._frames / self._rate

    def cells(self) -> Iterator[Block]:
        """A quarter of a second each, at the low rate; the last one filled with silence."""
        for block in self._low.replay():
            for start in range(0, block.shape[1], CELL_FRAMES):
                cell = block[:, start : start + CELL_FRAMES].astype(np.float64)
                yield np.pad(cell, ((0, 0), (0, CELL_FRAMES - cell.shape[1])))

    def followed(self, start_hz: float, follow: bool) -> Hum:
        """The hum that lies about a frequency."""
        cells = math.ceil(self.seconds / KNOT_S - 1e-9)
        edges = np.arange(cells + 1, dtype=np.float64) * KNOT_S * self._rate
        heard = self.silence.sounding(edges)
        heard[-1] &= edges[-1] <= self._frames
        knots = np.zeros((cells + 1, self._channels), bool)
        knots[1:-1] = heard[1:] & heard[:-1]  # a window takes in the cells to both sides
        return followed(self.cells, knots, start_hz, follow)

    def close(self) -> None:
        """Give the space back."""
        self.scratch.close()
        self._low.close()


def _subtracted(
    heard: _Heard, phase: Phase, lines: NDArray[np.complex128], rate: int
) -> Iterator[Block]:
    """The programme without the lines; what was silent stays so."""
    hum = rechunk(_resynthesised(phase, lines, rate), BLOCK_FRAMES)
    start = 0
    for block in heard.scratch.replay():
        frames = block.shape[1]
        made = next(hum)[:, :frames]
        out = block - made * heard.silence.away(start, frames, 0)
        start += frames
        yield out


def _resynthesised(phase: Phase, lines: NDArray[np.complex128], rate: int) -> Iterator[Block]:
    cell_frames = rate * KNOT_S
    top = int(np.flatnonzero(np.any(lines != 0, axis=(0, 2))).max(initial=0)) + 1
    for cell in range(len(lines) - 1):
        first, last = math.ceil(cell * cell_frames), math.ceil((cell + 1) * cell_frames)
        begin, step = first / cell_frames - cell, 1.0 / cell_frames
        cosine, sine = phase.between(cell, begin, step, last - first)
        out = np.zeros((lines.shape[2], last - first))
        for channel, row in enumerate(out):
            start, end = (np.ascontiguousarray(lines[n, :top, channel]) for n in (cell, cell + 1))
            if start.any() or end.any():
                synthesise(cosine, sine, begin, step, start, end, row)
        yield out
