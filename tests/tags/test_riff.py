"""Chunks as they are found, in files that keep to the rules and in those that do not."""

from __future__ import annotations

import struct
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from masterprint.errors import AudioFileError, CutShortError
from masterprint.tags.riff import scan_riff
from tag_tools import FMT, chunk, riff

DATA = chunk(b"data", bytes(range(20)))


@pytest.fixture
def scanned(tmp_path):
    def scan(content: bytes):
        path = tmp_path / "a.wav"
        path.write_bytes(content)
        return scan_riff(path)

    return scan


def names(found):
    return [chunk.name for chunk in found.chunks]


def test_chunks_are_found_in_order_with_their_data(scanned):
    lists = chunk(b"LIST", b"INFOxxx"), chunk(b"LIST", b"adtl")
    found = scanned(riff(FMT, chunk(b"odd ", b"abc"), *lists, DATA, chunk(b"ID3 ", b"x")))
    assert names(found) == ["fmt", "odd", "LIST INFO", "LIST adtl", "data", "id3"]
    assert found.first(b"odd ") == b"abc"
    assert found.audio.size == 20
    assert found.end == found.file_size


@pytest.mark.parametrize("size", [0, 7, 0xFFFFFFFF, 1 << 30])
def test_a_wrong_size_of_the_whole_does_no_harm(scanned, size):
    assert names(scanned(riff(FMT, DATA, chunk(b"abcd", b""), size=size)))[-1] == "abcd"


def test_a_byte_of_padding_that_was_left_out_is_not_missed(scanned):
    unpadded = struct.pack("<4sI", b"odd ", 3) + b"abc"
    assert names(scanned(riff(FMT, unpadded, DATA))) == ["fmt", "odd", "data"]


@pytest.mark.parametrize("junk", [b"\0" * 30, b"Z", b"hello, this is no chunk", b"\xff" * 9])
def test_what_follows_the_last_chunk_is_no_chunk(scanned, junk):
    found = scanned(riff(FMT, DATA) + junk)
    assert names(found) == ["fmt", "data"]
    assert found.file_size - found.end == len(junk)


def test_a_chunk_that_is_larger_than_the_file_is_not_believed(scanned):
    found = scanned(riff(FMT, DATA, struct.pack("<4sI", b"LIST", 1 << 31) + b"INFO"))
    assert names(found) == ["fmt", "data"]
    with pytest.raises(CutShortError, match="at byte 36, before its audio"):
        scanned(riff(FMT, struct.pack("<4sI", b"LIST", 1 << 31) + b"INFO", DATA))


def test_audio_that_ends_early_is_told(scanned):
    with pytest.raises(CutShortError, match="promises 1000 bytes of audio, it holds 20"):
        scanned(riff(FMT, struct.pack("<4sI", b"data", 1000) + bytes(20)))


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF, 0x7FFFF000])
def test_a_size_that_was_never_filled_in_means_all_that_follows(scanned, size):
    found = scanned(riff(FMT, struct.pack("<4sI", b"data", size) + bytes(20)))
    assert found.audio.size == 20


def test_sizes_beyond_32_bits_stand_in_ds64(scanned):
    sizes = struct.pack("<QQQI", 0, 20, 10, 1) + struct.pack("<4sQ", b"abcd", 6)
    hidden = struct.pack("<4sI", b"abcd", 0xFFFFFFFF) + b"sixsix"
    audio = struct.pack("<4sI", b"data", 0xFFFFFFFF) + bytes(20)
    for kind in (b"RF64", b"BW64"):
        found = scanned(
            riff(chunk(b"ds64", sizes), FMT, hidden, audio, chunk(b"next", b""), kind=kind)
        )
        assert names(found) == ["ds64", "fmt", "abcd", "data", "next"]
        assert found.frames == 10
        assert found.first(b"abcd") == b"sixsix"


@pytest.mark.parametrize("count", [0xFFFFFFFF, 2])
def test_a_table_in_ds64_that_lies_does_no_harm(scanned, count):
    sizes = struct.pack("<QQQI", 0, 20, 10, count) + struct.pack("<4sQ", b"abcd", 1 << 62)
    audio = struct.pack("<4sI", b"data", 0xFFFFFFFF) + bytes(20)
    assert scanned(riff(chunk(b"ds64", sizes), FMT, audio, kind=b"RF64")).audio.size == 20


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (riff(DATA), "has no chunk 'fmt'"),
        (riff(FMT), "has no chunk 'data'"),
        (riff(FMT, *[chunk(b"abcd", b"")] * 10001, DATA), "more than 10000 chunks"),
        (b"RIFF", "is no WAV file"),
        (riff(chunk(b"ds64", b"short"), FMT, DATA, kind=b"RF64"), "ds64 chunk is too short"),
    ],
)
def test_what_is_no_wav_is_told_in_a_sentence(scanned, content, said):
    with pytest.raises(AudioFileError, match=said):
        scanned(content)


@settings(max_examples=200, deadline=None)
@given(
    kind=st.sampled_from([b"RIFF", b"RF64", b"BW64"]),
    pieces=st.lists(
        st.tuples(
            st.sampled_from([b"fmt ", b"data", b"ds64", b"LIST", b"id3 ", b"\0\0\0\0"]),
            st.one_of(st.integers(0, 40), st.sampled_from([0x7FFFFFFF, 0xFFFFFFFF])),
            st.binary(max_size=40),
        ),
        max_size=6,
    ),
)
def test_no_file_is_too_strange_for_a_sentence(tmp_path_factory, kind, pieces):
    path = tmp_path_factory.getbasetemp() / "strange.wav"
    path.write_bytes(
        riff(*(struct.pack("<4sI", *head) + data for *head, data in pieces), kind=kind)
    )
    found = None
    with suppress(AudioFileError):
        found = scan_riff(path)
    ends = [chunk.offset + chunk.size for chunk in found.chunks] if found else []
    assert all(end <= path.stat().st_size for end in ends)
    assert ends == sorted(ends)
