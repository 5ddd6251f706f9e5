"""The null test on the same audio at two sample rates, converted by others than Masterprint."""

from __future__ import annotations

import numpy as np
import pytest
import soxr
from scipy import signal as sps

from masterprint.demo.music import synthesise_mix
from null_tools import delayed, later, noise
from oracles import amplitude, decibels, tone


def programme(name, rate):
    """A second and a quarter of something that begins and ends at full level."""
    frames = rate * 5 // 4
    if name == "sine":
        return np.stack([tone(rate, 1.25, 997.0, -3.0, 1.0)] * 2)
    if name == "noise":
        return noise(frames, 21, -16.0)
    return 0.5 * synthesise_mix(rate, 5.0)[:, rate : rate + frames]


def converted(audio, rate, other):
    return soxr.resample(audio.T, rate, other, "VHQ").T


@pytest.mark.parametrize(
    ("name", "rate_a", "rate_b", "subtypes"),
    [
        ("sine", 44100, 48000, ("PCM_24", "PCM_24")),
        ("noise", 48000, 44100, ("PCM_24", "PCM_16")),
        ("music", 96000, 44100, ("PCM_24", "PCM_24")),
        ("noise", 44100, 192000, ("PCM_16", "PCM_24")),
        ("music", 44100, 88200, ("PCM_16", "PCM_16")),
    ],
)
def test_hard_edges_do_not_make_it_different(nulled, name, rate_a, rate_b, subtypes):
    audio = programme(name, rate_a)
    result = nulled(audio, converted(audio, rate_a, rate_b), subtypes, (rate_a, rate_b))
    assert (result.verdict, result.offset_frames) == ("close", 0)
    assert result.residual.null_depth_db < (-58 if "PCM_16" in subtypes else -75)
    assert result.left_over == ()
    assert 0.02 < result.edge_s < 0.05
    assert f"the first and the last {result.edge_s:.3f} s" in " ".join(result.notes)
    assert result.as_dict()["edge_s"] == pytest.approx(result.edge_s, abs=1e-6)


@pytest.mark.parametrize(("rate", "swap"), [(48000, False), (96000, True)])
def test_offset_polarity_and_gain_between_rates(nulled, rate, swap):
    audio = programme("music", 44100)
    moved = later(-amplitude(-3.0) * converted(audio, 44100, rate), rate // 4)
    files = (moved, audio) if swap else (audio, moved)
    rates = (rate, 44100) if swap else (44100, rate)
    result = nulled(*files, rates=rates)
    assert result.sample_rate_hz == 44100
    assert (abs(result.offset_frames), result.inverted, result.verdict) == (11025, True, "close")
    assert abs(result.gain_db) == pytest.approx(3.0, abs=0.002)
    assert any(f"from {rate} to 44100 Hz" in note for note in result.notes)
    # Silence that was put before the programme is silence, however our filters ring into it.
    (before, *_) = result.left_over
    assert (before.where, before.frames, before.silent) == ("start", 11025, True)


def test_another_kind_of_converter_is_close_too(nulled):
    taps = sps.firwin(2 * 100 * 160 + 1, 0.955 / 160, window=("kaiser", 12.0))
    audio = programme("noise", 44100)
    poly = sps.resample_poly(audio, 160, 147, axis=1, window=taps)
    assert nulled(audio, poly, rates=(44100, 48000)).verdict == "close"


def test_what_differs_just_inside_the_edges_is_found(nulled):
    audio = programme("music", 44100)
    other = converted(audio, 44100, 48000)
    other[:, 48000 // 25] += 0.05
    result = nulled(audio, other, rates=(44100, 48000))
    assert result.verdict == "different"
    assert result.residual.peak_at_s == pytest.approx(0.04, abs=1e-4)
    assert result.residual.peak_dbfs > decibels(0.03)


def test_edges_of_files_at_one_rate_are_compared_to_the_last_frame(nulled):
    audio = programme("music", 44100)
    other = audio.copy()
    other[0, 0] += 0.1
    result = nulled(audio, other, rates=(44100, 44100))
    assert (result.verdict, result.edge_s, result.residual.peak_at_s) == ("different", 0.0, 0.0)


def test_a_fraction_of_a_frame_leaves_out_edges_too(nulled):
    long = delayed(noise(40000, 22, -30.0), 0.0)
    cut = long[:, 5000:30000], delayed(long, 0.5)[:, 5000:30000]
    result = nulled(*cut)
    assert (result.offset_frames + result.offset_fraction) == pytest.approx(0.5, abs=0.01)
    assert result.verdict == "close"
    assert result.residual.null_depth_db < -45
    assert result.edge_s == pytest.approx(256 / result.sample_rate_hz)


@pytest.mark.parametrize("frames", [1, 3, 200, 2000])
def test_what_is_shorter_than_its_edges_is_compared_in_its_middle(nulled, frames):
    short = noise(frames, 23)
    other = converted(np.pad(short, ((0, 0), (500, 500))), 44100, 88200)[:, 1000:-1000]
    result = nulled(short, other, rates=(44100, 88200))
    assert result.overlap_frames == frames
    assert result.edge_s == pytest.approx((frames // 4) / 44100)


def test_a_padded_tone_is_not_taken_for_what_filters_ring_in_its_silence(nulled):
    audio = np.stack([tone(44100, 1.25, 997.0, -1.0, np.pi / 2)] * 2)
    other = 0.5 * converted(audio, 44100, 96000)[:, :-3000]
    result = nulled(later(audio, 8453), other, rates=(44100, 96000))
    assert result.gain_db == pytest.approx(-6.02, abs=0.01)
    assert result.overlap_s == pytest.approx(1.2, abs=0.05)
