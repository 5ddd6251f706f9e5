"""Joining masters: to the sample, without a seam, below the ceiling."""

from __future__ import annotations

import numpy as np
import pytest
import soxr

from masterprint.release.assembly import Source, cut, programme, run_signal
from masterprint.release.timeline import Piece, lay_down
from masterprint.signal import Signal
from masterprint.stages.fade import Fade
from oracles import true_peak

RATE = 48000


def noise(seed, frames, level=0.3):
    return np.random.default_rng(seed).uniform(-level, level, (2, frames))


def source(audio, rate=RATE, **more):
    return Source(lambda: Signal.of(audio, rate, 1000), **more)


def laid(audios, gaps, crossfades=None, rates=None):
    rates = rates or [RATE] * len(audios)
    crossfades = crossfades or [None] * len(audios)
    return lay_down(
        [
            Piece(f"track {n}", rate, len(audio), audio.shape[1], gap, crossfade)
            for n, (audio, gap, crossfade, rate) in enumerate(
                zip(audios, gaps, crossfades, rates, strict=True), 1
            )
        ]
    )


def test_gaps_and_segues_lie_where_they_should_to_the_sample():
    audios = [noise(n, frames) for n, frames in enumerate((1001, 2003, 503))]
    timeline = laid(audios, [0.25, 0.0, 0.1])
    (run,) = timeline.runs
    joined = run_signal(run, [source(a) for a in audios], None).collect()
    expected = np.concatenate(
        [np.zeros((2, 12000)), audios[0], audios[1], np.zeros((2, 4800)), audios[2]], axis=1
    )
    np.testing.assert_array_equal(joined, expected)


def test_a_linear_crossfade_of_a_programme_with_itself_is_that_programme():
    whole = noise(1, 20000)
    first, second = whole[:, :12000], whole[:, 7200:]
    timeline = laid([first, second], [0.0, 0.0], [None, 0.1])
    sources = [source(first), source(second, crossfade_curve="linear")]
    joined = run_signal(timeline.runs[0], sources, None).collect()
    assert joined.shape == whole.shape
    np.testing.assert_allclose(joined, whole, atol=1e-12)


def test_a_root_crossfade_keeps_the_power_of_two_programmes():
    first, second = noise(1, 96000), noise(2, 96000)
    timeline = laid([first, second], [0.0, 0.0], [None, 1.0])
    joined = run_signal(timeline.runs[0], [source(first), source(second)], None).collect()
    power = np.square(joined).mean(axis=0)
    inside = power[48000:96000].reshape(8, -1).mean(axis=1)
    np.testing.assert_allclose(10 * np.log10(inside / power[:48000].mean()), 0.0, atol=0.3)


def test_three_tracks_in_one_crossfade_chain_overlap_pair_by_pair():
    audios = [np.ones((1, 4800)) * level for level in (0.1, 0.2, 0.3)]
    timeline = laid(audios, [0.0] * 3, [None, 0.02, 0.03])
    sources = [source(a, crossfade_curve="linear") for a in audios]
    joined = run_signal(timeline.runs[0], sources, None).collect()
    assert joined.shape[1] == 3 * 4800 - 960 - 1440
    assert joined[0, 4800 - 960 - 1] == 0.1
    assert 0.1 < joined[0, 4800 - 480] < 0.2
    assert joined[0, 4800 + 100] == 0.2
    assert joined[0, -1] == 0.3


def test_a_segue_has_no_seam_after_conversion():
    # Two files that were one: converted as a whole they must be what the whole converts to.
    t = np.arange(3 * RATE) / RATE
    whole = 0.4 * np.stack([np.sin(2 * np.pi * 997 * t), np.sin(2 * np.pi * 5000 * t)])
    first, second = whole[:, :70001], whole[:, 70001:]
    timeline = laid([first, second], [0.0, 0.0])
    joined = programme(
        timeline, [source(first), source(second)], 44100, -0.1, limited=False
    ).collect()
    expected = soxr.resample(whole.T, RATE, 44100, "VHQ").T
    np.testing.assert_allclose(joined[:, 100:-100], expected[:, 100:-100], atol=1e-9)


def test_runs_of_other_rates_follow_one_another_without_a_lost_frame():
    audios = [noise(1, 48000), noise(2, 44100)]
    timeline = laid(audios, [0.0, 0.5], rates=[48000, 44100])
    sources = [source(audios[0], 48000), source(audios[1], 44100)]
    joined = programme(timeline, sources, 44100, -0.1).collect()
    assert joined.shape[1] == timeline.frames_at(44100) == 44100 + 22050 + 44100
    assert not joined[:, 44100 + 300 : 44100 + 22050].any()
    np.testing.assert_array_equal(joined[:, -44100 + 300 :], audios[1][:, 300:])


@pytest.mark.parametrize("ceiling", [-1.0, -3.0])
def test_what_a_crossfade_adds_up_stays_below_the_ceiling(ceiling):
    level = 10 ** (ceiling / 20) * 0.95
    t = np.arange(RATE) / RATE
    loud = level * np.sin(2 * np.pi * 400 * t)[np.newaxis].repeat(2, 0)
    timeline = laid([loud, loud], [0.0, 0.0], [None, 0.5])
    joined = run_signal(timeline.runs[0], [source(loud), source(loud)], ceiling).collect()
    assert np.abs(joined[:, 24000:48000]).max() < 10 ** (ceiling / 20)
    assert true_peak(joined) <= 10 ** (ceiling / 20)
    np.testing.assert_array_equal(joined[:, :20000], loud[:, :20000])


def test_fades_are_those_of_the_fade_stage():
    audio = np.ones((2, 4800))
    fade = Fade(in_s=0.01, out_s=0.02)
    timeline = laid([audio], [0.0])
    (run,) = timeline.runs
    faded = run_signal(run, [source(audio, fade=fade)], None).collect()
    assert faded[0, 0] == 0.0
    assert faded[0, -1] == 0.0
    assert faded[0, 2400] == 1.0


def test_stretches_are_cut_without_losing_or_doubling_a_frame():
    audio = noise(1, 10000)
    pieces = [
        piece.collect()
        for piece in cut(Signal.of(audio, RATE, 777), [(0, 3000), (3000, 3001), (5000, 10000)])
    ]
    np.testing.assert_array_equal(np.concatenate(pieces[:2], axis=1), audio[:, :3001])
    np.testing.assert_array_equal(pieces[2], audio[:, 5000:])
