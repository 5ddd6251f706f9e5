"""Writing a recall sheet: YAML that people read, whose data comes back exactly."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import Any

import yaml

from masterprint.chain.yaml_source import NOT_PRINTABLE, NUMBER
from masterprint.sheets.seal import seal_of
from masterprint.sheets.sheet import Sheet

WIDTH = 100
HEAD = """\
# Recall sheet of {name}: all that made it, in order to make it again.
# masterprint recall {file}
"""


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """Quotes what YAML 1.2, which chain files and sheets are read as, takes for a number."""


_Dumper.add_implicit_resolver("tag:yaml.org,2002:float", NUMBER, list("-+.0123456789"))


def sheet_text(sheet: Sheet, file: str) -> str:
    """The text of a sheet's file."""
    data = printable(sheet.model_dump(mode="json", exclude_none=False))
    text = yaml.dump(
        data | {"seal": seal_of(data)},
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=None,
        width=WIDTH,
    )
    name = _one_line(data["master"]["name"])
    return HEAD.format(name=name, file=shlex.quote(_one_line(file))) + text


def _one_line(text: str) -> str:
    """A file's name as a comment can hold it."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def printable(data: Any) -> Any:
    """Plain data whose texts YAML can hold: file names may have bytes that are no text."""
    if isinstance(data, dict):
        return {printable(key): printable(value) for key, value in data.items()}
    if isinstance(data, list):
        return [printable(each) for each in data]
    if isinstance(data, str):
        return NOT_PRINTABLE.sub("\N{REPLACEMENT CHARACTER}", data)
    return data


def hex_of(folder: Path, path: Path) -> str | None:
    """The bytes of that path, where its text alone would not lead there again."""
    text = seen_from(folder, path)
    return None if printable(text) == text else os.fsencode(text).hex()


def seen_from(folder: Path, path: Path) -> str:
    """A path as it is written into a sheet in a folder: relative, with /."""
    try:
        relative = os.path.relpath(os.path.realpath(path), os.path.realpath(folder))
    except ValueError:  # on Windows, another drive
        relative = path.name
    return Path(relative).as_posix()
