"""Multiband: any stages, per frequency band."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Annotated, ClassVar

from pydantic import Field, field_validator, model_validator

from masterprint.signal import Block, Signal, fork, join
from masterprint.stages.base import Phase, Stage, need_length_kept, stage_problems
from masterprint.stages.crossover import linear_phase_bands, minimum_phase_bands
from masterprint.stages.entries import StageList
from masterprint.stages.run import StageReport, run_stages

Crossover = Annotated[float, Field(ge=20, le=20000)]


class Split(Stage):
    """Split: parts the signal at crossovers, gives each band its own stages, and adds them up.

    Minimum phase: Linkwitz-Riley crossovers of 24 dB per octave; empty bands add up to an all-pass.
    Linear phase: the same magnitudes without phase; empty bands add up to the input itself.
    """

    stage_name: ClassVar[str] = "split"

    crossovers_hz: Annotated[list[Crossover], Field(min_length=1, max_length=7)] = Field(
        description="where the bands meet, rising"
    )
    bands: Annotated[list[StageList], Field(max_length=8)] = Field(
        default_factory=list, description="a list of stages for each band, lowest band first"
    )
    phase: Phase = Field("minimum", description="minimum as analogue, or linear")

    @field_validator("crossovers_hz")
    @classmethod
    def _rising(cls, value: list[float]) -> list[float]:
        if any(high <= low for low, high in pairwise(value)):
            raise ValueError(f"found {value}; crossovers must rise")
        return value

    @model_validator(mode="after")
    def _fits(self) -> Split:
        need_length_kept(stage for band in self.bands for stage in band)
        wanted = len(self.crossovers_hz) + 1
        if self.bands and len(self.bands) != wanted:
            raise ValueError(
                f"{len(self.crossovers_hz)} crossovers make {wanted} bands, "
                f"found {len(self.bands)} lists of stages"
            )
        return self

    def inner(self) -> dict[str, list[list[Stage]]]:
        """The stages of its bands."""
        return {"bands": self.bands} if self.bands else {}

    def problems(self, sample_rate_hz: int, channels: int) -> list[str]:
        """Those of the split itself and of every stage in its bands."""
        found = super().problems(sample_rate_hz, channels)
        for b, band in enumerate(self.bands):
            for s, stage in enumerate(band):
                place = f"bands[{b}][{s}].{stage.stage_name}"
                found += [
                    f"{place}: {text}" for text in stage_problems(stage, sample_rate_hz, channels)
                ]
        return found

    def apply(self, signal: Signal) -> Signal:
        """Part, work, add."""
        return signal.carrying(self._summed(signal))

    def _summed(self, signal: Signal) -> Iterator[Block]:
        part = linear_phase_bands if self.phase == "linear" else minimum_phase_bands
        ways = len(self.crossovers_hz) + 1
        branches = fork(part(signal, self.crossovers_hz), ways)
        bands = self.bands or [[] for _ in range(ways)]
        worked: list[Iterator[Block]] = []
        reports: list[list[StageReport]] = []
        for number, (stages, branch) in enumerate(zip(bands, branches, strict=True), 1):
            place = f"{signal.place}, band {number}"
            band, report = run_stages(stages, replace(signal.carrying(branch), place=place))
            worked.append(band.blocks)
            reports.append(report)
        for together in join(*worked):
            total = together[0]
            for block in together[1:]:
                total = total + block
            yield total
        if self.bands:
            signal.report["bands"] = [[stage.as_dict() for stage in band] for band in reports]
