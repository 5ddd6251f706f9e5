"""The transient shaper on strokes whose beginnings and ends are known."""

from __future__ import annotations

import numpy as np
import pytest

from masterprint.stages.transient import Transient
from oracles import amplitude, decibels, run, tone
from programmes import dense

RATE = 44100
EVERY, STROKES = RATE, 5


def strokes(level_db: float = -6.0) -> np.ndarray:
    """A stroke a second: 1 kHz that begins at once and dies away by 60 dB in 0.8 s."""
    t = np.arange(EVERY) / RATE
    one = np.sin(2 * np.pi * 1000.0 * t) * np.exp(-6.9 * t / 0.8)
    return amplitude(level_db) * np.tile(one, STROKES)[np.newaxis]


def level_db(audio: np.ndarray, start_s: float, stop_s: float) -> float:
    """Of this part of every stroke but the first."""
    each = audio.reshape(STROKES, EVERY)[1:]
    part = each[:, round(start_s * RATE) : round(stop_s * RATE)]
    return decibels(float(np.sqrt(np.mean(part**2))))


def change_db(stage: Transient, audio: np.ndarray, start_s: float, stop_s: float) -> float:
    return level_db(run(stage, audio, RATE)[0], start_s, stop_s) - level_db(audio, start_s, stop_s)


@pytest.mark.parametrize("loudness_db", [-3.0, -20.0, -35.0])
@pytest.mark.parametrize("amount_db", [-9.0, 9.0])
def test_attack_changes_beginnings_at_any_level(amount_db: float, loudness_db: float) -> None:
    stage = Transient(attack_db=amount_db)
    audio = strokes(loudness_db)
    begin = change_db(stage, audio, 0.0, 0.004)
    assert begin == pytest.approx(amount_db, abs=1.5)
    assert abs(change_db(stage, audio, 0.15, 0.5)) < 0.2


@pytest.mark.parametrize("amount_db", [-9.0, 9.0])
def test_sustain_changes_ends(amount_db: float) -> None:
    stage = Transient(attack_db=0.0, sustain_db=amount_db)
    audio = strokes()
    assert abs(change_db(stage, audio, 0.0, 0.010)) < 0.2
    assert change_db(stage, audio, 0.25, 0.5) == pytest.approx(amount_db, abs=2.0)


@pytest.mark.parametrize("hz", [41.0, 60.0, 440.0, 5000.0])
def test_what_is_steady_stays_as_it_is(hz: float) -> None:
    audio = tone(RATE, 2.0, hz, -10.0)[np.newaxis]
    out, _ = run(Transient(attack_db=15.0, sustain_db=15.0), audio, RATE)
    tail = slice(RATE, -RATE // 4)
    assert decibels(np.abs(out - audio)[0, tail].max() / amplitude(-10.0)) < -60.0


def test_nothing_asked_for_is_nothing_done() -> None:
    audio = dense(RATE, 5.0)
    out, report = run(Transient(attack_db=0.0, sustain_db=0.0), audio, RATE)
    assert out.tobytes() == audio.tobytes()
    assert (report["max_gain_db"], report["min_gain_db"]) == (0.0, 0.0)


def test_noise_below_the_floor_has_no_attacks() -> None:
    noise = 5e-5 * np.random.default_rng(2).standard_normal((1, RATE))
    out, _ = run(Transient(attack_db=15.0, sustain_db=-15.0), noise, RATE)
    assert out.tobytes() == noise.tobytes()


def test_drums_gain_crest() -> None:
    audio = dense(RATE, 8.0)

    def crest(x: np.ndarray) -> float:
        return decibels(np.abs(x).max() / np.sqrt(np.mean(x**2)))

    sharper, _ = run(Transient(attack_db=8.0), audio, RATE)
    softer, _ = run(Transient(attack_db=-8.0), audio, RATE)
    assert crest(softer) < crest(audio) - 0.5
    assert crest(sharper) > crest(audio) + 0.5
