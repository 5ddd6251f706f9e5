"""A jobs file that is a CSV table, as spreadsheets write them: the data that YAML would hold."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from masterprint.chain.wording import guess
from masterprint.chain.yaml_source import Problem, Source, parse_yaml
from masterprint.errors import UsageError

MOST_ROWS = 200_000
DELIMITERS = ",;\t"
SEPARATOR = "sep="
"""With this and a delimiter a spreadsheet may begin a file."""


def read_table(
    path: Path, most_bytes: int, own: Sequence[str], of_master: Sequence[str]
) -> tuple[dict[str, Any], Source]:
    """The table as data, and where in the file its rows are.

    Args:
        path: of the file.
        most_bytes: that it may have.
        own: names of columns that hold text.
        of_master: names of columns that hold settings of the `master` block.

    Raises:
        UsageError: it is no table, or one of its columns is unknown.
    """
    text = _text(path, most_bytes)
    head, _, rest = text.partition("\n")
    skipped = 0
    delimiter = max(DELIMITERS, key=head.count)
    if head.strip().lower().startswith(SEPARATOR):
        delimiter, text, skipped = head.strip()[len(SEPARATOR) :] or ",", rest, 1
    source = Source()
    jobs: list[dict[str, Any]] = []
    columns: list[str] = []
    for line, cells in _lines(path, text, delimiter, skipped):
        if not columns:
            columns = _columns(f"{path}:{line}", cells, own, of_master)
            continue
        if len(jobs) == MOST_ROWS:
            raise UsageError(
                f"{path}:{line}: has more than {MOST_ROWS} rows.", hint="split it into several"
            )
        if len(cells) < len(columns) or any(cell.strip() for cell in cells[len(columns) :]):
            raise UsageError(f"{path}:{line}: has not {len(columns)} cells, as the first line.")
        row: dict[str, Any] = {"set": {}}
        for column, cell in zip(columns, map(str.strip, cells), strict=False):
            if column in own and cell:
                row[column] = cell
            elif cell:
                value = parse_yaml(cell)
                for problem in value.problems:
                    source.problems.append(Problem(line, 1, f"{column}: {problem.message}"))
                (row if column in of_master else row["set"])[column] = value.data
        source.values["jobs", len(jobs)] = (line, 1)
        jobs.append(row)
    if not jobs:
        raise UsageError(f"{path}: has no rows: a first line that names the columns, and mixes.")
    return {"masterprint_batch": 1, "jobs": jobs}, source


def _text(path: Path, most_bytes: int) -> str:
    with path.open("rb") as file:
        data = file.read(most_bytes + 1)
    if len(data) > most_bytes:
        raise UsageError(f"{path}: is larger than {most_bytes >> 20} MiB.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UsageError(
            f"{path}:{line}: is not UTF-8 text (byte {error.start} is {data[error.start]:#x}).",
            hint="save it as CSV UTF-8",
        ) from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise UsageError(f"{path}:{line}: is no CSV: it holds a null character.")
    return text


def _lines(path: Path, text: str, delimiter: str, skipped: int) -> Iterator[tuple[int, list[str]]]:
    """Cells of each line that has any, with its number."""
    try:
        reader = csv.reader(
            io.StringIO(text, newline=""), delimiter=delimiter, strict=True, skipinitialspace=True
        )
    except TypeError as error:
        raise UsageError(
            f"{path}:1: tells {delimiter!r}, where one character separates."
        ) from error
    try:
        for cells in reader:
            if cells:
                yield reader.line_num + skipped, cells
    except csv.Error as error:
        raise UsageError(f"{path}:{reader.line_num + skipped}: is no CSV: {error}.") from error


def _columns(
    place: str, cells: Sequence[str], own: Sequence[str], of_master: Sequence[str]
) -> list[str]:
    """Names of the columns; empty ones behind the last are what a spreadsheet adds."""
    known = {name.casefold(): name for name in (*own, *of_master)}
    columns = [known.get(cell.strip().casefold(), cell.strip()) for cell in cells]
    while columns and not columns[-1]:
        columns.pop()
    for column in columns:
        if columns.count(column) > 1:
            raise UsageError(f"{place}: the column {column!r} stands there twice.")
        # A setting is named by a path, as in maximizer.ceiling_dbtp.
        if column not in known.values() and "." not in column:
            raise UsageError(
                f"{place}: there is no such column as {column!r}"
                f"{guess(column, list(known.values()))}."
            )
    return columns
