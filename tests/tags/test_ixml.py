"""iXML: the mirror of bext, among what a recorder wrote."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from masterprint.tags.ixml import build_ixml, mirror_of, parse_ixml
from masterprint.tags.xml_places import XmlError
from tag_tools import BEXT

RECORDER = """<?xml version="1.0" encoding="ISO-8859-1"?>
<BWFXML><IXML_VERSION>1.5</IXML_VERSION><PROJECT>Flöte</PROJECT><SCENE/>
<TRACK_LIST><TRACK><NAME>L &amp; R</NAME></TRACK></TRACK_LIST><BEXT/></BWFXML>""".encode("latin-1")


def test_the_mirror_says_what_bext_says_to_another_parser():
    root = ElementTree.fromstring(build_ixml({("PROJECT",): "Low <Tide> ]]>"} | mirror_of(BEXT)))
    assert root.tag == "BWFXML"
    assert root.findtext("PROJECT") == "Low <Tide> ]]>"
    assert root.findtext("BEXT/BWF_ORIGINATOR") == "Example Mastering"
    assert root.findtext("BEXT/BWF_TIME_REFERENCE_HIGH") == "1"
    assert root.findtext("BEXT/BWF_TIME_REFERENCE_LOW") == "5"
    assert [each.text for each in root.find("LOUDNESS")] == [
        "-14.02",
        "6.10",
        "-1.00",
        "-9.50",
        "-11.25",
    ]


def test_what_a_recorder_wrote_stays_and_its_encoding_is_kept_to():
    new = build_ixml(
        {("PROJECT",): "Ebb 潮 ö", ("NOTE",): "x", ("BEXT", "A"): "y"}, RECORDER + b"\0"
    )
    root = ElementTree.fromstring(new)
    assert root.findtext("PROJECT") == "Ebb 潮 ö"
    assert root.findtext("BEXT/A") == "y"
    assert b"<TRACK_LIST><TRACK><NAME>L &amp; R</NAME></TRACK></TRACK_LIST>" in new
    back = build_ixml({("PROJECT",): None, ("NOTE",): None, ("BEXT",): None}, new)
    assert parse_ixml(back) == {"IXML_VERSION": "1.5", "TRACK_LIST/TRACK/NAME": "L & R"}


@pytest.mark.parametrize("data", [b"<OTHER></OTHER>", b"<BWFXML/>", b"<BWFXML>"])
def test_what_is_no_ixml_is_refused(data):
    with pytest.raises(XmlError):
        build_ixml({("NOTE",): "x"}, data)
