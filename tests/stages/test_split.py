"""Multiband: bands that add up again, and stages that work in their band only."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError

from masterprint.signal import Signal
from masterprint.stages.run import run_stages
from masterprint.stages.split import Split

FloatArray = NDArray[np.float64]

PHASES = ("minimum", "linear")
CROSSOVERS: tuple[list[float], ...] = (
    [120.0],
    [20.0],
    [16000.0],
    [150.0, 2500.0],
    [1000.0, 1100.0],
    [40.0, 120.0, 400.0, 1200.0, 3500.0, 8000.0, 14000.0],
)
RATE = 44100


def through(stage: Split, audio: FloatArray, rate: int = RATE) -> FloatArray:
    return run_stages([stage], Signal.of(audio, rate))[0].collect()


def tones(*frequencies: float, seconds: float = 2.0) -> FloatArray:
    at = np.arange(int(RATE * seconds)) / RATE
    return np.sum([0.2 * np.sin(2 * np.pi * f * at) for f in frequencies], axis=0)[None]


def level_db(audio: FloatArray, frequency: float) -> float:
    """Amplitude of a tone in the middle second, in dB."""
    middle = audio[0, RATE // 2 : RATE // 2 + RATE]
    turns = np.exp(-2j * np.pi * frequency / RATE * np.arange(RATE))
    return float(20 * np.log10(2 * np.abs(turns @ middle) / RATE))


def spectrum_db(stage: Split, rate: int = RATE) -> tuple[FloatArray, FloatArray]:
    frames = 2 * rate + 1
    impulse = np.zeros((1, frames))
    impulse[0, rate] = 1.0
    response = np.abs(np.fft.rfft(through(stage, impulse, rate)[0]))
    return np.fft.rfftfreq(frames, 1 / rate), 20 * np.log10(response)


@pytest.mark.parametrize("crossovers", CROSSOVERS, ids=str)
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_empty_linear_bands_give_the_input_back(crossovers: list[float], channels: int) -> None:
    audio = np.random.default_rng(1).uniform(-1.0, 1.0, (channels, 40000))
    out = through(Split(crossovers_hz=crossovers, phase="linear"), audio)
    assert np.abs(out - audio).max() < 1e-12


@pytest.mark.parametrize("crossovers", CROSSOVERS, ids=str)
@pytest.mark.parametrize("rate", [44100, 96000])
def test_empty_minimum_phase_bands_are_all_pass(crossovers: list[float], rate: int) -> None:
    at_hz, found = spectrum_db(Split(crossovers_hz=crossovers), rate)
    audible = (at_hz > 5.0) & (at_hz < 0.49 * rate)
    assert np.abs(found[audible]).max() < 0.01


@pytest.mark.parametrize("phase", PHASES)
def test_no_list_of_bands_is_the_same_as_empty_bands(phase: str) -> None:
    audio = np.random.default_rng(2).uniform(-1.0, 1.0, (2, 9000))
    left_out = Split(crossovers_hz=[200.0, 3000.0], phase=phase)
    empty = Split(crossovers_hz=[200.0, 3000.0], bands=[[], [], []], phase=phase)
    assert through(left_out, audio).tobytes() == through(empty, audio).tobytes()


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("gain_db", [-60.0, -6.0, 6.0])
def test_a_gain_in_one_band_follows_the_crossover(gain_db: float, phase: str) -> None:
    """Linkwitz-Riley bands are in phase: the sum is g L + H with L = 1 / (1 + (f/fc)^4)."""
    stage = Split(crossovers_hz=[1000.0], bands=[[{"gain": {"gain_db": gain_db}}], []], phase=phase)
    at_hz, found = spectrum_db(stage, 96000)
    inside = (at_hz > 100.0) & (at_hz < 8000.0)
    low = 1.0 / (1.0 + (at_hz[inside] / 1000.0) ** 4)
    expected = 20 * np.log10(10 ** (gain_db / 20) * low + 1.0 - low)
    shown = expected > -30.0
    np.testing.assert_allclose(found[inside][shown], expected[shown], rtol=0, atol=0.3)


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("band", [0, 1, 2, 3])
def test_a_stage_works_in_its_own_band_only(band: int, phase: str) -> None:
    centres = (30.0, 300.0, 2500.0, 18000.0)
    bands: list[list[dict[str, Any]]] = [[], [], [], []]
    bands[band] = [{"gain": {"gain_db": -12.0}}]
    stage = Split(crossovers_hz=[100.0, 900.0, 6500.0], bands=bands, phase=phase)
    audio = tones(*centres)
    out = through(stage, audio)
    for index, centre in enumerate(centres):
        change = level_db(out, centre) - level_db(audio, centre)
        assert change == pytest.approx(-12.0 if index == band else 0.0, abs=1.0), centre


@pytest.mark.parametrize("phase", PHASES)
def test_a_compressor_in_the_bass_leaves_the_treble_alone(phase: str) -> None:
    squash = {"compressor": {"threshold_db": -40.0, "ratio": 10.0, "knee_db": 0.0}}
    stage = Split(crossovers_hz=[800.0], bands=[[squash], []], phase=phase)
    audio = tones(60.0, 9000.0)
    out = through(stage, audio)
    assert level_db(out, 60.0) - level_db(audio, 60.0) < -15.0
    assert level_db(out, 9000.0) == pytest.approx(level_db(audio, 9000.0), abs=0.05)


@pytest.mark.parametrize("phase", PHASES)
def test_whole_programme_stages_in_bands_stay_aligned(phase: str) -> None:
    """A loudness stage is a plain gain, so the split must come out as one of plain gains."""
    rng = np.random.default_rng(3)
    audio = rng.uniform(-0.3, 0.3, (2, 2 * RATE))
    loud = Split(
        crossovers_hz=[300.0, 4000.0],
        bands=[[{"loudness": {"target_lufs": -30.0}}], [], [{"loudness": {"target_lufs": -20.0}}]],
        phase=phase,
    )
    signal, (report,) = run_stages([loud], Signal.of(audio, RATE))
    out = signal.collect()
    low, _, high = report.as_dict()["bands"]
    gains: list[list[dict[str, Any]]] = [
        [{"gain": {"gain_db": low[0]["gain_db"]}}],
        [],
        [{"gain": {"gain_db": high[0]["gain_db"]}}],
    ]
    plain = Split(crossovers_hz=[300.0, 4000.0], bands=gains, phase=phase)
    # Reports give a thousandth of a dB.
    assert np.abs(out - through(plain, audio)).max() < 3e-4


@pytest.mark.parametrize("phase", PHASES)
def test_every_band_reports_what_it_did(phase: str) -> None:
    squash = {"compressor": {"threshold_db": -50.0, "ratio": 4.0}}
    loud = {"maximizer": {"target_lufs": -3.0, "max_reduction_db": 1.0}}
    stage = Split(crossovers_hz=[200.0, 3000.0], bands=[[squash], [loud], [squash]], phase=phase)
    audio = np.random.default_rng(9).uniform(-0.3, 0.3, (2, 2 * RATE))
    signal, (report,) = run_stages([stage], Signal.of(audio, RATE))
    signal.collect()
    for band in report.as_dict()["bands"]:
        assert band[0]["max_gain_reduction_db"] > 0.5
    assert "instead of -3" in report.as_dict()["bands"][1][0]["note"]


@pytest.mark.parametrize("phase", PHASES)
def test_splits_within_splits(phase: str) -> None:
    audio = np.random.default_rng(4).uniform(-1.0, 1.0, (2, 30000))
    inner = {"split": {"crossovers_hz": [100.0], "phase": phase}}
    out = through(Split(crossovers_hz=[1000.0], bands=[[inner], []], phase=phase), audio)
    assert out.shape == audio.shape
    if phase == "linear":
        assert np.abs(out - audio).max() < 1e-12


@pytest.mark.parametrize("phase", PHASES)
def test_on_and_mix_work_within_a_band(phase: str) -> None:
    """The low band's side 12 dB down: mono bass by hand, the treble as it was."""
    stage = Split(
        crossovers_hz=[500.0], bands=[[{"gain": {"gain_db": -12.0, "on": "side"}}], []], phase=phase
    )
    low, high = tones(60.0)[0], tones(8000.0)[0]
    out = through(stage, np.stack([low + high, np.zeros_like(low)]))
    mid, side = (out[0:1] + out[1:2]) / 2, (out[0:1] - out[1:2]) / 2
    assert level_db(side, 60.0) - level_db(mid, 60.0) == pytest.approx(-12.0, abs=0.05)
    assert level_db(side, 8000.0) == pytest.approx(level_db(mid, 8000.0), abs=0.01)


