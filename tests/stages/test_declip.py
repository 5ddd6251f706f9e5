"""Declipping of programmes whose peaks are known, and of what only looks like clipping."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from masterprint.dsp.autoregression import model, own_correlation
from masterprint.dsp.chosen_model import find_lags
from masterprint.dsp.declipping import BEHIND, RIDGE, rebuild, room_for
from masterprint.stages.declip import Declip
from masterprint.testing import check_stage_contract
from oracles import run_whole
from programmes import acoustic, castanets, clipped, dense, sdr_db, speech

RATE = 44100
Audio = NDArray[np.float64]
PROGRAMMES = {"dense": dense, "acoustic": acoustic, "speech": speech, "castanets": castanets}


@cache
def programme(name: str) -> Audio:
    return PROGRAMMES[name](RATE, 5.0)[:, : 4 * RATE]


def declipped(audio: Audio, stage: Declip | None = None, block: int = 30011) -> tuple[Audio, dict]:
    return run_whole(stage or Declip(), audio, RATE, block)


def sixteen_bits(audio: Audio, dither: float = 1.0) -> Audio:
    rng = np.random.default_rng(9)
    noise = rng.uniform(-0.5, 0.5, audio.shape) + rng.uniform(-0.5, 0.5, audio.shape)
    return np.clip(np.round(audio * 32768 + dither * noise), -32768, 32767) / 32768


def levels(report: dict) -> list[float | None]:
    return [
        each[side] for each in report["channels"] for side in ("positive_dbfs", "negative_dbfs")
    ]


# By how many dB the distance to the truth shrinks at the least; ffmpeg's adeclip gains less.
@pytest.mark.parametrize(
    ("name", "over_db", "gain_db"),
    [
        ("dense", 3.0, 3.0),
        ("dense", 6.0, 5.0),
        ("dense", 10.0, 5.0),
        ("acoustic", 6.0, 15.0),
        ("acoustic", 15.0, 6.0),
        ("speech", 6.0, 15.0),
        ("speech", 10.0, 11.0),
        ("castanets", 10.0, 4.0),
    ],
)
def test_peaks_come_back_near_the_truth(name: str, over_db: float, gain_db: float) -> None:
    damaged, gain = clipped(programme(name), over_db)
    truth = gain * programme(name)
    out, report = declipped(damaged)
    assert sdr_db(truth, out) > sdr_db(truth, damaged) + gain_db
    assert report["rebuilt_peak_dbfs"] == pytest.approx(over_db, abs=4.5)


def test_nothing_below_the_level_changes_and_nothing_above_falls_short() -> None:
    damaged, _ = clipped(programme("dense"), 8.0)
    out, report = declipped(damaged)
    cut = np.abs(damaged) >= 1.0
    assert out[~cut].tobytes() == damaged[~cut].tobytes()
    assert (out[cut] * damaged[cut] >= 1.0).all()
    assert report["clipped_percent"] == pytest.approx(100.0 * cut.mean(), abs=1e-4)
    signs = np.pad(np.where(cut, np.sign(damaged), 0.0), ((0, 0), (1, 0)))
    starts = (signs[:, 1:] != 0.0) & (signs[:, 1:] != signs[:, :-1])
    assert report["regions"] == np.count_nonzero(starts)


def test_each_side_of_each_channel_has_a_level_of_its_own() -> None:
    truth = 2.0 * programme("speech")
    damaged = np.stack([np.clip(truth[0], -0.5, 0.8), np.clip(truth[1], -0.6, 9.0)])
    out, report = declipped(damaged)
    found = levels(report)
    assert found[:2] == pytest.approx([20 * np.log10(0.8), 20 * np.log10(0.5)], abs=1e-4)
    assert (found[2], found[3]) == (None, pytest.approx(20 * np.log10(0.6), abs=1e-4))
    assert sdr_db(truth, out) > sdr_db(truth, damaged) + 15.0


@pytest.mark.parametrize("dither", [0.0, 1.0])
@pytest.mark.parametrize("gain_db", [0.0, -7.3])
def test_the_level_is_found_behind_gain_and_sixteen_bits(gain_db: float, dither: float) -> None:
    damaged, gain = clipped(programme("speech"), 6.0)
    down = 10.0 ** (gain_db / 20.0)
    truth = down * gain * programme("speech")
    given = sixteen_bits(down * damaged, dither)
    out, report = declipped(given)
    assert levels(report) == pytest.approx([gain_db] * 4, abs=0.002)
    assert sdr_db(truth, out) > sdr_db(truth, given) + 13.0


def limited(audio: Audio) -> Audio:
    """Turned up by 12 dB, and held by a look-ahead limiter that just touches full scale."""
    loud = 4.0 * audio
    over = ndimage.maximum_filter1d(np.maximum(1.0, np.abs(loud).max(axis=0)), 201)
    return loud / ndimage.uniform_filter1d(over, 101)


@pytest.mark.parametrize("name", list(PROGRAMMES))
def test_undamaged_programmes_stay_as_they_are(name: str) -> None:
    music = programme(name)
    peak = np.abs(music).max()
    loop = np.tile(music[:, :RATE], 3)
    for audio in (music, music / peak, sixteen_bits(music), limited(music), loop):
        out, report = declipped(audio)
        assert out.tobytes() == audio.tobytes()
        assert levels(report) == [None] * 4
    for dither in (0.0, 1.0):
        audio = sixteen_bits(0.98 * limited(music), dither)
        assert declipped(audio)[0].tobytes() == audio.tobytes()


@pytest.mark.parametrize("hz", [20.0, 30.0, 50.0, 100.0, 441.0, 1001.3])
def test_the_round_tops_of_pure_tones_are_not_taken_for_flat_ones(hz: float) -> None:
    tone = np.sin(2 * np.pi * hz * np.arange(3 * RATE) / RATE)[np.newaxis]
    for audio in (0.5 * tone, sixteen_bits(0.5 * tone), sixteen_bits(0.02 * tone, 0.0)):
        assert declipped(audio)[0].tobytes() == audio.tobytes()


def test_one_flat_top_among_many_peaks_at_a_ceiling_is_chance() -> None:
    audio = programme("speech") * 0.8
    audio[:, 1000 : 1000 + 60 * 500 : 500] = 0.9
    audio[:, 50000:50003] = 0.9
    assert declipped(audio)[0].tobytes() == audio.tobytes()


def test_a_square_wave_is_left_alone_with_a_note() -> None:
    square = np.where(np.arange(2 * RATE) % 100 < 50, 1.0, -1.0)
    audio = np.stack([square, clipped(programme("speech"), 6.0)[0][0, : 2 * RATE]])
    out, report = declipped(audio)
    assert out[0].tobytes() == audio[0].tobytes()
    assert "channel 1" in report["note"]
    assert np.abs(out[1]).max() > 1.2


def test_a_level_can_be_given_for_tops_that_are_not_flat() -> None:
    damaged, gain = clipped(programme("speech"), 6.0)
    truth = gain * programme("speech")
    rough = np.where(
        np.abs(damaged) < 1.0, damaged, damaged * 0.999 ** (np.arange(len(truth.T)) % 7)
    )
    assert declipped(rough)[0].tobytes() == rough.tobytes()
    out, _ = declipped(rough, Declip(clip_dbfs=-0.06))
    assert sdr_db(truth, out) > sdr_db(truth, rough) + 15.0


def test_what_was_found_can_be_pinned() -> None:
    damaged = 0.7 * clipped(programme("dense"), 6.0)[0]
    damaged[1] = np.maximum(programme("dense")[1], -0.3)
    out, report = declipped(damaged, Declip(headroom_db=7.0))
    (entry,) = report["pinned"]
    again, report_again = declipped(damaged, Declip(**entry["declip"]), 4099)
    assert again.tobytes() == out.tobytes()
    assert report_again["channels"] == report["channels"]


def test_headroom_turns_all_down_alike() -> None:
    damaged, _ = clipped(programme("acoustic"), 6.0)
    plain, _ = declipped(damaged)
    lower, _ = declipped(damaged, Declip(headroom_db=8.0))
    assert np.array_equal(lower, plain * 10.0 ** (-8.0 / 20.0))
    assert np.abs(lower).max() < 1.0


def test_best_comes_nearer_than_normal() -> None:
    damaged, gain = clipped(programme("acoustic")[:, : 2 * RATE], 10.0)
    truth = gain * programme("acoustic")[:, : 2 * RATE]
    normal, _ = declipped(damaged)
    best, _ = declipped(damaged, Declip(quality="best"))
    assert sdr_db(truth, best) > sdr_db(truth, normal) + 1.0


def test_clipping_keeps_the_contract() -> None:
    check_stage_contract(Declip(clip_dbfs=-3.0), sample_rates_hz=(11025, 44100), channels=(1, 2))
    damaged, _ = clipped(programme("dense")[:, :RATE], 6.0)
    whole, _ = declipped(damaged)
    for block in (1009, 4096, 65536):
        assert declipped(damaged, block=block)[0].tobytes() == whole.tobytes()


@pytest.mark.parametrize("count", [1, 2, 3, 149, 150])
def test_what_is_rebuilt_solves_the_whole_system(count: int) -> None:
    audio = programme("speech")[0, 60000:61000].copy()
    bonds = own_correlation(model(audio, np.hanning(1000), 40))
    places = 50 + np.sort(np.random.default_rng(5).choice(900, count, replace=False))
    row = np.where(np.abs(np.arange(-999, 1000)) <= 40, 1.0, 0.0)
    row[959:1040] = np.concatenate([bonds[:0:-1], bonds])
    whole = np.stack([row[999 - n : 1999 - n] for n in places])
    known = np.where(np.isin(np.arange(1000), places), 0.0, audio)
    ridge = RIDGE * bonds[0] * np.eye(count)
    expected = np.linalg.solve(whole[:, places] + ridge, -whole @ known)
    line, room = np.append(audio, np.ones(BEHIND)), np.full(room_for(count, 40), np.nan)
    rebuild(line, places, 1e-9 * expected, np.ones(count, np.bool_), bonds, RIDGE, room)
    np.testing.assert_allclose(line[places], expected, rtol=1e-6)
    assert (
        np.delete(line, places).tobytes()
        == np.append(np.delete(audio, places), np.ones(BEHIND)).tobytes()
    )


def test_lags_are_those_of_a_programme_with_silence_around_it() -> None:
    audio = programme("speech")[0, 60000:64096] * np.hanning(4096)
    for highest in (1, 384, 512, 513, 4095):
        whole = np.correlate(audio, audio, "full")[4095 : 4096 + highest]
        np.testing.assert_allclose(find_lags(audio, highest), whole, atol=1e-12 * whole[0])
