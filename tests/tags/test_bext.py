"""The broadcast extension, against its layout in EBU Tech 3285."""

from __future__ import annotations

import struct
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from masterprint.metering.measurement import Measurement
from masterprint.tags.bext import Bext, build_bext, coding_history_line, fitted, parse_bext
from tag_tools import BEXT

LAYOUT = "<256s32s32s10s8sIIH64s5h180s"


def test_every_field_stands_where_the_standard_has_it():
    data = build_bext(BEXT)
    assert struct.calcsize(LAYOUT) == 602
    fields = struct.unpack(LAYOUT, data[:602])
    texts = [each.rstrip(b"\0") for each in fields[:5]]
    assert texts[:3] == [b"Ebb by Odegard", b"Example Mastering", b"NOXXX123"]
    assert texts[3:] == [b"2026-05-31", b"18:30:00"]
    assert fields[5:9] == (5, 1, 2, b"\x0a" * 32 + bytes(32))
    assert fields[9:14] == (-1402, 610, -100, -950, -1125)
    assert fields[14] == bytes(180)
    assert data[602:] == b"A=PCM,F=44100,W=24,M=stereo,T=Masterprint\r\n"
    assert parse_bext(data) == BEXT


def test_loudness_that_is_not_known_is_7fff():
    assert build_bext(Bext())[412:422] == b"\xff\x7f" * 5
    assert parse_bext(build_bext(Bext())) == Bext()


def test_loudness_comes_from_a_measurement():
    figures = dict.fromkeys(Measurement.__dataclass_fields__)
    found = Measurement(**figures | {"integrated_lufs": -14.026, "true_peak_dbtp": -1.0})
    data = build_bext(Bext().measured(found))
    assert struct.unpack("<5h", data[412:422]) == (-1403, 0x7FFF, -100, 0x7FFF, 0x7FFF)


def test_text_becomes_ascii_as_near_as_that_comes():
    data = build_bext(Bext(description="Ødegård – „Größe“ 潮"))  # noqa: RUF001
    assert data[:256].rstrip(b"\0") == b'Odegard - "Grosse" ?'


@pytest.mark.parametrize(
    ("bext", "said"),
    [
        (Bext(originator="ß" * 17), "originator: has 34 characters in ASCII; allowed: at most 32"),
        (Bext(description="a\nb"), "description: has a line break"),
        (Bext(date="31.05.2026"), "date: found '31.05.2026'"),
        (Bext(date="2026-02-30"), "date: found '2026-02-30'"),
        (Bext(time="24:00:00"), "time: found '24:00:00'"),
        (Bext(time_reference=-1), "time_reference: found -1"),
        (Bext(umid="xyz"), "umid: allowed: 64 hex digits"),
    ],
)
def test_what_its_place_cannot_hold_is_refused(bext, said):
    with pytest.raises(ValueError, match=said):
        build_bext(bext)


def test_what_stays_keeps_its_bytes_whatever_they_are():
    old = bytearray(build_bext(BEXT))
    old[:10] = "Größe".encode("latin-1") + b"\0\xff\0\xff\0"
    old[600] = 7
    old += b"an unfinished line"
    new = build_bext(replace(parse_bext(bytes(old)), originator="Me"), bytes(old))
    assert parse_bext(new).description == "Größe"
    assert new == old[:256] + b"Me".ljust(32, b"\0") + old[288:]


def test_version_0_becomes_2_without_inventing_loudness():
    old = bytearray(build_bext(BEXT))
    old[346:602] = bytes(256)
    found = parse_bext(bytes(old))
    assert (found.umid, found.integrated_lufs) == ("", None)
    new = build_bext(found, bytes(old))
    assert new[346:348] == b"\2\0"
    assert new[412:422] == b"\xff\x7f" * 5


def test_a_generation_is_told_as_r98_has_it():
    assert coding_history_line(48000, 24, 1) == "A=PCM,F=48000,W=24,M=mono"
    line = coding_history_line(96000, 24, 6, "Größe, hot\r\nA=PCM")
    assert line == "A=PCM,F=96000,W=24,T=6 channels; Grosse hot A=PCM"


def test_what_nobody_has_typed_is_cut_to_fit():
    assert fitted("Ø" * 40, "originator") == "O" * 32


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=700))
def test_any_chunk_is_read_and_written_again_as_it_was(data):
    found = parse_bext(data)
    assert parse_bext(build_bext(found, data)) == found