def test_the_report_has_a_list_of_stages_per_band() -> None:
    stage = Split(
        crossovers_hz=[200.0, 2000.0],
        bands=[
            [{"gain": {"gain_db": -3.0, "label": "less boom"}}, {"compressor": {}}],
            [],
            [{"gain": {"bypass": True}}],
        ],
    )
    signal, (report,) = run_stages([stage], Signal.of(tones(50.0, 500.0, 9000.0), RATE))
    signal.collect()
    low, middle, high = report.as_dict()["bands"]
    assert [entry["label"] for entry in low] == ["less boom", "compressor"]
    assert "max_gain_reduction_db" in low[1]
    assert low[0]["level_out"]["rms_dbfs"] == pytest.approx(
        low[0]["level_in"]["rms_dbfs"] - 3.0, abs=0.002
    )
    assert low[0]["level_in"]["rms_dbfs"] == pytest.approx(20 * np.log10(0.2 / 2**0.5), abs=0.1)
    assert middle == []
    assert high[0]["bypass"] is True


def test_a_split_without_stages_has_nothing_to_report_of_bands() -> None:
    signal, (report,) = run_stages([Split(crossovers_hz=[100.0])], Signal.of(tones(50.0), RATE))
    signal.collect()
    assert not report.as_dict().get("bands")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"crossovers_hz": [500.0, 200.0]}, r"500.*200.*must rise|must rise.*500.*200"),
        ({"crossovers_hz": [200.0, 200.0]}, "must rise"),
        ({"crossovers_hz": []}, "crossovers_hz"),
        ({"crossovers_hz": [float(100 * n) for n in range(1, 9)]}, "crossovers_hz"),
        ({"crossovers_hz": [100.0], "bands": [[]]}, r"2 bands"),
        ({"crossovers_hz": [100.0, 200.0], "bands": [[], []]}, "3 bands"),
        ({}, "crossovers_hz"),
    ],
)
def test_bands_that_do_not_fit_are_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Split(**settings)


