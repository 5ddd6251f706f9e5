"""Matching: what a known equaliser, width and gain did is found, and can be pinned."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray
from pydantic import ValidationError
from scipy import signal as sps

from conftest import Run
from masterprint.chain.loading import load_chain
from masterprint.chain.model import Chain
from masterprint.errors import ChainError
from masterprint.signal import Signal
from masterprint.stages.eq import Eq
from masterprint.stages.match import Match
from masterprint.stages.run import run_stage
from masterprint.testing import check_stage_contract
from oracles import integrated_lufs
from programmes import dense

RATE = 44100
SECONDS = 12.0


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(name: str, audio: NDArray[np.float64], rate: int = RATE) -> None:
    soundfile.write(name, audio.T, rate, "DOUBLE")


def shelved(audio: NDArray[np.float64]) -> NDArray[np.float64]:
    """More bass and air by first-order filters: 4 dB below 150 Hz, 5 dB above 5 kHz."""
    low = sps.sosfilt(sps.butter(1, 150.0, fs=RATE, output="sos"), audio)
    high = sps.sosfilt(sps.butter(1, 5000.0, "high", fs=RATE, output="sos"), audio)
    return np.asarray(audio + 0.58 * low + 0.78 * high)


def widened(audio: NDArray[np.float64], width: float) -> NDArray[np.float64]:
    mid, side = (audio[0] + audio[1]) / 2, (audio[0] - audio[1]) / 2 * width
    return np.stack([mid + side, mid - side])


def thirds_db(audio: NDArray[np.float64]) -> NDArray[np.float64]:
    """Long-term spectra of mid and side in third octaves, by SciPy."""
    rows = np.stack([audio[0] + audio[1], audio[0] - audio[1]])
    hz, power = sps.welch(rows, RATE, nperseg=16384)
    found = []
    for centre in 1000.0 * 2.0 ** (np.arange(-14, 12) / 3):
        inside = (hz >= centre * 2 ** (-1 / 6)) & (hz < centre * 2 ** (1 / 6))
        found.append(10 * np.log10(power[:, inside].sum(axis=1)))
    return np.array(found).T


def distance_db(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """RMS distance of the spectra of mid and of side."""
    return np.asarray(np.sqrt(np.mean((thirds_db(one) - thirds_db(other)) ** 2, axis=1)))


def matched(stage: Match, audio: NDArray[np.float64]) -> tuple[NDArray[np.float64], dict]:
    report: dict = {}
    out = run_stage(stage, replace(Signal.of(audio, RATE), report=report)).collect()
    return out, report


@pytest.fixture(scope="module")
def music() -> NDArray[np.float64]:
    return dense(RATE, SECONDS)


@pytest.mark.parametrize("phase", ["linear", "minimum"])
def test_tone_width_and_loudness_of_the_reference_are_met(
    music: NDArray[np.float64], phase: str
) -> None:
    wanted = 1.3 * widened(shelved(music), 1.4)
    write("reference.wav", wanted)
    out, report = matched(Match(reference="reference.wav", phase=phase), music)
    assert distance_db(music, wanted).min() > 3.0
    assert distance_db(out, wanted).max() < 0.35
    assert integrated_lufs(out, RATE) == pytest.approx(integrated_lufs(wanted, RATE), abs=0.05)
    assert report["reference_lufs"] == pytest.approx(integrated_lufs(wanted, RATE), abs=0.01)


def test_what_was_found_can_be_pinned(music: NDArray[np.float64]) -> None:
    write("reference.wav", widened(shelved(music), 1.4))
    out, report = matched(Match(reference="reference.wav", bands_per_octave=6), music)
    pinned = json.loads(json.dumps(report["pinned"]))
    assert [next(iter(entry)) for entry in pinned] == ["eq", "eq", "width", "gain"]
    chain = Chain.model_validate({"name": "pinned", "stages": pinned})
    assert chain.apply(music, RATE).tobytes() == out.tobytes()


def test_the_amount_is_how_far_it_goes(music: NDArray[np.float64]) -> None:
    wanted = 2.0 * widened(shelved(music), 1.4)
    write("reference.wav", wanted)
    none, _ = matched(Match(reference="reference.wav", amount=0.0), music)
    assert none.tobytes() == music.tobytes()
    half, _ = matched(Match(reference="reference.wav", amount=0.5), music)
    between = 0.5 * (thirds_db(music) + thirds_db(wanted))
    assert np.sqrt(np.mean((thirds_db(half) - between) ** 2)) < 0.3
    only, report = matched(Match(reference="reference.wav", tone=False, width=False), music)
    assert [next(iter(entry)) for entry in report["pinned"]] == ["gain"]
    assert np.ptp(only[0, 10000:20000] / music[0, 10000:20000]) < 1e-12


def test_the_curve_stays_within_its_limits(music: NDArray[np.float64]) -> None:
    dark = sps.sosfilt(sps.butter(4, 1500.0, fs=RATE, output="sos"), music)
    write("reference.wav", dark)
    stage = Match(reference="reference.wav", max_db=4.0, low_hz=100.0, high_hz=8000.0)
    _, report = matched(stage, music)
    for entry in report["pinned"][:2]:
        bands = entry["eq"]["bands"]
        assert min(band["frequency_hz"] for band in bands) > 90.0
        assert max(band["frequency_hz"] for band in bands) < 8100.0
        assert max(abs(band["gain_db"]) for band in bands) < 6.0


def test_what_a_codec_has_cut_off_is_no_tone_to_be_matched(music: NDArray[np.float64]) -> None:
    """Above it the curve goes on as below."""
    cut = sps.sosfiltfilt(sps.ellip(10, 0.1, 60, 16000.0, fs=RATE, output="sos"), shelved(music))
    write("reference.wav", cut)
    _, report = matched(Match(reference="reference.wav"), music)
    eq = Eq.model_validate(report["pinned"][0]["eq"])
    near, above = 20 * np.log10(eq.magnitude(np.array([13000.0, 18500.0])))
    assert near > 1.0
    assert abs(above - near) < 1.0


def test_other_rates_and_channels(music: NDArray[np.float64]) -> None:
    wanted = shelved(music)
    at_48 = sps.resample_poly(wanted, 160, 147, axis=1)
    write("reference.wav", at_48, 48000)
    out, _ = matched(Match(reference="reference.wav"), music)
    assert distance_db(out, wanted).max() < 0.4
    write("mono.wav", wanted.mean(axis=0, keepdims=True))
    out, report = matched(Match(reference="mono.wav"), music[:1])
    assert [next(iter(entry)) for entry in report["pinned"]] == ["eq", "gain"]
    assert out.shape == (1, music.shape[1])
    out, report = matched(Match(reference="mono.wav", width=False), music)
    assert [entry["eq"]["on"] for entry in report["pinned"] if "eq" in entry] == ["mid"]


def test_a_part_is_held_against_the_same_part(music: NDArray[np.float64]) -> None:
    wanted = 1.5 * widened(shelved(music), 1.4)
    write("reference.wav", wanted)
    for on, row in (("side", 1), ("mid", 0)):
        out, _ = matched(Match(reference="reference.wav", on=on), music)
        assert distance_db(out, wanted)[row] < 0.35
        other = thirds_db(out)[1 - row] - thirds_db(music)[1 - row]
        np.testing.assert_allclose(other, 0.0, atol=1e-6)
    out, _ = matched(Match(reference="reference.wav", on="right", tone=False), music)
    assert out[0].tobytes() == music[0].tobytes()
    right = integrated_lufs(wanted[1:], RATE)
    assert integrated_lufs(out[1:], RATE) == pytest.approx(right, abs=0.05)
    write("mono.wav", music[:1])
    with pytest.raises(ChainError, match=r"reference: the side channel of .*mono.wav is silent"):
        matched(Match(reference="mono.wav", on="side"), music)


@pytest.mark.parametrize("rate", [11025, 32000])
def test_mixes_at_low_rates_are_matched_as_far_as_they_go(
    music: NDArray[np.float64], rate: int
) -> None:
    write("reference.wav", shelved(music))
    stage = Match(reference="reference.wav")
    assert stage.problems(rate, 2) == []
    mix = sps.resample_poly(music, rate // 25, RATE // 25, axis=1)
    report: dict = {}
    run_stage(stage, replace(Signal.of(mix, rate), report=report)).collect()
    highest = max(band["frequency_hz"] for band in report["pinned"][0]["eq"]["bands"])
    assert 0.3 * rate < highest < 0.48 * rate


def test_the_contract_is_kept() -> None:
    rng = np.random.default_rng(5)
    write("reference.wav", 0.1 * rng.standard_normal((2, 2 * RATE)))
    check_stage_contract(Match(reference="reference.wav"), sample_rates_hz=(44100,))


def test_what_cannot_be_matched_is_said(
    run: Run, tmp_path: Path, music: NDArray[np.float64]
) -> None:
    write("silent.wav", np.zeros((2, RATE)))
    with pytest.raises(ChainError, match=r"reference: .*silent.wav is silent or shorter than 0.4"):
        matched(Match(reference="silent.wav"), music)
    write("six.wav", np.tile(music[:, :RATE], (3, 1)))
    (problem,) = Match(reference="six.wav").problems(RATE, 2)
    assert problem.endswith("six.wav has 6 channels, where 1 or 2 are expected")
    with pytest.raises(ValidationError, match="high_hz is 1000, where two octaves above low_hz"):
        Match(reference="reference.wav", low_hz=900.0, high_hz=1000.0)
    write("reference.wav", music)
    _, report = matched(Match(reference="reference.wav"), 60.0 * music)
    assert report["note"] == "stopped at -30 dB of gain"
    out, report = matched(Match(reference="reference.wav"), np.zeros((2, RATE)))
    assert not out.any()
    assert "nothing to be matched" in report["note"]
    text = "masterprint: 1\nname: t\nstages:\n  - match: {reference: gone.wav}\n"
    (tmp_path / "chain.yaml").write_text(text)
    with pytest.raises(ChainError, match="there is no such file"):
        load_chain(tmp_path / "chain.yaml")
    (tmp_path / "gone.wav").write_text("no audio")
    write("mix.wav", music)
    done = run("render", "chain.yaml", "mix.wav", "-o", "out")
    assert done.returncode == 1
    assert "reference: gone.wav" in done.stderr.replace(str(tmp_path) + "/", "")


def test_no_reference_is_said_before_a_render_and_by_the_stage() -> None:
    said = "reference: none is named, where an audio file beside the chain is needed"
    assert Match().problems(44100, 2) == [said]
    with pytest.raises(ChainError, match="none is named"):
        run_stage(Match(), Signal.of(np.zeros((2, 100)), 44100)).collect()
