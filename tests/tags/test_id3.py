"""ID3 frames: what is ours, and what has to stay as it is."""

from __future__ import annotations

import struct
import zlib
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mutagen import MutagenError

from masterprint.errors import AudioFileError
from masterprint.tags.changes import changes_to
from masterprint.tags.covers import cover_from
from masterprint.tags.fields import Tags
from masterprint.tags.id3 import change_id3, dump_id3, load_id3, tags_in_id3
from tag_tools import FULL, png


def frame(name: bytes, data: bytes, flags: int = 0) -> bytes:
    return name + struct.pack(">IH", len(data), flags) + data


def tag(*frames: bytes, version: int = 4, flags: int = 0) -> bytes:
    body = b"".join(frames)
    size = bytes(len(body) >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3" + bytes((version, 0, flags)) + size + body


def changed(data: bytes | None, wanted: Tags, *remove: str) -> bytes | None:
    found = load_id3(data)
    change_id3(found, changes_to(tags_in_id3(found), wanted, remove))
    return dump_id3(found)


def text(name: bytes, value: str) -> bytes:
    return frame(name, b"\3" + value.encode())


def test_a_new_tag_is_version_2_4_and_says_everything():
    data = changed(None, FULL)
    assert data[:4] == b"ID3\4"
    assert tags_in_id3(load_id3(data)) == FULL


def test_version_2_3_stays_what_it_is_and_says_everything():
    old = tag(frame(b"TYER", b"\x001999"), frame(b"NCON", b"whatever"), version=3)
    data = changed(old, FULL)
    assert data[:4] == b"ID3\3"
    assert frame(b"NCON", b"whatever") in data
    assert tags_in_id3(load_id3(data)) == FULL
    assert b"TDRC" not in data
    assert b"TPRO" not in data
    # What 2.3 has no place for: a month without a day.
    month = changed(old, replace(FULL, year="2026-05"))
    assert tags_in_id3(load_id3(month)).year == "2026"


def test_version_2_2_becomes_2_3():
    old = b"ID3\2\0\0\0\0\0\x0bTT2\0\0\5\0Ebbe"
    data = changed(old, Tags(artist="Ø"))
    assert data[:4] == b"ID3\3"
    assert tags_in_id3(load_id3(data)) == Tags(title="Ebbe", artist="Ø")


def test_frames_that_mean_nothing_here_keep_their_bytes():
    strange = (
        frame(b"CHAP", b"one\0" + bytes(16) + text(b"TIT2", "x")),
        frame(b"XYZ1", b"\xff\0\xff"),
        frame(b"PRIV", b"owner\0data", 0x4000),
        frame(b"USLT", b"\3engdesc\0lyrics"),
    )
    data = changed(tag(*strange, text(b"TIT2", "old")), Tags(title="new"))
    assert all(each in data for each in strange)
    assert b"old" not in data


def test_fields_that_are_taken_out_leave_no_frame():
    names = ("title", "upc", "year", "comment", "cover", "gain", "track", "tracks")
    left = tags_in_id3(load_id3(changed(changed(None, FULL), Tags(), *names)))
    assert left == replace(FULL, **dict.fromkeys(names))
    assert changed(changed(None, Tags(title="x")), Tags(), "title") is None


def test_a_new_cover_leaves_the_back_and_the_comment_of_a_player_alone():
    back = frame(b"APIC", b"\0image/png\0\4\0" + png(9, 9))
    norm = frame(b"COMM", b"\0engiTunNORM\0 00001")
    other = frame(b"APIC", b"\0image/png\0\0\0" + png(7, 7))
    old = tag(back, norm, other, frame(b"COMM", b"\0deu\0alt"))
    assert tags_in_id3(load_id3(old)).cover == cover_from(png(7, 7))
    found = load_id3(changed(old, replace(Tags(), cover=FULL.cover, comment="new")))
    assert tags_in_id3(found).cover == FULL.cover
    assert [int(each.type) for each in found.getall("APIC")] == [4, 3]
    assert {each.desc: str(each) for each in found.getall("COMM")} == {
        "iTunNORM": " 00001",
        "": "new",
    }


def test_what_other_programs_write_is_read():
    found = tags_in_id3(
        load_id3(
            tag(
                text(b"TPE1", "A\0B"),
                text(b"TCON", "(17)"),
                text(b"TDRC", "2026-05-31T10:00:00"),
                text(b"TRCK", "03"),
                text(b"TPOS", "0/2"),
                frame(b"TXXX", b"\3replaygain_track_gain\0-3.20 dB"),
                frame(b"TXXX", b"\3barcode\x004006381333931"),
                frame(b"APIC", b"\0-->\0\3\0http://example.org/a.png"),
            )
        )
    )
    assert (found.artist, found.genre, found.year) == ("A; B", "Rock", "2026-05-31")
    assert (found.track, found.tracks, found.disc, found.discs) == (3, None, None, 2)
    assert (found.gain.track_gain_db, found.gain.track_peak) == (-3.2, None)
    assert (found.upc, found.cover) == ("4006381333931", None)


@pytest.mark.parametrize(("version", "flag"), [(4, 0x09), (3, 0x80)])
def test_frames_that_unpack_without_end_are_refused(version, flag):
    bomb = zlib.compress(bytes(65 << 20), 9)
    packed = b"\0\0\0\0" + bomb
    size = len(packed)
    syncsafe = bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))
    head = b"TIT2" + (syncsafe if version == 4 else struct.pack(">I", size)) + bytes((0, flag))
    with pytest.raises(AudioFileError, match="has more than 64 MiB"):
        load_id3(tag(head + packed, version=version))


def test_frames_without_end_are_refused():
    with pytest.raises(AudioFileError, match="or 2000 frames"):
        load_id3(tag(*[text(b"TIT2", "x")] * 2001))


@settings(max_examples=300, deadline=None)
@given(
    version=st.sampled_from([2, 3, 4]),
    flags=st.sampled_from([0, 0x80, 0x40, 0x10]),
    frames=st.lists(
        st.builds(
            frame,
            st.sampled_from(
                [b"TIT2", b"TXXX", b"COMM", b"APIC", b"TRCK", b"TDRC", b"CHAP", b"TT2"]
            ),
            st.binary(max_size=30),
            st.sampled_from([0, 0x08, 0x80, 0x40, 0x02, 0x01]),
        ),
        max_size=4,
    ),
    cut=st.integers(0, 20),
)
def test_any_tag_is_read_and_changed_or_refused(version, flags, frames, cut):
    data = tag(*frames, version=version, flags=flags)
    try:
        found = load_id3(data[: len(data) - cut])
    except (MutagenError, AudioFileError):
        return
    tags_in_id3(found)
    change_id3(found, changes_to(Tags(), FULL))
    assert tags_in_id3(load_id3(dump_id3(found))).title == FULL.title
