"""From a chain file to a Chain, with every error of the file at once, each in its place."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from masterprint.chain.model import Chain, MasterSettings
from masterprint.chain.wording import problem_of, problems_of
from masterprint.chain.yaml_source import MOST_PROBLEMS, Problem, Source, parse_yaml, read_yaml
from masterprint.errors import ChainError, UsageError
from masterprint.stages.beside import FOLDER


class ChainFileError(ChainError):
    """A chain file is not valid; `problems` lists everything that is wrong with it."""

    def __init__(self, file: str, problems: list[Problem]) -> None:
        self.file = file
        self.problems = sorted(problems, key=lambda problem: (problem.line, problem.column))
        lines = []
        for problem in self.problems[:MOST_PROBLEMS]:
            place = f"{problem.path}: " if problem.path else ""
            lines.append(f"{file}:{problem.line}:{problem.column}: {place}{problem.message}")
        if len(self.problems) > MOST_PROBLEMS:
            lines.append(f"{file}: and at least {len(self.problems) - MOST_PROBLEMS} more")
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
    # What a chain names lies beside the file itself, not beside a link to it.
    return _validated(source, str(path), Path(os.path.realpath(path)).parent)


def parse_chain(text: str, name: str = "chain") -> Chain:
    """The chain in YAML text; `name` stands for the file in errors."""
    return _validated(parse_yaml(text), name)


def with_master(chain: Chain, changes: Mapping[str, Any]) -> Chain:
    """The chain with other `master` settings; None leaves one as it is.

    Raises:
        UsageError: with all that is wrong with them.
    """
    wanted = chain.master.model_dump()
    wanted |= {key: value for key, value in changes.items() if value is not None}
    try:
        master = MasterSettings.model_validate(wanted)
    except ValidationError as error:
        details = error.errors(include_url=False)
        found = [problem_of({**one, "loc": ("master", *one["loc"])}, Source()) for one in details]
        raise UsageError("; ".join(f"{each.path}: {each.message}" for each in found)) from error
    return chain.model_copy(update={"master": master})


def _shipped(path: Path) -> str:
    from masterprint.chain.library import shipped_chains

    names = sorted(shipped_chains())
    near = difflib.get_close_matches(path.stem, names, 1)
    return (
        f"did you mean the ready-made chain {near[0]!r}?"
        if near
        else (f"ready-made chains are named without .yaml: {', '.join(names)}")
    )


def _validated(source: Source, name: str, folder: Path | None = None) -> Chain:
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
            chain = Chain.model_validate(source.data, context={FOLDER: folder} if folder else None)
        except ValidationError as error:
            reported = {problem.path for problem in problems}
            found = problems_of(error.errors(include_url=False), source)
            problems += [problem for problem in found if problem.path not in reported]
        if "masterprint" not in source.data:
            line, column = source.where(())
            message = "is missing: a chain file begins with `masterprint: 1`"
            problems.append(Problem(line, column, message, "masterprint"))
    if problems or chain is None:
        raise ChainFileError(name, problems)
    return chain
