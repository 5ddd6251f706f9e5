"""Settings given beside a chain: "maximizer.ceiling_dbtp" -1.5 for this render, or for a catalogue.

A key is the path that errors print, `stages[3].maximizer.ceiling_dbtp` or `master.bit_depth`; or it
begins with the name or the label of a stage that is in the chain once, `maximizer.ceiling_dbtp`; or
with `*`, which stands for every stage that has such a setting, `*.ceiling_dbtp`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from masterprint.chain.model import Chain
from masterprint.chain.wording import problems_of
from masterprint.chain.yaml_source import Place, Source, parse_yaml, path_text
from masterprint.errors import UsageError
from masterprint.stages.base import Stage, all_stages
from masterprint.stages.beside import FOLDER, StageWithFiles

_PART = re.compile(r"([^.\[\]]+)|\[([0-9]{1,4})\]")
_WHOLE = re.compile(r"[^.\[\]]+(\[[0-9]{1,4}\])*(\.[^.\[\]]+(\[[0-9]{1,4}\])*)*")


def with_settings(chain: Chain, settings: Mapping[str, Any]) -> Chain:
    """The chain with other values for some settings, checked as if they stood in its file.

    Raises:
        UsageError: with everything that is wrong with them.
    """
    if not settings:
        return chain
    data = chain.as_dict()
    problems = []
    for key, value in settings.items():
        try:
            for place in _meant(chain, key):
                _put(data, place, value)
        except LookupError as error:
            problems.append(f"{key}: {error.args[0]}")
    if problems:
        raise UsageError("; ".join(problems) + ".")
    folder = _folder(chain)
    try:
        return Chain.model_validate(data, context={FOLDER: folder} if folder else None)
    except ValidationError as error:
        found = problems_of(error.errors(include_url=False), Source(data))
        raise UsageError(
            "; ".join(f"{each.path}: {each.message}" for each in found) + "."
        ) from error


def setting_from(text: str) -> tuple[str, Any]:
    """Key and value of "key=value", the value as it would be read in a chain file.

    Raises:
        UsageError: it has another form.
    """
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise UsageError(f"{text!r}: is no setting, which is written key=value.")
    source = parse_yaml(value)
    if source.problems:
        raise UsageError(f"{text!r}: the value {source.problems[0].message}.")
    return key.strip(), source.data


def _meant(chain: Chain, key: str) -> Iterator[Place]:
    """The places that a key names; LookupError says why there is none."""
    stages = list(_stages(chain.stages, ("stages",)))
    head, _, rest = key.partition(".")
    if head == "*":
        setting = _place(rest)[0]
        having = [place for place, stage in stages if setting in type(stage).model_fields]
        if not having:
            raise LookupError(f"no stage of this chain has a setting {setting!r}")
        yield from ((*place, *_place(rest)) for place in having)
        return
    if _PART.match(key) and _PART.findall(key)[0][0] in Chain.model_fields:
        yield _place(key)
        return
    for names in (
        {place: stage.label for place, stage in stages},
        {place: stage.stage_name for place, stage in stages},
    ):
        named = [(place, name) for place, name in names.items() if name and _begins(key, name)]
        if len(named) > 1:
            places = ", ".join(path_text(place) for place, _ in named)
            raise LookupError(f"fits {len(named)} stages ({places}): use one of these paths")
        for place, name in named:
            yield (*place, *_place(key[len(name) + 1 :]))
        if named:
            return
    _place(key)  # is it a path at all?
    raise LookupError("there is no such stage in this chain, and no such setting")


def _begins(key: str, name: str) -> bool:
    return key.startswith(f"{name}.")


def _stages(stages: list[Stage], place: Place) -> Iterator[tuple[Place, Stage]]:
    for index, stage in enumerate(stages):
        here = (*place, index, stage.stage_name)
        yield here, stage
        for key, lists in stage.inner().items():
            for number, inner in enumerate(lists):
                band = () if key == "fallback" else (number,)
                yield from _stages(inner, (*here, key, *band))


def _place(key: str) -> Place:
    if not _WHOLE.fullmatch(key):
        raise LookupError("is no path to a setting, such as stages[3].maximizer.ceiling_dbtp")
    return tuple(int(index) if index else word for word, index in _PART.findall(key))


def _put(data: Any, place: Place, value: Any) -> None:
    for position, part in enumerate(place[:-1]):
        if isinstance(data, dict) and part not in data and isinstance(part, str):
            data[part] = {}
        try:
            data = data[part]
        except (LookupError, TypeError) as error:
            raise LookupError(f"there is no {path_text(place[: position + 1])}") from error
    last = place[-1]
    there = isinstance(data, list) and isinstance(last, int) and last < len(data)
    if not there and not (isinstance(data, dict) and isinstance(last, str)):
        raise LookupError(f"there is no {path_text(place)}")
    data[last] = value


def _folder(chain: Chain) -> Path | None:
    folders = (
        stage.folder for stage in all_stages(chain.stages) if isinstance(stage, StageWithFiles)
    )
    return next(filter(None, folders), None)