def test_problems_of_inner_stages_name_their_place() -> None:
    stage = Split(
        crossovers_hz=[100.0],
        bands=[[{"gain": {}}], [{"gain": {}}, {"highpass": {"frequency_hz": 23000.0}}]],
    )
    (problem,) = stage.problems(44100, 2)
    assert problem.startswith("bands[1][1].highpass: frequency_hz is 23000 Hz")
    stage = Split(crossovers_hz=[100.0], bands=[[{"width": {"width": 0.0}}], []])
    assert stage.problems(44100, 6) == ["bands[0][0].width: works on 2 channels, the mix has 6"]


@pytest.mark.parametrize("channels", [1, 6])
@pytest.mark.parametrize("on", ["mid", "side", "left", "right"])
def test_half_of_a_stereo_signal_within_a_band_needs_stereo(on: str, channels: int) -> None:
    stage = Split(crossovers_hz=[100.0], bands=[[{"gain": {"on": on}}], []])
    (problem,) = stage.problems(44100, channels)
    assert problem.startswith("bands[0][0].gain: ")
    assert f"{channels}" in problem


def test_a_stereo_stage_on_half_of_a_band_is_a_problem() -> None:
    stage = Split(crossovers_hz=[100.0], bands=[[{"width": {"on": "side"}}], []])
    (problem,) = stage.problems(44100, 2)
    assert problem.startswith("bands[0][0].width: works on 2 channels")


def test_a_bypassed_stage_in_a_band_is_no_problem() -> None:
    stage = Split(
        crossovers_hz=[100.0],
        bands=[[{"highpass": {"frequency_hz": 23000.0, "bypass": True}}], []],
    )
    assert stage.problems(44100, 2) == []


def test_a_crossover_above_the_rate_is_named() -> None:
    (problem,) = Split(crossovers_hz=[100.0, 11000.0]).problems(22050, 2)
    assert problem.startswith("crossovers_hz[1] is 11000 Hz")
