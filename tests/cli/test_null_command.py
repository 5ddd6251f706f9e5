"""`masterprint null` as a user types it."""

from __future__ import annotations

import json

import numpy as np
import pytest
import soundfile


@pytest.fixture
def mix(tmp_path, music):
    """Two seconds of it."""
    soundfile.write(tmp_path / "mix.wav", music[:, 44100 : 3 * 44100].T, 44100, "PCM_24")
    return tmp_path / "mix.wav"


def test_a_moved_copy_is_the_same_and_a_changed_one_is_not(run, tmp_path, mix):
    audio, rate = soundfile.read(mix, always_2d=True)
    moved = np.concatenate([np.zeros((441, 2)), audio * 10 ** (-0.5 / 20)])
    soundfile.write(tmp_path / "moved.wav", moved, rate, "PCM_24")
    done = run("null", "mix.wav", "moved.wav")
    assert done.returncode == 0, done.stderr
    assert "same: the same audio, B 441 frames (10.000 ms) later and 0.50 dB quieter" in done.stdout
    for word in ("gain taken out", "at its own level", "Null depth", "31.5", "16000"):
        assert word in done.stdout
    done = run("null", "mix.wav", "moved.wav", "--json")
    data = json.loads(done.stdout)
    assert data["verdict"] == "same"
    assert data["offset_frames"] == 441
    assert len(data["bands"]) == 10
    soundfile.write(tmp_path / "other.wav", audio[::-1], rate, "PCM_24")
    assert run("null", "mix.wav", "other.wav").returncode == 1


def test_identical_files_and_files_as_they_lie(run, tmp_path, mix):
    (tmp_path / "again.wav").write_bytes(mix.read_bytes())
    for options in ([], ["--as-they-lie"]):
        done = run("null", "mix.wav", "again.wav", *options)
        assert done.returncode == 0
        assert "identical: the same samples, bit for bit" in done.stdout


def test_what_cannot_be_compared_is_one_sentence_and_code_2(run, tmp_path, mix):
    missing = run("null", "mix.wav", "nowhere.wav")
    assert missing.returncode == 2
    assert "nowhere.wav: there is no such file" in missing.stderr
    (tmp_path / "text.wav").write_text("no audio")
    assert run("null", "mix.wav", "text.wav").returncode == 2
    soundfile.write(tmp_path / "six.wav", np.zeros((100, 6)), 44100)
    assert run("null", "mix.wav", "six.wav").returncode == 2
    assert run("null", "mix.wav").returncode == 2
