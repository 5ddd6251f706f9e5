"""Our own way into WAV: the samples that libsndfile finds, or the file is left to libsndfile."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile

from masterprint.files.pcm import find_pcm
from masterprint.files.reading import open_audio

CHANNELS, FRAMES = 3, 5003
LIST = b"LIST" + struct.pack("<I", 16) + b"INFOINAM" + struct.pack("<I", 3) + b"abc\0"
BEXT = b"bext" + struct.pack("<I", 602) + bytes(602)
ODD = b"cust" + struct.pack("<I", 5) + b"12345\0"
ID3 = b"id3 " + struct.pack("<I", 20) + b"data" * 5


def chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def fmt(bits: int, container: int | None = None, tag: int = 1) -> bytes:
    align = CHANNELS * (container or bits) // 8
    return struct.pack("<HHIIHH", tag, CHANNELS, 48000, 48000 * align, align, bits)


def extensible(bits: int, container: int) -> bytes:
    guid = bytes.fromhex("0100000000001000800000aa00389b71")
    return fmt(container, container, 0xFFFE) + struct.pack("<HHI", 22, bits, 7) + guid


def audio(bits: int) -> bytes:
    rng = np.random.default_rng(bits)
    return rng.integers(0, 256, CHANNELS * FRAMES * bits // 8, dtype=np.uint8).tobytes()


def write(path: Path, *chunks: bytes, riff: bytes = b"RIFF") -> Path:
    body = b"WAVE" + b"".join(chunks)
    path.write_bytes(riff + struct.pack("<I", len(body)) + body)
    return path


def matches_libsndfile(path: Path) -> bool:
    ours = open_audio(path).signal(block_frames=1000).collect()
    theirs = soundfile.read(path, always_2d=True, dtype="float64")[0].T
    assert ours.shape == theirs.shape
    return bool((ours == theirs).all())


def is_found(path: Path) -> bool:
    file = open_audio(path)
    assert file.bits is not None
    return find_pcm(path, file.channels, file.frames, file.bits) is not None


@pytest.mark.parametrize("bits", [16, 24, 32])
@pytest.mark.parametrize(
    ("before", "after"),
    [((), ()), ((LIST,), ()), ((BEXT, ODD, LIST), (ID3, LIST)), ((ID3,), (b"trailing junk",))],
    ids=["plain", "LIST before", "several before, tags after", "junk after"],
)
def test_samples_are_found_among_other_chunks(tmp_path, bits, before, after):
    path = write(
        tmp_path / "a.wav", chunk(b"fmt ", fmt(bits)), *before, chunk(b"data", audio(bits)), *after
    )
    assert is_found(path)
    assert matches_libsndfile(path)


@pytest.mark.parametrize("bits", [16, 24])
def test_extensible_headers_are_as_good(tmp_path, bits):
    path = write(
        tmp_path / "a.wav", chunk(b"fmt ", extensible(bits, bits)), chunk(b"data", audio(bits))
    )
    assert is_found(path)
    assert matches_libsndfile(path)


def test_a_file_in_rf64(tmp_path):
    data = audio(24)
    sizes = struct.pack("<QQQI", 72 + len(data), len(data), FRAMES, 0)
    head = chunk(b"ds64", sizes) + chunk(b"fmt ", fmt(24)) + b"data\xff\xff\xff\xff"
    path = tmp_path / "a.wav"
    path.write_bytes(b"RF64\xff\xff\xff\xffWAVE" + head + data)
    assert is_found(path)
    assert matches_libsndfile(path)


@pytest.mark.parametrize("valid", [20, 24])
def test_words_in_wider_containers_come_out_right(tmp_path, valid):
    """24 bits in 32: whoever reads them, the samples are those that libsndfile finds."""
    path = write(
        tmp_path / "a.wav", chunk(b"fmt ", extensible(valid, 32)), chunk(b"data", audio(32))
    )
    assert matches_libsndfile(path)


def test_several_data_chunks_are_left_to_libsndfile(tmp_path):
    head = chunk(b"fmt ", fmt(24))
    odd = chunk(b"data", audio(24)[: 24 * 3 + 1]), chunk(b"data", audio(24))
    for name, chunks in (
        ("a.wav", odd),
        ("b.wav", (chunk(b"data", b""), chunk(b"data", audio(24)))),
    ):
        assert matches_libsndfile(write(tmp_path / name, head, *chunks))


def test_a_header_that_was_written_before_the_size_was_known(tmp_path):
    head = chunk(b"fmt ", fmt(24)) + b"data\xff\xff\xff\xff"
    path = tmp_path / "a.wav"
    path.write_bytes(b"RIFF\xff\xff\xff\xffWAVE" + head + audio(24))
    assert is_found(path)
    assert matches_libsndfile(path)


def test_a_header_that_contradicts_itself_is_left_to_libsndfile(tmp_path):
    data = chunk(b"data", audio(24))
    lying = write(tmp_path / "a.wav", chunk(b"fmt ", fmt(24, container=32)), data)
    assert find_pcm(lying, CHANNELS, FRAMES, 24) is None
    late = write(tmp_path / "b.wav", data, chunk(b"fmt ", fmt(24)))
    assert find_pcm(late, CHANNELS, FRAMES, 24) is None
    short = write(tmp_path / "c.wav", chunk(b"fmt ", fmt(24)), chunk(b"data", audio(24)[:-1]))
    assert find_pcm(short, CHANNELS, FRAMES, 24) is None
    endless = write(tmp_path / "d.wav", chunk(b"fmt ", fmt(24)), *[chunk(b"junk", b"")] * 2000)
    assert find_pcm(endless, CHANNELS, FRAMES, 24) is None


@pytest.mark.parametrize("size", [0, 3, 11, 12, 19, 30])
def test_a_stump_of_a_header_is_nothing(tmp_path, size):
    path = write(tmp_path / "a.wav", chunk(b"fmt ", fmt(24)), chunk(b"data", audio(24)))
    path.write_bytes(path.read_bytes()[:size])
    assert find_pcm(path, CHANNELS, FRAMES, 24) is None
