"""A plugin of somebody else's, between built-in stages."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    AfterValidator,
    Field,
    PlainValidator,
    PrivateAttr,
    WithJsonSchema,
    model_validator,
)

from masterprint.errors import PluginError
from masterprint.plugins.finding import Found, Wanted
from masterprint.plugins.identity import Plugin as Installed
from masterprint.plugins.instance import Setup, instances
from masterprint.plugins.state import read_state
from masterprint.plugins.stream import PluginStream
from masterprint.signal import Block, Signal
from masterprint.stages.base import Line, Stage, need_length_kept, stage_problems
from masterprint.stages.beside import FileBeside, StageWithFiles
from masterprint.stages.entries import StageList
from masterprint.stages.run import run_stages

PROCESS_BYTES = 80 << 20


def _hex(digits: int, value: str) -> str:
    if not re.fullmatch(f"[0-9A-Fa-f]{{{digits}}}", value):
        raise ValueError(f"found {value[:80]!r}; allowed: {digits} hex digits, as captured")
    return value


def _class_id(value: str) -> str:
    # Of an Audio Unit: type, subtype and manufacturer, such as aufx,Gain,Demo.
    return value if re.fullmatch(r"[ -~]{4}(,[ -~]{4}){2}", value) else _hex(32, value)


def _parameter(value: Any) -> bool | float | str:
    if isinstance(value, str) and len(value) <= 200:
        return value
    if isinstance(value, bool | int | float) and math.isfinite(value):
        return value
    found = "null" if value is None else repr(value)[:80]
    raise ValueError(f"found {found}; allowed: a number, a text, true or false")


Name = Annotated[Line, Field(min_length=1, max_length=200)]
ClassId = Annotated[str, AfterValidator(_class_id)]
Sha256 = Annotated[str, AfterValidator(partial(_hex, 64))]
ParameterValue = Annotated[
    Any,
    PlainValidator(_parameter),
    WithJsonSchema({"type": ["number", "string", "boolean"]}),
]


class Plugin(StageWithFiles):
    """Plugin: runs a VST3 or Audio Unit between the other stages, in a process of its own.

    Which one is found in the catalogue that `masterprint plugins scan` makes. `masterprint capture`
    writes this stage and the state file.
    """

    stage_name: ClassVar[str] = "plugin"
    file_settings: ClassVar[tuple[str, ...]] = ("state",)

    name: Name = Field(description="as the plugin calls itself")
    vendor: Line = Field("", max_length=200, description="who made it; empty for anybody")
    format: Literal["vst3", "au"] | None = Field(None, description="null for either")
    class_id: ClassId | None = Field(
        None, description="what tells a plugin from all others, as captured"
    )
    version: Line | None = Field(None, max_length=100, description="as captured")
    binary_sha256: Sha256 | None = Field(None, description="hash of its library, as captured")
    state: FileBeside | None = Field(
        None, description="state file, relative to the chain file; null for the plugin's defaults"
    )
    parameters: Annotated[dict[str, ParameterValue], Field(max_length=1000)] = Field(
        default_factory=dict,
        description="set after the state: by name or index, in the plugin's own units or words",
    )
    block_frames: int = Field(8192, ge=32, le=65536, description="frames per block it gets")
    extra_latency_frames: int = Field(
        0, ge=-192000, le=192000, description="latency it has and does not report"
    )
    when_missing: Literal["fail", "bypass", "fallback"] = Field(
        "fail", description="what to do where it is not installed"
    )
    when_changed: Literal["fail", "warn"] = Field(
        "warn", description="what to do where version or binary are not those captured"
    )
    fallback: StageList = Field(
        default_factory=list, description="built-in stages that take its place where it is missing"
    )

    _found: Found | None = PrivateAttr(None)
    _state: bytes | None = PrivateAttr(None)
    _missing: str | None = PrivateAttr(None)

    @model_validator(mode="after")
    def _has_a_fallback(self) -> Plugin:
        need_length_kept(self.fallback)
        if self.when_missing == "fallback" and not self.fallback:
            raise ValueError(
                "when_missing is fallback, and there is none: list stages under fallback, or "
                "write when_missing: bypass"
            )
        return self

    @property
    def title(self) -> str:
        """Its label, else what the plugin is called."""
        return self.label or self.name

    @property
    def wanted(self) -> Wanted:
        """What the catalogue is asked for."""
        return Wanted(
            self.name, self.vendor, self.format, self.class_id, self.version, self.binary_sha256
        )

    @property
    def found(self) -> Found | None:
        """The installed plugin; None before it was looked for, or where it is missing."""
        return self._found

    def with_plugin(self, found: Found) -> Plugin:
        """A copy that knows which plugin it is, its state read and checked.

        Raises:
            PluginError: the state file is missing, damaged, or of another plugin.
        """
        stage = self.model_copy()
        stage._found = found
        if self.state is not None:
            try:
                path = self.path_of(self.state)
            except ValueError as error:
                raise PluginError(str(error)) from error
            stage._state = read_state(path, found.plugin.format, found.plugin.class_id)
        return stage

    def with_copy(self, plugin: Installed) -> Plugin:
        """A copy of a stage that has its plugin, with another installed copy of the same one."""
        assert self._found is not None
        stage = self.model_copy()
        stage._found = replace(self._found, plugin=plugin)
        return stage

    def without_plugin(self, why: str, fallback: list[Stage]) -> Plugin:
        """A copy that knows why there is no plugin, with what is used instead."""
        stage = self.model_copy(update={"fallback": fallback} if fallback else None)
        stage._missing = why
        return stage

    def inner(self) -> dict[str, list[list[Stage]]]:
        """Its fallback."""
        return {"fallback": [self.fallback]} if self.fallback else {}

    def memory_bytes(self, sample_rate_hz: int, channels: int) -> int:
        """What a process with a small plugin takes; how much a large one does, nobody can tell."""
        del sample_rate_hz
        counts = instances(self._found.plugin, channels) if self._found else None
        return len(counts or []) * PROCESS_BYTES

    def problems(self, sample_rate_hz: int, channels: int) -> list[str]:
        """Those of the fallback where it is used; else whether the plugin takes such channels."""
        if self._found is not None:
            if instances(self._found.plugin, channels) is None:
                counts = " or ".join(map(str, self._found.plugin.channels)) or "no"
                return [f"{self.name!r} works on {counts} channels, the mix has {channels}"]
            return []
        if self.when_missing != "fallback":
            return []
        return [
            f"fallback[{n}].{stage.stage_name}: {text}"
            for n, stage in enumerate(self.fallback)
            for text in stage_problems(stage, sample_rate_hz, channels)
        ]

    def apply(self, signal: Signal) -> Signal:
        """Through the plugin; where it is missing, through its fallback or past it."""
        if self._found is not None:
            return signal.carrying(self._hosted(signal, self._found))
        if self._missing is None:
            raise PluginError(
                f"Plugin {self.name!r} has not been looked for.",
                hint="chains with plugins go through masterprint.render or Chain.apply",
            )
        signal.report["note"] = f"plugin {self.wanted.title} {self._missing}: " + (
            "its fallback is used" if self.when_missing == "fallback" else "left out"
        )
        if self.when_missing == "bypass":
            return signal
        inner = replace(signal, place=f"{signal.place}, fallback", report={})
        out, reports = run_stages(self.fallback, inner)

        def told() -> Iterator[Block]:
            yield from out.blocks
            signal.report["fallback"] = [report.as_dict() for report in reports]

        return signal.carrying(told())

    def _hosted(self, signal: Signal, found: Found) -> Iterator[Block]:
        setup = Setup(
            found.plugin,
            self._state,
            self.parameters,
            self.block_frames,
            self.extra_latency_frames,
            state_may_differ=bool(found.changes),
        )
        yield from PluginStream(setup, signal)
        if found.changes:
            notes = [*found.changes, *filter(None, [signal.report.get("note")])]
            signal.report["note"] = "; ".join(notes)
