"""YAML as chain files use it: plain data with a place for every value, and nothing dangerous.

PyYAML tokenises; the data is built here, because a chain file needs more than `safe_load` gives:
line and column of everything, duplicate keys refused, limits on size and depth, no aliases (the
stuff of YAML bombs), no tags, and YAML 1.2 scalars (`on` is a word, `1e3` a number).
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

MOST_PROBLEMS = 100
WRITE_OUT = "write every value out"

Place = tuple[str | int, ...]
"""A path into the data, such as ("stages", 2, "compressor", "ratio")."""

_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
NOT_PRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What YAML 1.2 does not count as printable."""
_WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}
_WORDS |= {"True": True, "False": False, "TRUE": True, "FALSE": False, "Null": None, "NULL": None}


@dataclass(frozen=True)
class Limits:
    """What a file of somebody's may have: bytes, levels of nesting, values."""

    most_bytes: int = 256 * 1024
    most_depth: int = 24
    most_values: int = 20_000


OF_A_CHAIN = Limits()


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, and where."""

    line: int
    column: int
    message: str
    path: str = ""


@dataclass
class Source:
    """The data of a file, where each value and key stands, and what was wrong in reading it."""

    data: Any = None
    values: dict[Place, tuple[int, int]] = field(default_factory=dict)
    keys: dict[Place, tuple[int, int]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def where(self, place: Place, of_key: bool = False) -> tuple[int, int]:
        """Line and column, from 1, of a value (or its key), or of what is nearest above it."""
        table = self.keys if of_key else self.values
        while place not in table and place:
            place = place[:-1]
            table = self.values
        return table.get(place, (1, 1))


class _Stop(Exception):
    """Reading cannot go on."""


def path_text(place: Place) -> str:
    """A place as people write it: stages[2].compressor.ratio."""
    text = ""
    for part in place:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def stage_text(place: Place) -> str:
    """The place of a stage as people count, from 1: stage 3, band 1, stage 2."""
    words: list[str] = []
    kind = ""
    for part in place:
        if isinstance(part, int):
            words.append(f"{kind} {part + 1}")
            kind = "stage"
        elif part in ("stages", "bands"):
            kind = {"stages": "stage", "bands": "band"}[part]
        elif part == "fallback":
            words.append("fallback")
            kind = "stage"
    return ", ".join(words)


def read_yaml(path: Path, limits: Limits = OF_A_CHAIN) -> Source:
    """Read a file; what is wrong with it as YAML is in `problems`. OSError passes."""
    size = path.stat().st_size
    data = b""
    if size <= limits.most_bytes:
        with path.open("rb") as file:  # a device has no size, and no end
            data = file.read(limits.most_bytes + 1)
    size = max(size, len(data))
    if size > limits.most_bytes:
        message = (
            f"the file has {size} bytes or more, where at most {limits.most_bytes} are expected"
        )
        return Source(problems=[Problem(1, 1, message)])
    try:
        return parse_yaml(data.decode("utf-8-sig"), limits)
    except UnicodeDecodeError as error:
        message = (
            f"the file is not UTF-8 text (byte {error.start} is {error.object[error.start]:#x})"
        )
        return Source(problems=[Problem(1, 1, message)])


def parse_yaml(text: str, limits: Limits = OF_A_CHAIN) -> Source:
    """Read YAML text."""
    source = Source()
    if forbidden := NOT_PRINTABLE.search(text):
        before = text[: forbidden.start()]
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        message = f"not valid YAML: the character {forbidden[0]!a} is not allowed"
        source.problems.append(Problem(line, column, message))
        return source
    try:
        _Builder(text, source, limits).build()
    except _Stop:
        pass
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        at = "".join(text.split("\n")[line - 1 : line])[column - 1 : column]
        reason = "found a tab: lines are indented with spaces" if at == "\t" else error.problem
        source.problems.append(Problem(line, column, f"not valid YAML: {reason}"))
    except yaml.YAMLError as error:
        message = f"not valid YAML: {' '.join(str(error).split())}"
        source.problems.append(Problem(1, 1, message))
    return source


def _short(text: str) -> str:
    """A word of somebody's file, fit for a message."""
    return text if len(text) <= 40 else f"{text[:37]}..."


