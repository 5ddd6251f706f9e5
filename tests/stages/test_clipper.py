"""The clipper beside a clipper at 32 times the rate, and beside the curve itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from masterprint.signal import Signal
from masterprint.stages.base import Stage
from masterprint.stages.clipper import Clipper
from masterprint.stages.run import run_stage
from oracles import amplitude, decibels
from programmes import dense

RATE = 44100
PERIOD = 1 << 15


def through(stage: Stage, audio: np.ndarray) -> np.ndarray:
    return run_stage(stage, Signal.of(audio, RATE)).collect()


def periodic(row: np.ndarray, stage: Stage) -> np.ndarray:
    """What becomes of one period, where it has come round and will again."""
    return through(stage, np.tile(row, 3)[np.newaxis])[0, PERIOD : 2 * PERIOD]


def tone(hz: float, level: float) -> tuple[np.ndarray, int]:
    """A sine that fits the period, and its bin."""
    turns = round(hz * PERIOD / RATE) | 1
    return level * np.sin(2 * np.pi * turns * np.arange(PERIOD) / PERIOD + 0.3), turns


def foreign_db(row: np.ndarray, turns: int) -> float:
    """All up to 20 kHz that is no harmonic, beside the fundamental."""
    spectrum = np.abs(np.fft.rfft(row))
    fundamental = spectrum[turns]
    spectrum[::turns] = 0.0
    return decibels(np.sqrt(np.sum(spectrum[: PERIOD * 20000 // RATE] ** 2)) / fundamental)


def curve(u: np.ndarray, ceiling: float, softness: float) -> np.ndarray:
    """The static curve, written down anew: straight, parabola, flat."""
    start = ceiling * (1 - softness)
    over = np.maximum(np.abs(u) - start, 0.0)
    knee = ceiling * softness
    round_part = over - over**2 / (4 * knee) if knee else np.minimum(over, 0.0)
    flat = np.full_like(u, ceiling - start)
    bent = start + np.where(over >= 2 * knee, flat, round_part)
    return np.where(np.abs(u) <= start, u, np.sign(u) * bent)


@pytest.mark.parametrize("softness", [0.0, 0.3, 1.0])
def test_what_does_not_belong_is_90_db_down(softness: float) -> None:
    row, turns = tone(5000.0, amplitude(6.0))
    out = periodic(row, Clipper(ceiling_db=0.0, softness=softness))
    assert foreign_db(out, turns) < -90.0
    assert foreign_db(np.clip(row, -1, 1), turns) > -45.0  # what is done about


@pytest.mark.parametrize("softness", [0.25, 0.6, 1.0])
@pytest.mark.parametrize("gain_db", [0.0, 6.0, 12.0])
def test_the_static_curve(softness: float, gain_db: float) -> None:
    row, _ = tone(40.0, 0.9)
    out = periodic(row, Clipper(ceiling_db=-2.0, softness=softness, input_gain_db=gain_db))
    wanted = curve(row * amplitude(gain_db), amplitude(-2.0), softness)
    assert np.max(np.abs(out - wanted)) < 2e-4


def test_as_clipped_at_32_times_the_rate() -> None:
    music = 6.0 * dense(RATE, 6.0)[0, 2 * RATE : 2 * RATE + PERIOD] * np.hanning(PERIOD)
    spectrum = np.zeros(16 * PERIOD + 1, complex)
    spectrum[: PERIOD // 2 + 1] = np.fft.rfft(music)
    fine = np.clip(np.fft.irfft(spectrum, 32 * PERIOD) * 32, -1.0, 1.0)
    wanted = np.fft.irfft(np.fft.rfft(fine)[: PERIOD // 2 + 1] / 32, PERIOD)
    out = periodic(music, Clipper(ceiling_db=0.0, softness=0.0))
    heard = slice(0, PERIOD * 19000 // RATE)  # above, our filters let go of what is added
    added, missed = np.fft.rfft(wanted - music)[heard], np.fft.rfft(out - wanted)[heard]
    assert decibels(np.linalg.norm(missed) / np.linalg.norm(added)) < -45.0


@pytest.mark.parametrize("softness", [0.0, 0.25, 1.0])
@pytest.mark.parametrize("gain_db", [0.0, 3.0, 36.0])
def test_the_reduction_is_that_of_the_highest_sample(softness: float, gain_db: float) -> None:
    noise = np.random.default_rng(2).uniform(-1.0, 1.0, (2, 20000))
    noise[1, 777] = 1.0
    report: dict = {}
    signal = replace(Signal.of(noise, RATE), report=report)
    stage = Clipper(ceiling_db=-2.0, softness=softness, input_gain_db=gain_db)
    run_stage(stage, signal).collect()
    (left,) = curve(np.array([amplitude(gain_db)]), amplitude(-2.0), softness)
    assert report["max_gain_reduction_db"] == pytest.approx(gain_db - decibels(left), abs=0.002)


def test_below_the_knee_every_bit_stays() -> None:
    audio = dense(RATE, 6.0)
    out = through(Clipper(ceiling_db=-1.0, softness=0.25), audio * amplitude(-3.0))
    quiet = audio * amplitude(-3.0)
    assert out.tobytes() == quiet.tobytes()
    loud = audio * amplitude(4.0)
    out = through(Clipper(ceiling_db=-1.0, softness=0.0), loud)
    changed = np.flatnonzero((out != loud).any(axis=0))
    over = np.flatnonzero((np.abs(loud) > 0.7).any(axis=0))
    assert len(changed)
    behind = np.searchsorted(over, changed).clip(1, len(over) - 1)
    distance = np.minimum(np.abs(changed - over[behind - 1]), np.abs(over[behind] - changed))
    assert distance.max() < 100


def test_the_ceiling_is_held_but_for_some_tenths_and_the_report_says_so() -> None:
    audio = dense(RATE, 6.0)
    report: dict = {}
    signal = replace(Signal.of(audio, RATE), report=report)
    out = run_stage(Clipper(ceiling_db=-1.0, input_gain_db=9.0), signal).collect()
    peak_db = decibels(np.max(np.abs(out)))
    assert -1.5 < peak_db < -0.3
    assert report["peak_dbfs"] == pytest.approx(peak_db, abs=0.001)
    share = np.mean((np.abs(out - audio * amplitude(9.0)) > 1e-4 * amplitude(-1.0)).any(axis=0))
    assert report["clipped_percent"] == pytest.approx(100 * share, abs=0.001)
    assert 5.0 < report["max_gain_reduction_db"] < 7.0
