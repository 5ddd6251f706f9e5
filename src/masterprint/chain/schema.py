"""JSON Schema of chain files, for editors that complete and check as one types."""

from __future__ import annotations

from typing import Any

from masterprint.chain.model import Chain
from masterprint.stages.entries import SCHEMA_TITLE
from masterprint.stages.registry import BUILT_IN, added_stages

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def chain_schema() -> dict[str, Any]:
    """Schema of a chain file, with all stages that are installed."""
    schema = Chain.model_json_schema()
    definitions: dict[str, Any] = schema.setdefault("$defs", {})
    choices = []
    for name, kind in sorted((BUILT_IN | added_stages()).items()):
        settings = kind.model_json_schema()
        definitions |= settings.pop("$defs", {})
        definitions[kind.__name__] = settings
        choices.append(
            {
                "type": "object",
                "properties": {name: {"anyOf": [_ref(kind.__name__), {"type": "null"}]}},
                "required": [name],
                "additionalProperties": False,
            }
        )
    definitions[SCHEMA_TITLE] = {"oneOf": choices}
    # YAML reads `bit_depth: 24` as a number.
    depth = definitions["MasterSettings"]["properties"]["bit_depth"]
    depth["enum"] = [16, 24, *depth["enum"]]
    del depth["type"]
    schema["required"] = ["masterprint"]
    linked: dict[str, Any] = _linked(schema)
    return {"$schema": DIALECT, **linked}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/$defs/{name}"}


def _linked(part: Any) -> Any:
    """The schema with every mark for "any stage" turned into a reference."""
    if isinstance(part, dict):
        if part.get("title") == SCHEMA_TITLE and "oneOf" not in part:
            return _ref(SCHEMA_TITLE)
        return {key: _linked(value) for key, value in part.items()}
    if isinstance(part, list):
        return [_linked(item) for item in part]
    return part
