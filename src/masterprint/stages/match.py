"""Matching a reference."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from masterprint.dsp.bells import bells_for
from masterprint.dsp.decibels import amplitude
from masterprint.dsp.midside import mid_and_side
from masterprint.errors import AudioFileError
from masterprint.files.reading import AudioFile, open_audio
from masterprint.metering.heard import Heard
from masterprint.metering.meter import Meter
from masterprint.metering.tone import apart_db
from masterprint.scratch import Scratch
from masterprint.signal import Block, Signal
from masterprint.stages.base import Phase, Stage, refuse
from masterprint.stages.beside import FileBeside, StageWithFiles
from masterprint.stages.eq import Band, Eq
from masterprint.stages.gain import Gain
from masterprint.stages.run import run_stage
from masterprint.stages.width import Width

NOTHING_DB = -70.0
"""A side that lies so far below the mid is none."""
MOST_WIDTH_DB = 6.0
MOST_GAIN_DB = 30.0
NO_REFERENCE = "reference: none is named, where an audio file beside the chain is needed"
LEVEL_HZ = (100.0, 10000.0)
"""Where two spectra are compared in level, before they are compared in shape."""


class Match(StageWithFiles):
    """Match: brings tone, width and loudness towards those of a reference.

    The spectra of the louder parts of both programmes (pieces of 3 s, down to 3 dB below the mean
    power; Welch's method) are averaged over a third of an octave, or finer, and held against one
    another, mid and side apart. Where one of them has no music (70 dB below its strongest band, as
    above what a lossy codec has left), the curve goes on level. The difference, of at most
    `max_db`, becomes bells of an `eq` for the mid and one for the side, fitted by least squares;
    how much stronger the side is, a `width`; the difference in integrated loudness (BS.1770), a
    `gain`. These four stages are also what the report has as `pinned`: put them in the place of
    this one, and the same comes out without the reference.

    With `on`, the same part of the reference is listened to. A reference in mono, or with next to
    no side, leaves the side as it is. Loudness moves by at most 30 dB, the side by 6 dB beside its
    tone. Peaks go where they go: put a limiter behind it.
    """

    stage_name: ClassVar[str] = "match"
    channel_counts: ClassVar[frozenset[int] | None] = frozenset({1, 2})
    file_settings: ClassVar[tuple[str, ...]] = ("reference",)

    reference: FileBeside | None = Field(
        None, description="audio file, relative to the chain file; a render needs one"
    )
    amount: float = Field(
        1.0, ge=0, le=1, description="how far to go, 0 not at all to 1 all the way"
    )
    tone: bool = Field(True, description="match the spectrum")
    width: bool = Field(True, description="match how strong the side is")
    loudness: bool = Field(True, description="match the integrated loudness")
    max_db: float = Field(6.0, ge=0, le=12, description="most that the spectrum is moved by")
    bands_per_octave: int = Field(3, ge=1, le=6, description="how fine the curve is")
    low_hz: float = Field(30.0, ge=20, le=1000, description="the spectrum below is left alone")
    high_hz: float = Field(
        20000.0, ge=1000, le=20000, description="the spectrum above is left alone"
    )
    phase: Phase = Field("linear", description="of the equalisers: minimum as analogue, or linear")

    @model_validator(mode="after")
    def _has_room_for_a_curve(self) -> Match:
        if self.tone and self.high_hz < 4.0 * self.low_hz:
            raise ValueError(
                f"high_hz is {self.high_hz:g}, where two octaves above low_hz or more are expected"
            )
        return self

    def problems(self, sample_rate_hz: int, channels: int) -> list[str]:
        """Whether the reference can be read."""
        found = super().problems(sample_rate_hz, channels)
        # A curve that ends above what the rate can hold ends there.
        found = [each for each in found if not each.startswith("high_hz ")]
        if self.reference is None:
            return [*found, NO_REFERENCE]
        try:
            file = self._file()
            if file.channels > 2:
                found.append(
                    f"reference: {file.path} has {file.channels} channels, where 1 or 2 are "
                    "expected"
                )
        except (ValueError, AudioFileError) as error:
            found.append(f"reference: {str(error).rstrip('.')}")
        return found

    def apply(self, signal: Signal) -> Signal:
        """Listen to both, then equalise, widen, and turn up or down."""
        return signal.carrying(self._matched(signal))

    def _matched(self, signal: Signal) -> Iterator[Block]:
        rows = signal.channels
        scratch, changed = Scratch(), Scratch()
        try:
            mix = Heard(signal)
            for block in mix.passing():
                scratch.append(block)
            reference = Heard(self._part_of(self._file().signal()), rows)
            for _ in reference.passing():
                pass
            if reference.lufs is None:
                part = "" if self.on == "stereo" else f"the {self.on} channel of "
                refuse(
                    self,
                    f"reference: {part}{self._path} is silent or shorter than "
                    "0.4 s, where a programme to be matched is expected",
                )
            if mix.lufs is None:
                signal.report["note"] = "there is nothing to be matched: silent, or below 0.4 s"
                yield from scratch.replay()
                return
            stages = self._found(mix, reference)
            heard = signal.carrying(scratch.replay())
            for stage in stages:
                heard = run_stage(stage, replace(heard, report={}))
            gain_db = 0.0
            meter = Meter(signal.sample_rate_hz, rows, true_peak=False)
            for block in meter.passing(heard.blocks):
                changed.append(block)
            if self.loudness and (reached := meter.integrated_lufs()) is not None:
                wanted_db = mix.lufs + self.amount * (reference.lufs - mix.lufs) - reached
                gain_db = round(float(np.clip(wanted_db, -MOST_GAIN_DB, MOST_GAIN_DB)), 3)
                if abs(wanted_db) > MOST_GAIN_DB:
                    signal.report["note"] = f"stopped at {gain_db:+g} dB of gain"
                stages.append(Gain(gain_db=gain_db))
            self._report(signal.report, mix, reference, stages)
            factor = amplitude(gain_db)
            for block in changed.replay():
                yield block * factor
        finally:
            scratch.close()
            changed.close()

    def _found(self, mix: Heard, reference: Heard) -> list[Stage]:
        """An eq for the mid, or the one channel; one for the side, and a width."""
        curves, weights, at_hz = self._apart(mix, reference)
        levels = [float(np.average(row, weights=weights)) for row in curves]
        found: list[Stage] = []
        if self.tone:
            for row, (curve, level) in enumerate(zip(curves, levels, strict=True)):
                wanted = self.amount * np.clip(curve - level, -self.max_db, self.max_db)
                on: Any = "stereo" if len(mix.power) == 1 else ("mid", "side")[row]
                bands = self._bands(at_hz, wanted)
                if bands:
                    found.append(Eq(on=on, bands=bands, phase=self.phase))
        if self.width and len(levels) == 2:
            wider_db = float(np.clip(levels[1] - levels[0], -MOST_WIDTH_DB, MOST_WIDTH_DB))
            found.append(Width(width=round(min(2.0, amplitude(self.amount * wider_db)), 4)))
        return found

    def _bands(self, at_hz: NDArray[np.float64], wanted_db: NDArray[np.float64]) -> list[Band]:
        inside = (at_hz >= self.low_hz) & (at_hz <= self.high_hz)
        bells = bells_for(at_hz[inside], wanted_db[inside], self.bands_per_octave)
        return [
            Band(frequency_hz=round(hz, 1), gain_db=gain_db, q=round(q, 3))
            for hz, gain_db, q in bells
            if gain_db
        ]

    def _apart(
        self, mix: Heard, reference: Heard
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """How much louder the reference is, in dB by row and frequency; weights; frequencies."""
        count = min(mix.power.shape[1], reference.power.shape[1])
        at_hz = mix.centres[:count]
        ours, theirs = mix.power[:, :count], reference.power[:, :count]
        octaves = 1.0 / self.bands_per_octave
        rows = [0]
        quiet = 10.0 ** (NOTHING_DB / 10.0)
        if len(ours) == 2 and all(p[1].sum() > quiet * p[0].sum() for p in (ours, theirs)):
            rows.append(1)
        weights = ((at_hz >= LEVEL_HZ[0]) & (at_hz <= LEVEL_HZ[1])).astype(np.float64)
        curves = [apart_db(ours[row], theirs[row], octaves) for row in rows]
        return np.array(curves), weights, at_hz

    def _report(
        self, report: dict[str, Any], mix: Heard, reference: Heard, stages: list[Stage]
    ) -> None:
        assert mix.lufs is not None
        assert reference.lufs is not None
        report["measured_lufs"] = round(mix.lufs, 3)
        report["reference_lufs"] = round(reference.lufs, 3)
        report["summary"] = f"towards {reference.lufs:.1f} LUFS from {mix.lufs:.1f} LUFS"
        report["louder_parts_percent"] = [round(100 * x.share, 1) for x in (mix, reference)]
        report["pinned"] = [
            {stage.stage_name: stage.model_dump(mode="json", exclude_defaults=True)}
            for stage in stages
        ]

    def _part_of(self, reference: Signal) -> Signal:
        """What `on` takes of the mix, of the reference."""
        if self.on == "stereo":
            return reference
        coded, chosen = self.on in ("mid", "side"), int(self.on in ("side", "right"))

        def part() -> Iterator[Block]:
            for block in reference.blocks:
                pair = np.repeat(block, 2, axis=0) if len(block) == 1 else block
                yield mid_and_side(pair)[chosen] if coded else pair[chosen : chosen + 1].copy()

        return reference.carrying(part(), channels=1)

    @property
    def _path(self) -> Path:
        if self.reference is None:
            refuse(self, NO_REFERENCE)
        return self.path_of(self.reference)

    def _file(self) -> AudioFile:
        return open_audio(self._path)
