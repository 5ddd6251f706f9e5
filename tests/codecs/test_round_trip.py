"""Encoded, decoded, measured and lowered: held against FFmpeg and an independent meter."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from masterprint.codecs import listening, round_trip
from masterprint.codecs.encoding import encode
from masterprint.codecs.formats import FORMATS
from masterprint.codecs.round_trip import checked_encode
from masterprint.errors import AudioFileError
from oracles import demo_mix, hostile, true_peak_dbtp
from other_tools import ask

Audio = NDArray[np.float64]
LOSSY = [
    "mp3-320",
    "mp3-128",
    "aac-256",
    "aac-128",
    "vorbis-96",
    "vorbis-320",
    "opus-64",
    "opus-160",
]


def _by_ffmpeg(path: Path) -> Audio:
    out = path.with_suffix(".decoded.wav")
    ask("ffmpeg", "-v", "error", "-y", "-i", path, "-c:a", "pcm_f32le", out)
    return np.asarray(soundfile.read(out, always_2d=True)[0].T)


def _written(folder: Path, audio: Audio, peak: float = 0.9, rate: int = 44100) -> Path:
    path = folder / "master.wav"
    soundfile.write(path, peak * audio.T / np.abs(audio).max(), rate, "PCM_24")
    return path


@pytest.mark.parametrize("name", LOSSY)
def test_a_dense_master_ends_under_the_ceiling_by_others_measure(tmp_path: Path, name: str) -> None:
    source = _written(tmp_path, np.tanh(3.0 * hostile("music", 44100, 1.0)))
    target = tmp_path / f"out{FORMATS[name].extension}"
    encoded = checked_encode(source, target, name, -1.0)
    theirs = _by_ffmpeg(target)
    assert encoded.first_true_peak_dbtp is not None
    assert encoded.true_peak_dbtp is not None
    assert encoded.first_true_peak_dbtp > -1.0
    assert 2 <= encoded.passes <= 4
    assert encoded.gain_db < 0.0
    assert encoded.true_peak_dbtp == pytest.approx(true_peak_dbtp(theirs), abs=0.1)
    assert true_peak_dbtp(theirs) <= -1.0 + 0.05
    assert encoded.holds_ceiling
    assert (encoded.offset_frames, encoded.length_difference_frames) == (0, 0)
    assert encoded.clipped_samples == 0
    assert f"lowered by {-encoded.gain_db:.2f} dB" in encoded.note
    assert encoded.note.endswith("under the ceiling of -1.")
    json.dumps(encoded.as_dict(), allow_nan=False)
    # What it says of the first pass is what a plain encoding gives.
    encode(source, target, name)
    plain = _by_ffmpeg(target)
    assert encoded.first_true_peak_dbtp == pytest.approx(true_peak_dbtp(plain), abs=0.1)
    clipped = int(np.count_nonzero(np.abs(plain) > 1.0))
    assert encoded.first_clipped_samples == pytest.approx(clipped, rel=0.02)


@pytest.mark.parametrize("programme", ["square 997 Hz", "clipped noise"])
@pytest.mark.parametrize("name", ["mp3-v0", "aac-96", "opus-128"])
def test_hostile_programmes_are_brought_under_the_ceiling(
    tmp_path: Path, programme: str, name: str
) -> None:
    source = _written(tmp_path, hostile(programme, 44100, 1.0))
    target = tmp_path / f"out{FORMATS[name].extension}"
    encoded = checked_encode(source, target, name, -1.0)
    assert encoded.holds_ceiling, encoded.note
    assert encoded.true_peak_dbtp is not None
    assert true_peak_dbtp(_by_ffmpeg(target)) <= -1.0 + 0.05


def test_what_is_under_the_ceiling_is_encoded_once_and_left_alone(tmp_path: Path) -> None:
    source = _written(tmp_path, demo_mix(44100)[:, 200_000:290_000], 0.5)
    encoded = checked_encode(source, tmp_path / "out.mp3", "mp3-320", -1.0)
    assert (encoded.passes, encoded.gain_db) == (1, 0.0)
    assert encoded.note == (
        f"MP3 320 kbit/s: decoded it peaks at {encoded.true_peak_dbtp:.2f} dBTP, under the ceiling "
        "of -1."
    )
    plain = tmp_path / "plain.mp3"
    encode(source, plain, "mp3-320")
    assert plain.read_bytes() == (tmp_path / "out.mp3").read_bytes()
    lowered = checked_encode(source, tmp_path / "low.mp3", "mp3-320", gain_db=-2.5)
    assert lowered.gain_db == -2.5
    assert "with -2.50 dB, decoded" in lowered.note
    assert lowered.true_peak_dbtp == pytest.approx(encoded.true_peak_dbtp - 2.5, abs=0.2)


def test_without_a_ceiling_clipped_samples_are_told(tmp_path: Path) -> None:
    source = _written(tmp_path, np.tanh(3.0 * hostile("music", 44100, 1.0)), 0.99)
    encoded = checked_encode(source, tmp_path / "out.opus", "opus-64", None)
    plain = _by_ffmpeg(tmp_path / "out.opus")
    clipped = int(np.count_nonzero(np.abs(plain) > 1.0))
    assert encoded.clipped_samples == pytest.approx(clipped, rel=0.02)
    assert clipped > 100
    assert f"{encoded.clipped_samples} samples are over full scale" in encoded.note
    assert encoded.holds_ceiling


def test_when_three_lowerings_do_not_suffice_the_note_says_what_was_reached(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(round_trip, "MARGINS_DB", (-1.0, -1.0, -1.0))
    source = _written(tmp_path, demo_mix(44100)[:, 200_000:260_000], 0.99)
    encoded = checked_encode(source, tmp_path / "out.mp3", "mp3-320", -3.0)
    assert encoded.passes == 4
    assert not encoded.holds_ceiling
    assert "after 4 passes still over the ceiling of -3" in encoded.note


def test_silence_and_a_single_frame_go_through(tmp_path: Path) -> None:
    for frames in (1, 30_000):
        soundfile.write(tmp_path / "in.wav", np.zeros((frames, 2)), 44100, "PCM_24")
        for name in ("mp3-320", "aac-256", "vorbis-160", "opus-128", "flac-24", "alac-16"):
            target = tmp_path / f"out{FORMATS[name].extension}"
            encoded = checked_encode(tmp_path / "in.wav", target, name)
            assert encoded.true_peak_dbtp is None
            assert encoded.length_difference_frames == 0
            json.dumps(encoded.as_dict(), allow_nan=False)


@pytest.mark.parametrize("name", ["flac-24", "alac-24", "aiff-24", "flac-16", "alac-16"])
def test_lossless_formats_are_compared_by_a_hash_that_anybody_can_check(
    tmp_path: Path, name: str
) -> None:
    source = _written(tmp_path, demo_mix(44100)[:, 200_000:260_000])
    target = tmp_path / f"out{FORMATS[name].extension}"
    encoded = checked_encode(source, target, name)
    bits = FORMATS[name].bits
    raw = tmp_path / "raw"
    ask("ffmpeg", "-v", "error", "-i", target, "-f", f"s{bits}le", raw)
    assert encoded.pcm_sha256 == hashlib.sha256(raw.read_bytes()).hexdigest()
    assert encoded.like_source is (bits == 24)
    assert encoded.passes == 1
    assert ("the source's samples" in encoded.note) == (bits == 24)
    louder = checked_encode(source, target, name, gain_db=-1.0)
    assert louder.like_source is False
    assert louder.true_peak_dbtp == pytest.approx(encoded.true_peak_dbtp - 1.0, abs=0.01)


def test_a_lossless_file_that_reads_back_otherwise_is_not_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = _written(tmp_path, demo_mix(44100)[:, 200_000:230_000])
    real = round_trip.decode

    def wrong(path: Path, fmt: object) -> object:
        return real(path, fmt).map(lambda block: -block)

    monkeypatch.setattr(round_trip, "decode", wrong)
    with pytest.raises(AudioFileError, match=r"out\.flac: FLAC 24-bit does not read back"):
        checked_encode(source, tmp_path / "out.flac", "flac-24")
    assert [path.name for path in tmp_path.iterdir()] == ["master.wav"]


def test_a_delay_that_nobody_told_is_found_and_noted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = _written(tmp_path, demo_mix(44100)[:, 200_000:290_000], 0.5)
    real = listening.decode

    def late(path: Path, fmt: object) -> object:
        signal = real(path, fmt)
        whole = np.pad(signal.collect(), ((0, 0), (1105, 0)))
        return type(signal).of(whole, signal.sample_rate_hz)

    monkeypatch.setattr(listening, "decode", late)
    encoded = checked_encode(source, tmp_path / "out.mp3", "mp3-320")
    assert (encoded.offset_frames, encoded.length_difference_frames) == (1105, 1105)
    assert encoded.note.endswith("; 1105 frames late; 1105 frames longer than the source.")
