"""The expander against its curve, and against a programme with pauses."""

from __future__ import annotations

import math

import numpy as np
import pytest

from masterprint.stages.expander import Expander
from oracles import amplitude, decibels, run, tone
from programmes import speech, with_hiss

RATE = 48000


def steady(level_db: float, seconds: float = 0.5) -> np.ndarray:
    return np.full((1, round(seconds * RATE)), amplitude(level_db))


def gain_db(out: np.ndarray, audio: np.ndarray) -> np.ndarray:
    return 20.0 * np.log10(out / audio)


@pytest.mark.parametrize("detector", ["peak", "rms"])
@pytest.mark.parametrize(("ratio", "knee_db"), [(1.5, 0.0), (2.0, 6.0), (4.0, 0.0), (1.0, 6.0)])
def test_static_curve(ratio: float, knee_db: float, detector: str) -> None:
    stage = Expander(
        threshold_db=-40.0,
        ratio=ratio,
        knee_db=knee_db,
        range_db=30.0,
        release_ms=10.0,
        detector=detector,
    )
    for level_db in (-60.0, -50.0, -45.0, -42.0, -40.5, -39.5, -30.0, 0.0):
        out, _ = run(stage, steady(level_db), RATE)
        below = -40.0 - level_db
        if level_db >= -40.0:
            expected = 0.0
        elif knee_db and below < knee_db / 2:
            expected = (ratio - 1.0) * (below + knee_db / 2) ** 2 / (2 * knee_db)
        else:
            expected = (ratio - 1.0) * below
        assert decibels(out[0, -1]) == pytest.approx(level_db - min(expected, 30.0), abs=0.01)


def test_nothing_more_than_the_range_is_taken_off() -> None:
    stage = Expander(threshold_db=-30.0, ratio=100.0, range_db=9.0)
    out, report = run(stage, steady(-70.0, 4.0), RATE)
    assert gain_db(out, steady(-70.0, 4.0))[0, -1] == pytest.approx(-9.0, abs=0.01)
    assert report["max_gain_reduction_db"] == pytest.approx(9.0, abs=0.01)


@pytest.mark.parametrize(("attack_ms", "release_ms"), [(1.0, 100.0), (10.0, 40.0), (50.0, 400.0)])
def test_opening_and_closing_take_their_times(attack_ms: float, release_ms: float) -> None:
    stage = Expander(
        threshold_db=-40.0,
        ratio=2.0,
        range_db=60.0,
        knee_db=0.0,
        hold_ms=0.0,
        hysteresis_db=0.0,
        attack_ms=attack_ms,
        release_ms=release_ms,
        lookahead_ms=0.0,
        detector="peak",
    )
    audio = np.concatenate([steady(-60.0, 4.0), steady(-20.0, 1.0), steady(-60.0, 4.0)], axis=1)
    gain = gain_db(*(run(stage, audio, RATE)[0], audio))[0]
    start, stop = 4 * RATE, 5 * RATE
    assert gain[start - 1] == pytest.approx(-20.0, abs=0.01)
    opened = np.argmax(gain[start:] > -20.0 * math.exp(-1.0))
    assert opened == pytest.approx(attack_ms * RATE / 1000, rel=0.05)
    closed = np.argmax(gain[stop:] < -20.0 * (1.0 - math.exp(-1.0)))
    assert closed == pytest.approx(release_ms * RATE / 1000, rel=0.05)


def test_it_stays_open_within_the_hysteresis_and_for_the_hold() -> None:
    settings = {"threshold_db": -40.0, "ratio": 10.0, "release_ms": 1.0, "lookahead_ms": 0.0}
    stage = Expander(**settings, hysteresis_db=6.0, hold_ms=200.0, knee_db=0.0, detector="peak")
    audio = np.concatenate([steady(-30.0, 0.5), steady(-45.0, 1.0), steady(-50.0, 1.0)], axis=1)
    gain = gain_db(run(stage, audio, RATE)[0], audio)[0]
    closes = round(1.5 * RATE) + round(0.2 * RATE)
    assert np.abs(gain[: closes - 2]).max() < 1e-9
    assert gain[closes + 10] < -0.5
    assert gain[-1] < -11.9
    # The same level from below does not open it.
    out, _ = run(stage, steady(-45.0, 1.0), RATE)
    assert decibels(out[0, -1]) < -56.0


def test_pauses_become_quieter_and_words_stay_as_they_are() -> None:
    clean = speech(RATE, 8.0)
    audio = with_hiss(clean, -58.0, RATE)
    out, _ = run(Expander(threshold_db=-48.0, range_db=12.0), audio, RATE)
    window = RATE // 20
    levels = np.sqrt(
        np.mean(clean[0, : len(clean[0]) // window * window].reshape(-1, window) ** 2, 1)
    )
    going_on = np.convolve(levels > 0.02, np.ones(5))[: len(levels)] > 4.5
    loud, quiet = np.repeat(going_on, window), np.repeat(levels < 1e-4, window)
    n = len(loud)
    assert np.abs(gain_db(out[0, :n][loud], audio[0, :n][loud])).max() < 0.1
    change = np.sum(out[0, :n][quiet] ** 2) / np.sum(audio[0, :n][quiet] ** 2)
    assert 10 * math.log10(change) < -6.0


def test_linked_channels_move_together_and_unlinked_ones_alone() -> None:
    audio = np.stack([tone(RATE, 1.0, 500.0, -20.0), tone(RATE, 1.0, 700.0, -60.0)])
    settings = {"threshold_db": -40.0, "ratio": 3.0, "range_db": 20.0, "release_ms": 20.0}
    linked, _ = run(Expander(**settings), audio, RATE)
    heard = RATE // 10  # until then the mean of the level rises
    np.testing.assert_allclose(linked[:, heard:], audio[:, heard:], rtol=1e-9)
    alone, _ = run(Expander(**settings, link=0.0), audio, RATE)
    np.testing.assert_allclose(alone[0, heard:], audio[0, heard:], rtol=1e-9)
    assert np.abs(alone[1, -RATE // 4 :]).max() == pytest.approx(amplitude(-80.0), rel=0.02)
