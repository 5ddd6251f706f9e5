"""From a chain file to a Chain, with every error of the file at once, each in its place."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from masterprint.chain.model import Chain
from masterprint.chain.yaml_source import Place, Problem, Source, parse_yaml, path_text, read_yaml
from masterprint.errors import ChainError
from masterprint.stages.describe import settings_of
from masterprint.stages.eq import Band
from masterprint.stages.registry import find_stage, stage_names


class ChainFileError(ChainError):
    """A chain file is not valid; `problems` lists everything that is wrong with it."""

    def __init__(self, file: str, problems: list[Problem]) -> None:
        self.file = file
        self.problems = sorted(problems, key=lambda problem: (problem.line, problem.column))
        lines = []
        for problem in self.problems:
            place = f"{problem.path}: " if problem.path else ""
            lines.append(f"{file}:{problem.line}:{problem.column}: {place}{problem.message}")
        super().__init__("\n".join(lines))


def load_chain(path: str | Path) -> Chain:
    """The chain in a YAML file.

    Raises:
        ChainFileError: with all problems of the file.
        ChainError: the file is missing or may not be read.
    """
    path = Path(path)
    try:
        source = read_yaml(path)
    except FileNotFoundError as error:
        raise ChainError(f"{path}: there is no such chain file.", hint=_shipped(path)) from error
    except OSError as error:
        raise ChainError(f"{path}: cannot be read: {error.strerror}.") from error
    return _validated(source, str(path))


def parse_chain(text: str, name: str = "chain") -> Chain:
    """The chain in YAML text; `name` stands for the file in errors."""
    return _validated(parse_yaml(text), name)


def _shipped(path: Path) -> str:
    from masterprint.chain.library import shipped_chains

    names = sorted(shipped_chains())
    near = difflib.get_close_matches(path.stem, names, 1)
    return (
        f"did you mean the ready-made chain {near[0]!r}?"
        if near
        else (f"ready-made chains are named without .yaml: {', '.join(names)}")
    )


def _validated(source: Source, name: str) -> Chain:
    problems = list(source.problems)
    chain: Chain | None = None
    if source.data is None and not problems:
        problems.append(Problem(1, 1, "the file is empty, where a chain is expected"))
    elif source.data is not None and not isinstance(source.data, dict):
        line, column = source.where(())
        kind = "a list" if isinstance(source.data, list) else "a single value"
        problems.append(
            Problem(
                line, column, f"found {kind}, where a mapping with `masterprint: 1` is expected"
            )
        )
    elif source.data is not None:
        try:
            chain = Chain.model_validate(source.data)
        except ValidationError as error:
            reported = {problem.path for problem in problems}
            found = [_problem(detail, source) for detail in error.errors(include_url=False)]
            problems += [problem for problem in found if problem.path not in reported]
        if "masterprint" not in source.data:
            line, column = source.where(())
            message = "is missing: a chain file begins with `masterprint: 1`"
            problems.append(Problem(line, column, message, "masterprint"))
    if problems or chain is None:
        raise ChainFileError(name, problems)
    return chain


def _problem(detail: Any, source: Source) -> Problem:
    """A pydantic error in the words and the place of a chain file."""
    place: Place = tuple(detail["loc"])
    kind, value, context = detail["type"], detail.get("input"), detail.get("ctx", {})
    model = _model_at(place[:-1])
    names = [setting.name for setting in settings_of(model)] if model is not None else []
    if kind == "stage_name":
        place = (*place, context["name"])
        message = f"there is no such stage{_guess(context['name'], stage_names())}"
        return Problem(*source.where(place, of_key=True), message, path_text(place))
    if kind == "extra_forbidden":
        message = f"there is no such setting{_guess(str(place[-1]), names)}"
        return Problem(*source.where(place, of_key=True), message, path_text(place))
    if kind == "missing":
        what = next((s for s in settings_of(model) if s.name == place[-1]), None) if model else None
        message = f"is missing; allowed: {what.allowed}" if what else "is missing"
        return Problem(*source.where(place[:-1]), message, path_text(place))
    if kind == "value_error":
        message = str(context.get("error", detail["msg"]))
    elif kind == "stage_entry":
        message = f"found {_shown(value)}; a stage is one mapping, such as `gain: {{gain_db: -1}}`"
    else:
        setting = (
            next((s for s in settings_of(model) if s.name == place[-1]), None) if model else None
        )
        unit = f" {setting.unit}" if setting and setting.unit else ""
        allowed = f"{setting.allowed}{unit}" if setting else _allowed_by(kind, context, detail)
        if setting and kind in ("too_long", "too_short"):
            allowed = _allowed_by(kind, context, detail)
        message = f"found {_shown(value)}; allowed: {allowed}"
        if isinstance(value, str) and setting and setting.allowed.startswith("one of "):
            message += _did_you_mean(value, setting.allowed.removeprefix("one of ").split(", "))
    return Problem(*source.where(place), message, path_text(place))


def _allowed_by(kind: str, context: dict[str, Any], detail: Any) -> str:
    """What is allowed, from the kind of a pydantic error, for places that are no setting."""
    if kind in _KINDS:
        return _KINDS[kind]
    if kind == "too_long":
        return f"a list of at most {context['max_length']}"
    if kind == "too_short":
        return f"a list of at least {context['min_length']}"
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


def _model_at(place: Place) -> type[BaseModel] | None:
    """The model whose settings stand at a place."""
    model: type[BaseModel] | None = Chain
    entries = False
    for part in place:
        if isinstance(part, int):
            continue
        if entries:
            model, entries = find_stage(part), False
        elif model is None:
            return None
        elif part in ("stages", "bands"):
            band = part == "bands" and model.__name__ == "Eq"
            model, entries = (Band, False) if band else (model, True)
        else:
            field = model.model_fields.get(part)
            inner = field.annotation if field else None
            model = inner if isinstance(inner, type) and issubclass(inner, BaseModel) else None
    return None if entries else model


def _guess(name: str, names: list[str]) -> str:
    near = _did_you_mean(name, names)
    return near or (f"; there are: {', '.join(names)}" if names else "")


def _did_you_mean(name: str, names: list[str]) -> str:
    near = difflib.get_close_matches(name.lower(), names, 1, cutoff=0.55)
    return f"; did you mean {near[0]!r}?" if near else ""


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if value is None:
        return "nothing (null)"
    if isinstance(value, bool):
        return str(value).lower()
    text = repr(value) if isinstance(value, str) else f"{value}"
    return text if len(text) <= 60 else text[:57] + "..."
