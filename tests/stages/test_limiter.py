"""The limiter against an independent 16-fold true-peak meter, on signals made to defeat it."""

import dataclasses

import numpy as np
import pytest

from masterprint.signal import Signal
from masterprint.stages.limiter import Limiter
from oracles import (
    HOSTILE,
    amplitude,
    decibels,
    demo_mix,
    hostile,
    itu_peak,
    run,
    scipy_peak,
    soxr_peak,
    stereo,
    tone,
    true_peak,
    true_peak_dbtp,
)

RATES_HZ = (44100, 48000, 96000, 192000)
OVER_DB = 0.005


def gain_of(out, audio, floor=1e-4):
    """The gain at every sample that is large enough to tell."""
    return np.where(np.abs(audio) > floor, out / np.where(audio == 0.0, 1.0, audio), np.nan)


@pytest.mark.parametrize("ceiling_dbtp", [-0.1, -1.0, -6.0])
@pytest.mark.parametrize("rate", RATES_HZ)
@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_passes_the_ceiling(name, rate, ceiling_dbtp):
    audio = hostile(name, rate)
    assert true_peak_dbtp(audio[:1, : rate // 10]) > ceiling_dbtp or name == "music"
    out, _ = run(Limiter(ceiling_dbtp=ceiling_dbtp), audio, rate)
    assert out.shape == audio.shape
    assert true_peak_dbtp(out) <= ceiling_dbtp + OVER_DB


@pytest.mark.parametrize("rate", RATES_HZ)
@pytest.mark.parametrize("name", HOSTILE)
def test_no_other_meter_reads_more(name, rate):
    """Near half the rate meters differ by up to a decibel; none of them is to be surprised."""
    out, _ = run(Limiter(ceiling_dbtp=-1.0, input_gain_db=6.0), hostile(name, rate), rate)
    assert decibels(itu_peak(out)) <= -1.0 + OVER_DB
    assert decibels(scipy_peak(out)) <= -1.0 + OVER_DB
    assert decibels(soxr_peak(out, "HQ")) <= -1.0 + 0.05
    assert decibels(soxr_peak(out, "VHQ")) <= -1.0 + 0.05


@pytest.mark.parametrize("link", [0.0, 0.5, 1.0])
@pytest.mark.parametrize(("lookahead_ms", "release_ms"), [(1.0, 1.0), (1.0, 2000.0), (20.0, 1.0)])
def test_the_ceiling_holds_at_the_ends_of_every_setting(lookahead_ms, release_ms, link):
    rate = 44100
    rng = np.random.default_rng(5)
    frames = rate // 2
    left = rng.choice([-1.0, 1.0], frames) * (rng.random(frames) < 0.2)
    right = np.clip(rng.standard_normal(frames), -1.0, 1.0)
    limiter = Limiter(
        ceiling_dbtp=-1.0,
        input_gain_db=20.0,
        lookahead_ms=lookahead_ms,
        release_ms=release_ms,
        link=link,
    )
    out, _ = run(limiter, np.stack([left, right]), rate)
    assert true_peak_dbtp(out) <= -1.0 + OVER_DB


def test_the_ceiling_holds_after_much_gain():
    out, _ = run(Limiter(ceiling_dbtp=-0.1, input_gain_db=36.0), hostile("music", 44100), 44100)
    assert true_peak_dbtp(out) <= -0.1 + OVER_DB


@pytest.mark.parametrize("frames", [1, 2, 3, 17, 300, 2000])
def test_programmes_shorter_than_the_look_ahead(frames):
    audio = 4.0 * np.random.default_rng(frames).choice([-1.0, 1.0], (2, frames))
    out, _ = run(Limiter(ceiling_dbtp=-1.0), audio, 44100)
    assert out.shape == audio.shape
    assert true_peak_dbtp(out) <= -1.0 + OVER_DB
    assert np.all(np.abs(out) > 0.05)  # limited, not muted


@pytest.mark.parametrize("link", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("ceiling_dbtp", [0.0, -0.1, -0.75, -1.0, -2.0, -2.5, -6.0, -9.0])
@pytest.mark.parametrize("rate", [44100, 96000])
def test_audio_below_the_ceiling_passes_bit_for_bit(rate, ceiling_dbtp, link):
    audio = demo_mix(rate)[:, 2 * rate : 3 * rate]
    audio *= amplitude(ceiling_dbtp - 0.1) / true_peak(audio)
    out, report = run(Limiter(ceiling_dbtp=ceiling_dbtp, link=link), audio, rate)
    np.testing.assert_array_equal(out, audio)
    assert report["max_gain_reduction_db"] == 0.0
    assert report["mean_gain_reduction_db"] == 0.0


@pytest.mark.parametrize("ceiling_dbtp", [-0.1, -1.0, -2.0, -3.3, -6.0])
@pytest.mark.parametrize("link", [0.0, 0.5, 1.0])
def test_it_is_transparent_before_a_peak_and_again_once_it_is_over(link, ceiling_dbtp):
    rate = 48000
    audio = stereo(tone(rate, 2.0, 440.0, -20.0))
    peak = slice(rate // 4, rate // 4 + 100)
    audio[:, peak] *= 20.0
    limiter = Limiter(ceiling_dbtp=ceiling_dbtp, release_ms=20.0, link=link)
    out, _ = run(limiter, audio, rate, 2 * rate)
    assert not np.array_equal(out[:, peak], audio[:, peak])
    np.testing.assert_array_equal(out[:, : rate // 5], audio[:, : rate // 5])
    np.testing.assert_array_equal(out[:, 3 * rate // 2 :], audio[:, 3 * rate // 2 :])


def test_samples_stay_where_they_were():
    rate = 48000
    audio = 0.01 * np.random.default_rng(3).standard_normal((2, rate // 2))
    audio[:, 10000] = 3.0
    out, _ = run(Limiter(ceiling_dbtp=-1.0), audio, rate)
    assert out.shape == audio.shape
    assert np.argmax(np.abs(out[0])) == 10000
    gain = gain_of(out, audio)
    assert np.nanmax(gain) <= 1.0
    assert (
        np.nanmin(gain) > 0.2
    )  # every sample is its own input times a gain: same sign, same place
    np.testing.assert_array_equal(out[:, :9000], audio[:, :9000])


@pytest.mark.parametrize("lookahead_ms", [1.0, 5.0, 20.0])
def test_the_gain_moves_no_earlier_than_the_look_ahead(lookahead_ms):
    rate, at = 48000, 24000
    audio = np.full((1, 2 * at), 0.01)
    audio[0, at] = 2.0
    out, _ = run(Limiter(lookahead_ms=lookahead_ms), audio, rate)
    moved = np.flatnonzero(out[0] != audio[0])
    # The true-peak guard looks ahead by 1.5 ms more, and interpolation reaches a little further.
    earliest = at - (lookahead_ms + 1.5 + 1.0) * rate / 1000
    assert earliest <= moved[0] <= at - 0.5 * lookahead_ms * rate / 1000


@pytest.mark.parametrize("release_ms", [50.0, 200.0, 1000.0])
def test_release_time(release_ms):
    rate = 48000
    burst = rate // 2
    audio = np.full((1, round(burst + 5 * release_ms * rate / 1000)), 0.1)
    audio[0, :burst] = 4.0
    out, _ = run(Limiter(ceiling_dbtp=-6.0, lookahead_ms=2.0, release_ms=release_ms), audio, rate)
    gain = out[0] / audio[0]
    least = gain[burst - 1]
    wanted = least + (1.0 - least) * (1.0 - np.exp(-1.0))
    back_ms = 1000 * np.argmax(gain[burst:] >= wanted) / rate
    assert back_ms == pytest.approx(release_ms, rel=0.05, abs=3.5)


@pytest.mark.parametrize("ceiling_dbtp", [-0.1, -1.0, -6.0])
def test_music_comes_up_to_the_ceiling(ceiling_dbtp):
    out, _ = run(Limiter(ceiling_dbtp=ceiling_dbtp), hostile("music", 44100), 44100)
    assert true_peak_dbtp(out) >= ceiling_dbtp - 0.15


def test_a_steady_tone_comes_up_to_the_ceiling():
    rate = 48000
    out, report = run(Limiter(ceiling_dbtp=-1.0), tone(rate, 1.0, 997.0, 6.0)[np.newaxis], rate)
    assert decibels(np.abs(out[:, rate // 2 : -rate // 4]).max()) == pytest.approx(-1.0, abs=0.1)
    assert report["max_gain_reduction_db"] == pytest.approx(7.0, abs=0.2)
    assert report["mean_gain_reduction_db"] == pytest.approx(7.0, abs=0.2)


def test_linked_channels_share_one_gain():
    audio = hostile("music", 48000)
    out, _ = run(Limiter(ceiling_dbtp=-1.0, link=1.0), audio, 48000)
    gain = gain_of(out, audio)
    assert np.nanmin(gain) < 0.5
    both = ~np.isnan(gain).any(axis=0)
    np.testing.assert_allclose(gain[0, both], gain[1, both], rtol=1e-12)


def test_unlinked_channels_are_limited_each_on_its_own():
    rate = 48000
    audio = np.stack([tone(rate, 0.5, 997.0, 6.0), tone(rate, 0.5, 800.0, -3.0)])
    out, report = run(Limiter(ceiling_dbtp=-1.0, link=0.0), audio, rate)
    np.testing.assert_array_equal(out[1], audio[1])
    alone, _ = run(Limiter(ceiling_dbtp=-1.0), audio[:1], rate)
    np.testing.assert_allclose(out[:1], alone, rtol=1e-6)
    assert report["max_gain_reduction_db"] == pytest.approx(7.0, abs=0.2)
    assert report["mean_gain_reduction_db"] == pytest.approx(3.5, abs=0.1)  # of both channels


def test_half_linked_channels_lie_between():
    rate = 48000
    audio = np.stack([tone(rate, 0.5, 997.0, 6.0), tone(rate, 0.5, 800.0, -9.0)])
    losses = []
    for link in (0.0, 0.5, 1.0):
        out, _ = run(Limiter(ceiling_dbtp=-1.0, link=link), audio, rate)
        middle = slice(rate // 5, rate // 5 * 2)
        losses.append(-decibels(np.abs(out[1, middle]).max() / np.abs(audio[1, middle]).max()))
    assert losses[0] == 0.0
    assert 2.0 < losses[1] < 5.0
    assert losses[2] == pytest.approx(7.0, abs=0.2)


def test_more_than_two_channels_are_limited_together():
    audio = np.concatenate([hostile("music", 48000)] * 2 + [hostile("square 997 Hz", 48000)[:1]])
    out, _ = run(Limiter(ceiling_dbtp=-3.0), audio, 48000)
    assert out.shape == audio.shape
    assert true_peak_dbtp(out) <= -3.0 + OVER_DB


@pytest.mark.parametrize("name", ["music", "clipped noise"])
@pytest.mark.parametrize("block_frames", [1, 63, 1000, 5000])
def test_blocks_of_any_size_give_the_same(name, block_frames):
    audio = hostile(name, 44100)[:, :8000]
    limiter = Limiter(ceiling_dbtp=-1.0, link=0.3)
    whole, report = run(limiter, audio, 44100, 8000)
    parts, report_of_parts = run(limiter, audio, 44100, block_frames)
    np.testing.assert_array_equal(parts, whole)
    assert report_of_parts["max_gain_reduction_db"] == report["max_gain_reduction_db"]
    assert report_of_parts["mean_gain_reduction_db"] == pytest.approx(
        report["mean_gain_reduction_db"], abs=0.0011
    )


@pytest.mark.parametrize("seed", range(12))
def test_blocks_of_any_size_give_the_same_at_any_settings(seed):
    rng = np.random.default_rng(seed)
    limiter = Limiter(
        ceiling_dbtp=rng.uniform(-12.0, 0.0),
        lookahead_ms=rng.choice([1.0, 2.3, 5.0]),
        release_ms=rng.choice([1.0, 20.0, 500.0]),
        link=rng.choice([0.0, 0.3, 1.0]),
    )
    frames = int(rng.integers(300, 3000))
    audio = rng.uniform(-1.0, 1.0, (int(rng.integers(1, 4)), frames))
    whole, _ = run(limiter, audio, 44100, frames)
    for block_frames in (1, 17, 100):
        parts, _ = run(limiter, audio, 44100, block_frames)
        np.testing.assert_array_equal(parts, whole)


@pytest.mark.parametrize("rate", [44100, 48000, 88200, 96000, 192000])
@pytest.mark.parametrize("lookahead_ms", [1.0, 2.0, 3.5, 7.0, 10.0, 20.0])
def test_blocks_of_any_size_give_the_same_at_any_look_ahead(lookahead_ms, rate):
    audio = 0.3 * np.random.default_rng(4).standard_normal((1, rate // 4)).clip(-1.0, 1.0)
    audio[0, rate // 8] = 3.0
    limiter = Limiter(lookahead_ms=lookahead_ms, release_ms=2.0)
    whole, _ = run(limiter, audio, rate, rate)
    parts, _ = run(limiter, audio, rate, 1024)
    np.testing.assert_array_equal(parts, whole)


def test_ragged_and_empty_blocks_give_the_same():
    audio = hostile("music", 44100)[:, :20000]
    cuts = np.sort(np.random.default_rng(8).integers(0, 20000, 60)).repeat(2)
    blocks = (np.ascontiguousarray(part) for part in np.split(audio, cuts, axis=1))
    whole, _ = run(Limiter(), audio, 44100)
    parts = Limiter().apply(Signal(blocks, 44100, 2)).collect()
    np.testing.assert_array_equal(parts, whole)


def test_input_gain_comes_before_the_ceiling():
    rate = 48000
    audio = stereo(tone(rate, 0.5, 997.0, -20.0))
    out, _ = run(Limiter(ceiling_dbtp=-1.0, input_gain_db=6.0), audio, rate)
    np.testing.assert_allclose(out, audio * 10.0**0.3, rtol=1e-14)
    out, report = run(Limiter(ceiling_dbtp=-1.0, input_gain_db=30.0), audio, rate)
    assert true_peak_dbtp(out) <= -1.0 + OVER_DB
    assert report["max_gain_reduction_db"] == pytest.approx(11.0, abs=0.2)


def test_the_ceiling_leaves_room_for_dither():
    audio, reserve = hostile("music", 44100), 1.5 / 2**7
    signal = dataclasses.replace(Signal.of(audio, 44100), reserve=reserve)
    out = Limiter(ceiling_dbtp=-1.0).apply(signal).collect()
    assert decibels(true_peak(out) + reserve) <= -1.0 + OVER_DB


def test_report_tells_the_reduction_that_can_be_measured():
    audio = hostile("music", 48000)
    out, report = run(Limiter(ceiling_dbtp=-1.0), audio, 48000)
    gain = gain_of(out, audio, 1e-6)
    gain = gain[0][~np.isnan(gain[0])]
    assert report["max_gain_reduction_db"] == pytest.approx(-decibels(gain.min()), abs=0.002)
    assert report["mean_gain_reduction_db"] == pytest.approx(
        float(np.mean(-20.0 * np.log10(gain))), abs=0.05
    )


def test_silence_stays_silent_and_nothing_stays_nothing():
    out, report = run(Limiter(input_gain_db=36.0), np.zeros((2, 5000)), 44100)
    np.testing.assert_array_equal(out, np.zeros((2, 5000)))
    assert report["max_gain_reduction_db"] == 0.0
    out, report = run(Limiter(), np.zeros((2, 0)), 44100)
    assert out.shape == (2, 0)
    assert report["max_gain_reduction_db"] == 0.0


def test_input_blocks_are_not_modified():
    audio = hostile("music", 44100)[:, :4000].copy()
    before = audio.copy()
    run(Limiter(input_gain_db=3.0), audio, 44100, 4000)
    np.testing.assert_array_equal(audio, before)
