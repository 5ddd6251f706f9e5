"""YAML files about releases: read, and all that is wrong with them told at once, in its place."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from masterprint.chain.loading import ChainFileError
from masterprint.chain.wording import problems_of
from masterprint.chain.yaml_source import Problem, Source, read_yaml
from masterprint.errors import UsageError

Model = TypeVar("Model", bound=BaseModel)


class ReleaseFileError(ChainFileError):
    """An album file or a platforms file is not valid; `problems` lists all that is wrong."""


def read_model(path: Path, model: type[Model], marker: str, kind: str) -> Model:
    """What a file says, as a model.

    Args:
        path: of the file.
        model: what it holds.
        marker: the key that such a file begins with, which has the version 1.
        kind: what it is called, such as "platforms file".

    Raises:
        ReleaseFileError: with all problems of the file.
        UsageError: it is missing, or may not be read.
    """
    try:
        source = read_yaml(path)
    except FileNotFoundError as error:
        raise UsageError(f"{path}: there is no such {kind}.") from error
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}.") from error
    return validated(source, str(path), model, marker, kind)


def validated(source: Source, name: str, model: type[Model], marker: str, kind: str) -> Model:
    """The same of YAML that is read already; `name` stands for the file in errors."""
    problems = list(source.problems)
    found: Model | None = None
    if source.data is None and not problems:
        problems.append(Problem(1, 1, f"the file is empty, where a {kind} is expected"))
    elif source.data is not None and not isinstance(source.data, dict):
        kinds = "a list" if isinstance(source.data, list) else "a single value"
        message = f"found {kinds}, where a mapping with `{marker}: 1` is expected"
        problems.append(Problem(*source.where(()), message))
    elif source.data is not None:
        try:
            found = model.model_validate(source.data)
        except ValidationError as error:
            reported = {problem.path for problem in problems} | {marker}
            told = problems_of(error.errors(include_url=False), source, model)
            problems += [each for each in told if each.path not in reported]
            if source.data.get(marker) != 1 or isinstance(source.data.get(marker), bool):
                missing = "is missing" if marker not in source.data else "has another version"
                message = f"{missing}: a {kind} begins with `{marker}: 1`"
                problems.append(Problem(*source.where((marker,)), message, marker))
    if problems or found is None:
        raise ReleaseFileError(name, problems)
    return found
