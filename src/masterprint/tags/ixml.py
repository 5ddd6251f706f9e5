"""The chunk `iXML` (ixml.info, version 3.0): what recorders and editors tell each other, in XML.

Written are PROJECT, NOTE, a mirror of `bext` and its loudness; the mirror holds the text of `bext`
as it is in Unicode, where `bext` itself has ASCII. All other elements are left as they are.
"""

from __future__ import annotations

from collections.abc import Mapping

from masterprint.tags.bext import LOUDNESS, Bext
from masterprint.tags.xml_places import Element, XmlError, in_xml, parse_xml, spliced, tidy

Path = tuple[str, ...]

ROOT = "BWFXML"
MIRRORS: tuple[Path, ...] = (("BEXT",), ("LOUDNESS",))
_DOCUMENT = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n'
    b"<BWFXML>\n<IXML_VERSION>3.01</IXML_VERSION>\n</BWFXML>\n"
)
_MIRROR = {
    "description": "BWF_DESCRIPTION",
    "originator": "BWF_ORIGINATOR",
    "originator_reference": "BWF_ORIGINATOR_REFERENCE",
    "date": "BWF_ORIGINATION_DATE",
    "time": "BWF_ORIGINATION_TIME",
    "umid": "BWF_UMID",
    "coding_history": "BWF_CODING_HISTORY",
}
_LOUDNESS = dict(
    zip(
        LOUDNESS,
        (
            "LOUDNESS_VALUE",
            "LOUDNESS_RANGE",
            "MAX_TRUE_PEAK_LEVEL",
            "MAX_MOMENTARY_LOUDNESS",
            "MAX_SHORT_TERM_LOUDNESS",
        ),
        strict=True,
    )
)


def parse_ixml(data: bytes) -> dict[str, str]:
    """The texts of a chunk's elements by their path, such as `BEXT/BWF_DESCRIPTION`.

    Of several elements of one path the first counts. Empty where it is no XML that can be read.
    """
    try:
        root = parse_xml(tidy(data))
    except XmlError:
        return {}
    found: dict[str, str] = {}

    def collect(element: Element, path: str) -> None:
        for child in element.children:
            name = f"{path}/{child.name}" if path else child.name
            if child.children:
                collect(child, name)
            elif child.text.strip():
                found.setdefault(name, child.text.strip())

    collect(root, "")
    return found


def mirror_of(bext: Bext) -> dict[Path, str | None]:
    """What iXML has to say for what bext says; None where it has nothing to say."""
    values: dict[Path, str | None] = {
        ("BEXT", name): getattr(bext, field) or None for field, name in _MIRROR.items()
    }
    low, high = bext.time_reference & 0xFFFFFFFF, bext.time_reference >> 32
    values |= {
        ("BEXT", "BWF_TIME_REFERENCE_LOW"): str(low),
        ("BEXT", "BWF_TIME_REFERENCE_HIGH"): str(high),
        ("BEXT", "BWF_VERSION"): "2",
    }
    for field, name in _LOUDNESS.items():
        value = getattr(bext, field)
        values["LOUDNESS", name] = None if value is None else f"{value:.2f}"
    return values


def build_ixml(values: Mapping[Path, str | None], over: bytes | None = None) -> bytes:
    """The chunk with other texts.

    Args:
        values: by path below the root, of one or two names; None takes an element out.
        over: the chunk that was there, of which the rest is kept.

    Raises:
        XmlError: what is there cannot be read, or is no iXML.
    """
    data = tidy(over) if over is not None else b""
    data = data or _DOCUMENT
    root = parse_xml(data)
    if root.name != ROOT or root.inner_end == root.end:
        raise XmlError(f"it is a document {root.name!r}, where {ROOT} is expected")
    edits: list[tuple[int, int, bytes]] = []
    new: dict[Path, bytes] = {}
    for (*group, name), value in values.items():
        found = root.at(*group, name)
        element = b"" if value is None else _element(name, in_xml(value, data))
        if found is not None:
            edits.append((found.start, found.end, element))
        elif element:
            new[tuple(group)] = new.get(tuple(group), b"") + element
    for group_path, elements in new.items():
        parent = root.at(*group_path)
        if parent is None:
            edits.append((root.inner_end, root.inner_end, _element(group_path[0], elements)))
        elif parent.inner_end == parent.end:  # it has one tag only
            edits.append((parent.start, parent.end, _element(group_path[0], elements)))
        else:
            edits.append((parent.inner_end, parent.inner_end, elements))
    return spliced(data, edits)


def _element(name: str, inner: bytes) -> bytes:
    return b"<%b>%b</%b>\n" % (name.encode(), inner, name.encode())
