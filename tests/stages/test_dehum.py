"""Hum of known truth added to programmes, taken out again; and music that must stay as it is."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import signal as sps

from masterprint.signal import Signal
from masterprint.stages.dehum import Dehum
from masterprint.stages.run import run_stage
from masterprint.testing import check_stage_contract
from oracles import run_whole
from programmes import (
    PROGRAMMES,
    log_spectral_distance_db,
    sdr_db,
    with_hum,
)

RATE = 44100
Audio = NDArray[np.float64]


@cache
def programme(name: str) -> Audio:
    return PROGRAMMES[name](RATE, 12.0)


def dehummed(audio: Audio, rate: int = RATE, **settings: Any) -> tuple[Audio, dict[str, Any]]:
    return run_whole(Dehum(**settings), audio, rate)


def note(hz: float, seconds: float, rate: int = RATE, harmonics: int = 6) -> Audio:
    """An organ's note: as steady as hum, for as long as it lasts."""
    t = np.arange(round(seconds * rate)) / rate
    tone = sum(np.sin(2 * np.pi * hz * k * t + k) / k for k in range(1, harmonics + 1))
    return 0.1 * np.asarray(tone) * np.minimum(1.0, np.minimum(t / 0.05, (seconds - t) / 0.1))


def notched(audio: Audio, hz: float) -> Audio:
    """What there is to beat: a notch of 2 Hz at each of 20 harmonics, forwards and backwards."""
    for order in range(1, 21):
        b, a = sps.iirnotch(order * hz, order * hz / 2.0, fs=RATE)
        audio = sps.filtfilt(b, a, audio)
    return audio


@pytest.mark.parametrize(
    ("name", "level_dbfs", "hz", "drift_hz"),
    [
        ("dense", -40.0, 60.0, 0.2),
        ("acoustic", -60.0, 60.0, 0.05),
        ("acoustic", -50.0, 50.0, 0.05),
        ("speech", -50.0, 50.0, 0.2),
        ("castanets", -50.0, 48.7, 0.05),
    ],
)
def test_hum_goes_and_the_programme_comes_nearer_to_the_truth(
    name: str, level_dbfs: float, hz: float, drift_hz: float
) -> None:
    truth = programme(name)
    hummed = with_hum(truth, level_dbfs, RATE, hz, drift_hz)
    out, report = dehummed(hummed)
    before, after = sdr_db(truth, hummed), sdr_db(truth, out)
    assert after > before + (10.0 if level_dbfs >= -50.0 else 4.0)
    assert log_spectral_distance_db(truth, out) < log_spectral_distance_db(truth, hummed)
    assert report["frequency_hz"] == pytest.approx(hz, abs=0.02 + drift_hz)
    assert after > sdr_db(truth, notched(hummed, hz)) + 10.0


def test_lines_of_clear_hum_are_down_by_30_db() -> None:
    truth = programme("acoustic")
    hummed = with_hum(truth, -30.0, RATE)
    left = dehummed(hummed)[0] - truth
    hum = hummed - truth
    window = np.hanning(truth.shape[1])
    bins = np.round(50.0 * np.arange(1, 21) * truth.shape[1] / RATE).astype(int)
    was, now = (np.abs(np.fft.rfft(window * x[0]))[bins] for x in (hum, left))
    down_db = 20 * np.log10(was / now)
    assert np.median(down_db) > 30.0
    assert down_db.min() > 10.0


@pytest.mark.parametrize("name", list(PROGRAMMES))
def test_a_programme_without_hum_stays_to_the_bit(name: str) -> None:
    audio = programme(name)
    out, report = dehummed(audio)
    assert out.tobytes() == audio.tobytes()
    assert report["summary"] == "no hum was found"
    assert report["pinned"] == []


@pytest.mark.parametrize("name", ["dense", "acoustic"])
def test_bars_that_repeat_for_long_are_no_hum(name: str) -> None:
    audio = np.tile(programme(name), 5)
    assert dehummed(audio)[0].tobytes() == audio.tobytes()


@pytest.mark.parametrize(
    ("hz", "seconds", "harmonics"), [(50.0, 9.0, 6), (55.0, 16.0, 10), (233.0, 16.0, 3)]
)
def test_a_held_note_at_the_pitch_of_hum_is_music(
    hz: float, seconds: float, harmonics: int
) -> None:
    audio = np.tile(programme("acoustic"), 2)
    held = note(hz, seconds, harmonics=harmonics)
    audio[:, 3 * RATE : 3 * RATE + len(held)] += held
    out, _ = dehummed(audio)
    assert out.tobytes() == audio.tobytes()


def test_notes_at_the_pitch_of_hum_stay_when_the_hum_goes() -> None:
    truth = programme("acoustic").copy()
    for at, hz in ((2.0, 50.0), (5.0, 100.0), (8.0, 49.0), (10.0, 61.7)):
        held = note(hz, 1.2)
        truth[:, round(at * RATE) : round(at * RATE) + len(held)] += held
    hummed = with_hum(truth, -45.0, RATE)
    out, _ = dehummed(hummed)
    for at in (2.0, 5.0, 8.0, 10.0):
        there = slice(round(at * RATE), round((at + 1.2) * RATE))
        assert sdr_db(truth[:, there], out[:, there]) > 40.0
    assert sdr_db(truth, out) > sdr_db(truth, hummed) + 15.0


