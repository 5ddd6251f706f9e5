"""What every stage is: a settings model and one method over a Signal."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, ClassVar, Literal, NoReturn

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from masterprint.errors import ChainError
from masterprint.signal import Signal

On = Literal["stereo", "mid", "side", "left", "right"]

ONE_LINE = r"^[^\n\r\v\f\x1c-\x1e\x85\u2028\u2029]*$"


def _one_line(text: str) -> str:
    if not re.fullmatch(ONE_LINE, text):
        raise ValueError("found a line break; allowed: one line")
    return text


Line = Annotated[str, AfterValidator(_one_line), Field(json_schema_extra={"pattern": ONE_LINE})]
Gain = Annotated[float, Field(ge=-60, le=60)]
Frequency = Annotated[float, Field(ge=1, le=96000)]
Slope = Annotated[int, Field(ge=6, le=48, multiple_of=6)]
Phase = Literal["minimum", "linear"]


class Settings(BaseModel):
    """A mapping in a chain file: unknown keys, wrong types, NaN and infinities are errors."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class Stage(Settings):
    """One processor of a chain.

    A subclass declares its settings as fields and implements `apply`. The contract: what comes out
    is aligned with what went in, sample for sample, and as long, whatever sizes the blocks have;
    silence gives silence, finite gives finite, and no input block is modified. The common settings
    below are dealt with outside (see `masterprint.stages.run`): `apply` never sees them.
    """

    stage_name: ClassVar[str]
    """The key of this stage in a chain file."""
    channel_counts: ClassVar[frozenset[int] | None] = None
    """How many channels the stage can work on; None for any number."""
    compares_channels: ClassVar[bool] = False
    """Whether it works on what two channels are to each other: one alone passes as it is, and half
    of a stereo signal is nothing to work on."""
    holds_ceiling: ClassVar[bool] = False
    """Whether nothing leaves the stage above a ceiling."""
    keeps_length: ClassVar[bool] = True
    """Whether as much comes out as went in. What does not works on the whole signal only, at the
    top of a chain: nothing could stay beside it."""

    on: On = Field("stereo", description="what the stage works on; the rest passes beside it")
    mix: float = Field(1.0, ge=0, le=1, description="share of the processed signal, 0 dry to 1 wet")
    bypass: bool = Field(False, description="leave the stage out")
    label: Line | None = Field(None, max_length=80, description="a name for it in reports")

    @model_validator(mode="after")
    def _has_nothing_beside_it(self) -> Stage:
        if not self.keeps_length and (self.on != "stereo" or self.mix != 1.0):
            raise ValueError("it changes the length: on and mix are not possible")
        return self

    def apply(self, signal: Signal) -> Signal:
        """The processed signal; see the contract above."""
        raise NotImplementedError(type(self).__name__)

    def inner(self) -> dict[str, list[list[Stage]]]:
        """Settings that hold lists of further stages, for those who look through a whole chain."""
        return {}

    @property
    def title(self) -> str:
        """What reports call it."""
        return self.label or self.stage_name

    @property
    def acts(self) -> bool:
        """Whether the stage has any part in what comes out."""
        return not self.bypass and self.mix > 0.0

    def memory_bytes(self, sample_rate_hz: int, channels: int) -> int:
        """About what it holds while it runs, where that is much; a chain has a limit."""
        del sample_rate_hz, channels
        return 0

    def problems(self, sample_rate_hz: int, channels: int) -> list[str]:
        """Why this stage cannot work on such a mix: sentences that begin with the setting."""
        found = _above_nyquist(self, "", sample_rate_hz)
        if self.channel_counts is not None and channels not in self.channel_counts:
            counts = " or ".join(str(count) for count in sorted(self.channel_counts))
            found.append(f"works on {counts} channels, the mix has {channels}")
        if self.compares_channels and self.on != "stereo":
            found.append(f"works on both channels together, so `on` cannot be {self.on}")
        return found

    def __repr__(self) -> str:
        changed = (f"{key}={getattr(self, key)!r}" for key in sorted(self.model_fields_set))
        return f"{type(self).__name__}({', '.join(changed)})"

    __str__ = __repr__


def all_stages(stages: Iterable[Stage]) -> Iterator[Stage]:
    """These stages and all within them."""
    for stage in stages:
        yield stage
        for lists in stage.inner().values():
            for inner in lists:
                yield from all_stages(inner)


def stage_problems(stage: Stage, sample_rate_hz: int, channels: int) -> list[str]:
    """Why a stage, with its common settings, cannot work on such a mix."""
    if not stage.acts:
        return []
    if stage.on != "stereo" and channels != 2:
        return [f"on {stage.on} needs 2 channels, the mix has {channels}"]
    return stage.problems(sample_rate_hz, channels if stage.on == "stereo" else 1)


def need_length_kept(stages: Iterable[Stage]) -> None:
    """Refuse stages that change the length, within a stage that holds others.

    Raises:
        ValueError: naming the first.
    """
    for stage in stages:
        if not stage.keeps_length:
            raise ValueError(
                f"found {stage.stage_name}, which changes the length; allowed: in the chain "
                "itself, not within another stage"
            )


COMMON_SETTINGS = ("on", "mix", "bypass", "label")


def _above_nyquist(value: Any, place: str, sample_rate_hz: int) -> list[str]:
    """Every frequency among the settings that half the sample rate leaves no room for."""
    found = []
    if isinstance(value, BaseModel):
        for key in type(value).model_fields:
            inner = f"{place}.{key}" if place else key
            found += _above_nyquist(getattr(value, key), inner, sample_rate_hz)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            if not isinstance(item, Stage | list):  # stages in a split are asked themselves
                found += _above_nyquist(item, f"{place}[{index}]", sample_rate_hz)
    elif (
        isinstance(value, float | int)
        and place.rpartition(".")[2].partition("[")[0].endswith("_hz")
        and value >= 0.49 * sample_rate_hz
    ):
        found.append(
            f"{place} is {value:g} Hz, too close to half the sample rate of {sample_rate_hz} Hz "
            f"(below {0.49 * sample_rate_hz:g} Hz is possible)"
        )
    return found


def refuse(stage: Stage, reason: str) -> NoReturn:
    """Raise the error of a stage that finds, with audio before it, that it cannot go on."""
    raise ChainError(f"Stage {stage.title!r}: {reason}.")
