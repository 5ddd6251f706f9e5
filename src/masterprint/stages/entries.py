"""A stage as a chain file writes it: a mapping of one key, the stage's name, to its settings."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    ValidationInfo,
    WithJsonSchema,
    create_model,
)
from pydantic_core import PydanticCustomError

from masterprint.stages.base import Stage

MOST_STAGES = 64
SCHEMA_TITLE = "StageEntry"
"""Marks where a schema of all stages belongs; `chain.schema` puts it there."""


@cache
def _entry_model(kind: type[Stage]) -> type[BaseModel]:
    """A model of one field named as the stage, so that errors inside carry the stage's name."""
    fields: dict[str, Any] = {kind.stage_name: (kind, ...)}
    return create_model("StageEntry", __config__=ConfigDict(strict=True), **fields)


def stage_from_entry(entry: Any, info: ValidationInfo) -> Stage:
    """The stage of one entry; a Stage built in code passes as it is."""
    from masterprint.stages.registry import find_stage

    if isinstance(entry, Stage):
        return entry
    if not isinstance(entry, dict) or len(entry) != 1:
        raise PydanticCustomError("stage_entry", "a stage is one mapping: its name, then settings")
    ((name, settings),) = entry.items()
    kind = find_stage(name) if isinstance(name, str) else None
    if kind is None:
        raise PydanticCustomError("stage_name", "no such stage", {"name": str(name)})
    model = _entry_model(kind)
    data = {name: {} if settings is None else settings}
    found = model.model_validate(data, context=info.context)
    stage: Stage = getattr(found, name)
    return stage


def entry_from_stage(stage: Stage) -> dict[str, Any]:
    """What a chain file says for a stage: only the settings that were set."""
    return {stage.stage_name: stage.model_dump(mode="json", exclude_unset=True)}


StageEntry = Annotated[
    Any,
    PlainValidator(stage_from_entry),
    PlainSerializer(entry_from_stage),
    WithJsonSchema({"title": SCHEMA_TITLE}),
]
StageList = Annotated[list[StageEntry], Field(max_length=MOST_STAGES)]
