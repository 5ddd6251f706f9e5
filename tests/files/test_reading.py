"""Reading a mix: everything that libsndfile knows, and one clear sentence about the rest."""

from __future__ import annotations

import os
import re
import struct
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from masterprint.errors import AudioFileError, MasterprintError, SignalError
from masterprint.files.reading import open_audio
from masterprint.files.wav import WavWriter

FloatArray = NDArray[np.float64]

PCM = [
    ("WAV", "PCM_U8", 8),
    ("WAV", "PCM_16", 16),
    ("WAV", "PCM_24", 24),
    ("WAV", "PCM_32", 32),
    ("WAVEX", "PCM_24", 24),
    ("RF64", "PCM_16", 16),
    ("RF64", "PCM_24", 24),
    ("W64", "PCM_16", 16),
    ("W64", "PCM_24", 24),
    ("AIFF", "PCM_S8", 8),
    ("AIFF", "PCM_16", 16),
    ("AIFF", "PCM_24", 24),
    ("AIFF", "PCM_32", 32),
    ("CAF", "PCM_16", 16),
    ("CAF", "PCM_24", 24),
    ("CAF", "ALAC_16", 16),
    ("CAF", "ALAC_24", 24),
    ("FLAC", "PCM_S8", 8),
    ("FLAC", "PCM_16", 16),
    ("FLAC", "PCM_24", 24),
    ("AU", "PCM_16", 16),
]
FLOAT = [(f, s) for f in ("WAV", "RF64", "W64", "AIFF", "CAF", "AU") for s in ("FLOAT", "DOUBLE")]
LOSSY = [("OGG", "VORBIS"), ("OGG", "OPUS"), ("MP3", "MPEG_LAYER_III"), ("WAV", "ULAW")]
KINDS = [
    *((f, s) for f, s, _ in PCM),
    *FLOAT,
    *LOSSY,
]
ODD = {"SDS", "RAW", "SVX", "VOC", "XI", "WVE", "HTK", "MPC2K", "SD2"}
"""Of old samplers and telephones: odd rates and lengths of their own."""


def music(channels: int = 2, frames: int = 50000) -> FloatArray:
    """Noise and a tone, shape (frames, channels)."""
    rng = np.random.default_rng(1)
    tone = 0.3 * np.sin(2 * np.pi * 440.0 / 44100 * np.arange(frames))
    return tone[:, None] + rng.uniform(-0.4, 0.4, (frames, channels))


def store(path: Path, audio: NDArray[Any], file_format: str, subtype: str, rate: int = 0) -> Path:
    rate = rate or (48000 if subtype == "OPUS" else 44100)
    soundfile.write(path, audio, rate, subtype, format=file_format)
    return path


def heard(path: Path, block_frames: int = 32768) -> FloatArray:
    return open_audio(path).signal(block_frames).collect()


def refusal(path: Path) -> MasterprintError:
    """The error of a file that cannot be had: one sentence that names it."""
    with pytest.raises((AudioFileError, SignalError)) as caught:
        heard(path)
    message = caught.value.message
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    assert message.endswith(".")
    assert len(message) < len(str(path)) + 200
    return caught.value


# What is read.


@pytest.mark.parametrize(("file_format", "subtype", "bits"), PCM)
@pytest.mark.parametrize("channels", [1, 2])
def test_integers_are_read_exactly(
    tmp_path: Path, file_format: str, subtype: str, bits: int, channels: int
) -> None:
    scale = 2 ** (bits - 1)
    words = np.rint(music(channels, 40000) * scale).astype(np.int64)
    if subtype.startswith("ALAC"):
        words //= 4  # libsndfile's own encoder spoils louder noise
    words[:4, 0] = [scale - 1, -scale, 0, 1]
    left_justified = (words.astype(np.int64) << (32 - bits)).astype(np.int32)
    path = store(tmp_path / "mix.x", left_justified, file_format, subtype)
    file = open_audio(path)
    assert (file.sample_rate_hz, file.channels, file.frames, file.bits) == (
        44100,
        channels,
        40000,
        bits,
    )
    assert file.format == f"{file_format} {subtype}"
    np.testing.assert_array_equal(heard(path), words.T / scale)


