"""WAV and RF64 headers, byte for byte, against a reader of the specification's own tables."""

from __future__ import annotations

import io
import struct
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from masterprint.files.wav import WavWriter

NO_SIZE = 0xFFFFFFFF


def written(
    frames: int,
    channels: int = 2,
    bits: int = 16,
    is_float: bool = False,
    expected: int | None = -1,
    **more: int,
) -> bytes:
    """A file of counting bytes; `expected` is the number of frames foretold, None for unknown."""
    file = io.BytesIO()
    foretold = frames if expected == -1 else expected
    writer = WavWriter(file, 44100, channels, bits, is_float, foretold, **more)
    data = (np.arange(frames * channels * bits // 8) % 251).astype(np.uint8).tobytes()
    for start in range(0, len(data), 1000):
        writer.write(data[start : start + 1000])
    writer.finish()
    return file.getvalue()


def chunks(data: bytes) -> list[tuple[str, int, bytes]]:
    """Every chunk: its name, the size it states, its content. RF64 takes sizes from ds64."""
    assert data[:4] in (b"RIFF", b"RF64")
    assert data[8:12] == b"WAVE"
    found, at, large = [], 12, 0
    while at < len(data):
        name, size = struct.unpack_from("<4sI", data, at)
        if name == b"ds64":
            large = struct.unpack_from("<Q", data, at + 16)[0]
        length = large if size == NO_SIZE else size
        found.append((name.decode(), size, data[at + 8 : at + 8 + length]))
        at += 8 + length + length % 2
    assert at == len(data)
    return found


def content(data: bytes, wanted: str) -> bytes:
    return next(part for name, _, part in chunks(data) if name == wanted)


def riff_size(data: bytes) -> int:
    return struct.unpack_from("<I", data, 4)[0]


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("bits", [16, 24])
def test_mono_and_stereo_integers_have_the_plain_44_byte_header(channels: int, bits: int) -> None:
    data = written(1000, channels, bits)
    assert [name for name, _, _ in chunks(data)] == ["fmt ", "data"]
    frame_bytes = channels * bits // 8
    fmt = struct.pack("<HHIIHH", 1, channels, 44100, 44100 * frame_bytes, frame_bytes, bits)
    assert content(data, "fmt ") == fmt
    assert len(data) == 44 + 1000 * frame_bytes
    assert riff_size(data) == len(data) - 8
    assert len(content(data, "data")) == 1000 * frame_bytes


@pytest.mark.parametrize("bits", [32, 64])
def test_float_has_tag_3_and_a_fact_chunk(bits: int) -> None:
    data = written(321, 2, bits, is_float=True)
    tag, channels = struct.unpack_from("<HH", content(data, "fmt "))
    assert (tag, channels) == (3, 2)
    assert content(data, "fact") == struct.pack("<I", 321)
    assert riff_size(data) == len(data) - 8


@pytest.mark.parametrize("channels", [3, 4, 6, 8])
@pytest.mark.parametrize(("bits", "is_float"), [(16, False), (24, False), (32, True)])
def test_more_channels_are_extensible(channels: int, bits: int, is_float: bool) -> None:
    fmt = content(written(100, channels, bits, is_float), "fmt ")
    tag, count, rate, _, block, width, extra, valid, mask = struct.unpack_from("<HHIIHHHHI", fmt)
    assert (tag, count, rate, width, extra, valid) == (0xFFFE, channels, 44100, bits, 22, bits)
    assert block == channels * bits // 8
    assert mask.bit_count() == channels
    subtype = "0300" if is_float else "0100"
    assert fmt[24:].hex() == f"{subtype}00000000" + "1000800000aa00389b71"


def test_six_channels_are_5_1() -> None:
    mask = struct.unpack_from("<I", content(written(10, 6), "fmt "), 20)[0]
    assert mask == 0x3F  # front left, right, centre, LFE, back left, right


@pytest.mark.parametrize("frames", [0, 1, 3, 999])
def test_odd_audio_is_padded(frames: int) -> None:
    data = written(frames, 1, 24)
    assert len(data) % 2 == 0
    assert len(content(data, "data")) == frames * 3
    assert riff_size(data) == len(data) - 8


def test_pythons_own_reader_agrees() -> None:
    data = written(500, 2, 24)
    with wave.open(io.BytesIO(data)) as file:
        assert file.getparams()[:4] == (2, 3, 44100, 500)
        assert file.readframes(500) == content(data, "data")


# RF64.


def test_an_unknown_length_leaves_room_for_ds64() -> None:
    data = written(100, expected=None)
    assert data[:4] == b"RIFF"
    assert [name for name, _, _ in chunks(data)] == ["JUNK", "fmt ", "data"]
    assert len(content(data, "JUNK")) == 28
    assert riff_size(data) == len(data) - 8
    with wave.open(io.BytesIO(data)) as file:
        assert file.getnframes() == 100


def test_four_hours_foretold_leave_room_for_ds64() -> None:
    """24-bit stereo at 96 kHz passes 4 GiB after two hours; the header must be ready for it."""
    data = written(100, bits=24, expected=4 * 3600 * 96000)
    assert chunks(data)[0][:2] == ("JUNK", 28)


@pytest.mark.parametrize(("bits", "is_float"), [(16, False), (24, False), (32, True), (64, True)])
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_beyond_the_limit_it_is_rf64(channels: int, bits: int, is_float: bool) -> None:
    data = written(1001, channels, bits, is_float, limit=1000)
    assert data[:4] == b"RF64"
    assert riff_size(data) == NO_SIZE
    name, size, ds64 = chunks(data)[0]
    assert (name, size) == ("ds64", 28)
    total, audio, frames, table = struct.unpack("<QQQI", ds64)
    assert total == len(data) - 8
    assert audio == 1001 * channels * bits // 8
    assert frames == 1001
    assert table == 0
    assert next(size for name, size, _ in chunks(data) if name == "data") == NO_SIZE


@pytest.mark.parametrize("limit", [1000, 1001, 1002, 1500])
def test_the_limit_is_kept_to_the_byte(limit: int) -> None:
    head = 44 + 36
    fits = (limit - head) // 2
    assert written(fits, 1, limit=limit)[:4] == b"RIFF"
    assert written(fits + 1, 1, limit=limit)[:4] == b"RF64"


def test_header_and_audio_stay_in_place_when_it_grows() -> None:
    small, large = written(400, limit=10000), written(400, limit=1000)
    assert len(small) == len(large)
    assert content(small, "data") == content(large, "data")


@pytest.mark.parametrize(
    ("bits", "is_float", "subtype"),
    [(16, False, "PCM_16"), (24, False, "PCM_24"), (32, True, "FLOAT"), (64, True, "DOUBLE")],
)
def test_libsndfile_reads_the_rf64(tmp_path: Path, bits: int, is_float: bool, subtype: str) -> None:
    audio: NDArray[Any] = np.random.default_rng(1).uniform(-1.0, 1.0, (700, 2))
    if bits == 16:
        samples = (audio * 32767).astype("<i2")
    elif bits == 24:
        words = (audio * 8388607).astype("<i4")
        samples = np.ascontiguousarray(words).view(np.uint8).reshape(700, 2, 4)[:, :, :3]
    else:
        samples = audio.astype(f"<f{bits // 8}")
    path = tmp_path / "large.wav"
    with path.open("wb") as file:
        writer = WavWriter(file, 48000, 2, bits, is_float, None, limit=500)
        writer.write(np.ascontiguousarray(samples).tobytes())
        writer.finish()
    info = soundfile.info(path)
    assert (info.format, info.subtype, info.frames, info.samplerate) == (
        "RF64",
        subtype,
        700,
        48000,
    )
    found, _ = soundfile.read(path)
    step = {16: 2**-15, 24: 2**-23, 32: 2**-24, 64: 1e-16}[bits]
    assert np.abs(found - audio).max() <= 2 * step
