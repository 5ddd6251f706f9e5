"""Encoding and decoding, held against other people's decoders."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from masterprint.codecs.encoding import decode, encode
from masterprint.codecs.formats import FORMATS, format_named
from masterprint.errors import AudioFileError, UsageError
from oracles import demo_mix
from other_tools import ask, ffprobe

Audio = NDArray[np.float64]
FRAMES = 100_003
"""No multiple of anything that a codec works in."""
LOSSLESS = [name for name, fmt in FORMATS.items() if fmt.lossless]
LOSSY = ["mp3-320", "mp3-v0", "mp3-128", "aac-256", "aac-96", "vorbis-160", "opus-128"]


@cache
def _music() -> Audio:
    words = np.round(demo_mix(44100)[:, 200_000 : 200_000 + FRAMES] * 8388607)
    return np.asarray(words / 8388608.0)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("source") / "master.wav"
    soundfile.write(path, _words(_music(), 24) << 8, 44100, "PCM_24")
    return path


@pytest.fixture(scope="module")
def encoded(source: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The source in many formats."""
    folder = tmp_path_factory.mktemp("encoded")
    made = {}
    for name in [*LOSSY, *LOSSLESS]:
        made[name] = folder / f"{name}{FORMATS[name].extension}"
        encode(source, made[name], name)
    return made


def _words(audio: Audio, bits: int) -> NDArray[np.int32]:
    return np.round(audio.T * 2.0 ** (bits - 1)).astype(np.int32)


def _by_ffmpeg(path: Path, folder: Path) -> Audio:
    out = folder / "decoded.wav"
    ask("ffmpeg", "-v", "error", "-y", "-i", path, "-c:a", "pcm_f32le", out)
    return np.asarray(soundfile.read(out, always_2d=True)[0].T)


def _lag(audio: Audio, against: Audio) -> int:
    """The shift at which two programmes correlate best, by SciPy."""
    from scipy import signal as sps

    frames = min(audio.shape[1], against.shape[1])
    a, b = np.diff(audio[0, :frames]), np.diff(against[0, :frames])
    cross = sps.correlate(a, b, method="fft")
    return int(np.argmax(cross)) - (frames - 2)


@pytest.mark.parametrize("name", LOSSY)
def test_what_is_decoded_lies_where_the_source_does_and_is_as_long(
    encoded: dict[str, Path], name: str
) -> None:
    back = decode(encoded[name], name)
    audio = back.collect()
    assert back.frames == audio.shape[1]
    reference = _music()
    if back.sample_rate_hz != 44100:
        import soxr

        reference = soxr.resample(reference.T, 44100, back.sample_rate_hz, "VHQ").T
    assert audio.shape[1] == round(FRAMES * back.sample_rate_hz / 44100)
    assert _lag(audio, reference) == 0


@pytest.mark.parametrize("name", ["mp3-320", "mp3-v0", "mp3-128"])
def test_lame_mpg123_and_ffmpeg_decode_mp3_to_the_frame(
    encoded: dict[str, Path], name: str, tmp_path: Path
) -> None:
    ask("lame", "--quiet", "--decode", encoded[name], tmp_path / "lame.wav")
    ask("mpg123", "-q", "-w", tmp_path / "mpg123.wav", encoded[name])
    for tool in ("lame", "mpg123"):
        audio, rate = soundfile.read(tmp_path / f"{tool}.wav", always_2d=True)
        assert (len(audio), rate) == (FRAMES, 44100), tool
        assert _lag(audio.T, _music()) == 0, tool
    ours = decode(encoded[name], name).collect()
    theirs = _by_ffmpeg(encoded[name], tmp_path)
    assert theirs.shape == ours.shape
    assert np.abs(theirs - ours).max() < 1e-4
    kbps = {"mp3-320": 320_000, "mp3-128": 128_000}
    if name in kbps:
        stream = ffprobe(encoded[name])["streams"][0]
        assert int(stream["bit_rate"]) == kbps[name]