def test_each_channel_has_its_own_hum() -> None:
    truth = programme("speech")
    hummed = truth.copy()
    hummed[0] = with_hum(truth, -45.0, RATE)[0]
    out, report = dehummed(hummed)
    assert sdr_db(truth[:1], out[:1]) > sdr_db(truth[:1], hummed[:1]) + 15.0
    assert sdr_db(truth[1:], out[1:]) > 80.0
    first = report["harmonics"][0]
    assert first["harmonic"] == 1
    assert first["level_dbfs"][0] == pytest.approx(-45.0, abs=0.2)


def test_hum_that_stops_is_taken_out_until_then() -> None:
    truth = np.tile(programme("speech"), 2)
    hummed = truth.copy()
    hummed[:, : 14 * RATE] = with_hum(truth, -45.0, RATE)[:, : 14 * RATE]
    out, report = dehummed(hummed)
    ((first, last),) = report["present_s"]
    assert first < 0.5
    assert last == pytest.approx(14.0, abs=0.5)
    assert out[:, 15 * RATE :].tobytes() == truth[:, 15 * RATE :].tobytes()
    assert sdr_db(truth, out) > sdr_db(truth, hummed) + 10.0


def test_what_was_found_can_be_pinned() -> None:
    hummed = with_hum(programme("speech"), -45.0, RATE, 60.0, 0.1)
    out, report = dehummed(hummed)
    (entry,) = report["pinned"]
    again, _ = dehummed(hummed, **entry["dehum"])
    assert again.tobytes() == out.tobytes()
    assert report["drift_hz"][0] == pytest.approx(60.0, abs=0.03)
    assert report["drift_hz"][1] == pytest.approx(60.1, abs=0.03)
    assert len(report["track_hz"]) <= 200


def test_only_the_harmonics_asked_for_go() -> None:
    truth = programme("speech")
    hummed = with_hum(truth, -40.0, RATE)
    for wanted, gone in ((3, {1, 2, 3}), ([1, 5], {1, 5})):
        out, report = dehummed(hummed, harmonics=wanted)
        assert {line["harmonic"] for line in report["harmonics"]} == gone
        window = np.hanning(truth.shape[1])
        bins = np.round(50.0 * np.arange(1, 8) * truth.shape[1] / RATE).astype(int)
        taken = np.abs(np.fft.rfft(window * (hummed - out)[0]))[bins]
        assert {n + 1 for n in np.flatnonzero(taken > 1e-3 * taken.max())} == gone


def test_digital_silence_stays_silent() -> None:
    hummed = with_hum(programme("speech"), -40.0, RATE)
    hummed[:, : 2 * RATE] = 0.0
    hummed[:, -RATE:] = 0.0
    hummed[1, 5 * RATE : 6 * RATE] = 0.0
    out, report = dehummed(hummed)
    assert report["harmonics"]
    assert not out[:, : 2 * RATE].any()
    assert not out[:, -RATE:].any()
    assert not out[1, 5 * RATE : 6 * RATE].any()
    assert out[0, 5 * RATE : 6 * RATE].any()


def test_what_is_too_short_is_left_alone_and_said_so() -> None:
    hummed = with_hum(programme("speech")[:, : 3 * RATE], -30.0, RATE)
    out, report = dehummed(hummed)
    assert out.tobytes() == hummed.tobytes()
    assert "shorter than 4 s" in report["summary"]


@pytest.mark.parametrize(("rate", "channels"), [(11025, 1), (22050, 6), (96000, 1)])
def test_any_rate_and_number_of_channels(rate: int, channels: int) -> None:
    voice = sps.resample_poly(programme("speech")[:1, : 8 * RATE], rate, RATE, axis=1)
    truth = np.repeat(voice, channels, axis=0)
    hummed = with_hum(truth, -40.0, rate)
    out, _ = dehummed(hummed, rate)
    assert sdr_db(truth, out) > sdr_db(truth, hummed) + 15.0


@pytest.mark.parametrize("rate", [11025, 22050])
@pytest.mark.parametrize("kind", ["noise", "ones", "silence", "impulse"])
def test_strange_audio_of_some_length_keeps_the_contract(kind: str, rate: int) -> None:
    frames = 5 * rate + 123
    audio = np.zeros((2, frames))
    if kind == "noise":
        audio = np.random.default_rng(1).uniform(-1.0, 1.0, (2, frames))
    elif kind == "ones":
        audio += 1.0
    elif kind == "impulse":
        audio[:, frames // 2] = 1.0
    for settings in ({}, {"frequency_hz": 50.0, "harmonics": list(range(1, 41))}):
        out, _ = dehummed(audio, rate, **settings)
        sizes = Signal.of(audio, rate, 997)
        again = run_stage(Dehum(**settings), sizes).collect()
        assert out.shape == audio.shape
        assert np.isfinite(out).all()
        assert out.tobytes() == again.tobytes()
        if kind in ("silence", "impulse"):
            assert out.tobytes() == audio.tobytes() or np.abs(out - audio).max() < 1e-3


def test_short_audio_keeps_the_contract() -> None:
    check_stage_contract(Dehum(frequency_hz=50.0, harmonics=[1, 2, 40], follow=False))
