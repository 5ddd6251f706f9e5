"""LIST INFO: ids, padding, encodings."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from masterprint.tags.changes import changes_to
from masterprint.tags.fields import Tags
from masterprint.tags.info import (
    agreed,
    build_info,
    changed_info,
    encoding_of,
    parse_info,
    says_ours,
    tags_in_info,
)

LIST = b"INAM\4\0\0\0Ebb\0" + b"IENG\3\0\0\0Me\0\0" + b"ITRK\5\0\0\x003/12\0\0"


def changed(entries, **wanted):
    return changed_info(entries, changes_to(Tags(), Tags(**wanted), wanted.pop("remove", ())))


def test_entries_are_read_with_their_padding_and_written_as_they_were():
    entries = parse_info(LIST)
    assert tags_in_info(entries, "cp1252") == Tags(title="Ebb", track=3, tracks=12)
    assert build_info(entries) == LIST


def test_what_is_not_changed_keeps_its_place_and_bytes():
    new = build_info(changed(parse_info(LIST), title="Flut", artist="Ø"))
    assert new == LIST.replace(b"\4\0\0\0Ebb\0", b"\5\0\0\0Flut\0\0") + b"IART\3\0\0\0\xc3\x98\0\0"


def test_doubles_give_way_to_what_is_written():
    assert changed(parse_info(LIST + LIST), title="x", track=4)[:2] == [
        (b"INAM", b"x\0"),
        (b"IENG", b"Me\0"),
    ]
    gone = changed_info(parse_info(LIST), changes_to(Tags(), Tags(), ("title", "track", "tracks")))
    assert gone == [(b"IENG", b"Me\0")]


def test_a_code_that_somebody_put_into_source_does_not_contradict():
    assert changed([(b"ISRC", b"GBAYE2600001\0")], isrc="GBAYE2600002") == [
        (b"ISRC", b"GBAYE2600002\0")
    ]
    assert changed([(b"ISRC", b"Tape archive\0")], isrc="GBAYE2600002") == [
        (b"ISRC", b"Tape archive\0")
    ]


def test_text_of_other_times_is_read_in_its_code_page():
    assert tags_in_info([(b"INAM", b"Fl\xf6te\0")], encoding_of(None)).title == "Flöte"
    page = struct.pack("<4H", 1251, 0, 0, 0)
    entries = [(b"INAM", b"\xcf\xf0\xe8\xeb\xe8\xe2\0")]
    assert tags_in_info(entries, encoding_of(page)).title == "Прилив"


def test_our_fields_stand_there_only_where_nobody_can_read_them_wrong():
    entries = parse_info(LIST)
    assert agreed(entries) == entries
    foreign = changed(entries, artist="Ødegård")
    assert agreed(foreign) == [(b"IENG", b"Me\0")]
    # Beside bext ffmpeg reads nothing but this list: what is ASCII stays.
    plain = [name for name, _ in entries if name != b"IART"]
    assert [name for name, _ in agreed(foreign, beside_bext=True)] == plain
    assert not says_ours([(b"IENG", b"Me\0")])
    assert says_ours(entries)


@pytest.mark.parametrize("page", [b"", b"\0", b"\xff" * 8])
def test_a_code_page_that_makes_no_sense_is_what_windows_takes(page):
    assert encoding_of(page) == "cp1252"


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60), st.booleans())
def test_any_bytes_are_a_list(data, begins_well):
    entries = parse_info((LIST[:12] if begins_well else b"") + data)
    tags_in_info(entries, "cp1252")
    assert tags_in_info(changed(entries, title="潮"), "cp1252").title == "潮"
