"""A jobs file: which mixes go through which chains to where, as YAML or as a CSV table.

    masterprint_batch: 1
    chain: chains/streaming.yaml       # for rows that name none
    output: masters                    # likewise
    set: {maximizer.ceiling_dbtp: -1}  # for every row
    jobs:
      - {mix: mixes/01.wav}
      - {mix: mixes/02.wav, chain: chains/02.yaml, name: "02 Undertow", bit_depth: 16}

In CSV the first line names the columns: mix, chain, output, name, those of a chain's `master`
block, and settings such as maximizer.ceiling_dbtp; an empty cell says nothing. Paths are relative
to the file.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError

from masterprint.batch.jobs_table import MOST_ROWS, read_table
from masterprint.chain.model import MasterSettings
from masterprint.chain.wording import found_and_allowed, guess
from masterprint.chain.yaml_source import Limits, Source, path_text, read_yaml
from masterprint.errors import UsageError, first_of
from masterprint.stages.base import Settings

LIMITS = Limits(most_bytes=64 << 20, most_depth=8, most_values=2_000_000)
MOST_SHOWN = 20
OWN_COLUMNS = ("mix", "chain", "output", "name")
MASTER_COLUMNS = tuple(MasterSettings.model_fields)


def _plain(value: Any) -> Any:
    """A setting's value; what it may be is for the chain to say."""
    if isinstance(value, dict):
        raise ValueError("a mapping, where a value is expected")
    return value


def _one_name(value: str) -> str:
    if "/" in value or "\\" in value:
        raise ValueError(f"found {value!r}; allowed: a name, without / or \\ in it")
    return value


Name = Annotated[str, AfterValidator(_one_name)]
Values = dict[str, Annotated[Any, BeforeValidator(_plain)]]


class JobRow(Settings):
    """One master: `name` is that of its file, without ending."""

    mix: str = Field(min_length=1)
    chain: str | None = None
    output: str | None = None
    name: Name | None = Field(None, min_length=1, max_length=200)
    format: Any = None
    bit_depth: Any = None
    sample_rate_hz: Any = None
    dither: Any = None
    dither_silence: Any = None
    set: Values = Field(default_factory=dict)


class JobsModel(Settings):
    """The whole file."""

    masterprint_batch: Literal[1]
    chain: str | None = None
    output: str | None = None
    set: Values = Field(default_factory=dict)
    jobs: list[JobRow] = Field(min_length=1, max_length=MOST_ROWS)


@dataclass(frozen=True)
class Row:
    """One master that is wished for, with the file's defaults filled in.

    Attributes:
        place: in the file, for errors.
        mix: the file that comes in.
        chain: a chain file, or the name of a ready-made chain.
        output: folder; None where neither row nor file names one.
        name: of the master, without ending.
        changes: settings of the `master` block.
        settings: other settings.
    """

    place: str
    mix: Path
    chain: str
    output: Path | None
    name: str
    changes: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)


def read_jobs(path: Path) -> list[Row]:
    """The rows of a jobs file.

    Raises:
        UsageError: with everything that is wrong with it.
    """
    try:
        if path.suffix.lower() in (".csv", ".tsv"):
            return _rows(path, *read_table(path, LIMITS.most_bytes, OWN_COLUMNS, MASTER_COLUMNS))
        source = read_yaml(path, LIMITS)
    except FileNotFoundError as error:
        raise UsageError(f"{path}: there is no such jobs file.") from error
    except IsADirectoryError as error:
        raise UsageError(
            f"{path}: is a folder, where a jobs file is expected.",
            hint="masterprint render takes folders of mixes",
        ) from error
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}.") from error
    return _rows(path, source.data, source)


def _rows(path: Path, data: Any, source: Source) -> list[Row]:
    problems = [(problem.line, problem.column, problem.message) for problem in source.problems]
    model = None
    if not problems and not (isinstance(data, dict) and "masterprint_batch" in data):
        problems.append((1, 1, "is no jobs file, which begins with `masterprint_batch: 1`"))
    elif not problems:
        try:
            model = JobsModel.model_validate(data)
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                place = tuple(part for part in detail["loc"] if isinstance(part, str | int))
                message = f"{path_text(place)}: {_wording(detail, place)}"
                of_key = detail["type"] == "extra_forbidden"
                problems.append((*source.where(place, of_key), message))
    rows = []
    for index, job in enumerate(model.jobs if model else []):
        place = source.where(("jobs", index))
        chain = job.chain or (model.chain if model else None)
        if chain is None:
            problems.append((*place, f"jobs[{index}]: names no chain, and neither does the file"))
            continue
        rows.append(_row(path, f"{path}:{place[0]}", job, model, chain))
    if problems:
        lines = [f"{path}:{line}:{column}: {text}" for line, column, text in sorted(problems)]
        raise UsageError(first_of(lines, MOST_SHOWN))
    return rows


def _row(path: Path, place: str, job: JobRow, model: JobsModel | None, chain: str) -> Row:
    folder = path.parent
    output = job.output or (model.output if model else None)
    mix = folder / job.mix
    named = {key: getattr(job, key) for key in MASTER_COLUMNS}
    return Row(
        place=place,
        mix=mix,
        # A name without ending is that of a ready-made chain.
        chain=str(folder / chain) if Path(chain).suffix or "/" in chain else chain,
        output=None if output is None else folder / output,
        name=job.name or mix.stem,
        changes={key: value for key, value in named.items() if value is not None},
        settings=(model.set if model else {}) | job.set,
    )


def _wording(detail: Any, place: tuple[int | str, ...]) -> str:
    if detail["type"] == "extra_forbidden":
        model = JobRow if "jobs" in place else JobsModel
        return f"there is no such key{guess(str(place[-1]), list(model.model_fields))}"
    return found_and_allowed(detail)
