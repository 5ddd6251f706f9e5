"""A chain: stages in order, and how its masters are written unless a render says otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import replace
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_serializer, field_validator, model_validator

from masterprint.errors import ChainError
from masterprint.files.formats import BitDepth, Dither, FileFormat, MasterFormat
from masterprint.signal import Block, Signal, audio_from
from masterprint.stages.base import Line, Settings, Stage, all_stages, stage_problems
from masterprint.stages.entries import StageList

LOWEST_RATE_HZ = 11025
HIGHEST_RATE_HZ = 192000
"""What a mix and a master may have. Above, a chain would do nothing that anybody hears; below, its
filters would have no room."""

MOST_STAGES_IN_ALL = 256
MOST_NESTED = 24
MOST_MEMORY_BYTES = 3_000_000_000
"""A chain from a stranger must not exhaust the machine."""

Rate = Annotated[int, Field(ge=LOWEST_RATE_HZ, le=HIGHEST_RATE_HZ)]


class MasterSettings(Settings):
    """How masters are written."""

    format: FileFormat = Field("wav", description="container; wav becomes RF64 past 4 GiB")
    bit_depth: BitDepth = Field("24", description="integers of 16 or 24 bits, or 32f, 64f float")
    sample_rate_hz: Rate | None = Field(None, description="null keeps the rate of the mix")
    dither: Dither = Field("tpdf", description="none, tpdf, or shaped (44.1 and 48 kHz)")
    dither_silence: bool = Field(False, description="dither digital silence, too")

    @field_validator("bit_depth", mode="before")
    @classmethod
    def _number_as_word(cls, value: Any) -> Any:
        """YAML reads 24 as a number and 32f as a word."""
        return str(value) if isinstance(value, int) and not isinstance(value, bool) else value

    @field_serializer("bit_depth", when_used="json")
    def _word_as_number(self, value: BitDepth) -> int | str:
        return int(value) if value.isdecimal() else value

    @model_validator(mode="after")
    def _can_be_written(self) -> MasterSettings:
        # Without a rate of its own a master has that of the mix: then it is asked again.
        if problems := self.as_format().problems(self.sample_rate_hz or 44100):
            raise ValueError("; ".join(problems))
        return self

    def as_format(self) -> MasterFormat:
        """The file format these settings describe."""
        return MasterFormat(self.format, self.bit_depth, self.dither, self.dither_silence)


class Chain(Settings):
    """Stages in order. Load one with `masterprint.load_chain`, or build it in code.

    Attributes:
        masterprint: version of the chain file format, 1.
        name, description: for people.
        stages: what the mix goes through.
        tail_s: seconds of silence added to the mix before the chain, for tails to ring out.
        master: how masters are written.
    """

    masterprint: Literal[1] = Field(1, description="version of the chain file format")
    name: Line = Field("", max_length=200, description="what the chain is called")
    description: str = Field("", max_length=4000, description="what it is for")
    stages: StageList = Field(default_factory=list, description="what the mix goes through")
    tail_s: float = Field(0.0, ge=0, le=60, description="seconds added for tails to ring out")
    master: MasterSettings = Field(
        default_factory=MasterSettings, description="how masters are written"
    )

    @field_validator("stages")
    @classmethod
    def _not_too_many(cls, value: list[Stage]) -> list[Stage]:
        count = sum(1 for _ in all_stages(value))
        if count > MOST_STAGES_IN_ALL:
            raise ValueError(
                f"found {count} stages, those within stages included; allowed: at most "
                f"{MOST_STAGES_IN_ALL}"
            )
        if (depth := _depth(value)) > MOST_NESTED:
            raise ValueError(
                f"found stages within stages {depth} deep; allowed: at most {MOST_NESTED}"
            )
        return value

    @field_validator("masterprint", mode="before")
    @classmethod
    def _a_number(cls, value: Any) -> Any:
        """In Python True equals 1; in a chain file it does not."""
        if isinstance(value, bool):
            raise ValueError(f"found {str(value).lower()}; allowed: 1")
        return value

    def problems(self, sample_rate_hz: int, channels: int, first: int = 0) -> list[str]:
        """Why the chain, from its `first` stage, cannot work at this rate and these channels."""
        found = []
        if not LOWEST_RATE_HZ <= sample_rate_hz <= HIGHEST_RATE_HZ:
            found.append(
                f"its sample rate is {sample_rate_hz} Hz, and chains work at {LOWEST_RATE_HZ} to "
                f"{HIGHEST_RATE_HZ} Hz (convert it first)"
            )
            return found
        stages = [stage for stage in all_stages(self.stages) if stage.acts]
        needs = sum(stage.memory_bytes(sample_rate_hz, channels) for stage in stages)
        if needs > MOST_MEMORY_BYTES:
            found.append(
                f"its stages would hold about {needs / 1e9:.1f} GB of memory at "
                f"{sample_rate_hz} Hz, at most {MOST_MEMORY_BYTES / 1e9:.1f} GB are allowed: use "
                "fewer or shorter responses, delays and plugins"
            )
        for index, stage in enumerate(self.stages[first:], first):
            place = f"stages[{index}].{stage.stage_name}"
            found += [
                f"{place}: {text}" for text in stage_problems(stage, sample_rate_hz, channels)
            ]
        return found

    def apply(self, audio: NDArray[np.float64], sample_rate_hz: int) -> NDArray[np.float64]:
        """The array through all stages, at its own rate: no conversion, no dither.

        Args:
            audio: shape (channels, frames), full scale at 1.0.
            sample_rate_hz: frames per second.

        Returns:
            Shape (channels, frames + tail), float64.

        Raises:
            ChainError: the chain does not suit such audio.
            PluginError: a plugin is missing, or fails.
            SignalError: the array has another shape or type, or samples that are not finite.
        """
        from masterprint.chain.plugins import with_plugins
        from masterprint.stages.run import run_stages

        audio = audio_from(audio)
        chain = with_plugins(self)
        if problems := chain.problems(sample_rate_hz, len(audio)):
            raise ChainError(f"The chain does not suit this audio: {'; '.join(problems)}.")
        signal = with_tail(Signal.of(audio, sample_rate_hz), self.tail_s)
        return run_stages(chain.stages, signal)[0].collect()

    def __repr__(self) -> str:
        stages = " -> ".join(stage.title for stage in self.stages)
        return f"<Chain {self.name!r}: {stages or 'empty'}>"

    __str__ = __repr__

    def as_dict(self, resolved: bool = False) -> dict[str, Any]:
        """Plain data as in a chain file: what was set, or with `resolved` every setting."""
        if not resolved:
            return {"masterprint": 1} | self.model_dump(mode="json", exclude_unset=True)
        data = self.model_dump(mode="json", exclude={"stages"})
        data["stages"] = [_resolved(stage) for stage in self.stages]
        return data

    def heard_settings(self) -> dict[str, Any]:
        """Every setting that can be heard: all but names and descriptions."""
        data = self.model_dump(mode="json", exclude={"stages", "name", "description"})
        data["stages"] = [_resolved(stage, {"label"}) for stage in self.stages]
        return data


def _depth(stages: list[Stage]) -> int:
    """How deep stages lie within stages."""
    inner = [each for stage in stages for lists in stage.inner().values() for each in lists]
    return 1 + max(map(_depth, inner), default=0) if stages else 0


def _resolved(stage: Stage, without: Set[str] = frozenset()) -> dict[str, Any]:
    settings = stage.model_dump(mode="json", exclude=set(without))
    for key, lists in stage.inner().items():
        whole = [[_resolved(each, without) for each in stages] for stages in lists]
        settings[key] = whole[0] if key == "fallback" else whole
    return {stage.stage_name: settings}


def with_tail(signal: Signal, tail_s: float) -> Signal:
    """The signal with silence behind it."""
    frames = round(tail_s * signal.sample_rate_hz)
    if not frames:
        return signal

    def longer() -> Iterator[Block]:
        yield from signal.blocks
        yield np.zeros((signal.channels, frames))

    total = None if signal.frames is None else signal.frames + frames
    return replace(signal, blocks=longer(), frames=total)
