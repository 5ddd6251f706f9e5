"""Crackle added to programmes whose truth is known, and programmes in which there is none."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import signal as sps

from masterprint.dsp.autoregression import model, own_correlation
from masterprint.dsp.crackle_filling import solve
from masterprint.stages.decrackle import Decrackle
from oracles import run_whole
from programmes import (
    PROGRAMMES,
    log_spectral_distance_db,
    sdr_db,
    with_crackle,
)

RATE = 44100
Audio = NDArray[np.float64]


@cache
def programme(name: str) -> Audio:
    return PROGRAMMES[name](RATE, 5.0)


@pytest.mark.parametrize("name", PROGRAMMES)
@pytest.mark.parametrize(
    ("per_second", "level_db", "better_db"),
    [(20.0, 12.0, 11.0), (400.0, 6.0, 13.0)],
)
def test_crackle_goes_and_all_else_stays_to_the_bit(
    name: str, per_second: float, level_db: float, better_db: float
) -> None:
    truth = programme(name)
    damaged = with_crackle(truth, per_second, level_db)
    out, report = run_whole(Decrackle(), damaged)
    assert sdr_db(truth, out) > sdr_db(truth, damaged) + better_db
    before = log_spectral_distance_db(truth, damaged)
    assert log_spectral_distance_db(truth, out) < 0.15 * before
    # Of a tick of one to four frames, little more than those may change.
    assert np.mean(out != damaged) < 0.004 + 3.0 * np.mean(damaged != truth)
    assert min(report["repairs_by_channel"]) > 0.4 * 5.0 * per_second
    assert report["summary"].endswith(" each second")
    share = np.mean(out != damaged, axis=1)
    assert report["share_filled_in"] == pytest.approx(share.tolist(), abs=1e-4)


@pytest.mark.parametrize("name", PROGRAMMES)
def test_music_without_crackle_is_left_alone_to_the_bit(name: str) -> None:
    audio = programme(name)
    out, report = run_whole(Decrackle(), audio)
    assert out.tobytes() == audio.tobytes()
    assert report["summary"] == "no crackle was found"
    assert report["repairs_by_channel"] == [0, 0]


def test_edges_of_a_synthesiser_are_not_crackle() -> None:
    rng = np.random.default_rng(19)
    t = np.arange(RATE // 8) / RATE
    notes = [440.0 * 2.0 ** (rng.integers(-33, 15) / 12) * t for _ in range(40)]
    row = np.concatenate(
        [
            np.sign(np.sin(2 * np.pi * n))
            if rng.uniform() < 0.4
            else (
                2.0 * (n % 1.0) - 1.0 if rng.uniform() < 0.5 else 4.0 * np.abs(n % 1.0 - 0.5) - 1.0
            )
            for n in notes
        ]
    )
    audio = 0.4 * row[None, :] + 2e-5 * rng.standard_normal((1, len(row)))
    out, _ = run_whole(Decrackle(), audio)
    assert out.tobytes() == audio.tobytes()


def test_hats_are_not_crackle() -> None:
    """Short bursts of bright noise, in which many a sample stands out, with calm between them."""
    rng = np.random.default_rng(2)
    sos = sps.butter(4, 9000.0, "high", fs=RATE, output="sos")
    fade = np.exp(-np.arange(RATE // 20) / RATE / 0.012)
    t = np.arange(6 * RATE) / RATE
    audio = (0.5 * np.sin(2 * np.pi * 44.0 * t) + 0.02 * np.sin(2 * np.pi * 233.0 * t))[None, :]
    for start in range(0, audio.shape[1] - len(fade), round(0.0825 * RATE)):
        burst = sps.sosfilt(sos, rng.standard_normal(len(fade))) * fade
        audio[0, start : start + len(fade)] += 0.2 * rng.uniform(0.3, 1.0) * burst
    out, report = run_whole(Decrackle(), audio)
    assert min(report["clicks_per_s"]) > 3.0
    assert out.tobytes() == audio.tobytes()


def test_strokes_of_castanets_amid_crackle_keep_their_force() -> None:
    truth = programme("castanets")
    out, _ = run_whole(Decrackle(), with_crackle(truth, 60.0, 0.0))
    loud = np.abs(truth) > 0.3 * np.max(np.abs(truth))
    assert sdr_db(truth[loud], out[loud]) > 30.0


def test_only_the_channel_that_crackles_is_touched_and_pinned() -> None:
    audio = programme("dense").copy()
    audio[1] = with_crackle(audio, 60.0, 6.0)[1]
    out, report = run_whole(Decrackle(), audio)
    assert out[0].tobytes() == audio[0].tobytes()
    assert report["repairs_by_channel"][0] == 0 < report["repairs_by_channel"][1]
    (pinned,) = report["pinned"]
    assert pinned["decrackle"]["channels"] == [2]
    again, second = run_whole(Decrackle.model_validate(pinned["decrackle"]), audio)
    assert again.tobytes() == out.tobytes()
    assert second["summary"] == report["summary"]


def test_few_ticks_are_no_crackle_unless_the_channel_is_named() -> None:
    audio = programme("acoustic")[:1].copy()
    places = np.arange(20000, 200000, 40000)
    audio[0, places] += 0.2
    out, _ = run_whole(Decrackle(), audio)
    assert out.tobytes() == audio.tobytes()
    out, report = run_whole(Decrackle(channels=[1]), audio)
    assert np.all(np.abs(out[0, places] - programme("acoustic")[0, places]) < 0.02)
    assert report["repairs_by_channel"][0] >= len(places)
    assert "pinned" not in report


def test_a_channel_that_is_not_there_is_refused() -> None:
    assert "channel 3" in Decrackle(channels=[3]).problems(RATE, 2)[0]


def test_changes_and_their_spread_are_those_of_the_whole_matrix() -> None:
    audio = programme("acoustic")[0, 60000:61000].copy()
    own = own_correlation(model(audio, np.hanning(1000), 16))
    rng = np.random.default_rng(5)
    places = np.sort(rng.choice(1000, 150, replace=False))
    matched, trust = rng.standard_normal(1000), rng.uniform(0.0, 2.0, 150)
    change, spread = np.zeros(1000), np.zeros(150)
    solve(matched, places, own, trust, change, spread)
    far = np.abs(places[:, None] - places[None, :])
    whole = np.where(far <= 16, own[np.minimum(far, 16)], 0.0) + np.diag(trust)
    np.testing.assert_allclose(change[places], np.linalg.solve(whole, matched[places]), rtol=1e-6)
    np.testing.assert_allclose(spread, np.diag(np.linalg.inv(whole)), rtol=1e-6)