def test_aac_tells_its_delay_and_padding_and_ffmpeg_agrees_on_both(
    encoded: dict[str, Path], tmp_path: Path
) -> None:
    path = encoded["aac-256"]
    stream = ffprobe(path)["streams"][0]
    assert (stream["codec_name"], stream["profile"], stream["sample_rate"]) == (
        "aac", "LC", "44100",
    )  # fmt: skip
    assert (stream["start_pts"], stream["duration_ts"]) == (0, FRAMES)
    data = path.read_bytes()
    at = data.index(b"elst")
    entries, duration, begin = (
        int.from_bytes(data[at + 8 + 4 * n : at + 12 + 4 * n], "big") for n in range(3)
    )
    assert (entries, duration, begin) == (1, FRAMES, 1024)  # time scale: the sample rate
    told = re.search(rb"iTunSMPB.{16} ([0-9A-F ]{43})", data, re.DOTALL)
    assert told is not None
    _, delay, padding, frames = (int(word, 16) for word in told[1].split()[:4])
    assert (delay, frames) == (1024, FRAMES)
    assert (delay + frames + padding) % 1024 == 0
    # Tags in no known encoding are no reason not to decode.
    (tmp_path / "tags.m4a").write_bytes(data.replace(b"Lavf", b"\xff\xfe\xfdf"))
    tagged = decode(tmp_path / "tags.m4a", "aac-256").collect()
    # FFmpeg leaves the padding at the end; what comes before it is what we decode.
    theirs, ours = _by_ffmpeg(path, tmp_path), decode(path, "aac-256").collect()
    assert np.array_equal(tagged, ours)
    assert theirs.shape[1] - ours.shape[1] == padding
    assert np.abs(theirs[:, :FRAMES] - ours).max() < 1e-4


def test_opusinfo_and_opusdec_agree_on_pre_skip_and_length(
    encoded: dict[str, Path], tmp_path: Path
) -> None:
    said = ask("opusinfo", encoded["opus-128"])
    assert "WARNING" not in said
    assert re.search(r"Pre-skip: [1-9]", said)
    ask("opusdec", "--quiet", "--float", encoded["opus-128"], tmp_path / "opusdec.wav")
    audio, rate = soundfile.read(tmp_path / "opusdec.wav", always_2d=True)
    assert (len(audio), rate) == (round(FRAMES * 48000 / 44100), 48000)
    ours = decode(encoded["opus-128"], "opus-128").collect()
    assert np.abs(audio.T - ours).max() < 1e-4


@pytest.mark.parametrize("name", LOSSLESS)
def test_lossless_formats_hold_24_bits_bit_for_bit_by_ffmpeg(
    encoded: dict[str, Path], name: str, tmp_path: Path
) -> None:
    theirs = _by_ffmpeg(encoded[name], tmp_path)
    assert theirs.shape == (2, FRAMES)
    if FORMATS[name].bits == 24:
        assert np.array_equal(_words(theirs, 24), _words(_music(), 24))
    else:  # dithered, so never further off than a step and a half
        off = np.abs(theirs - _music()).max() * 32768
        assert 0.5 < off <= 1.5
        assert abs((theirs - _music()).mean() * 32768) < 0.01
    assert np.array_equal(decode(encoded[name], name).collect(), theirs)


def test_flac_is_sound_and_has_the_md5_of_its_samples(encoded: dict[str, Path]) -> None:
    ask("flac", "-t", "-s", encoded["flac-24"])
    packed = _words(_music(), 24).astype("<i4").tobytes()
    words = np.frombuffer(packed, np.uint8).reshape(-1, 4)[:, :3]
    assert ask("metaflac", "--show-md5sum", encoded["flac-24"]).strip() == (
        hashlib.md5(words.tobytes()).hexdigest()
    )
    assert ask("metaflac", "--show-max-blocksize", encoded["flac-24"]).strip() == "4096"