@pytest.mark.parametrize(("file_format", "subtype"), FLOAT)
@pytest.mark.parametrize("channels", [1, 2])
def test_floats_are_read_exactly(
    tmp_path: Path, file_format: str, subtype: str, channels: int
) -> None:
    audio = 3.0 * music(channels)  # beyond full scale, which float may be
    path = store(tmp_path / "mix.x", audio, file_format, subtype)
    expected = audio.astype(np.float32) if subtype == "FLOAT" else audio
    found = heard(path)
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, expected.T)
    assert open_audio(path).bits is None


@pytest.mark.parametrize(("file_format", "subtype"), LOSSY)
@pytest.mark.parametrize("channels", [1, 2])
def test_lossy_encodings_are_decoded(
    tmp_path: Path, file_format: str, subtype: str, channels: int
) -> None:
    path = store(tmp_path / "mix.x", music(channels), file_format, subtype)
    found = heard(path)
    expected, _ = soundfile.read(path, always_2d=True)
    # MP3 decodes in single precision, whose last bit depends on how much is asked for at a time.
    np.testing.assert_allclose(found, expected.T, rtol=0, atol=2e-7)
    assert found.shape == (channels, open_audio(path).frames)
    assert open_audio(path).bits is None
    # And it is the music: the tone is there at its level.
    middle = found[0, 10000:40000]
    rate = open_audio(path).sample_rate_hz
    turn = np.exp(-2j * np.pi * 440.0 * rate / 44100 / rate * np.arange(30000))
    assert 2 * abs((middle * turn).mean()) == pytest.approx(0.3, abs=0.02)


def test_whatever_libsndfile_writes_is_read_alike(tmp_path: Path) -> None:
    """All its other containers and encodings, with libsndfile's own reader as the oracle."""
    audio = music(1, 4000)
    count = 0
    for file_format in set(soundfile.available_formats()) - ODD:
        for subtype in soundfile.available_subtypes(file_format):
            path = tmp_path / f"{file_format}-{subtype}"
            if not soundfile.check_format(file_format, subtype):
                continue
            try:
                store(path, audio, file_format, subtype)
                expected, _ = soundfile.read(path)
            except soundfile.LibsndfileError:
                continue  # a pair that this build or this rate does not know
            if file_format != "OGG":
                np.testing.assert_array_equal(heard(path)[0], expected, err_msg=path.name)
            count += 1
    assert count > 60


@pytest.mark.parametrize("channels", [3, 4, 5, 6, 8])
@pytest.mark.parametrize("file_format", ["WAV", "AIFF", "FLAC", "CAF"])
def test_multichannel(tmp_path: Path, file_format: str, channels: int) -> None:
    audio = np.rint(music(channels, 3000) * 32767) / 32768
    path = store(tmp_path / "mix.x", audio, file_format, "PCM_16")
    np.testing.assert_array_equal(heard(path), audio.T)


@pytest.mark.parametrize("rate", [8000, 11025, 44100, 48000, 96000, 192000, 384000])
def test_every_sensible_rate(tmp_path: Path, rate: int) -> None:
    path = store(tmp_path / "mix.wav", music(1, 500), "WAV", "PCM_16", rate)
    assert open_audio(path).sample_rate_hz == rate
    assert open_audio(path).signal().sample_rate_hz == rate


@pytest.mark.parametrize("block_frames", [1, 7, 4096, 50000, 60000])
@pytest.mark.parametrize("kind", [("WAV", "PCM_24"), ("FLAC", "PCM_16"), ("OGG", "VORBIS")])
def test_any_block_size_gives_the_same(
    tmp_path: Path, kind: tuple[str, str], block_frames: int
) -> None:
    path = store(tmp_path / "mix.x", music(2, 50000 if block_frames > 7 else 500), *kind)
    whole = heard(path)
    signal = open_audio(path).signal(block_frames)
    blocks = list(signal.blocks)
    assert all(block.flags.c_contiguous and block.dtype == np.float64 for block in blocks)
    np.testing.assert_array_equal(np.concatenate(blocks, axis=1), whole)
    assert signal.frames == whole.shape[1]


