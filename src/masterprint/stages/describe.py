"""Settings in words, for people and for error messages, from the models themselves."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import BaseModel

from masterprint.stages.base import COMMON_SETTINGS, Stage

UNITS = {
    "_db_per_octave": "dB/octave",
    "_dbtp": "dBTP",
    "_dbfs": "dBFS",
    "_lufs": "LUFS",
    "_db": "dB",
    "_hz": "Hz",
    "_ms": "ms",
    "_s": "s",
}


@dataclass(frozen=True)
class Setting:
    """One setting: its name, unit, what is allowed, default, and what it is for."""

    name: str
    unit: str
    allowed: str
    default: Any
    required: bool
    description: str

    @property
    def allowed_with_unit(self) -> str:
        """Such as "a number from 1 to 96000 Hz or null"."""
        allowed, null, _ = self.allowed.partition(" or null")
        return f"{allowed} {self.unit}".rstrip() + null


@cache
def _schema(model: type[BaseModel]) -> dict[str, Any]:
    return model.model_json_schema()


def settings_of(model: type[BaseModel], common: bool = True) -> list[Setting]:
    """The settings of a stage or of any mapping in a chain file, its own before the common ones."""
    schema = _schema(model)
    found = [
        Setting(
            name=name,
            unit=unit_of(name),
            allowed=allowed_text(part, schema),
            default=part.get("default", [] if "array" in str(part.get("type")) else None),
            required=name in schema.get("required", ()),
            description=part.get("description", ""),
        )
        for name, part in schema["properties"].items()
    ]
    if not issubclass(model, Stage):
        return found
    own = [setting for setting in found if setting.name not in COMMON_SETTINGS]
    return own + [s for s in found if s.name in COMMON_SETTINGS] if common else own


def unit_of(name: str) -> str:
    """The unit at the end of a setting's name; empty where it has none."""
    return next((unit for ending, unit in UNITS.items() if name.endswith(ending)), "")


def allowed_text(part: dict[str, Any], schema: dict[str, Any]) -> str:
    """What a value may be, from its JSON schema, such as "a number from 1 to 100"."""
    if "$ref" in part:
        part = schema["$defs"][part["$ref"].rpartition("/")[2]]
    if "anyOf" in part:
        return " or ".join(allowed_text(option, schema) for option in part["anyOf"])
    if "enum" in part:
        return "one of " + ", ".join(str(value) for value in part["enum"])
    if "const" in part:
        return str(part["const"])
    kind = part.get("type")
    if kind in ("number", "integer"):
        article = "a number" if kind == "number" else "a whole number"
        low, high = part.get("minimum"), part.get("maximum")
        above = part.get("exclusiveMinimum")
        text = article
        if low is not None and high is not None:
            text = f"{article} from {low:g} to {high:g}"
        elif above is not None and high is not None:
            text = f"{article} above {above:g}, at most {high:g}"
        return text + (f" in steps of {part['multipleOf']:g}" if "multipleOf" in part else "")
    if kind == "boolean":
        return "true or false"
    if kind == "string":
        return f"text of at most {part['maxLength']} characters" if "maxLength" in part else "text"
    if kind == "array":
        return "a list" + (f" of at most {part['maxItems']}" if "maxItems" in part else "")
    return {"null": "null", "object": "a mapping"}.get(str(kind), "a stage")
