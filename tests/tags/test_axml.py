"""The ISRC in EBU Core, as others write it, and among other things."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from masterprint.tags.axml import build_axml, parse_axml
from masterprint.tags.xml_places import XmlError

METAEDIT = b"""<ebuCoreMain xmlns:dc=" http://purl.org/dc/elements/1.1/"\r
 xmlns="urn:ebu:metadata-schema:ebucore"><coreMetadata>\r
<identifier typeLabel="GUID" formatLabel="ISRC" formatLink="a>b">\r
<dc:identifier>ISRC:GB-AYE-26-00001</dc:identifier>\r
</identifier></coreMetadata></ebuCoreMain>\0\0"""
ADM = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<!-- Ø -->\n'
    '<ebuCoreMain xmlns="urn:ebu:metadata-schema:ebuCore_2014"><coreMetadata>'
    '<format><audioFormatExtended><audioProgramme audioProgrammeName="Größe &amp; Ø"/>'
    "</audioFormatExtended></format></coreMetadata></ebuCoreMain>"
).encode()
LAUGHS = b'<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><ebuCoreMain>&b;</ebuCoreMain>'
FILE = b'<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/passwd">]><ebuCoreMain>&a;</ebuCoreMain>'


def by_another_parser(data: bytes) -> str:
    """The way that EBU Tech 3352 describes."""
    root = ElementTree.fromstring(data)
    (found,) = [
        each
        for each in root.iter()
        if each.tag.endswith("}identifier") and each.get("formatLabel") == "ISRC"
    ]
    text = found.findtext("{http://purl.org/dc/elements/1.1/}identifier")
    assert text is not None
    return text


def test_a_new_chunk_says_what_the_standard_has():
    data = build_axml("GBAYE2600001")
    assert by_another_parser(data) == "ISRC:GBAYE2600001"
    root = ElementTree.fromstring(data)
    assert root.tag == "{urn:ebu:metadata-schema:ebuCore_2012}ebuCoreMain"
    assert root[0].tag == "{urn:ebu:metadata-schema:ebuCore_2012}coreMetadata"
    assert parse_axml(data) == "GBAYE2600001"


@pytest.mark.parametrize(
    "data",
    [
        METAEDIT,
        METAEDIT.decode().strip("\0").encode("utf-16"),
        METAEDIT.replace(b"formatLabel", b"x").replace(b'"GUID"', b'"ISRC"'),
        b'<a><identifier formatLabel="ISRC"> GBAYE2600001 </identifier></a>',
    ],
)
def test_what_others_write_is_read(data):
    assert parse_axml(data) == "GBAYE2600001"


def test_another_code_changes_nothing_else():
    new = build_axml("GBAYE2600002", METAEDIT)
    assert new == METAEDIT.strip(b"\0").replace(b"GB-AYE-26-00001", b"GBAYE2600002")


def test_a_description_of_objects_is_kept_when_a_code_is_added_and_taken_out():
    new = build_axml("GBAYE2600001", ADM)
    assert by_another_parser(new) == "ISRC:GBAYE2600001"
    assert b'audioProgrammeName="Gr\xc3\xb6\xc3\x9fe &amp; \xc3\x98"/>' in new
    assert build_axml(None, new) == ADM


def test_nothing_but_a_code_leaves_no_chunk():
    assert build_axml(None, build_axml("GBAYE2600001")) is None
    assert build_axml(None, METAEDIT) is None


@pytest.mark.parametrize("data", [LAUGHS, FILE])
def test_entities_are_not_followed(data):
    assert parse_axml(data) is None
    with pytest.raises(XmlError, match="has a document type"):
        build_axml("GBAYE2600001", data)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"<a>", "not well-formed"),
        (b"<a/>", "'a' that has no place for an ISRC"),
        (b"<a>" * 100 + b"</a>" * 100, "more elements or levels"),
        (b"<a>" + b" " * (16 << 20) + b"</a>", "more than 16 MiB"),
    ],
)
def test_what_cannot_be_changed_is_refused(data, said):
    assert parse_axml(data) is None
    with pytest.raises(XmlError, match=said):
        build_axml("GBAYE2600001", data)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            b"<ebuCoreMain>|<coreMetadata>|<identifier formatLabel='ISRC'>|</a>|<a:identifier/>|"
            b"</identifier>|</coreMetadata>|</ebuCoreMain>|ISRC:|<![CDATA[|]]>|<!--|-->|&#0;|"
            b"\xff|<?x".split(b"|")
        ),
        max_size=12,
    )
)
def test_any_text_is_read_or_refused(parts):
    data = b"".join(parts)
    parse_axml(data)
    try:
        new = build_axml("GBAYE2600001", data)
    except XmlError:
        return
    assert parse_axml(new) == "GBAYE2600001"