def test_blocks_are_not_overwritten_by_later_ones(tmp_path: Path) -> None:
    path = store(tmp_path / "mix.wav", music(), "WAV", "FLOAT")
    blocks = open_audio(path).signal(1000).blocks
    first = next(blocks)
    kept = first.copy()
    next(blocks)
    assert first.tobytes() == kept.tobytes()


def test_a_file_can_be_read_again(tmp_path: Path) -> None:
    file = open_audio(store(tmp_path / "mix.wav", music(), "WAV", "PCM_16"))
    assert file.signal().collect().tobytes() == file.signal().collect().tobytes()


def test_names_of_all_kinds(tmp_path: Path) -> None:
    for name in ("mix without extension", "ö 音 'q' \"x\".wav", "-n.wav", "a.flac.wav", "x.mp3"):
        path = store(tmp_path / name, music(1, 100), "WAV", "PCM_16")
        assert open_audio(path).frames == 100


@pytest.mark.parametrize(
    ("subtype", "steps"), [("PCM_U8", 2**7), ("PCM_16", 2**15), ("PCM_24", 2**23)]
)
def test_full_scale_begins_at_the_highest_step(tmp_path: Path, subtype: str, steps: int) -> None:
    """What a clip counter calls full scale: the last step of either sign, not the one before."""
    file = open_audio(store(tmp_path / "mix.wav", music(1, 100), "WAV", subtype))
    assert (steps - 2) / steps < file.full_scale <= (steps - 1) / steps


def test_full_scale_of_float_is_one(tmp_path: Path) -> None:
    assert open_audio(store(tmp_path / "m.wav", music(1, 100), "WAV", "FLOAT")).full_scale == 1.0


# What programs that write to a pipe leave in their headers.


@pytest.mark.parametrize("size", [0xFFFFFFFF, 0x7FFFFFFF])
@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT"])
def test_a_streamed_wav_is_read_to_its_end(tmp_path: Path, subtype: str, size: int) -> None:
    path = store(tmp_path / "mix.wav", music(), "WAV", subtype)
    whole = heard(path)
    data = bytearray(path.read_bytes())
    struct.pack_into("<I", data, 4, size)
    struct.pack_into("<I", data, data.index(b"data") + 4, size)
    path.write_bytes(data)
    file = open_audio(path)
    assert file.frames == 50000
    np.testing.assert_array_equal(file.signal().collect(), whole)


def test_a_chunk_behind_the_audio_is_no_audio(tmp_path: Path) -> None:
    path = store(tmp_path / "mix.wav", music(1, 1000), "WAV", "PCM_16")
    data = path.read_bytes() + struct.pack("<4sI", b"LIST", 30) + b"INFO" + bytes(26)
    path.write_bytes(data[:4] + struct.pack("<I", len(data) - 8) + data[8:])
    assert heard(path).shape == (1, 1000)


def test_an_rf64_of_ours_is_read(tmp_path: Path) -> None:
    words = np.random.default_rng(3).integers(-32768, 32768, (1000, 2)).astype("<i2")
    path = tmp_path / "large.wav"
    with path.open("wb") as file:
        writer = WavWriter(file, 44100, 2, 16, False, None, limit=500)
        writer.write(words.tobytes())
        writer.finish()
    assert open_audio(path).format == "RF64 PCM_16"
    np.testing.assert_array_equal(heard(path), words.T / 32768)


# Bad input.


def test_a_missing_file(tmp_path: Path) -> None:
    assert "there is no such file" in refusal(tmp_path / "mix.wav").message
    assert "there is no such file" in refusal(tmp_path / "missing" / "mix.wav").message


def test_a_file_taken_for_a_folder(tmp_path: Path) -> None:
    store(tmp_path / "mix.wav", music(1, 100), "WAV", "PCM_16")
    refusal(tmp_path / "mix.wav" / "inner.wav")


@pytest.mark.parametrize("length", [256, 5000])
def test_a_name_that_no_disk_allows(tmp_path: Path, length: int) -> None:
    with pytest.raises(AudioFileError) as caught:
        open_audio(tmp_path / ("n" * length))
    assert "\n" not in caught.value.message


