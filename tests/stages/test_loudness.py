"""The loudness stage: one gain, judged by an independent BS.1770 meter."""

import numpy as np
import pytest

from masterprint.stages.loudness import Loudness
from oracles import amplitude, demo_mix, integrated_lufs, run, stereo, tone


def music(rate):
    return np.array(demo_mix(rate)[:, 2 * rate : 6 * rate])


@pytest.mark.parametrize("rate", [44100, 48000, 96000])
@pytest.mark.parametrize("target_lufs", [-30.0, -14.0, -5.0])
def test_music_comes_to_the_target_by_one_gain(rate, target_lufs):
    audio = music(rate)
    out, report = run(Loudness(target_lufs=target_lufs), audio, rate)
    before = integrated_lufs(audio, rate)
    assert integrated_lufs(out, rate) == pytest.approx(target_lufs, abs=0.01)
    np.testing.assert_allclose(out, audio * amplitude(report["gain_db"]), rtol=1e-4)
    factor = out[0, rate] / audio[0, rate]
    np.testing.assert_allclose(out, audio * factor, rtol=1e-13)
    assert report["measured_lufs"] == pytest.approx(before, abs=0.01)
    assert report["gain_db"] == pytest.approx(target_lufs - before, abs=0.01)


def test_peaks_are_left_alone():
    """A target far up makes samples beyond full scale: limiting is the next stage's work."""
    out, _ = run(Loudness(target_lufs=-3.0), music(44100), 44100)
    assert np.abs(out).max() > 1.5


def test_quiet_passages_that_the_gain_lifts_above_the_gate_are_counted():
    """A tone at -52, a long one at -71 LUFS below the gate: lifted by 30 dB, it is within it."""
    rate = 48000
    audio = stereo(np.concatenate([tone(rate, 4.0, 997.0, -68.0), tone(rate, 8.0, 997.0, -74.5)]))
    assert integrated_lufs(audio, rate) == pytest.approx(-68.0, abs=0.1)
    out, _ = run(Loudness(target_lufs=-40.0), audio, rate)
    assert integrated_lufs(out, rate) == pytest.approx(-40.0, abs=0.02)


def test_mono_and_surround():
    rate = 48000
    for channels in (1, 5, 6):
        audio = np.stack([tone(rate, 2.0, 300.0 + 50.0 * c, -20.0 - c) for c in range(channels)])
        out, _ = run(Loudness(target_lufs=-23.0), audio, rate)
        assert integrated_lufs(out, rate) == pytest.approx(-23.0, abs=0.01)


def test_no_more_than_60_db_of_gain():
    rate = 48000
    audio = np.concatenate([stereo(tone(rate, 1.0, 997.0, -69.0)), np.zeros((2, rate))], axis=1)
    out, report = run(Loudness(target_lufs=0.0), audio, rate)
    np.testing.assert_allclose(out, audio * 1000.0, rtol=1e-12)
    assert report["gain_db"] == 60.0
    assert "60 dB" in report["note"]


@pytest.mark.parametrize(
    "audio", [np.zeros((2, 44100)), np.full((2, 1000), 0.5), np.zeros((2, 0)), np.ones((1, 1))]
)
def test_without_a_loudness_nothing_is_changed(audio):
    out, report = run(Loudness(target_lufs=-14.0), audio, 44100)
    np.testing.assert_array_equal(out, audio)
    assert report["measured_lufs"] is None
    assert report["gain_db"] == 0.0
    assert "loudness is undefined" in report["note"]


@pytest.mark.parametrize("block_frames", [1, 777])
def test_blocks_of_any_size_give_the_same(block_frames):
    audio = music(44100)[:, :22050]
    whole, _ = run(Loudness(target_lufs=-20.0), audio, 44100, 22050)
    parts, _ = run(Loudness(target_lufs=-20.0), audio, 44100, block_frames)
    np.testing.assert_array_equal(parts, whole)
