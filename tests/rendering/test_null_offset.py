"""Offset, polarity and gain that were put between two files, found again."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import signal as sps

from null_tools import MUSIC, RATE, delayed, later, noise
from oracles import amplitude, tone


@pytest.mark.parametrize(
    ("frames", "gain_db"),
    [(1, -35.0), (441, -0.5), (6 * RATE, 0.0)],
)
def test_a_planted_offset_is_found_whichever_file_is_later(nulled, frames, gain_db):
    moved = later(-amplitude(gain_db) * MUSIC, frames)
    result = nulled(MUSIC, moved)
    assert (result.offset_frames, result.offset_fraction) == (frames, 0.0)
    assert result.offset_ms == pytest.approx(1000.0 * frames / RATE)
    assert result.inverted
    assert result.gain_db == pytest.approx(gain_db, abs=2e-4)
    assert result.verdict == "same"
    assert [(rest.file, rest.where, rest.frames, rest.silent) for rest in result.left_over] == [
        ("b", "start", frames, True)
    ]
    back = nulled(moved, MUSIC)
    assert (back.offset_frames, back.inverted) == (-frames, True)
    assert back.gain_db == pytest.approx(-gain_db, abs=2e-4)
    assert "earlier" in back.sentence


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    offset=st.integers(-6000, 6000),
    gain_db=st.floats(-40, 10),
    inverted=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_any_offset_gain_and_polarity_of_noise(nulled, offset, gain_db, inverted, seed):
    source = noise(16000, seed, -30.0)
    changed = (-1.0 if inverted else 1.0) * amplitude(gain_db) * source
    a, b = source[:, max(0, offset) :], changed[:, max(0, -offset) :]
    result = nulled(a, b, rates=(8000, 8000))
    assert (result.offset_frames, result.inverted) == (offset, inverted)
    assert result.gain_db == pytest.approx(gain_db, abs=0.01)


def test_two_files_that_each_start_elsewhere_in_the_same_music(nulled):
    result = nulled(MUSIC[:, 20000:], MUSIC[:, :80000])
    assert result.offset_frames == 20000
    assert result.verdict == "same"
    assert result.overlap_frames == 60000
    assert [(rest.file, rest.where, rest.silent) for rest in result.left_over] == [
        ("b", "start", False),
        ("a", "end", False),
    ]


@pytest.mark.parametrize("start", [100, 81000])
def test_an_excerpt_is_found_in_the_whole(nulled, start):
    excerpt = 0.25 * MUSIC[:, start : start + 20000]
    result = nulled(MUSIC, excerpt)
    assert result.offset_frames == -start
    assert result.verdict == "same"
    assert result.gain_db == pytest.approx(-12.0412, abs=0.001)
    assert nulled(excerpt, MUSIC).offset_frames == start


def test_a_quiet_excerpt_is_not_taken_for_a_loud_passage(nulled):
    whole = np.concatenate([noise(3 * RATE, 4, -70.0), MUSIC, noise(2 * RATE, 5, -15.0)], axis=1)
    result = nulled(whole, whole[:, 20000 : 20000 + RATE])
    assert result.offset_frames == -20000
    assert result.verdict == "same"


@pytest.mark.parametrize(("fraction", "whole"), [(0.5, -333), (-0.25, 1000), (0.07, 0)])
def test_a_fraction_of_a_frame_is_found_and_taken_out(nulled, fraction, whole):
    base = delayed(MUSIC, 0.0)
    moved = delayed(MUSIC, fraction)
    a, b = (base, later(moved, whole)) if whole >= 0 else (later(base, -whole), moved)
    result = nulled(a, b)
    late = result.offset_frames + result.offset_fraction
    assert late == pytest.approx(whole + fraction, abs=0.01)
    assert result.residual.null_depth_db < -75
    assert result.verdict == "close"
    assert "later" in result.sentence or "earlier" in result.sentence


def test_no_fraction_is_claimed_where_there_is_none(nulled):
    heard = nulled(MUSIC, MUSIC + noise(MUSIC.shape[1], 6, -60.0))
    assert (heard.offset_frames, heard.offset_fraction) == (0, 0.0)


@pytest.mark.parametrize("gain_db", [6.0, -10.0])
def test_an_equaliser_is_no_offset_and_shows_in_its_band(nulled, gain_db):
    w0, root = 2 * np.pi * 1000 / RATE, 10 ** (gain_db / 40)
    alpha = np.sin(w0) / 2.8
    b = [1 + alpha * root, -2 * np.cos(w0), 1 - alpha * root]
    a = [1 + alpha / root, -2 * np.cos(w0), 1 - alpha / root]
    bell = sps.lfilter(np.array(b) / a[0], np.array(a) / a[0], MUSIC, axis=1)
    result = nulled(MUSIC, later(0.5 * bell, 777))
    assert (result.offset_frames, result.offset_fraction, result.inverted) == (777, 0.0, False)
    assert result.verdict == "different"
    depth = {
        band.centre_hz: band.residual_rms_dbfs - band.programme_rms_dbfs for band in result.bands
    }
    assert max(depth, key=depth.get) == 1000
    assert depth[1000] > depth[8000] + 8


def test_limiting_leaves_the_offset_to_the_frame(nulled):
    limited = np.clip(4.0 * MUSIC, -0.4, 0.4)
    result = nulled(MUSIC, later(limited, 5000))
    assert (result.offset_frames, result.inverted) == (5000, False)
    assert result.verdict == "different"


@pytest.mark.parametrize("hz", [60.0, 9000.0])
def test_a_tone_with_a_beginning(nulled, hz):
    fade = np.minimum(1.0, np.arange(4 * RATE) / RATE) * np.linspace(1.0, 0.2, 4 * RATE)
    plain = np.stack([tone(RATE, 4.0, hz, -12.0) * fade] * 2)
    result = nulled(plain, later(0.5 * plain, 4321))
    assert result.offset_frames == 4321
    assert result.verdict == "same"


def test_a_steady_tone_gives_the_smallest_offset_and_says_that_others_fit(nulled):
    steady = np.stack([tone(RATE, 5.0, 441.0, -12.0)] * 2)
    result = nulled(steady[:, 7:], steady[:, :-7])
    assert result.offset_frames == 7
    assert any("other offsets fit as well" in note for note in result.notes)


def test_a_loop_that_repeats_itself_is_not_moved(nulled):
    loop = np.tile(MUSIC[:, :RATE], 8)
    result = nulled(loop, loop + noise(8 * RATE, 7, -80.0))
    assert result.offset_frames == 0


def test_a_loop_that_begins_later_is_not_taken_one_round_too_early(nulled):
    loop = np.tile(MUSIC[:, :RATE], 12)
    result = nulled(loop, later(loop, 3 * RATE))
    assert (result.offset_frames, result.verdict) == (3 * RATE, "same")
    excerpt = nulled(loop, loop[:, 4 * RATE + 100 : 9 * RATE])
    assert (excerpt.offset_frames, excerpt.verdict) == (-100, "same")
    assert any("other offsets fit as well" in note for note in excerpt.notes)


def test_a_few_clicks_in_long_silence(nulled):
    sparse = np.zeros((2, 15 * RATE))
    sparse[:, [3 * RATE, 7 * RATE + 123, 14 * RATE]] = [0.01, -0.02, 0.005]
    result = nulled(sparse, later(-sparse, 5 * RATE))
    assert (result.offset_frames, result.inverted) == (5 * RATE, True)
    assert result.residual.peak_dbfs is None
    assert result.verdict == "same"


def test_nothing_but_high_frequencies(nulled):
    high = sps.sosfilt(
        sps.butter(8, 7000, "highpass", fs=RATE, output="sos"), noise(10 * RATE, 8), axis=1
    )
    result = nulled(high, later(high, 3 * RATE + 11))
    assert result.offset_frames == 3 * RATE + 11


def test_a_phase_turned_by_filters_is_no_offset_and_no_inversion(nulled):
    """As in a master: crossovers turn the low end round, where most of the power is."""
    halves = [sps.butter(2, 110, kind, fs=RATE, output="sos") for kind in ("lowpass", "highpass")]
    turned = sum(sps.sosfilt(half, sps.sosfilt(half, MUSIC, axis=1), axis=1) for half in halves)
    result = nulled(MUSIC, later(0.5 * turned, 300))
    assert abs(result.correlation) < 0.5
    assert (result.offset_frames, result.verdict) == (300, "different")
    assert "B 300 frames (13.605 ms) later and 6.0" in result.sentence
