"""Names of delivered files: one template for all, and nothing that a file system refuses."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence

from masterprint.chain.wording import guess

MOST_BYTES = 180
"""Of a name without its ending: file systems take 255, and others may want to add to it."""

_FIELD = re.compile(r"\{([a-z_]*)(?::(0?[1-9]))?\}")
_INSTEAD = str.maketrans({"/": "-", "\\": "-", ":": "-", "|": "-", '"': "'", "<": "(", ">": ")",
                          "?": None, "*": None})  # fmt: skip
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)
"""What Windows takes for devices, with any ending."""

FIELDS = ("track", "tracks", "title", "artist", "performer", "album", "disc", "isrc", "upc",
          "catalog_number", "label", "year", "side")  # fmt: skip


TRACK_FIELDS = ("track", "title", "isrc")
SIDE_FIELDS = ("side",)


def template_problem(template: str, one_of: Sequence[str] = TRACK_FIELDS) -> str | None:
    """What is wrong with a template; None where nothing is.

    Args:
        template: with fields in braces.
        one_of: fields of which it needs one, so that no two files have one name.
    """
    rest = _FIELD.sub("", template)
    if "{" in rest or "}" in rest:
        return f"found {template!r}; allowed: fields as {{title}} or, with two digits, {{track:02}}"
    for name, _ in _FIELD.findall(template):
        if name not in FIELDS:
            return f"there is no field {{{name}}}{guess(name, list(FIELDS))}"
    if not set(one_of) & {name for name, _ in _FIELD.findall(template)}:
        return f"found {template!r}, which names all alike; allowed: with {{{one_of[0]}}} in it"
    return None


def name_from(template: str, values: Mapping[str, str | int | None]) -> str:
    """A file's name without ending; a field that has no value is left out."""

    def filled(match: re.Match[str]) -> str:
        value = values.get(match[1])
        if value is None:
            return ""
        width = int(match[2] or 0)
        return f"{value:0{width}d}" if isinstance(value, int) and width else str(value)

    return safe_name(_FIELD.sub(filled, template))


def safe_name(text: str) -> str:
    """A text as a file's name, on any file system: what cannot stay is replaced or left out."""
    text = unicodedata.normalize("NFC", text).translate(_INSTEAD)
    text = "".join(each for each in " ".join(text.split()) if each.isprintable())
    while len(text.encode()) > MOST_BYTES:
        text = text[:-1]
    text = text.strip(" .")
    return f"{text}_" if not text or _RESERVED.fullmatch(text) else text