def test_an_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "mix.wav"
    path.write_bytes(b"")
    assert "is empty" in refusal(path).message


def test_a_folder(tmp_path: Path) -> None:
    assert "is a folder" in refusal(tmp_path).message


def test_a_link_to_nowhere(tmp_path: Path) -> None:
    path = tmp_path / "mix.wav"
    path.symlink_to(tmp_path / "gone.wav")
    refusal(path)


@pytest.mark.parametrize(
    "content",
    [
        b"Dear engineer, the mix is on the other disk.\n" * 50,
        b"RIFF",
        b"RIFF\x24\x00\x00\x00WAVE",
        b"fLaC",
        b"OggS",
        b"\x00" * 5000,
        b"\xff\xfb" + b"\x00" * 3000,
        b"ID3\x04\x00\x00\x00\x00\x00\x00",
        b"%PDF-1.7\n" * 100,
        bytes(range(256)) * 40,
    ],
    ids=lambda content: repr(content[:8]),
)
@pytest.mark.parametrize("name", ["mix.wav", "mix.mp3", "notes.txt"])
def test_what_is_not_audio(tmp_path: Path, content: bytes, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    refusal(path)


@pytest.fixture
def guarded() -> Iterator[Path]:
    """A folder that other users may enter, where permissions bind whoever runs the tests."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        inner = folder / "inner"
        inner.mkdir()
        for path in (folder / "mix.wav", inner / "mix.wav"):
            store(path, music(1, 100), "WAV", "PCM_16")
        (folder / "mix.wav").chmod(0)
        inner.chmod(0)
        as_root = os.geteuid() == 0
        if as_root:
            os.seteuid(65534)  # nothing is forbidden to root: ask as nobody
        try:
            yield folder
        finally:
            if as_root:
                os.seteuid(0)
            inner.chmod(0o755)


def test_a_file_that_may_not_be_read(guarded: Path) -> None:
    assert "permission denied" in refusal(guarded / "mix.wav").message.lower()


def test_a_file_in_a_folder_that_may_not_be_entered(guarded: Path) -> None:
    refusal(guarded / "inner" / "mix.wav")


@pytest.mark.parametrize(
    "kind",
    [
        ("WAV", "PCM_16"),
        ("WAV", "FLOAT"),
        ("RF64", "PCM_16"),
        ("W64", "PCM_24"),
        ("AIFF", "PCM_16"),
        ("CAF", "PCM_24"),
        ("FLAC", "PCM_16"),
    ],
    ids=str,
)
def test_no_frames_at_all(tmp_path: Path, kind: tuple[str, str]) -> None:
    path = store(tmp_path / "mix.x", np.zeros((0, 2)), *kind)
    assert re.search(r"0 frames|0 bytes|cannot be read", refusal(path).message)


@pytest.mark.parametrize(
    "kind",
    [
        ("WAV", "PCM_16"),
        ("WAV", "PCM_24"),
        ("WAV", "FLOAT"),
        ("RF64", "PCM_16"),
        ("RF64", "DOUBLE"),
        ("W64", "PCM_16"),
        ("W64", "PCM_24"),
        ("AIFF", "PCM_16"),
        ("AIFF", "PCM_24"),
        ("CAF", "PCM_16"),
        ("FLAC", "PCM_16"),
        ("FLAC", "PCM_24"),
        ("OGG", "VORBIS"),
        ("OGG", "OPUS"),
    ],
    ids=str,
)
@pytest.mark.parametrize("kept", [0.99, 0.5, 0.05])
def test_a_file_that_was_cut_short(tmp_path: Path, kind: tuple[str, str], kept: float) -> None:
    path = store(tmp_path / "mix.x", music(), *kind)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * kept)])
    error = refusal(path)
    assert error.hint is not None
    if kept > 0.4:
        assert re.search(r"ends early|cannot be decoded beyond|is malformed", error.message)
        assert "cut short" in error.hint or "malformed" in error.message


@pytest.mark.parametrize(
    "kind", [("WAV", "PCM_16"), ("RF64", "PCM_16"), ("W64", "PCM_16"), ("AIFF", "PCM_16")], ids=str
)
def test_a_single_frame_that_is_missing(tmp_path: Path, kind: tuple[str, str]) -> None:
    path = store(tmp_path / "mix.x", music(), *kind)
    path.write_bytes(path.read_bytes()[:-4])
    assert "ends early" in refusal(path).message


@pytest.mark.parametrize("kind", [("WAV", "PCM_16"), ("AIFF", "PCM_16")], ids=str)
def test_the_numbers_of_a_cut_file_are_named(tmp_path: Path, kind: tuple[str, str]) -> None:
    path = store(tmp_path / "mix.x", music(), *kind)
    path.write_bytes(path.read_bytes()[:100_000])
    found = [int(number) for number in re.findall(r"\d+", refusal(path).message.split(": ", 1)[1])]
    assert max(found) in (50000, 200000, 200008)  # frames, or bytes
    assert 24000 < min(found) < 100_001


def test_damage_in_the_middle_of_a_flac(tmp_path: Path) -> None:
    path = store(tmp_path / "mix.flac", music(2, 300_000), "FLAC", "PCM_16")
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 4000] = bytes(4000)
    path.write_bytes(data)
    message = refusal(path).message
    assert re.search(r"cannot be decoded|ends early", message)


@pytest.mark.parametrize(
    ("value", "word"), [(np.nan, "NaN"), (np.inf, "infinite"), (-np.inf, "infinite")]
)
@pytest.mark.parametrize("kind", [("WAV", "FLOAT"), ("WAV", "DOUBLE"), ("AIFF", "FLOAT")], ids=str)
def test_a_sample_that_is_no_number(
    tmp_path: Path, kind: tuple[str, str], value: float, word: str
) -> None:
    audio = music(2, 50000)
    audio[44100, 1] = value
    path = store(tmp_path / "mix.x", audio, *kind)
    open_audio(path)
    error = refusal(path)
    assert isinstance(error, SignalError)
    assert word in error.message
    assert "0:01.000" in error.message
    assert "channel 2" in error.message


def test_the_first_bad_sample_is_named(tmp_path: Path) -> None:
    audio = music(2, 50000)
    audio[[22050, 40000], [0, 1]] = np.nan
    path = store(tmp_path / "mix.wav", audio, "WAV", "FLOAT")
    for block_frames in (100, 32768, 50000):
        with pytest.raises(SignalError, match=r"0:00\.500 in channel 1"):
            heard(path, block_frames)


@pytest.mark.parametrize("value", [1.1e10, -1e38, 1e300])
def test_finite_samples_beyond_all_sense(tmp_path: Path, value: float) -> None:
    audio = music(1, 1000).astype(np.float64)
    audio[700] = value
    path = store(tmp_path / "mix.wav", audio, "WAV", "DOUBLE", 44100)
    message = refusal(path).message
    assert "0:00.016" in message
    assert f"is {value:.1e}" in message


def test_samples_that_are_integers_in_floats_are_read(tmp_path: Path) -> None:
    audio = np.full((1000, 1), -(2.0**31))
    assert (heard(store(tmp_path / "mix.wav", audio, "WAV", "DOUBLE")) == -(2.0**31)).all()


@pytest.mark.parametrize("rate", [1000, 4000, 7999, 1_000_000])
def test_a_rate_beyond_sense(tmp_path: Path, rate: int) -> None:
    path = store(tmp_path / "mix.wav", music(1, 100), "WAV", "PCM_16", rate)
    message = refusal(path).message
    assert f"{rate} Hz" in message
    assert "8000" in message


def test_more_channels_than_anybody_mixes(tmp_path: Path) -> None:
    path = store(tmp_path / "mix.wav", np.zeros((10, 65)), "WAV", "PCM_16")
    assert "65 channels" in refusal(path).message


def store_mp3(path: Path, audio: FloatArray, rate: int, mode: str) -> bytearray:
    with soundfile.SoundFile(
        path,
        "w",
        rate,
        audio.shape[1],
        "MPEG_LAYER_III",
        format="MP3",
        bitrate_mode=mode,
        compression_level=0.3,
    ) as file:
        file.write(audio)
    data = bytearray(path.read_bytes())
    assert b"Xing" in data[:300] or b"Info" in data[:300]
    return data


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("rate", [16000, 44100, 48000])
def test_an_mp3_that_does_not_tell_its_length_is_read_to_its_end(
    tmp_path: Path, rate: int, channels: int
) -> None:
    path = tmp_path / "mix.mp3"
    data = store_mp3(path, 0.3 * music(channels, 3 * rate), rate, "CONSTANT")
    whole = heard(path)
    header = bytes(data[:2])
    second = data.index(header, 100)
    path.write_bytes(data[second:])  # without the frame that held the header
    assert open_audio(path).frames is None
    found = heard(path)
    assert found.shape[1] >= whole.shape[1]
    assert found.shape[1] % 576 == 0


def test_an_mp3_of_which_the_end_would_be_lost_is_refused(tmp_path: Path) -> None:
    """Loud at first: taken for its rate, the file is short; and its header tells no number."""
    audio = music(2, 10 * 44100)
    audio[3 * 44100 :] = 0.0
    path = tmp_path / "mix.mp3"
    data = store_mp3(path, audio, 44100, "VARIABLE")
    mark = data.index(b"Xing")
    data[mark + 7] &= 0xFE
    path.write_bytes(data)
    assert "no header tells its length" in refusal(path).message


@pytest.mark.parametrize("size", [0x7FFFF000, 0x7FFFEFFC, 0xFFFFFFFF - 44, 0xFFFFFFFF])
def test_a_size_that_was_not_known_when_it_was_written_is_no_promise(
    tmp_path: Path, size: int
) -> None:
    path = store(tmp_path / "mix.wav", music(), "WAV", "PCM_16", 44100)
    whole = heard(path)
    data = bytearray(path.read_bytes())
    at = data.index(b"data") + 4
    data[at : at + 4] = size.to_bytes(4, "little")
    path.write_bytes(data)
    assert (heard(path) == whole).all()


def test_a_flac_stream_that_does_not_tell_its_length_is_read_to_its_end(tmp_path: Path) -> None:
    path = store(tmp_path / "mix.flac", music(), "FLAC", "PCM_24", 44100)
    whole = heard(path)
    data = bytearray(path.read_bytes())
    data[21] &= 0xF0  # the number of frames, 36 bits
    data[22:26] = bytes(4)
    path.write_bytes(data)
    assert open_audio(path).frames is None
    assert (heard(path) == whole).all()


def test_a_name_that_ends_in_raw_says_nothing(tmp_path: Path) -> None:
    path = store(tmp_path / "mix.raw", music(), "WAV", "PCM_24", 44100)
    assert open_audio(path).format == "WAV PCM_24"


def test_a_pipe_is_not_called_empty(tmp_path: Path) -> None:
    path = tmp_path / "pipe.wav"
    os.mkfifo(path)
    assert "is a pipe or a device" in refusal(path).message


# Damaged files of any kind.


@pytest.mark.parametrize("kind", [*KINDS[1:16:3], ("FLAC", "PCM_16"), *LOSSY[:3]], ids=str)
@settings(
    max_examples=25,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_a_damaged_file_is_read_or_refused(
    tmp_path: Path, kind: tuple[str, str], data: st.DataObject
) -> None:
    """Whatever stands in a file, what comes is finite audio or an error of ours."""
    original = tmp_path / "original"
    if not original.exists():
        store(original, music(2, 3000), *kind)
    content = bytearray(original.read_bytes())
    header = min(200, len(content))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, header - 1) | st.integers(0, len(content) - 1))
        content[at] = data.draw(st.integers(0, 255))
    path = tmp_path / "damaged"
    path.write_bytes(content[: data.draw(st.integers(0, len(content)) | st.just(len(content)))])
    said = None
    try:
        file = open_audio(path)
        audio = file.signal().collect()
    except MasterprintError as error:
        said = error.message
    if said is None:
        assert audio.shape == (file.channels, file.frames)
        assert np.isfinite(audio).all()
    else:
        assert said.startswith(str(path))
        assert "\n" not in said