class _Builder:
    def __init__(self, text: str, source: Source, limits: Limits) -> None:
        self._source = source
        self._limits = limits
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        self._events = iter(yaml.parse(text, Loader=loader))
        self._count = 0

    def build(self) -> None:
        event = next(self._events)
        while isinstance(event, yaml.StreamStartEvent | yaml.DocumentStartEvent):
            event = next(self._events)
        if isinstance(event, yaml.StreamEndEvent):
            return
        self._source.data = self._value(event, ())
        next(self._events)  # the end of the document
        event = next(self._events)
        if isinstance(event, yaml.DocumentStartEvent):
            self._complain(event, "a second document begins here, where one is expected", ())

    def _complain(self, event: Any, message: str, place: Place) -> None:
        mark = event.start_mark
        problem = Problem(mark.line + 1, mark.column + 1, message, path_text(place))
        self._source.problems.append(problem)
        if len(self._source.problems) > MOST_PROBLEMS:  # one more than is told says that it is cut
            raise _Stop

    def _stop(self, event: Any, message: str, place: Place) -> _Stop:
        self._complain(event, message, place)
        return _Stop()

    def _value(self, event: Any, place: Place) -> Any:
        self._count += 1
        limits = self._limits
        if self._count > limits.most_values:
            message = f"there are more than {limits.most_values} values in the file"
            raise self._stop(event, message, place)
        if len(place) > limits.most_depth:
            message = f"nested more than {limits.most_depth} levels deep"
            raise self._stop(event, message, place[:3])
        mark: Any = event.start_mark
        self._source.values[place] = (mark.line + 1, mark.column + 1)
        if isinstance(event, yaml.AliasEvent):
            message = f"found *{_short(str(event.anchor))}: aliases are not used here; {WRITE_OUT}"
            self._complain(event, message, place)
            return None
        self._no_anchor_or_tag(event, place)
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, place)
        if isinstance(event, yaml.SequenceStartEvent):
            items: list[Any] = []
            while not isinstance(item := next(self._events), yaml.SequenceEndEvent):
                items.append(self._value(item, (*place, len(items))))
            return items
        return self._mapping(place)

    def _no_anchor_or_tag(self, event: Any, place: Place) -> None:
        if event.anchor is not None:
            message = f"found &{_short(event.anchor)}: anchors are not used here; {WRITE_OUT}"
            self._complain(event, message, place)
        if event.tag is not None and event.tag != "!":
            message = f"found the tag {_short(event.tag)}: tags are not used here"
            self._complain(event, message, place)

    def _mapping(self, place: Place) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                raise self._stop(event, "found a key that is not a plain word", place)
            key = event.value
            inner = (*place, key)
            self._no_anchor_or_tag(event, inner)
            if forbidden := NOT_PRINTABLE.search(key):
                message = f"found a key with the character {forbidden[0]!a}"
                raise self._stop(event, message, place)
            mark: Any = event.start_mark
            position = (mark.line + 1, mark.column + 1)
            if key in found:
                first = self._source.keys[inner][0]
                self._complain(
                    event, f"{_short(key)!r} stands here twice, first in line {first}", inner
                )
            else:
                self._source.keys[inner] = position
            # What stands there a second time is read, for what is wrong in it, but not taken.
            found.setdefault(key, self._value(next(self._events), inner))
        return found

    def _scalar(self, event: Any, place: Place) -> Any:
        text: str = event.value
        if forbidden := NOT_PRINTABLE.search(text):
            self._complain(event, f"holds the character {forbidden[0]!a}, which is no text", place)
            return ""
        if not event.implicit[0]:
            return text
        if text in _WORDS:
            return _WORDS[text]
        if _INTEGER.fullmatch(text):
            return int(text)
        if NUMBER.fullmatch(text):
            number = float(text)
            if math.isfinite(number):
                return number
            self._complain(event, f"found {_short(text)}, which is too large for a number", place)
            return 0.0
        if _NOT_FINITE.fullmatch(text):
            self._complain(event, f"found {text}, where a finite number is expected", place)
            return 0.0
        return text
