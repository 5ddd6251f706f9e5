"""XML in chunks: where its elements stand, so that one can be changed and the rest left alone.

It comes from strangers: a document type is refused (it could define entities that expand without
end, or name files), and so are more elements, levels and bytes than such a chunk has reason for.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat
from xml.sax.saxutils import escape

MOST_BYTES = 16 << 20
MOST_ELEMENTS = 200_000
MOST_LEVELS = 64
_QUOTE_OR_END = re.compile(rb"[\"'>]")


class XmlError(ValueError):
    """A text is no XML, or none that is read here."""


@dataclass
class Element:
    """An element and where it stands.

    Attributes:
        name: without the prefix of a namespace.
        attributes: likewise.
        start, end: of all of it, in bytes.
        inner, inner_end: of what is between its tags; both are `end` where it has one tag only.
        text: directly in it.
        children: the elements in it.
    """

    name: str
    attributes: dict[str, str]
    start: int
    inner: int = 0
    inner_end: int = 0
    end: int = 0
    text: str = ""
    children: list[Element] = field(default_factory=list)

    def __iter__(self) -> Iterator[Element]:
        """It and all elements within, in order."""
        yield self
        for child in self.children:
            yield from child

    def at(self, *names: str) -> Element | None:
        """The first element at a path of names from here."""
        found: Element | None = self
        for name in names:
            children = found.children if found else []
            found = next((child for child in children if child.name == name), None)
        return found


def tidy(data: bytes) -> bytes:
    """A chunk's XML as UTF-8, without the NULs and blanks that some programs fill it up with."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        data = data.decode("utf-16", "replace").encode()
        if data.startswith(b"<?xml"):  # it says UTF-16, which it no longer is
            data = data.partition(b"?>")[2]
    return data.removeprefix(codecs.BOM_UTF8).strip(b"\0 \t\r\n")


def parse_xml(data: bytes) -> Element:
    """The root element of a `tidy` text.

    Raises:
        XmlError: it is no XML, or none that is read here.
    """
    if len(data) > MOST_BYTES:
        raise XmlError(f"it has more than {MOST_BYTES >> 20} MiB")
    reader = _Reader(data)
    try:
        reader.parser.Parse(data, True)
    except (expat.ExpatError, LookupError, ValueError) as error:
        if isinstance(error, XmlError):
            raise
        raise XmlError(f"it is not well-formed ({error})") from error
    assert reader.root is not None
    return reader.root


def spliced(data: bytes, edits: Sequence[tuple[int, int, bytes]]) -> bytes:
    """The text with other bytes from a place up to a place, for each edit; they do not overlap."""
    pieces, place = [], 0
    for start, end, new in sorted(edits, key=lambda edit: edit[:2]):
        pieces += [data[place:start], new]
        place = end
    return b"".join([*pieces, data[place:]])


def in_xml(text: str, data: bytes = b"") -> bytes:
    """Text to be put between tags, in a document that may declare another encoding than UTF-8."""
    declared = data[: data.find(b"?>")].lower() if data.startswith(b"<?xml") else b""
    is_utf8 = b"encoding" not in declared or b"utf-8" in declared
    # XML has no place for control characters, not even as references.
    plain = "".join(c for c in text if c >= " " or c in "\t\n\r")
    return escape(plain).encode("utf-8" if is_utf8 else "ascii", "xmlcharrefreplace")


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.root: Element | None = None
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.EntityDeclHandler = self._doctype
        self._data = data
        self._open: list[Element] = []
        self._count = 0

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if self._count > MOST_ELEMENTS or len(self._open) >= MOST_LEVELS:
            raise XmlError("it has more elements or levels than are read")
        start = self.parser.CurrentByteIndex
        element = Element(
            _local(name), {_local(key): value for key, value in attributes.items()}, start
        )
        element.inner = _end_of_tag(self._data, start)
        if self._open:
            self._open[-1].children.append(element)
        elif self.root is None:
            self.root = element
        self._open.append(element)

    def _end(self, name: str) -> None:
        del name
        element = self._open.pop()
        if self._data[element.inner - 2 : element.inner] == b"/>":
            element.inner_end = element.end = element.inner
        else:
            element.inner_end = self.parser.CurrentByteIndex
            element.end = _end_of_tag(self._data, element.inner_end)

    def _characters(self, text: str) -> None:
        if self._open:
            self._open[-1].text += text

    def _doctype(self, *_: Any) -> None:
        raise XmlError("it has a document type, which such a chunk has no use for")


def _end_of_tag(data: bytes, start: int) -> int:
    """Behind the > that closes a tag, which may stand in the value of an attribute, too."""
    quote = b""
    for found in _QUOTE_OR_END.finditer(data, start):
        if not quote and found[0] == b">":
            return found.end()
        if found[0] in (quote, b'"', b"'"):
            quote = b"" if quote == found[0] else quote or found[0]
    return len(data)


def _local(name: str) -> str:
    return name.rpartition(":")[2]
