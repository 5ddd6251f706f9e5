"""The maximizer: the target by an independent loudness meter, the ceiling by a true-peak meter."""

import numpy as np
import pytest

from masterprint.stages.maximizer import Maximizer
from oracles import amplitude, decibels, demo_mix, integrated_lufs, run, tone, true_peak_dbtp


def music(rate=44100, seconds=4.0):
    return np.array(demo_mix(rate)[:, 2 * rate : round((2 + seconds) * rate)])


def speech_like(rate=48000, seconds=4.0):
    """Noise in syllables, with pauses that the gates leave out."""
    rng = np.random.default_rng(7)
    n = np.arange(round(seconds * rate))
    syllables = np.maximum(0.0, np.sin(2.0 * np.pi * 3.7 * n / rate)) * (n // rate % 3 != 2)
    noise = np.cumsum(rng.standard_normal(len(n))) * 0.002
    noise = np.diff(noise, prepend=0.0) + 0.2 * rng.standard_normal(len(n))
    return (0.15 * noise * syllables)[np.newaxis]


def rising_tones(rate=96000, seconds=2.0):
    audio = tone(rate, seconds, 220.0, -12.0) + tone(rate, seconds, 3300.0, -20.0)
    return np.stack([audio, 0.7 * audio]) * np.linspace(0.1, 1.0, len(audio))


PROGRAMMES = {
    "music": (music, 44100),
    "speech": (speech_like, 48000),
    "rising tones": (rising_tones, 96000),
}


def reduction_db(out, audio, input_gain_db):
    """Largest gain reduction at any sample that is large enough to tell."""
    driven = audio * amplitude(input_gain_db)
    heard = np.abs(driven) > 1e-3
    return -decibels(float((out[heard] / driven[heard]).min()))


@pytest.mark.parametrize("target_lufs", [-30.0, -18.0, -14.0])
@pytest.mark.parametrize("name", PROGRAMMES)
def test_the_target_is_hit_under_the_ceiling(name, target_lufs):
    make, rate = PROGRAMMES[name]
    audio = make()
    stage = Maximizer(target_lufs=target_lufs, ceiling_dbtp=-1.0, max_reduction_db=20.0)
    out, report = run(stage, audio, rate)
    assert out.shape == audio.shape
    assert integrated_lufs(out, rate) == pytest.approx(target_lufs, abs=0.05)
    assert true_peak_dbtp(out) <= -1.0 + 0.005
    assert report["target_met"] is True
    assert report["target_lufs"] == target_lufs
    assert "note" not in report
    assert reduction_db(out, audio, report["input_gain_db"]) <= 20.1


@pytest.mark.parametrize("ceiling_dbtp", [-0.1, -3.0, -9.0])
def test_any_ceiling_holds(ceiling_dbtp):
    audio = music()
    stage = Maximizer(target_lufs=-16.0, ceiling_dbtp=ceiling_dbtp, max_reduction_db=20.0)
    out, _ = run(stage, audio, 44100)
    assert true_peak_dbtp(out) <= ceiling_dbtp + 0.005
    assert integrated_lufs(out, 44100) == pytest.approx(-16.0, abs=0.05)


@pytest.mark.parametrize(
    ("target_lufs", "release_ms"), [(-8.0, 100.0), (-7.0, 100.0), (-9.0, 1000.0), (-8.0, 1000.0)]
)
def test_loud_targets_are_reached_where_enough_limiting_is_allowed(target_lufs, release_ms):
    """30 dB of limiting may be used, and far less is needed."""
    audio = music(seconds=3.0)
    stage = Maximizer(target_lufs=target_lufs, max_reduction_db=30.0, release_ms=release_ms)
    out, report = run(stage, audio, 44100)
    assert integrated_lufs(out, 44100) == pytest.approx(target_lufs, abs=0.05)
    assert report["target_met"] is True


@pytest.mark.parametrize("max_reduction_db", [0.5, 2.0, 6.0])
@pytest.mark.parametrize("name", PROGRAMMES)
def test_an_unreachable_target_is_reported_and_the_limit_kept(name, max_reduction_db):
    make, rate = PROGRAMMES[name]
    audio = make()
    stage = Maximizer(target_lufs=-3.0, ceiling_dbtp=-1.0, max_reduction_db=max_reduction_db)
    out, report = run(stage, audio, rate)
    reached = integrated_lufs(out, rate)
    assert report["target_met"] is False
    assert report["reached_lufs"] == pytest.approx(reached, abs=0.02)
    assert f"{max_reduction_db:g} dB" in report["note"]
    assert reached < -3.05
    taken = reduction_db(out, audio, report["input_gain_db"])
    assert taken <= max_reduction_db + 0.1
    assert report["max_gain_reduction_db"] == pytest.approx(taken, abs=0.05)
    # It goes as far as it may.
    assert taken >= max_reduction_db - 0.3
    assert true_peak_dbtp(out) <= -1.0 + 0.005


@pytest.mark.parametrize("target_lufs", [-24.0, -12.0, -9.0, -7.0, -6.0])
@pytest.mark.parametrize("release_ms", [10.0, 1000.0])
def test_the_report_is_of_the_audio_that_leaves(target_lufs, release_ms):
    audio = music(seconds=3.0)
    stage = Maximizer(target_lufs=target_lufs, max_reduction_db=20.0, release_ms=release_ms)
    out, report = run(stage, audio, 44100)
    reached = integrated_lufs(out, 44100)
    assert report["reached_lufs"] == pytest.approx(reached, abs=0.01)
    assert report["target_met"] is (abs(report["reached_lufs"] - target_lufs) <= 0.05)


def test_a_lone_click_in_quiet_does_not_mislead_the_search():
    """The click alone decides the loudness, and only while the gain lifts it above the gate."""
    rng = np.random.default_rng(1)
    audio = 0.001 * rng.standard_normal((2, 3 * 44100))
    audio[:, 44100] = 0.9
    audio[:, 66150:66350] *= 300.0
    stage = Maximizer(target_lufs=-24.0, max_reduction_db=3.0, release_ms=1.0)
    out, report = run(stage, audio, 44100)
    reached = integrated_lufs(out, 44100)
    assert report["reached_lufs"] == pytest.approx(reached, abs=0.02)
    assert report["target_met"] is (abs(reached + 24.0) <= 0.05)
    assert reached <= -24.0 + 0.05
    assert reduction_db(out, audio, report["input_gain_db"]) <= 3.1


def test_no_limiting_is_needed_for_a_quiet_target():
    audio = music()
    out, report = run(Maximizer(target_lufs=-30.0), audio, 44100)
    np.testing.assert_allclose(out, audio * (out[0, 44100] / audio[0, 44100]), rtol=1e-12)
    assert report["max_gain_reduction_db"] == 0.0


@pytest.mark.parametrize("audio", [np.zeros((2, 44100)), np.full((2, 1000), 0.1), np.zeros((2, 0))])
def test_without_a_loudness_nothing_is_changed(audio):
    out, report = run(Maximizer(), audio, 44100)
    np.testing.assert_array_equal(out, audio)
    assert "loudness is undefined" in report["note"]


def test_blocks_of_any_size_give_the_same():
    audio = music(seconds=1.5)
    whole, report = run(Maximizer(target_lufs=-12.0), audio, 44100, audio.shape[1])
    parts, report_of_parts = run(Maximizer(target_lufs=-12.0), audio, 44100, 1111)
    np.testing.assert_array_equal(parts, whole)
    assert report_of_parts["reached_lufs"] == report["reached_lufs"]
    assert report_of_parts["input_gain_db"] == report["input_gain_db"]


@pytest.mark.parametrize(
    ("seconds", "level", "reason"),
    [(0.3, 0.1, "shorter than the 400 ms"), (2.0, 1e-4, "nothing is louder than the gate")],
)
def test_why_loudness_is_undefined_is_said_rightly(seconds, level, reason):
    audio = level * np.random.default_rng(3).standard_normal((2, round(seconds * 44100)))
    out, report = run(Maximizer(), audio, 44100)
    assert reason in report["note"]
    assert np.array_equal(out, audio)


def test_a_programme_that_needs_more_gain_than_there_is_says_so():
    """The limiter has hardly begun to work; it is not what stops the search."""
    audio = 1e-3 * np.random.default_rng(3).standard_normal((2, 2 * 44100))
    _, report = run(Maximizer(target_lufs=-3.0, max_reduction_db=30.0), audio, 44100)
    assert "more than 60 dB of gain is not given" in report["note"]
    assert report["input_gain_db"] == pytest.approx(60.0, abs=0.01)
