"""Saturation beside its curve written down anew, and what makes the three machines differ."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from masterprint.chain.model import Chain
from masterprint.signal import Signal
from masterprint.stages.run import run_stage
from masterprint.stages.saturation import Saturation
from oracles import amplitude, decibels, integrated_lufs, run_whole
from programmes import dense

RATE = 44100
PERIOD = 1 << 15
CURVES = ("tape", "tube", "transformer")


def through(stage: Saturation, audio: np.ndarray) -> np.ndarray:
    return run_stage(stage, Signal.of(audio, RATE)).collect()


def harmonics(stage: Saturation, hz: float, level_db: float) -> tuple[np.ndarray, np.ndarray]:
    """Levels in dB of harmonics 0 to 8, and the whole spectrum without harmonics, of a sine."""
    turns = round(hz * PERIOD / RATE) | 1
    row = amplitude(level_db) * np.sin(2 * np.pi * turns * np.arange(4 * PERIOD) / PERIOD)
    out = through(stage, row[np.newaxis])[0, 2 * PERIOD : 3 * PERIOD]
    spectrum = np.abs(np.fft.rfft(out)) / (PERIOD / 2)
    found = np.array([decibels(max(x, 1e-12)) for x in spectrum[: 9 * turns : turns]])
    spectrum[::turns] = 0.0
    return found, spectrum


def static(row: np.ndarray, drive_db: float, bias: float) -> np.ndarray:
    drive = amplitude(drive_db)
    bent = (drive * row + bias) / np.hypot(1.0, drive * row + bias) - bias / np.hypot(1.0, bias)
    return bent * (1 + bias**2) ** 1.5 / drive


@pytest.mark.parametrize("curve", CURVES)
def test_what_does_not_belong_is_90_db_down(curve: str) -> None:
    found, rest = harmonics(Saturation(curve=curve, drive_db=6.0), 5000.0, 0.0)
    foreign = np.sqrt(np.sum(rest[: PERIOD * 20000 // RATE] ** 2))
    assert decibels(foreign) - found[1] < -90.0


@pytest.mark.parametrize(("curve", "bias"), [("tape", 0.0), ("tube", 0.4)])
@pytest.mark.parametrize("drive_db", [-6.0, 0.0, 12.0])
def test_harmonics_are_those_of_the_curve(curve: str, bias: float, drive_db: float) -> None:
    hz = 200.0  # far below where tape's emphasis begins
    found, _ = harmonics(Saturation(curve=curve, drive_db=drive_db), hz, -3.0)
    row = amplitude(-3.0) * np.sin(2 * np.pi * np.arange(4096) / 4096)
    wanted = np.abs(np.fft.rfft(static(row, drive_db, bias))) / 2048
    for order in range(1, 8):
        if wanted[order] > 1e-5:
            assert found[order] == pytest.approx(decibels(wanted[order]), abs=0.15)


def test_each_machine_has_its_own_sound() -> None:
    tape, _ = harmonics(Saturation(curve="tape"), 1000.0, -6.0)
    tube, _ = harmonics(Saturation(curve="tube"), 1000.0, -6.0)
    assert tape[2] < -120.0 < -50.0 < tape[3]
    assert tube[2] > tube[3] + 10.0
    high, _ = harmonics(Saturation(curve="tape"), 7000.0, -6.0)
    assert high[1] < tape[1] - 1.0  # highs are bent sooner
    low, _ = harmonics(Saturation(curve="transformer"), 40.0, -6.0)
    middle, _ = harmonics(Saturation(curve="transformer"), 1000.0, -6.0)
    assert low[3] > middle[3] + 10.0
    assert max(found[0] for found in (tape, tube, low, middle)) < -75.0  # no offset


@pytest.mark.parametrize("curve", CURVES)
def test_what_is_quiet_stays_as_it_is(curve: str) -> None:
    audio = dense(RATE, 6.0) * amplitude(-50.0)
    change = through(Saturation(curve=curve), audio) - audio
    assert decibels(np.sqrt(np.mean(change**2) / np.mean(audio**2))) < -50.0


@pytest.mark.parametrize("curve", CURVES)
@pytest.mark.parametrize("drive_db", [-6.0, 6.0])
def test_it_reports_the_harmonics_that_can_be_measured(curve: str, drive_db: float) -> None:
    stage = Saturation(curve=curve, drive_db=drive_db)
    found, _ = harmonics(stage, 300.0, -6.0)
    measured = 10 * np.log10(np.sum(10 ** (found[2:] / 10))) - found[1]
    hz = round(300.0 * PERIOD / RATE) * RATE / PERIOD
    audio = amplitude(-6.0) * np.sin(2 * np.pi * hz * np.arange(8 * PERIOD) / RATE)
    _, report = run_whole(stage, audio[np.newaxis])
    assert report["added_db"] == pytest.approx(measured, abs=0.3)


@pytest.mark.parametrize("curve", CURVES)
def test_the_loudness_can_stay_as_it_was(curve: str) -> None:
    audio = dense(RATE, 6.0)
    bent = through(Saturation(curve=curve, drive_db=12.0), audio)
    report: dict = {}
    signal = replace(Signal.of(audio, RATE), report=report)
    stage = Saturation(curve=curve, drive_db=12.0, match_loudness=True)
    matched = run_stage(stage, signal).collect()
    pinned = Chain.model_validate({"name": "pinned", "stages": report["pinned"]})
    assert pinned.apply(audio, RATE).tobytes() == matched.tobytes()
    assert abs(integrated_lufs(bent, RATE) - integrated_lufs(audio, RATE)) > 1.0
    assert integrated_lufs(matched, RATE) == pytest.approx(integrated_lufs(audio, RATE), abs=0.05)
    ratio = matched[0, 50000:60000] / bent[0, 50000:60000]
    assert np.ptp(ratio) < 1e-9
