"""The de-esser on tones of known level, and on a voice whose sibilants are known."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError
from scipy import signal as sps

from masterprint.stages.deess import Deess
from oracles import amplitude, decibels, run, tone
from programmes import acoustic, dense, speech

RATE = 44100


def level_db(row: np.ndarray) -> float:
    return decibels(float(np.sqrt(np.mean(row**2))))


def vowel_and_s(balance_db: float) -> np.ndarray:
    """A tone at 300 Hz, and one at 14 kHz whose level is that of the sum but for `balance_db`."""
    share = 10 ** (balance_db / 10)
    low = tone(RATE, 1.0, 300.0, -12.0)
    high = tone(RATE, 1.0, 14000.0, -12.0) * np.sqrt(share / (1.0 - share))
    return np.stack([low, high])


@pytest.mark.parametrize("balance_db", [-20.0, -14.0, -10.0, -6.0, -3.0, -1.0])
@pytest.mark.parametrize("loudness_db", [0.0, -24.0])
def test_static_curve_is_relative(balance_db: float, loudness_db: float) -> None:
    low, high = vowel_and_s(balance_db) * amplitude(loudness_db)
    stage = Deess(threshold_db=-10.0, ratio=2.0, knee_db=0.0, range_db=20.0, attack_ms=5.0)
    out, _ = run(stage, (low + high)[np.newaxis], RATE)
    middle = slice(RATE // 2, -RATE // 10)
    spectrum = np.abs(np.fft.rfft(out[0, middle] * np.hanning(len(out[0, middle]))))
    before = np.abs(np.fft.rfft((low + high)[middle] * np.hanning(len(out[0, middle]))))
    at = np.argmax(before * (np.arange(len(before)) > len(before) * 5000 // (RATE // 2)))
    found = decibels(spectrum[at] / before[at])
    # The means sway with the 300 Hz tone, so the static curve shows within a third of a dB.
    assert found == pytest.approx(-0.5 * max(0.0, balance_db + 10.0), abs=0.35)
    assert abs(decibels(spectrum[: at // 2].max() / before[: at // 2].max())) < 0.02


def test_sibilants_are_softened_and_vowels_left_alone() -> None:
    voice = speech(RATE, 12.0)
    out, report = run(Deess(range_db=6.0), voice, RATE)
    band = sps.butter(4, 5000.0, "high", fs=RATE, output="sos")
    frames = len(voice[0]) // 1323 * 1323
    parts = [
        np.mean(x[0, :frames].reshape(-1, 1323) ** 2, axis=1)
        for x in (voice, sps.sosfilt(band, voice), out)
    ]
    whole, high, after = parts
    loud = whole > 1e-5
    change = 10 * np.log10(after / whole)
    sibilant = loud & (high > 0.7 * whole)
    vowel = loud & (high < 0.03 * whole)
    assert sibilant.sum() > 20 < vowel.sum()
    assert np.median(change[sibilant]) < -2.5
    assert np.abs(change[vowel]).max() < 0.5
    assert np.median(np.abs(change[vowel])) < 0.01
    assert 5.0 < report["max_gain_reduction_db"] <= 6.0


@pytest.mark.parametrize("programme", [dense, acoustic])
def test_music_without_sibilants_hardly_changes(programme) -> None:
    audio = programme(RATE, 8.0)
    out, _ = run(Deess(), audio, RATE)
    assert level_db(out - audio) - level_db(audio) < -30.0


def test_nothing_outside_the_band_changes() -> None:
    noise = 0.1 * np.random.default_rng(5).standard_normal((1, 4 * RATE))
    stage = Deess(low_hz=5000.0, high_hz=9000.0, threshold_db=-20.0, range_db=12.0)
    out, _ = run(stage, noise, RATE)
    frequencies, before = sps.welch(noise[0], RATE, nperseg=4096)
    after = sps.welch(out[0], RATE, nperseg=4096)[1]
    change = 10 * np.log10(after / before)
    assert np.abs(change[(frequencies < 2500) | (frequencies > 17000)]).max() < 0.15
    inside = (frequencies > 6300) & (frequencies < 7200)
    assert change[inside].mean() < -4.0


def test_hiss_in_pauses_is_no_sibilant() -> None:
    hiss = 1e-3 * np.random.default_rng(6).standard_normal((1, RATE))
    high = sps.sosfilt(sps.butter(4, 6000.0, "high", fs=RATE, output="sos"), hiss)
    assert run(Deess(), high, RATE)[0].tobytes() == high.tobytes()
    assert level_db(run(Deess(floor_db=-100.0), high, RATE)[0]) < level_db(high) - 3.0


def test_a_band_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(ValidationError, match="end above where it begins"):
        Deess(low_hz=7000.0, high_hz=6000.0)
