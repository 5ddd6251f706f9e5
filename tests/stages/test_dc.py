"""DC offset of known size, and music that has none."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import signal as sps

from masterprint.signal import Signal
from masterprint.stages.dc import Dc
from masterprint.stages.run import run_stage
from masterprint.testing import check_stage_contract
from programmes import acoustic, castanets, dense, sdr_db, speech

RATE = 44100
Audio = NDArray[np.float64]
PROGRAMMES = {"dense": dense, "acoustic": acoustic, "speech": speech, "castanets": castanets}


@cache
def programme(name: str) -> Audio:
    return PROGRAMMES[name](RATE, 12.0)


def centred(audio: Audio, **settings: Any) -> tuple[Audio, dict[str, Any]]:
    report: dict[str, Any] = {}
    signal = replace(Signal.of(audio, RATE, 30011), report=report)
    return run_stage(Dc(**settings), signal).collect(), report


@pytest.mark.parametrize("name", list(PROGRAMMES))
@pytest.mark.parametrize("offset", [0.02, -0.001])
def test_an_offset_goes_and_nothing_else(name: str, offset: float) -> None:
    truth = programme(name)
    out, report = centred(truth + np.array([[offset], [0.0]]))
    assert sdr_db(truth[:1], out[:1]) > 60.0
    assert out[1].tobytes() == truth[1].tobytes()
    assert report["before"][0]["offset"] == pytest.approx(offset, abs=5e-5)
    assert abs(report["after"][0]["offset"]) < 1e-6
    difference = out[0] - truth[0]
    assert np.ptp(difference) < 1e-12  # a constant, no filter


@pytest.mark.parametrize("name", list(PROGRAMMES))
def test_a_programme_without_offset_stays_to_the_bit(name: str) -> None:
    audio = programme(name)
    out, report = centred(audio)
    assert out.tobytes() == audio.tobytes()
    assert report["pinned"] == []


def test_what_pauses_do_not_have_comes_from_the_music() -> None:
    """A distorted tone that is not even about zero, as long as it sounds."""
    t = np.arange(12 * RATE) / RATE
    tone = np.sin(2 * np.pi * 110 * t) + np.sin(2 * np.pi * 220 * t + 1.0)
    tone = 0.1 * np.tanh(3 * tone + 0.3) * ((t > 2.5) & (t < 9.0))
    audio = np.stack([tone, tone]) + 1e-5 * np.random.default_rng(6).standard_normal((2, len(t)))
    assert abs(audio.mean()) > 0.005
    assert centred(audio)[0].tobytes() == audio.tobytes()


def test_what_was_found_can_be_pinned() -> None:
    audio = programme("speech") + np.array([[0.003], [-0.01]])
    out, report = centred(audio)
    (entry,) = report["pinned"]
    assert centred(audio, **entry["dc"])[0].tobytes() == out.tobytes()
    (cut,) = centred(audio[:, : RATE // 2], **entry["dc"])[1]["pinned"]
    assert cut == entry  # what is given needs no listening


def test_digital_silence_stays_silent_and_nothing_clicks_beside_it() -> None:
    audio = programme("speech") + 0.05
    fade = np.minimum(1.0, np.linspace(8.0, 0.0, 11 * RATE))
    audio[:, : 11 * RATE] *= fade
    audio[:, 11 * RATE :] = 0.0
    out, report = centred(audio)
    assert report["pinned"]
    assert not out[:, 11 * RATE :].any()
    steps = np.abs(np.diff(out[0, 11 * RATE - 600 : 11 * RATE + 10]))
    assert steps.max() < 0.05 / 200  # 0.05 at once would be a click


def test_an_offset_that_wanders_is_filtered_and_bass_stays_in_phase() -> None:
    t = np.arange(12 * RATE) / RATE
    bass = 0.3 * np.sin(2 * np.pi * 40.0 * t)
    wandering = 0.02 * np.sin(2 * np.pi * 0.1 * t) + 0.01
    out, report = centred(np.stack([bass + wandering] * 2), moving=True)
    inside = slice(2 * RATE, -2 * RATE)
    gain = float(np.dot(out[0, inside], bass[inside]) / np.dot(bass[inside], bass[inside]))
    assert gain == pytest.approx(40.0**2 / (40.0**2 + 5.0**2), abs=2e-3)
    assert np.abs(out[0, inside] - gain * bass[inside]).max() < 1e-4
    assert abs(report["after"][0]["offset"]) < 1e-5


def test_the_high_pass_is_the_one_that_is_described() -> None:
    impulse = np.zeros((1, 8 * RATE))
    impulse[0, 4 * RATE] = 1.0
    out, _ = centred(impulse, moving=True, frequency_hz=20.0)
    hz, heard = sps.freqz(out[0], worN=[20.0, 80.0, 1000.0], fs=RATE)
    wanted = hz**2 / (hz**2 + 20.0**2)
    np.testing.assert_allclose(np.abs(heard), wanted, atol=2e-3)


def test_bass_that_is_not_whole_is_no_offset() -> None:
    t = np.arange(3 * RATE) / RATE
    rng = np.random.default_rng(5)
    rumble = sps.sosfilt(
        sps.butter(2, [3.0, 30.0], "band", fs=RATE, output="sos"), rng.normal(size=len(t))
    )
    audio = np.stack([0.3 * np.sin(2 * np.pi * 27.5 * t), 5.0 * rumble])
    out, _ = centred(audio)
    assert np.abs(out - audio).max() < 1e-4 * np.abs(audio).max()


@pytest.mark.parametrize("settings", [{"offsets": [0.3, -1.0]}, {"moving": True}])
def test_given_offsets_and_the_filter_keep_the_contract(settings: dict[str, Any]) -> None:
    check_stage_contract(Dc(**settings))
