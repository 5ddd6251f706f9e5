"""What is to be changed of what a file says: the new values, and which fields they are."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from masterprint.tags.fields import FIELDS, Tags

PAIRS = (("track", "tracks"), ("disc", "discs"))
"""Numbers that most containers hold in one place, as 3/12."""


@dataclass(frozen=True)
class Changes:
    """A file's tags as they will be.

    Attributes:
        tags: all fields as they will be; None where there will be nothing.
        touched: the fields that are to be written or taken out; the others stay as the file has
            them, byte for byte where the container allows.
    """

    tags: Tags
    touched: frozenset[str]

    def everything(self) -> Changes:
        """The same, to be written to a place where nothing has been said yet."""
        said = {field for field in FIELDS if getattr(self.tags, field) is not None}
        return Changes(self.tags, self.touched | said)

    def text(self, field: str) -> str | None:
        """What a field of text will be."""
        value = getattr(self.tags, field)
        assert value is None or isinstance(value, str)
        return value

    def numbers(self, field: str) -> tuple[int | None, int | None] | None:
        """Number and total, `field` being track or disc; None where neither is touched."""
        total = dict(PAIRS)[field]
        if self.touched.isdisjoint((field, total)):
            return None
        return getattr(self.tags, field), getattr(self.tags, total)


def changes_to(have: Tags, wanted: Tags, remove: Collection[str] = ()) -> Changes:
    """What it takes to have what is `wanted` in a file that says `have`.

    Fields that are None in `wanted` are left alone; those named by `remove` are taken out. What is
    said already is written again: it may be said in one place of a file and not in another.
    """
    new = {field: getattr(wanted, field) for field in FIELDS if getattr(wanted, field) is not None}
    gone = {field for field in FIELDS if field in remove and field not in new}
    return Changes(replace(have, **new, **dict.fromkeys(gone)), frozenset(new.keys() | gone))


def shown_pair(numbers: tuple[int | None, int | None]) -> str | None:
    """3 of 12 as 3/12, as ID3 and others write it; None where there is neither."""
    number, total = numbers
    if total is not None:
        return f"{number or 0}/{total}"
    return None if number is None else str(number)


def pair_of(text: str | None) -> tuple[int | None, int | None]:
    """The numbers in 3/12, 3 or 03; None in place of what is none, or 0."""
    first, _, second = (text or "").partition("/")
    return number_of(first), number_of(second)


def number_of(text: str | None) -> int | None:
    """A whole number from 1 that a file gives as text."""
    digits = (text or "").strip()
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= 6):
        return None
    return int(digits) or None
