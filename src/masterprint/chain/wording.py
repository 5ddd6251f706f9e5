"""What is wrong with a chain, in words for whoever wrote it: found, allowed, and a guess."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import Any, get_args, get_origin

from pydantic import BaseModel

from masterprint.chain.model import Chain, MasterSettings
from masterprint.chain.yaml_source import Place, Problem, Source, path_text
from masterprint.stages.base import Stage
from masterprint.stages.describe import settings_of
from masterprint.stages.registry import find_stage, stage_names


def problems_of(
    details: Iterable[Any], source: Source, root: type[BaseModel] = Chain
) -> list[Problem]:
    """Pydantic's errors in the words and the places of a chain file, or of a file of `root`.

    Of a setting that is a number or a list, each of which has an error of its own, only that of
    what was written is told.
    """
    found = []
    for detail in details:
        kinds = [part for part in detail["loc"] if part in _EITHER]
        if kinds == [_EITHER[1]] and detail["type"] == "list_type":
            continue
        if kinds == [_EITHER[0]] and isinstance(detail.get("input"), list):
            continue
        place = [part for part in detail["loc"] if part not in _EITHER]
        found.append(problem_of({**detail, "loc": place}, source, root))
    return found


_EITHER = ("constrained-int", "list[constrained-int]")
"""What pydantic puts into the place of an error where a setting is a number or a list of them."""
_OF_KEY = "[key]"
"""The same where the name of something is wrong, not what it is."""


def problem_of(detail: Any, source: Source, root: type[BaseModel] = Chain) -> Problem:
    """A pydantic error in the words and the place of a chain file, or of a file of `root`."""
    place: Place = tuple(detail["loc"])
    of_key = place[-1:] == (_OF_KEY,)
    place = place[:-1] if of_key else place
    kind, value, context = detail["type"], detail.get("input"), detail.get("ctx", {})
    model = _model_at(place[:-1], root)
    settings = settings_of(model) if model is not None else []
    setting = next((each for each in settings if place[-1:] == (each.name,)), None)
    if kind == "stage_name":
        place = (*place, context["name"])
        message = f"there is no such stage{guess(context['name'], stage_names())}"
        if context["name"] in MasterSettings.model_fields:
            message = "there is no such stage; it is a setting of `master`"
        return Problem(*source.where(place, of_key=True), message, path_text(place))
    if kind == "extra_forbidden":
        message = (
            f"there is no such setting{guess(str(place[-1]), [each.name for each in settings])}"
        )
        if str(place[-1]).isdecimal() and value is None:
            message = "there is no such setting; if it follows a decimal comma, write a point"
        return Problem(*source.where(place, of_key=True), message, path_text(place))
    if kind == "missing":
        message = f"is missing; allowed: {setting.allowed_with_unit}" if setting else "is missing"
        return Problem(*source.where(place[:-1]), message, path_text(place))
    if kind == "value_error":
        message = str(context.get("error", detail["msg"]))
    elif kind == "stage_entry":
        message = f"found {_shown(value)}; {_entry_advice(value)}"
    elif kind == "list_type" and place[-2:-1] == ("bands",):
        message = (
            f"found {_shown(value)}; allowed: a list of stages for each band, as in [[...], []]"
        )
    else:
        allowed = setting.allowed_with_unit if setting else _allowed_by(detail)
        if setting and kind in ("too_long", "too_short") and isinstance(value, list):
            allowed = _allowed_by(detail)
        message = f"found {_shown(value)}; allowed: {allowed}"
        if isinstance(value, str) and setting and setting.allowed.startswith("one of "):
            message += _did_you_mean(value, setting.allowed.removeprefix("one of ").split(", "))
        elif isinstance(value, str) and _COMMA.fullmatch(value):
            message += " (with a decimal point)"
    return Problem(*source.where(place, of_key), message, path_text(place))


_COMMA = re.compile(r"[-+]?[0-9]+,[0-9]+")


def _entry_advice(value: Any) -> str:
    """What is to be done about an entry of a list of stages that is not one."""
    usual = "a stage is one mapping, such as `gain: {gain_db: -1}`"
    if isinstance(value, str) and find_stage(value):
        return f"write `{value}: {{}}`"
    if not isinstance(value, dict) or len(value) < 2:
        return usual
    first, *others = value
    kind = find_stage(first)
    if kind is not None and all(other in kind.model_fields for other in others):
        return f"{', '.join(others)} belong to {first}: indent them further than it"
    return "each stage is an entry of its own, with a dash before it"


def found_and_allowed(detail: Any) -> str:
    """A pydantic error about a value that is no setting of a stage."""
    if detail["type"] == "missing":
        return "is missing"
    if detail["type"] == "value_error":
        return str(detail.get("ctx", {}).get("error", detail["msg"]))
    return f"found {_shown(detail.get('input'))}; allowed: {_allowed_by(detail)}"


def _allowed_by(detail: Any) -> str:
    """What is allowed, from the kind of a pydantic error, for places that are no setting."""
    kind, context = detail["type"], detail.get("ctx", {})
    if kind in _KINDS:
        return _KINDS[kind]
    if kind == "too_long":
        return f"a list of at most {context['max_length']}"
    if kind == "string_too_short" or (kind == "too_short" and detail.get("input") == ""):
        return "text that is not empty"
    if kind == "too_short":
        return f"a list of at least {context['min_length']}"
    if kind == "string_too_long":
        return f"text of at most {context['max_length']} characters"
    if kind == "literal_error":
        return str(context["expected"])
    bounds = [
        f"{words} {context[key]:g}"
        for key, words in (("ge", "at least"), ("le", "at most"), ("gt", "above"), ("lt", "below"))
        if key in context
    ]
    return " and ".join(bounds) or str(detail["msg"])


_KINDS = {
    "float_type": "a number",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "string_type": "text",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}


def _model_at(place: Place, root: type[BaseModel]) -> type[BaseModel] | None:
    """The model whose settings stand at a place."""
    model: type[BaseModel] | None = root
    entries = named = False
    for part in place:
        if isinstance(part, int):
            continue
        if named:  # what a mapping of models calls this one
            named = False
            continue
        if entries:
            model, entries = find_stage(part), False
        elif model is None:
            return None
        else:
            inner = _settings_in(model, part)
            if inner is None and part in ("stages", "bands", "fallback"):
                entries = True
            else:
                named = _has_names(model, part)
                model = inner
    return None if entries or named else model


def _has_names(model: type[BaseModel], setting: str) -> bool:
    """Whether a setting is a mapping of names of the user's to models."""
    field = model.model_fields.get(setting)
    return field is not None and get_origin(field.annotation) is dict


def _settings_in(model: type[BaseModel], setting: str) -> type[BaseModel] | None:
    """The model of a setting that is a mapping, or a list of mappings."""
    field = model.model_fields.get(setting)
    kinds: list[Any] = [field.annotation] if field else []
    for kind in kinds:
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            return None if issubclass(kind, Stage) else kind
        kinds += get_args(kind)
    return None


def guess(name: str, names: list[str]) -> str:
    """The name that may have been meant, else all that there are."""
    near = _did_you_mean(name, names)
    return near or (f"; there are: {', '.join(names)}" if names else "")


def _did_you_mean(name: str, names: list[str]) -> str:
    begun = [each for each in names if len(name) > 2 and each.startswith(name.lower())]
    near = begun or difflib.get_close_matches(name.lower(), names, 1, cutoff=0.55)
    return f"; did you mean {near[0]!r}?" if near else ""


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "a mapping" if len(value) < 2 else f"a mapping of {len(value)}"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if value is None:
        return "nothing (null)"
    if isinstance(value, bool):
        return str(value).lower()
    text = repr(value) if isinstance(value, str) else f"{value}"
    return text if len(text) <= 60 else text[:57] + "..."
