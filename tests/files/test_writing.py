"""Masters as files: what stands in them, and that they are whole or not there at all."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from masterprint.errors import AudioFileError, UsageError
from masterprint.files.formats import EXTENSIONS, MasterFormat
from masterprint.files.writing import Written, write_master
from masterprint.signal import Block, Signal

FORMATS: tuple[Any, ...] = ("wav", "aiff", "flac")
ALL: list[tuple[Any, Any]] = [
    (file_format, bit_depth)
    for file_format in FORMATS
    for bit_depth in ("16", "24", "32f", "64f")
    if not (file_format == "flac" and bit_depth.endswith("f"))
]
SUBTYPES = {"16": "PCM_16", "24": "PCM_24", "32f": "FLOAT", "64f": "DOUBLE"}


def noise(channels: int = 2, frames: int = 70001, level: float = 0.9) -> Block:
    return np.random.default_rng(7).uniform(-level, level, (channels, frames))


def write(path: Path, audio: Block, master: MasterFormat, **more: Any) -> Written:
    return write_master(Signal.of(audio, 44100, 5000), path, master, **more)


def undithered(file_format: Any, bit_depth: Any) -> MasterFormat:
    return MasterFormat(file_format, bit_depth, "none")


def as_stored(audio: Block, bit_depth: str) -> NDArray[np.float64]:
    """What a file of a bit depth holds of some audio, without dither."""
    if bit_depth == "64f":
        return audio
    if bit_depth == "32f":
        return audio.astype(np.float32).astype(np.float64)
    scale = 2.0 ** (int(bit_depth) - 1)
    return np.rint(audio * scale).clip(-scale, scale - 1) / scale


# What stands in the file.


@pytest.mark.parametrize(("file_format", "bit_depth"), ALL)
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_libsndfile_reads_back_exactly_what_was_meant(
    tmp_path: Path, file_format: Any, bit_depth: Any, channels: int
) -> None:
    audio = noise(channels)
    path = tmp_path / f"master{EXTENSIONS[file_format]}"
    write(path, audio, undithered(file_format, bit_depth))
    info = soundfile.info(path)
    assert (info.samplerate, info.channels, info.frames) == (44100, channels, 70001)
    assert info.subtype == SUBTYPES[bit_depth]
    assert (
        info.format in {"wav": ("WAV", "WAVEX"), "aiff": ("AIFF",), "flac": ("FLAC",)}[file_format]
    )
    found, _ = soundfile.read(path, dtype="float64", always_2d=True)
    np.testing.assert_array_equal(found.T, as_stored(audio, bit_depth))


@pytest.mark.parametrize("bit_depth", ["16", "24"])
@pytest.mark.parametrize("channels", [1, 2])
def test_pythons_own_reader_finds_the_same_words(
    tmp_path: Path, bit_depth: Any, channels: int
) -> None:
    audio = noise(channels, 999)
    path = tmp_path / "master.wav"
    write(path, audio, undithered("wav", bit_depth))
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getframerate(), file.getnframes()) == (
            channels,
            44100,
            999,
        )
        width = file.getsampwidth()
        raw = np.frombuffer(file.readframes(999), np.uint8).reshape(-1, width)
    assert width == int(bit_depth) // 8
    words = sum(raw[:, byte].astype(np.int64) << (8 * byte) for byte in range(width))
    words = np.where(words >= 1 << (8 * width - 1), words - (1 << 8 * width), words)
    expected = as_stored(audio, bit_depth) * 2.0 ** (int(bit_depth) - 1)
    np.testing.assert_array_equal(words.reshape(-1, channels).T, expected)


def test_aiff_words_are_big_endian(tmp_path: Path) -> None:
    path = tmp_path / "master.aiff"
    words = np.array([[1, -2, 0x1234, -32768, 32767]])
    write(path, words / 32768, undithered("aiff", "16"))
    data = path.read_bytes()
    assert data[:4] == b"FORM"
    assert int.from_bytes(data[4:8], "big") == len(data) - 8
    at = data.index(b"SSND")
    sound = data[at + 16 : at + 26]
    assert np.frombuffer(sound, ">i2").tolist() == words[0].tolist()


@pytest.mark.parametrize(("file_format", "bit_depth"), ALL)
def test_the_extremes_keep_their_sign(tmp_path: Path, file_format: Any, bit_depth: Any) -> None:
    top = {"16": 32767 / 32768, "24": 1 - 2.0**-23}.get(bit_depth, 1.0)
    audio = np.array([[top, -1.0, 0.0, top, -1.0] * 20])
    path = tmp_path / "master.x"
    assert write(path, audio, undithered(file_format, bit_depth)).clipped_samples == 0
    found, _ = soundfile.read(path)
    assert (found == audio[0]).all()


@pytest.mark.parametrize("file_format", FORMATS)
@pytest.mark.parametrize("bit_depth", ["16", "24"])
def test_what_is_too_loud_is_clipped_and_counted(
    tmp_path: Path, file_format: Any, bit_depth: Any
) -> None:
    audio = np.tile([[0.5, 1.2, -1.2, -0.5]], 50)
    path = tmp_path / "master.x"
    assert write(path, audio, undithered(file_format, bit_depth)).clipped_samples == 100
    found, _ = soundfile.read(path)
    assert found.max() == 1 - 2.0 ** (1 - int(bit_depth))
    assert found.min() == -1.0


@pytest.mark.parametrize("bit_depth", ["32f", "64f"])
def test_float_keeps_what_is_above_full_scale(tmp_path: Path, bit_depth: Any) -> None:
    path = tmp_path / "master.wav"
    assert (
        write(path, np.array([[0.5, 3.0, -40.0]]), MasterFormat("wav", bit_depth)).clipped_samples
        == 0
    )
    found, _ = soundfile.read(path)
    assert found.tolist() == [0.5, 3.0, -40.0]


@pytest.mark.parametrize(("file_format", "bit_depth"), ALL)
def test_what_is_heard_is_what_is_in_the_file(
    tmp_path: Path, file_format: Any, bit_depth: Any
) -> None:
    heard: list[Block] = []
    path = tmp_path / "master.x"
    write(path, noise(), MasterFormat(file_format, bit_depth, "tpdf"), heard=heard.append)
    found, _ = soundfile.read(path, always_2d=True)
    assert np.concatenate(heard, axis=1).tobytes() == found.T.tobytes()


@pytest.mark.parametrize("dither", ["none", "tpdf", "shaped"])
@pytest.mark.parametrize("file_format", FORMATS)
def test_a_repeat_is_the_same_file(tmp_path: Path, file_format: Any, dither: Any) -> None:
    """Byte for byte, however the blocks came."""
    for name, block_frames in (("a", 5000), ("b", 32768)):
        signal = Signal.of(noise(), 44100, block_frames)
        write_master(signal, tmp_path / name, MasterFormat(file_format, "16", dither))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize("file_format", FORMATS)
def test_a_16_bit_mix_goes_through_untouched(tmp_path: Path, file_format: Any) -> None:
    words = np.random.default_rng(8).integers(-32768, 32768, (2, 40000))
    for bit_depth in ("16", "24"):
        path = tmp_path / f"{bit_depth}"
        write(path, words / 32768, MasterFormat(file_format, bit_depth, "tpdf"))
        found, _ = soundfile.read(path)
        np.testing.assert_array_equal(found.T * 32768, words)


@pytest.mark.parametrize("rate", [8000, 11025, 44100, 48000, 88200, 96000, 176400, 192000])
@pytest.mark.parametrize("file_format", FORMATS)
def test_every_rate_is_written(tmp_path: Path, file_format: Any, rate: int) -> None:
    path = tmp_path / "master.x"
    write_master(Signal.of(noise(2, 500), rate), path, MasterFormat(file_format, "24"))
    assert soundfile.info(path).samplerate == rate


@pytest.mark.parametrize(("file_format", "bit_depth"), ALL)
def test_a_length_that_is_not_known_beforehand(
    tmp_path: Path, file_format: Any, bit_depth: Any
) -> None:
    audio = noise(2, 3001)
    path = tmp_path / "master.x"
    signal = Signal(iter([audio]), 44100, 2, None)
    write_master(signal, path, undithered(file_format, bit_depth))
    found, _ = soundfile.read(path)
    np.testing.assert_array_equal(found.T, as_stored(audio, bit_depth))


# Whole, or not there.


class Interrupted(Exception):
    """Something that goes wrong while audio is on its way."""


def failing(error: BaseException, blocks: int = 20) -> Signal:
    def source() -> Iterator[Block]:
        for _ in range(blocks):
            yield noise(2, 32768)
        raise error

    return Signal(source(), 44100, 2, 100 * 32768)


@pytest.mark.parametrize("error", [Interrupted("gone"), KeyboardInterrupt()], ids=repr)
@pytest.mark.parametrize("file_format", FORMATS)
def test_a_failing_source_leaves_nothing_behind(
    tmp_path: Path, file_format: Any, error: BaseException
) -> None:
    with pytest.raises(type(error)) as caught:
        write_master(failing(error), tmp_path / "master.x", MasterFormat(file_format))
    assert caught.value is error
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("file_format", FORMATS)
def test_a_failing_source_leaves_an_older_master_as_it_is(
    tmp_path: Path, file_format: Any, overwrite: bool
) -> None:
    path = tmp_path / "master.x"
    path.write_bytes(b"an older master")
    with pytest.raises(Interrupted):
        write_master(failing(Interrupted()), path, MasterFormat(file_format), overwrite=overwrite)
    assert path.read_bytes() == b"an older master"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("file_format", FORMATS)
def test_the_final_name_appears_only_when_the_master_is_whole(
    tmp_path: Path, file_format: Any
) -> None:
    path = tmp_path / "master.x"
    seen: list[bool] = []

    def watch(block: Block) -> None:
        seen.append(path.exists())

    write(path, noise(), MasterFormat(file_format), heard=watch)
    assert len(seen) > 1
    assert not any(seen)
    assert list(tmp_path.iterdir()) == [path]


def test_an_existing_file_is_not_replaced_unasked(tmp_path: Path) -> None:
    path = tmp_path / "master.wav"
    path.write_bytes(b"an older master")
    with pytest.raises(UsageError, match=r"master\.wav") as caught:
        write(path, noise(), MasterFormat())
    assert "--overwrite" in str(caught.value)
    assert path.read_bytes() == b"an older master"
    assert list(tmp_path.iterdir()) == [path]


def test_an_existing_file_is_replaced_where_it_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "master.wav"
    path.write_bytes(b"an older master")
    write(path, noise(), MasterFormat(), overwrite=True)
    assert soundfile.info(path).frames == 70001
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("file_format", FORMATS)
@pytest.mark.parametrize(
    "place", ["missing/master.x", "a file/master.x", "/proc/master.x", "n" * 300]
)
def test_a_place_that_cannot_be_written_to_is_named(
    tmp_path: Path, file_format: Any, place: str
) -> None:
    (tmp_path / "a file").write_bytes(b"")
    path = tmp_path / place
    with pytest.raises(AudioFileError) as caught:
        write(path, noise(2, 100), MasterFormat(file_format))
    assert caught.value.message.startswith(f"{path}: cannot be written: ")
    assert "\n" not in caught.value.message
    assert [item.name for item in tmp_path.iterdir()] == ["a file"]


@pytest.mark.parametrize("file_format", FORMATS)
def test_any_name_that_the_disk_allows_can_be_written(tmp_path: Path, file_format: Any) -> None:
    for path in (tmp_path / ("n" * 251 + ".wav"), tmp_path / ".x", tmp_path / "ö 音 'q'.wav"):
        write(path, noise(2, 100), MasterFormat(file_format))
        assert soundfile.info(str(path)).frames == 100


def test_more_channels_than_a_format_holds_are_one_clear_sentence(tmp_path: Path) -> None:
    with pytest.raises(AudioFileError, match=r"master\.flac: cannot be written") as caught:
        write(tmp_path / "master.flac", noise(12, 100), MasterFormat("flac"))
    assert "\n" not in caught.value.message
    assert list(tmp_path.iterdir()) == []


FULL_DISK = """
import json, resource, sys
from pathlib import Path
import numpy as np
from masterprint.errors import AudioFileError
from masterprint.files.formats import MasterFormat
from masterprint.files.writing import write_master
from masterprint.signal import Signal

