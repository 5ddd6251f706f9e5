"""Changing a chain file as a careful person would: these lines, and not a character beside them.

The text is parsed for where things stand, and only spans of it are replaced or added; comments,
order, quotes and spacing of the rest stay as they were written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import yaml

from masterprint.chain.yaml_source import Place, parse_yaml, path_text
from masterprint.errors import ChainError

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./()+-]*(?: [A-Za-z0-9_./()+-]+)*")
_WORDS = re.compile(r"(?i:true|false|null|yes|no|on|off|y|n)")


def set_settings(text: str, place: Place, settings: Mapping[str, Any]) -> str:
    """The text with settings of the mapping at `place` replaced, or added behind its others.

    Args:
        text: a valid chain file.
        place: such as ("stages", 2, "plugin").
        settings: new values; plain data.
    """
    for key, value in settings.items():
        if not _is_so(text, place, key, value):
            text = _set(text, place, key, value)
    return text


def insert_stage(text: str, index: int, name: str, settings: Mapping[str, Any]) -> str:
    """The text with a stage put before the one at `index`, behind the last where there is none.

    Raises:
        ChainError: the stages stand in one line, as in [a, b].
    """
    root = _root(text)
    newline = "\r\n" if "\r\n" in text else "\n"
    stages = _child(root, "stages")
    items = stages.value if isinstance(stages, yaml.SequenceNode) else []
    if items and stages.flow_style:
        raise ChainError(
            "The stages of this file stand within [ ], where no line can be added.",
            hint="write each stage on a line of its own, with a dash before it",
        )
    indent = (items and stages.start_mark.column) or (0 if items else 2)
    lines = [f"{' ' * indent}- {name}:"]
    lines += [f"{' ' * (indent + 4)}{key}: {scalar(value)}" for key, value in settings.items()]
    block = newline.join(lines)
    if not items:
        if stages is None:
            return f"{text.rstrip()}{newline}stages:{newline}{block}{newline}"
        # `stages: []` or `stages:`
        start, end = _span(text, stages)
        head = text[:start].rstrip(" ")
        return f"{head}{newline}{block}{text[end:] or newline}"
    if index == 0:
        at = text.index("\n", _key_end(root, "stages")) + 1
        return f"{text[:at]}{block}{newline}{text[at:]}"
    at = _line_end(text, _end(text, items[min(index, len(items)) - 1]))
    return f"{text[:at]}{newline}{block}{text[at:]}"


def scalar(value: Any) -> str:
    """A value as it is written in one line of a chain file."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(k)}: {scalar(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(scalar, value)) + "]"
    if isinstance(value, str) and _PLAIN.fullmatch(value) and not _WORDS.fullmatch(value):
        return value
    # JSON's strings, numbers and words are YAML's.
    return json.dumps(value, ensure_ascii=False)


def _is_so(text: str, place: Place, key: str, value: Any) -> bool:
    """Whether a setting has this value already, however it is written."""
    data: Any = parse_yaml(text).data
    for part in (*place, key):
        try:
            data = data[part]
        except (LookupError, TypeError):
            return False
    return type(data) is type(value) and bool(data == value)


def _set(text: str, place: Place, key: str, value: Any) -> str:
    mapping = _at(_root(text), place)
    found = _child(mapping, key)
    if found is not None:
        start, end = _span(text, found)
        space = "" if text[start - 1 : start] in (" ", "\n") else " "
        return text[:start] + space + scalar(value) + text[end:]
    if mapping.flow_style:
        # Behind the last value, before whatever comma, comment or line break follows it.
        end = _end(text, mapping.value[-1][1]) if mapping.value else mapping.start_mark.index + 1
        comma = ", " if mapping.value else ""
        return f"{text[:end]}{comma}{scalar(key)}: {scalar(value)}{text[end:]}"
    newline = "\r\n" if "\r\n" in text else "\n"
    at = _line_end(text, _end(text, mapping))
    line = f"{' ' * mapping.start_mark.column}{scalar(key)}: {scalar(value)}"
    return f"{text[:at]}{newline}{line}{text[at:]}"


def _root(text: str) -> Any:
    """The nodes of the text, as the parser that reads chain files sees them."""
    node = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    if not isinstance(node, yaml.MappingNode):
        raise ChainError("The file is no chain: a mapping is expected.")
    return node


def _at(node: Any, place: Place) -> Any:
    for part in place:
        inner = node.value[part] if isinstance(part, int) else _child(node, part)
        if inner is None:
            raise ChainError(f"The file has nothing at {path_text(place)}.")
        node = inner
    return node


def _child(mapping: Any, key: str) -> Any:
    pairs = mapping.value if isinstance(mapping, yaml.MappingNode) else []
    return next((value for name, value in pairs if name.value == key), None)


def _key_end(mapping: Any, key: str) -> int:
    ends = (int(name.end_mark.index) for name, _ in mapping.value if name.value == key)
    return next(ends)


def _span(text: str, node: Any) -> tuple[int, int]:
    """Where a value stands. A block collection begins at its first entry."""
    return node.start_mark.index, _end(text, node)


def _end(text: str, node: Any) -> int:
    """Where a value ends; the parser lets what is written in blocks reach to what follows it."""
    if isinstance(node, yaml.ScalarNode):
        end = int(node.end_mark.index)
        return len(text[:end].rstrip()) if node.style in ("|", ">") else end
    if node.flow_style or not node.value:
        return int(node.end_mark.index)
    last = node.value[-1]
    return _end(text, last[1] if isinstance(last, tuple) else last)


def _line_end(text: str, at: int) -> int:
    """The end of the line that `at` is in, its comment included."""
    end: int = text.find("\n", at)
    if end < 0:
        return len(text)
    return end - 1 if text[end - 1 : end] == "\r" else end
