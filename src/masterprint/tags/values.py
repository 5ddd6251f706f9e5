"""Values of fields as people type them: checked, and brought into one form."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from masterprint.codes import ean_of, isrc_of, iswc_of, language_of
from masterprint.tags.bext import LOUDNESS, Bext, build_bext
from masterprint.tags.fields import FIELDS, Tags

LONGEST = 1000
LONGEST_COMMENT = 10000
NUMBERS = ("track", "tracks", "disc", "discs")
TYPED = tuple(field for field in FIELDS if field not in ("cover", "gain"))
"""The fields that can be typed as text."""
MOST = 999
_CODES = {"isrc": isrc_of, "upc": ean_of, "iswc": iswc_of}
_SIGNS = {"copyright": ("©", "(c)"), "phonogram": ("℗", "(p)")}


def fields_of(field: str, text: str) -> dict[str, Any]:
    """What a text says for a field: its value, and for 3/12 also that of the total.

    Raises:
        ValueError: with what was found and what is allowed.
    """
    text = _plain(field, text)
    if field in ("track", "disc"):
        return _numbers(field, text)
    if field in NUMBERS:
        return {field: _number(text)}
    if field in _CODES:
        return {field: _CODES[field](text)}
    if field == "year":
        return {field: _year(text)}
    if field == "language":
        return {field: language_of(text)}
    for sign in _SIGNS.get(field, ()):
        # The containers say it by where the text stands.
        if text.lower().startswith(sign) and text[len(sign) :].strip():
            return {field: text[len(sign) :].strip()}
    return {field: text}


def need_sound(tags: Tags) -> None:
    """Refuse tags that no container could hold, or that would not be read again.

    Raises:
        ValueError: with the field, what was found and what is allowed.
    """
    for field in FIELDS:
        value = getattr(tags, field)
        try:
            if isinstance(value, str):
                _plain(field, value)
            elif isinstance(value, int):
                _number(str(value))
            if value is not None and (field in _CODES or field == "year"):
                fields_of(field, value)
        except ValueError as error:
            raise ValueError(f"{field}: {error}") from error


def bext_with(bext: Bext, texts: Mapping[str, str]) -> Bext:
    """A bext in which fields say something else, as it was typed.

    Raises:
        ValueError: with the field, what was found and what is allowed.
    """
    new: dict[str, Any] = {}
    for field, text in texts.items():
        if field in LOUDNESS:
            new[field] = _loudness(field, text)
        elif field == "time_reference":
            if not re.fullmatch(r"[0-9]{1,20}", text):
                raise ValueError(f"{field}: found {text!r}; allowed: samples since midnight")
            new[field] = int(text)
        elif field == "coding_history":
            new[field] = text.replace("\\r", "").replace("\\n", "\n")
        else:
            new[field] = text
    changed = replace(bext, **new)
    build_bext(replace(Bext(), **new))
    return changed


def _plain(field: str, text: str) -> str:
    text, is_comment = text.strip(), field == "comment"
    most = LONGEST_COMMENT if is_comment else LONGEST
    if not text:
        raise ValueError("found nothing; to take a field out, use --remove")
    if any(0xD800 <= ord(letter) < 0xE000 for letter in text):
        raise ValueError("found bytes that are not text in your terminal's encoding")
    if any((letter < " " and letter not in "\t\r\n") or letter == "\x7f" for letter in text):
        raise ValueError("found control characters; allowed: text")
    if not is_comment and len(text.splitlines()) > 1:
        raise ValueError("found several lines; allowed: text in one line")
    if len(text) > most:
        raise ValueError(f"found {len(text)} characters; allowed: at most {most}")
    return text


def _numbers(field: str, text: str) -> dict[str, Any]:
    number, slash, total = text.partition("/")
    found = {field: _number(number, f"a number such as 3, or 3/12, up to {MOST}")}
    if slash:
        found[f"{field}s"] = _number(total, f"a number such as 3, or 3/12, up to {MOST}")
        if found[field] > found[f"{field}s"]:
            raise ValueError(f"found {text!r}; allowed: a number that is not above the total")
    return found


def _number(text: str, allowed: str = f"a whole number from 1 to {MOST}") -> int:
    if not re.fullmatch(r"[0-9]{1,6}", text.strip()) or not 1 <= int(text) <= MOST:
        raise ValueError(f"found {text!r}; allowed: {allowed}")
    return int(text)


def _year(text: str) -> str:
    try:
        if not re.fullmatch(r"[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?", text):
            raise ValueError
        date.fromisoformat((text + "-01-01")[:10])
    except ValueError:
        raise ValueError(
            f"found {text!r}; allowed: a year such as 2026, or 2026-05, or 2026-05-31"
        ) from None
    return text


def _loudness(field: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not -99.99 <= value <= 99.99:
        raise ValueError(f"{field}: found {text!r}; allowed: a number from -99.99 to 99.99")
    return value
