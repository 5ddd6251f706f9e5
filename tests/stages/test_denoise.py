"""Denoising, held against what was there before the noise was added."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError
from scipy import signal as sps

from masterprint.errors import ChainError
from masterprint.signal import Signal
from masterprint.stages.denoise import Denoise
from masterprint.stages.run import run_stage
from oracles import run_whole
from programmes import (
    PROGRAMMES,
    acoustic,
    log_spectral_distance_db,
    sdr_db,
    with_hiss,
)

RATE = 44100
Audio = NDArray[np.float64]
WHITE_60 = {"frequency_hz": 1000.0, "level_db": [-79.8]}


@cache
def programme(name: str) -> Audio:
    return PROGRAMMES[name](RATE, 8.0)


def rms_db(audio: Audio) -> float:
    return float(10 * np.log10(np.mean(audio**2)))


@pytest.mark.parametrize("name", PROGRAMMES)
def test_music_without_hiss_passes_bit_for_bit(name: str) -> None:
    audio = programme(name)
    out, report = run_whole(Denoise(), audio)
    assert out.tobytes() == audio.tobytes()
    assert report["pinned"] == []
    assert "left as it is" in report["summary"]


def brushes() -> Audio:
    """A guitar, and brushes stirred on a snare, which begin and end with it."""
    t = np.arange(20 * RATE) / RATE
    rng = np.random.default_rng(1)
    band = sps.butter(1, [900, 9000], "band", fs=RATE, output="sos")
    stirred = sps.sosfilt(band, rng.standard_normal((2, len(t))))
    stirred *= (0.25 + 0.75 * np.abs(np.sin(2 * np.pi * 1.1 * t)) ** 1.5) * ((t > 0.4) & (t < 19.5))
    return 0.2 * acoustic(RATE, 20.0) + 0.03 * stirred


def distorted_guitar() -> Audio:
    """Fifths through a stage that clips: partials every 41 Hz, as flat as noise, but steady."""
    rng = np.random.default_rng(1)
    t = np.arange(round(0.8 * RATE)) / RATE
    notes = []
    for semitones in rng.choice([0, 3, 5, 7], 15):
        hz = 82.4 * 2 ** (semitones / 12)
        partials = [order * turn for order in range(1, 12) for turn in (1.0, 1.5)]
        tone = sum(
            np.sin(2 * np.pi * hz * p * t + rng.uniform(0, 0.2)) / np.ceil(p) for p in partials
        )
        notes.append(tone * np.exp(-t / 1.5) * np.minimum(1, (0.8 - t) / 0.01))
    low = sps.butter(2, 5000, "low", fs=RATE, output="sos")
    return 0.3 * sps.sosfilt(low, np.tanh(6 * np.concatenate(notes)))[None]


@pytest.mark.parametrize("music", [brushes, distorted_guitar])
def test_music_that_is_nearly_as_steady_as_hiss_is_none(music: Callable[[], Audio]) -> None:
    audio = music()
    out, _ = run_whole(Denoise(), audio)
    assert out.tobytes() == audio.tobytes()


def test_hiss_is_found_beside_digital_silence_which_stays() -> None:
    hissing = with_hiss(programme("speech"), -50.0)
    silent = np.zeros(hissing.shape, bool)
    silent[:, : round(1.1 * RATE)] = silent[0, 3 * RATE : 5 * RATE] = silent[:, -3000:] = True
    hissing[silent] = 0.0
    out, report = run_whole(Denoise(), hissing)
    assert report["noise_dbfs"] == pytest.approx([-50.0, -50.0], abs=0.6)
    assert not out[silent].any()
    assert out[1, 3 * RATE : 5 * RATE].any()
    (entry,) = report["pinned"]
    blocks = Signal.of(hissing, RATE, 997)
    again = run_stage(Denoise(**entry["denoise"]), blocks).collect()
    assert again.tobytes() == out.tobytes()


@pytest.mark.parametrize(
    ("name", "level", "gain", "distance"),
    [
        ("dense", -50.0, 3.8, 0.58),
        ("acoustic", -50.0, 11.0, 0.35),
        ("speech", -60.0, 6.0, 0.35),
        ("castanets", -40.0, 10.0, 0.55),
    ],
)
def test_hiss_goes_and_the_programme_stays(
    name: str, level: float, gain: float, distance: float
) -> None:
    truth = programme(name)
    hissing = with_hiss(truth, level)
    out, report = run_whole(Denoise(), hissing)
    assert report["noise_dbfs"] == pytest.approx([level, level], abs=0.6)
    assert sdr_db(truth, out) - sdr_db(truth, hissing) > gain
    assert log_spectral_distance_db(truth, out) < distance * log_spectral_distance_db(
        truth, hissing
    )


def test_the_profile_is_that_of_the_hiss_in_each_channel() -> None:
    truth = programme("acoustic")
    hiss = with_hiss(truth, -50.0) - truth
    hiss[1] *= 10 ** (-10 / 20)
    _, report = run_whole(Denoise(), truth + hiss)
    size = 4096
    frames = hiss[:, : hiss.shape[1] // size * size].reshape(2, -1, size)
    power = (np.abs(np.fft.rfft(frames)) ** 2).mean(axis=1) * 2 / size**2
    hz = np.fft.rfftfreq(size, 1 / RATE)
    for band in report["noise"]:
        centre = band["frequency_hz"]
        if 6000 < centre < 18000:
            inside = (hz >= centre * 2 ** (-1 / 6)) & (hz < centre * 2 ** (1 / 6))
            expected = 10 * np.log10(power[:, inside].sum(axis=1))
            assert band["level_db"] == pytest.approx(list(expected), abs=0.8)


def test_pinned_settings_give_the_same_bits() -> None:
    truth = programme("speech")
    swell = 10 ** (4 * np.sin(2 * np.pi * np.arange(truth.shape[1]) / truth.shape[1]) / 20)
    given = truth + (with_hiss(truth, -50.0) - truth) * swell
    out, report = run_whole(Denoise(reduction_db=18.0, sensitivity_db=1.0), given)
    (entry,) = report["pinned"]
    assert entry["denoise"]["course"]
    again, _ = run_whole(Denoise(**entry["denoise"]), given)
    assert again.tobytes() == out.tobytes() != given.tobytes()


def test_hiss_that_changes_in_level_is_followed() -> None:
    truth = np.tile(programme("acoustic"), 2)
    swell_db = 4 * np.sin(2 * np.pi * np.arange(truth.shape[1]) / truth.shape[1])
    given = truth + (with_hiss(truth, -50.0) - truth) * 10 ** (swell_db / 20)
    still, _ = run_whole(Denoise(follow=False), given)
    out, report = run_whole(Denoise(), given)
    assert sdr_db(truth, out) > sdr_db(truth, still) + 3.0
    found = np.array([[point["at_s"], point["change_db"]] for point in report["course"]])
    apart = found[:, 1] - np.interp(found[:, 0] * RATE, np.arange(len(swell_db)), swell_db)
    assert np.abs(apart - apart.mean()).max() < 1.5


def test_a_marked_region_is_taken_as_the_noise() -> None:
    truth = programme("dense").copy()
    white = 10 ** (-60 / 20) * np.random.default_rng(5).standard_normal(truth.shape)
    truth[:, : RATE // 2] = 0.0
    out, report = run_whole(Denoise(region_s=[0.05, 0.45]), truth + white)
    assert report["noise_dbfs"] == pytest.approx([-60.0, -60.0], abs=0.5)
    assert report["heard_at_s"] == [[0.05, 0.45]]
    assert sdr_db(truth, out) > sdr_db(truth, truth + white) + 1.8
    assert rms_db(out[:, 4000 : RATE // 2 - 4000]) < -80.0


@pytest.mark.parametrize(
    ("region", "words"),
    [
        ([3.0, 9.0], "found 3 to 9 s, where a place within the programme, which is 4.00 s long"),
        ([0.2, 0.8], r"found digital silence from 0.2 to 0.8 s, where noise"),
    ],
)
def test_a_region_that_cannot_be_the_noise_is_refused(region: list[float], words: str) -> None:
    audio = 0.1 * np.random.default_rng(2).standard_normal((2, 4 * RATE))
    audio[:, :RATE] = 0.0
    with pytest.raises(ChainError, match=words):
        run_whole(Denoise(region_s=region), audio)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"region_s": [2.0, 2.01]}, r"region_s is 0.01 s long; allowed: 0.1 s of noise or more"),
        ({"region_s": [2.0, 3.0], "noise": [WHITE_60]}, "found region_s and noise; allowed: one"),
    ],
)
def test_what_can_be_seen_without_audio_is_refused_without_it(
    settings: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValidationError, match=words):
        Denoise(**settings)


def test_nothing_but_noise_is_left_with_a_note() -> None:
    audio = 1e-3 * np.random.default_rng(2).standard_normal((2, 6 * RATE))
    out, report = run_whole(Denoise(), audio)
    assert out.tobytes() == audio.tobytes()
    assert "nothing but noise" in report["note"]


def test_no_more_is_taken_off_than_asked_for() -> None:
    noise = 1e-3 * np.random.default_rng(2).standard_normal((1, 4 * RATE))
    inside = slice(4000, -4000)
    for reduction_db in (0.0, 6.0, 18.0):
        out, report = run_whole(Denoise(noise=[WHITE_60], reduction_db=reduction_db), noise)
        lowered = rms_db(noise[:, inside]) - rms_db(out[:, inside])
        assert reduction_db - 0.9 < lowered < reduction_db + 0.1
        assert report["noise_lowered_db"][0] == pytest.approx(lowered, abs=0.6)


def test_what_is_left_of_noise_does_not_twitter() -> None:
    """Musical noise shows as outliers: kurtosis of the spectrum's power, after by before."""
    noise = 1e-3 * np.random.default_rng(2).standard_normal((1, 8 * RATE))
    out, _ = run_whole(Denoise(noise=[WHITE_60]), noise)

    def kurtosis(audio: Audio) -> float:
        frames = audio[0, : audio.shape[1] // 1024 * 1024].reshape(-1, 1024)
        power = np.abs(np.fft.rfft(frames[4:-4] * np.hanning(1024)))[:, 20:-20] ** 2
        apart = power - power.mean()
        return float(np.mean(apart**4) / np.mean(apart**2) ** 2)

    assert kurtosis(out) < 8.0 * kurtosis(noise)


def test_attacks_stay_sharp() -> None:
    """The first 80 ms of tones that stand little above the noise in their bin."""
    every = RATE // 2
    t = np.arange(8 * RATE)
    truth = 6e-4 * np.sin(2 * np.pi * 3000 * t / RATE)[None] * (t // every % 2)
    noise = 1e-3 * np.random.default_rng(2).standard_normal(truth.shape)
    out, _ = run_whole(Denoise(noise=[WHITE_60]), truth + noise)
    onsets = (t // every % 2 == 1) & (t % every < 0.08 * RATE)
    kept = np.sum(out[:, onsets] * truth[:, onsets]) / np.sum(truth[:, onsets] ** 2)
    assert kept > 0.95


def test_what_both_channels_share_gains_from_both() -> None:
    voice = programme("speech")
    hissing = with_hiss(voice, -45.0)
    both, _ = run_whole(Denoise(), hissing)
    left, _ = run_whole(Denoise(), hissing[:1])
    assert sdr_db(voice[:1], both[:1]) > sdr_db(voice[:1], left) + 0.4


def test_the_same_hiss_in_both_channels_is_taken_off_the_middle() -> None:
    voice = programme("speech")
    hiss = np.tile((with_hiss(voice, -50.0) - voice)[:1], (2, 1))
    out, report = run_whole(Denoise(), voice + hiss)
    assert report["correlation"] > 0.95
    assert sdr_db(voice, out) > sdr_db(voice, voice + hiss) + 5.0


@pytest.mark.parametrize("rate", [11025, 96000, 192000])
def test_other_rates_find_the_same_noise(rate: int) -> None:
    rng = np.random.default_rng(4)
    t = np.arange(6 * rate) / rate
    tone = 0.2 * np.sin(2 * np.pi * 440 * t) * (np.sin(2 * np.pi * 0.7 * t) > 0)
    noise = 1e-3 * rng.standard_normal((1, len(t)))
    out, report = run_whole(Denoise(), tone + noise, rate)
    assert report["noise_dbfs"] == pytest.approx([-60.0], abs=0.5)
    assert sdr_db(tone[None], out) > sdr_db(tone[None], tone + noise) + 8.0


def test_a_channel_without_noise_stays_as_it_is() -> None:
    audio = programme("dense").copy()
    audio[1] = with_hiss(audio, -50.0)[1]
    out, report = run_whole(Denoise(), audio)
    assert report["noise_dbfs"][0] is None
    assert out[0].tobytes() == audio[0].tobytes()
    assert sdr_db(programme("dense")[1:], out[1:]) > sdr_db(programme("dense")[1:], audio[1:]) + 3.0
