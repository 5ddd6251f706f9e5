"""Clicks added to programmes whose truth is known, and programmes in which there are none."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from masterprint.dsp.autoregression import autocorrelation
from masterprint.stages.declick import Declick
from oracles import run_whole
from programmes import (
    PROGRAMMES,
    acoustic,
    log_spectral_distance_db,
    sdr_db,
    with_clicks,
)

RATE = 44100
Audio = NDArray[np.float64]


@cache
def programme(name: str) -> Audio:
    return PROGRAMMES[name](RATE, 5.0)


AHEAD_DB = {"dense": 9.0, "acoustic": 12.0, "speech": 9.0, "castanets": 5.0}
"""By how much clicks of 20 dB, eight in a second, are to be undone; ffmpeg's adeclick is behind."""


@pytest.mark.parametrize("name", PROGRAMMES)
def test_loud_clicks_go_and_all_else_stays_to_the_bit(name: str) -> None:
    truth = programme(name)
    damaged, places = with_clicks(truth, 8.0, 20.0)
    out, report = run_whole(Declick(), damaged)
    assert sdr_db(truth, out) > sdr_db(truth, damaged) + AHEAD_DB[name]
    before = log_spectral_distance_db(truth, damaged)
    assert log_spectral_distance_db(truth, out) < 0.2 * before
    listed = np.zeros(out.shape, dtype=bool)
    for repair in report["list"]:
        begin, frames = repair["start_frame"], repair["frames"]
        listed[repair["channel"] - 1, begin : begin + frames] = True
    assert (out[~listed] == damaged[~listed]).all()
    near = np.zeros(out.shape[1], dtype=bool)
    for begin, frames in places:
        near[begin - 40 : begin + frames + 40] = True
    assert np.mean(listed[:, ~near]) < 1e-3


@pytest.mark.parametrize("name", ["dense", "speech"])
def test_many_faint_clicks_are_not_made_worse(name: str) -> None:
    truth = programme(name)
    damaged, _ = with_clicks(truth, 20.0, 6.0)
    out, _ = run_whole(Declick(), damaged)
    assert sdr_db(truth, out) > sdr_db(truth, damaged) + 1.0


def test_clicks_go_at_96_khz_as_well() -> None:
    truth = acoustic(96000, 3.0)
    damaged, _ = with_clicks(truth, 8.0, 20.0, 96000)
    out, _ = run_whole(Declick(), damaged, 96000)
    assert sdr_db(truth, out) > sdr_db(truth, damaged) + 10.0


@pytest.mark.parametrize("name", PROGRAMMES)
def test_music_without_clicks_is_left_alone_to_the_bit(name: str) -> None:
    truth = programme(name)
    out, report = run_whole(Declick(), truth)
    assert out.tobytes() == truth.tobytes()
    assert report["repairs"] == 0
    assert report["summary"] == "no clicks were found"
    assert report["pinned"] == [{"declick": {"repairs": []}}]


def strokes(name: str) -> Audio:
    """What strikes hard and short, over a held tone: four seconds of one channel."""
    rng = np.random.default_rng(17)
    t = np.arange(4 * RATE) / RATE
    out = 0.1 * np.sin(2 * np.pi * 220.0 * t) + 1e-4 * rng.standard_normal(len(t))
    for at in np.arange(0.1, 3.6, 0.23):
        part = out[round((at + rng.uniform(0.0, 0.05)) * RATE) :][: RATE // 3]
        u = t[: len(part)]
        noise = rng.standard_normal(len(u))
        if name == "hands":
            part += 0.3 * noise * np.exp(-u / rng.uniform(0.002, 0.008))
        else:
            turns = np.cumsum(50.0 + 180.0 * np.exp(-u / 0.02)) / RATE
            part += 0.5 * np.sin(2 * np.pi * turns) * np.exp(-u / 0.12)
            part += 0.3 * noise * np.exp(-u / 0.0008)
    return out[None, :]


@pytest.mark.parametrize("name", ["hands", "bass drum"])
def test_strokes_that_are_noise_are_not_clicks(name: str) -> None:
    audio = strokes(name)
    out, _ = run_whole(Declick(), audio)
    assert sdr_db(audio, out) > 80.0


def test_a_long_list_is_cut_and_not_pinned() -> None:
    damaged, _ = with_clicks(programme("dense"), 40.0, 20.0)
    _, report = run_whole(Declick(), damaged)
    assert report["repairs"] > report["listed"] == len(report["list"]) == 200
    assert report["summary"].startswith(f"{report['repairs']} repairs, the longest ")
    assert "pinned" not in report
    assert "note" not in report


def test_a_tick_in_one_channel_is_found_where_it_is_and_the_other_one_is_not_touched() -> None:
    audio = programme("dense").copy()
    audio[1, 100000:100003] += [0.5, -0.6, 0.3]
    out, report = run_whole(Declick(), audio)
    assert out[0].tobytes() == audio[0].tobytes()
    (repair,) = report["list"]
    assert repair["channel"] == 2
    assert abs(repair["start_frame"] - 100000) <= 1
    assert repair["time_s"] == pytest.approx(100000 / RATE, abs=1e-3)
    assert np.max(np.abs(out[1] - programme("dense")[1])) < 0.1


def test_pinned_repairs_give_the_same_master_and_one_struck_out_stays() -> None:
    damaged, _ = with_clicks(programme("acoustic"), 3.0, 18.0)
    out, report = run_whole(Declick(), damaged)
    (pinned,) = report["pinned"]
    again, second = run_whole(Declick.model_validate(pinned["declick"]), damaged)
    assert again.tobytes() == out.tobytes()
    assert second["repairs"] == report["repairs"]
    first, *others = pinned["declick"]["repairs"]
    fewer, _ = run_whole(Declick.model_validate({"repairs": others}), damaged)
    where = slice(first["start_frame"], first["start_frame"] + first["frames"])
    row = first["channel"] - 1
    assert fewer[row, where].tobytes() == damaged[row, where].tobytes()


def test_repairs_of_a_channel_that_is_not_there_are_refused() -> None:
    stage = Declick.model_validate({"repairs": [{"channel": 3, "start_frame": 5, "frames": 4}]})
    assert "channel 3" in stage.problems(RATE, 2)[0]


def test_a_tick_in_silence_leaves_silence() -> None:
    audio = np.zeros((1, 20000))
    audio[0, 9000] = 0.7
    out, _ = run_whole(Declick(), audio)
    assert not out.any()


@pytest.mark.parametrize("hz", [50.0, 441.0])
def test_full_scale_squares_are_not_clicks(hz: float) -> None:
    t = np.arange(2 * RATE) / RATE
    audio = np.sign(np.sin(2 * np.pi * hz * t + 0.1))[None, :]
    out, _ = run_whole(Declick(), audio)
    assert sdr_db(audio, out) > 60.0


@pytest.mark.parametrize("frames", [1, 40, 43, 44, 47, 1000])
def test_lags_are_those_of_all_frames(frames: int) -> None:
    audio, lags = np.random.default_rng(3).standard_normal(frames), np.zeros(41)
    autocorrelation(audio, lags)
    whole = np.pad(np.correlate(audio, audio, "full")[frames - 1 :], (0, 41))[:41]
    np.testing.assert_allclose(lags, whole, atol=1e-10)
