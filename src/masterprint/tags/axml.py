"""The ISRC in the chunk `axml`, as EBU Core metadata (EBU Tech 3352; the chunk: Tech 3285 s5).

Read leniently: any prefix and namespace, `ISRC` as format or type of the identifier, with or
without `ISRC:`, hyphens and blanks. What else the chunk holds, such as the description of an
object-based programme (ADM), is left as it is.
"""

from __future__ import annotations

from masterprint.codes import isrc_of
from masterprint.tags.xml_places import Element, XmlError, parse_xml, spliced, tidy

_IDENTIFIER = (
    '<{p}identifier typeLabel="GUID" typeDefinition="Globally Unique Identifier" '
    'formatLabel="ISRC" formatDefinition="International Standard Recording Code" '
    'formatLink="http://www.ebu.ch/metadata/cs/ebu_IdentifierTypeCodeCS.xml#3.7">'
    '<dc:identifier xmlns:dc="http://purl.org/dc/elements/1.1/">ISRC:{isrc}</dc:identifier>'
    "</{p}identifier>"
)
_DOCUMENT = """<?xml version="1.0" encoding="UTF-8"?>
<ebucore:ebuCoreMain xmlns:dc="http://purl.org/dc/elements/1.1/" \
xmlns:ebucore="urn:ebu:metadata-schema:ebuCore_2012">
<ebucore:coreMetadata>
{identifier}
</ebucore:coreMetadata>
</ebucore:ebuCoreMain>
"""


def parse_axml(data: bytes) -> str | None:
    """The ISRC that a chunk tells; None where it tells none, or is no XML that can be read."""
    try:
        root = parse_xml(tidy(data))
    except XmlError:
        return None
    for identifier in _identifiers(root):
        try:
            return isrc_of(_value(identifier).text.strip())
        except ValueError:
            continue
    return None


def build_axml(isrc: str | None, over: bytes | None = None) -> bytes | None:
    """The chunk that tells an ISRC, or no longer does; None where nothing would be left in it.

    Args:
        isrc: 12 characters.
        over: the chunk that was there, of which the rest is kept.

    Raises:
        XmlError: what is there cannot be read, or is no EBU Core document.
    """
    old = tidy(over) if over is not None else b""
    if not old:
        identifier = _IDENTIFIER.format(p="ebucore:", isrc=isrc)
        return _DOCUMENT.format(identifier=identifier).encode() if isrc else None
    root = parse_xml(old)
    found = _identifiers(root)
    if isrc is None:
        if found and root.at("coreMetadata") and len(list(root)) <= 2 + sum(map(_size, found)):
            return None
        return spliced(old, [(each.start, each.end, b"") for each in found])
    if found:
        return spliced(old, [_edit(old, each, isrc) for each in found])
    core = root.at("coreMetadata")
    if root.name != "ebuCoreMain" or core is None or core.inner_end == core.end:
        raise XmlError(f"it is a document {root.name!r} that has no place for an ISRC")
    return spliced(old, [(core.inner, core.inner, _identifier(old, core, isrc))])


def _edit(old: bytes, identifier: Element, isrc: str) -> tuple[int, int, bytes]:
    value = _value(identifier)
    if value.inner_end < value.end:
        return value.inner, value.inner_end, b"ISRC:" + isrc.encode()
    return identifier.start, identifier.end, _identifier(old, identifier, isrc)


def _identifier(old: bytes, beside: Element, isrc: str) -> bytes:
    """A new identifier, in the namespace of an element that is there."""
    tag = old[beside.start + 1 : beside.inner].decode("utf-8", "replace")
    return _IDENTIFIER.format(p=tag[: tag.find(beside.name)], isrc=isrc).encode()


def _identifiers(root: Element) -> list[Element]:
    """The elements that give an ISRC as their format or type."""
    return [
        element
        for element in root
        if element.name == "identifier"
        and "ISRC" in (element.attributes.get("formatLabel"), element.attributes.get("typeLabel"))
    ]


def _value(identifier: Element) -> Element:
    """Where the code itself stands: in a dc:identifier, or without one."""
    return identifier.at("identifier") or identifier


def _size(element: Element) -> int:
    return len(list(element))