@pytest.mark.parametrize(
    ("rate", "name", "expected"),
    [
        (96000, "mp3-320", 48000),
        (88200, "aac-256", 44100),
        (22050, "vorbis-160", 44100),
        (32000, "opus-128", 48000),
        (96000, "flac-24", 96000),
    ],
)
def test_rates_that_a_codec_does_not_take_are_converted_in_their_family(
    tmp_path: Path, rate: int, name: str, expected: int
) -> None:
    audio = demo_mix(rate)[:, rate : rate + rate // 2]
    soundfile.write(tmp_path / "in.wav", audio.T, rate, "PCM_24")
    out = tmp_path / f"out{FORMATS[name].extension}"
    encode(tmp_path / "in.wav", out, name, gain_db=-3.0)
    back = decode(out, name)
    assert back.sample_rate_hz == expected
    decoded = back.collect()
    assert decoded.shape[1] == expected // 2
    low = np.abs(np.fft.rfft(decoded[0]))[10:1000] / expected
    reference = np.abs(np.fft.rfft(audio[0]))[10:1000] / rate
    assert 20 * np.log10(np.linalg.norm(low) / np.linalg.norm(reference)) == pytest.approx(
        -3.0, abs=0.1
    )


def test_what_is_over_full_scale_is_neither_cut_before_nor_after_a_lossy_codec(
    tmp_path: Path,
) -> None:
    loud = 4.0 * _music() / np.abs(_music()).max()
    soundfile.write(tmp_path / "in.wav", loud.T, 44100, "FLOAT")
    for name in ("mp3-320", "aac-256", "vorbis-320", "opus-256"):
        out = tmp_path / f"out{FORMATS[name].extension}"
        encode(tmp_path / "in.wav", out, name)
        # FFmpeg's AAC turns down by itself what comes in above full scale, but does not clip it.
        least = 2.0 if name == "aac-256" else 3.5
        assert np.abs(decode(out, name).collect()).max() > least, name


def test_names_are_guessed_and_channels_refused_before_anything_is_written(
    source: Path, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="did you mean 'mp3-320'"):
        encode(source, tmp_path / "out.mp3", "mp3-32O")
    with pytest.raises(UsageError, match="there are wav-16"):
        format_named("cassette")
    soundfile.write(tmp_path / "in.wav", np.zeros((100, 6)), 44100)
    with pytest.raises(UsageError, match="has 6 channels, where AAC"):
        encode(tmp_path / "in.wav", tmp_path / "out.m4a", "aac-256")
    assert [path.name for path in tmp_path.iterdir()] == ["in.wav"]


def test_damaged_mpeg4_is_one_sentence_or_audio(encoded: dict[str, Path], tmp_path: Path) -> None:
    rng = np.random.default_rng(6)
    path = tmp_path / "damaged.m4a"
    sentences: list[str] = []
    for name in ("aac-96", "alac-16"):
        whole = np.frombuffer(encoded[name].read_bytes(), np.uint8)
        for turn in range(60):
            data = whole.copy()
            if turn % 3 == 0:
                data = data[: rng.integers(0, len(data))]
            # Half of the damage is where the index is: at the end.
            low = 0 if turn % 2 else max(0, len(data) - 3000)
            if len(data) > 100:
                data[rng.integers(low, len(data), 12)] = rng.integers(0, 256, 12)
            path.write_bytes(data.tobytes())
            try:
                for block in decode(path, name).blocks:
                    assert block.shape[1] <= 1 << 20
            except AudioFileError as error:
                sentences.append(str(error))
    assert len(sentences) > 10
    assert not any("\n" in each for each in sentences)


WITHOUT = """
import json, sys
from pathlib import Path
from masterprint.codecs.encoding import encode
from masterprint.errors import MasterprintError
said = {}
for name, out in [
    ("aac-256", "a.m4a"), ("alac-24", "b.m4a"), ("mp3-320", "c.mp3"), ("flac-24", "d.flac")
]:
    try:
        encode(Path(sys.argv[1]), Path(sys.argv[2]) / out, name)
        said[name] = None
    except MasterprintError as error:
        said[name] = str(error)
print(json.dumps(said))
"""


def test_without_pyav_the_extra_is_named_and_everything_else_works(
    source: Path, tmp_path: Path
) -> None:
    blocker = tmp_path / "blocker"
    blocker.mkdir()
    (blocker / "av.py").write_text("raise ImportError('not here')\n")
    out = tmp_path / "out"
    out.mkdir()
    path = os.pathsep.join([str(blocker), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, str(source), str(out)],
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    said: dict[str, Any] = json.loads(done.stdout)
    assert said == {
        "aac-256": "AAC 256 kbit/s needs PyAV, which is not installed. "
        "Hint: pip install 'masterprint[codecs]'",
        "alac-24": "ALAC 24-bit needs PyAV, which is not installed. "
        "Hint: pip install 'masterprint[codecs]'",
        "mp3-320": None,
        "flac-24": None,
    }
    assert sorted(each.name for each in out.iterdir()) == ["c.mp3", "d.flac"]


FULL = """
import json, resource, signal, sys
from pathlib import Path
from masterprint.codecs.encoding import encode
from masterprint.errors import MasterprintError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
folder = Path(sys.argv[2])
said = {}
jobs = [("mp3-320", ".mp3"), ("vorbis-320", ".ogg"), ("opus-256", ".opus"), ("aac-256", ".m4a"),
        ("alac-24", ".m4a"), ("flac-24", ".flac")]
# Once beforehand: kernels are written to the disk, too.
for name, extension in jobs:
    encode(Path(sys.argv[1]), folder / ("old" + name + extension), name)
for limit in (9000, 40000):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    for name, extension in jobs:
        try:
            encode(Path(sys.argv[1]), folder / (name + extension), name)
            said[name, limit] = None
        except MasterprintError as error:
            said[name, limit] = str(error)
print(json.dumps([[*key, text] for key, text in said.items()]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="limits are of POSIX")
def test_a_full_disk_is_one_sentence_and_leaves_nothing(source: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(source), str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert done.stderr == ""
    for name, limit, text in json.loads(done.stdout):
        assert text is not None, (name, limit)
        assert f"{name}." in text
        assert "cannot be written: File too large." in text, (name, limit)
        assert "free some space" in text
    assert all(path.name.startswith("old") for path in tmp_path.iterdir())