folder = Path(sys.argv[1])
audio = np.random.default_rng(1).uniform(-0.9, 0.9, (2, 200_000))
found = {}
for limit in (20, 3_000, 500_000, 799_000, 800_020):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    for name in ("wav", "aiff", "flac"):
        for seen in (200_000, None):
            path = folder / f"{limit}-{name}"
            signal = Signal(Signal.of(audio, 44100).blocks, 44100, 2, seen)
            try:
                write_master(signal, path, MasterFormat(name, "16", "none"))
                result = "written"
            except AudioFileError as error:
                result = str(error)
            found[f"{limit} {name} {seen}"] = [result, sorted(p.name for p in folder.iterdir())]
            path.unlink(missing_ok=True)
sys.stdout.write(json.dumps(found))
"""


@pytest.fixture(scope="module")
def full_disk(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, Any]]:
    """Files may grow to a limit here; the last one lets the audio in but not its header, too."""
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", FULL_DISK, str(tmp_path_factory.mktemp("full"))],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    found = json.loads(run.stdout)
    assert len(found) == 30
    return run.stderr, found


def test_a_full_disk_leaves_no_file_of_any_name(full_disk: tuple[str, dict[str, Any]]) -> None:
    assert {case: left for case, (_, left) in full_disk[1].items() if left} == {}


def test_a_full_disk_leaves_no_file_open(full_disk: tuple[str, dict[str, Any]]) -> None:
    assert full_disk[0] == ""


@pytest.mark.parametrize("file_format", FORMATS)
def test_a_full_disk_is_one_clear_sentence(
    full_disk: tuple[str, dict[str, Any]], file_format: str
) -> None:
    """It names the file, says that there was no room, and what to do."""
    for case, (said, _) in full_disk[1].items():
        if file_format in case:
            assert ": cannot be written: " in said
            assert any(word in said for word in ("File too large", "No space left on device")), case
            assert "free some space" in said, case
