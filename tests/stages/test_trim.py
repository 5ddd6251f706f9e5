"""Trimming: what is cut, what is kept, and that nothing else changes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from pydantic import ValidationError

from conftest import Run
from masterprint.errors import ChainError
from masterprint.signal import Signal
from masterprint.stages.gain import Gain
from masterprint.stages.run import run_stages
from masterprint.stages.split import Split
from masterprint.stages.trim import Trim
from masterprint.testing import check_stage_contract

RATE = 44100


def programme() -> np.ndarray:
    """1 s of tape noise at -80 dBFS, 3 s of tone in the right channel, 2 s of noise."""
    rng = np.random.default_rng(4)
    audio = 1e-4 * rng.standard_normal((2, 6 * RATE))
    audio[1, RATE : 4 * RATE] += 0.3 * np.sin(np.arange(3 * RATE) * 0.05)
    return audio


def cut(stage: Trim, audio: np.ndarray, block_frames: int = 7919) -> tuple[np.ndarray, dict]:
    signal, reports = run_stages([stage], Signal.of(audio, RATE, block_frames))
    return signal.collect(), reports[0].as_dict()


def test_what_is_below_the_threshold_is_cut_at_both_ends() -> None:
    audio = programme()
    audio[0, 1000] = 0.02  # a tick in the lead-in is no music
    for block_frames in (7919, 1 << 16, 333):
        out, report = cut(Trim(threshold_db=-50.0, head_ms=100, tail_ms=250), audio, block_frames)
        first = round(report["start_s"] * RATE)
        assert out.tobytes() == audio[:, first : first + out.shape[1]].tobytes()
        assert report["start_s"] == pytest.approx(0.9, abs=0.006)
        assert report["end_s"] == pytest.approx(4.25, abs=0.006)
        assert report["cut_s"] == pytest.approx(6 - 3.35, abs=0.012)


def test_times_cut_to_the_frame_and_what_was_found_can_be_pinned() -> None:
    audio = programme()
    out, _ = cut(Trim(start_s=0.5, end_s=2.0), audio)
    assert out.tobytes() == audio[:, RATE // 2 : 2 * RATE].tobytes()
    found, report = cut(Trim(threshold_db=-50.0), audio)
    (pinned,) = json.loads(json.dumps(report["pinned"]))
    again, _ = cut(Trim(**pinned["trim"]), audio)
    assert again.tobytes() == found.tobytes()
    out, report = cut(Trim(start_s=0.5, threshold_db=-50.0, tail_ms=0), audio)
    assert (report["start_s"], report["end_s"]) == (0.5, pytest.approx(4.0, abs=0.006))


@pytest.mark.parametrize("frames", [0, 1, 100, 220, 221, 5000])
def test_silence_and_short_programmes(frames: int) -> None:
    out, report = cut(Trim(), np.zeros((2, frames)))
    assert out.shape == (2, frames)
    assert "nothing is above -60 dBFS" in report["note"]
    out, _ = cut(Trim(), np.full((2, frames), 0.5))
    assert out.shape == (2, frames)


def test_the_rest_of_the_contract_is_kept() -> None:
    check_stage_contract(Trim(threshold_db=-20.0, head_ms=0, tail_ms=0))


def test_nothing_that_cannot_be_is_taken() -> None:
    with pytest.raises(ChainError, match=r"nothing is left between 7.000 and 4.5.. s of 6.000 s"):
        cut(Trim(start_s=7.0), programme())
    with pytest.raises(ValidationError, match="more than start_s is expected"):
        Trim(start_s=2.0, end_s=2.0)
    for common in ({"on": "mid"}, {"mix": 0.5}):
        with pytest.raises(ValidationError, match="changes the length"):
            Trim(**common)
    with pytest.raises(ValidationError, match="found trim, which changes the length"):
        Split(crossovers_hz=[200.0], bands=[[Trim()], [Gain()]])


def test_a_trimmed_master_is_rendered_and_recalled(run: Run, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "mix.wav", programme().T, RATE, "FLOAT")
    stages = "stages:\n  - trim: {threshold_db: -50}\n  - fade: {out_s: 0.4}\n  - maximizer: {}\n"
    (tmp_path / "chain.yaml").write_text("masterprint: 1\nname: t\n" + stages)
    done = run("render", "chain.yaml", "mix.wav", "-o", "out", "--sample-rate", "48000", "--json")
    assert done.returncode == 0, done.stderr
    (result,) = json.loads(done.stdout)
    cut_s = result["stages"][0]["cut_s"]
    info = soundfile.info(tmp_path / "out/mix.wav")
    assert info.frames == pytest.approx((6 - cut_s) * 48000, abs=1)
    assert run("recall", "out/mix.wav").returncode == 0
    assert run("render", "chain.yaml", "mix.wav", "-o", "out", "--format", "flac").returncode == 0
