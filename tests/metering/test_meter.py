"""The measurement as a whole: ratios, correlation, offset, clipping, and programmes of any size."""

import json
import math

import numpy as np
import pytest

from masterprint.metering.meter import Meter, measure_signal
from masterprint.signal import Signal
from oracles import (
    amplitude,
    decibels,
    demo_mix,
    hostile,
    lufs,
    stereo,
    tone,
    true_peak,
    true_peak_dbtp,
    window_powers,
)

RATE = 48000


def measured(audio, rate=RATE, **settings):
    return measure_signal(Signal.of(np.atleast_2d(audio), rate), **settings)


# --------------------------------------------------------------------------------------- ratios


def test_plr_is_true_peak_less_integrated_loudness():
    assert measured(stereo(tone(RATE, 5.0, 997.0, -20.0))).plr_db == pytest.approx(0.0, abs=0.02)
    assert measured(tone(RATE, 5.0, 997.0, -20.0)).plr_db == pytest.approx(3.01, abs=0.02)
    found = measured(demo_mix(44100), 44100)
    assert found.plr_db == pytest.approx(found.true_peak_dbtp - found.integrated_lufs, abs=1e-9)


def test_psr_is_the_smallest_distance_of_peak_and_short_term_loudness():
    """A steady tone has none; with a click in every second, 20 dB up, a tone has 20 dB."""
    steady = stereo(tone(RATE, 8.0, 997.0, -30.0))
    clicks = steady.copy()
    clicks[:, RATE // 2 :: RATE // 2] = amplitude(-10.0)
    assert measured(steady).psr_min_db == pytest.approx(0.0, abs=0.05)
    assert measured(clicks).psr_min_db == pytest.approx(20.0, abs=0.6)
    both = np.concatenate([clicks, steady], axis=1)
    assert measured(both).psr_min_db == pytest.approx(0.0, abs=0.05)


def test_psr_of_music_equals_a_transcription():
    """True peak of the last 3 s less their loudness, every 100 ms; the smallest."""
    rate = 44100
    audio = demo_mix(rate)[:, : 6 * rate]
    ratios = []
    for index, power in enumerate(window_powers(audio, rate, 3.0, 0.1)):
        if lufs(power) > -70.0:
            window = audio[:, index * rate // 10 : index * rate // 10 + 3 * rate]
            ratios.append(decibels(true_peak(window)) - lufs(power))
    assert measured(audio, rate).psr_min_db == pytest.approx(min(ratios), abs=0.1)


def test_psr_leaves_silence_out():
    audio = np.concatenate([stereo(tone(RATE, 4.0, 997.0, -20.0)), np.zeros((2, 8 * RATE))], axis=1)
    audio[:, -100] = 0.5  # a click in silence: not music with a large ratio, nor a small one
    assert measured(audio).psr_min_db == pytest.approx(0.0, abs=0.1)


# --------------------------------------------------------------------------- correlation, offset


def test_correlation():
    left = tone(RATE, 1.0, 500.0)
    assert measured(np.stack([left, 0.3 * left])).correlation == pytest.approx(1.0, abs=1e-12)
    assert measured(np.stack([left, -0.3 * left])).correlation == pytest.approx(-1.0, abs=1e-12)
    quarter = tone(RATE, 1.0, 500.0, 0.0, np.pi / 2)
    assert measured(np.stack([left, quarter])).correlation == pytest.approx(0.0, abs=1e-9)
    sixth = tone(RATE, 1.0, 500.0, 0.0, np.pi / 3)
    assert measured(np.stack([left, sixth])).correlation == pytest.approx(0.5, abs=1e-9)


def test_correlation_of_music():
    left, right = demo_mix(44100)
    expected = np.sum(left * right) / math.sqrt(np.sum(left**2) * np.sum(right**2))
    assert measured(demo_mix(44100), 44100).correlation == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("channels", [1, 3, 6])
def test_correlation_is_of_stereo_only(channels):
    found = measured(np.ones((channels, 1000)))
    assert found.correlation is None
    assert found.notes["correlation"] == "not stereo"


def test_correlation_with_a_silent_channel_is_undefined():
    found = measured(np.stack([tone(RATE, 0.1, 500.0), np.zeros(RATE // 10)]))
    assert found.correlation is None
    assert "silent" in found.notes["correlation"]


def test_dc_offset_is_that_of_the_channel_that_is_furthest_off():
    audio = np.random.default_rng(1).standard_normal((3, 5000))
    audio -= audio.mean(axis=1, keepdims=True)
    assert measured(audio).dc_offset == pytest.approx(0.0, abs=1e-12)
    audio += np.array([[0.01], [-0.03], [0.02]])
    assert measured(audio).dc_offset == pytest.approx(-0.03, abs=1e-12)


# ---------------------------------------------------------------------------------------- clipping


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        ([0.5, 1.0, 0.5, -1.0, 0.5], 0),
        ([0.5, 1.0, 1.0, 0.5], 2),
        ([1.0, 1.0, 1.0, 0.0, -1.0, -1.0], 5),
        ([1.2, -1.5, 3.0], 3),
        ([0.999999, 0.999999], 0),
        ([1.0, 1.0], 2),
    ],
)
def test_runs_at_full_scale_are_counted(samples, expected):
    assert measured(np.array(samples)).clipped_samples == expected


def test_clipping_is_counted_in_every_channel_once():
    audio = np.zeros((3, 100))
    audio[0, 10:14] = 1.0
    audio[2, 50:53] = -1.0
    assert measured(audio).clipped_samples == 7


def test_full_scale_of_an_integer_format():
    """The largest sample of 16 bit is 32767/32768: at full scale for that format."""
    audio = np.full((1, 10), 32767 / 32768)
    assert measured(audio).clipped_samples == 0
    assert measured(audio, full_scale=32767 / 32768).clipped_samples == 10
    assert measured(0.9999 * audio, full_scale=32767 / 32768).clipped_samples == 0


def test_runs_go_on_across_blocks():
    audio = np.zeros((2, 30))
    audio[0, 9:11] = 1.0
    audio[1, 20:25] = -1.0
    for size in (1, 3, 10, 30):
        assert measure_signal(Signal.of(audio, RATE, size)).clipped_samples == 7


# --------------------------------------------------------------------------- programmes of a size


def test_nothing():
    found = measured(np.zeros((2, 0)))
    assert (found.frames, found.duration_s, found.channels) == (0, 0.0, 2)
    for name in (
        "integrated_lufs",
        "loudness_range_lu",
        "max_momentary_lufs",
        "max_short_term_lufs",
        "true_peak_dbtp",
        "sample_peak_dbfs",
        "plr_db",
        "psr_min_db",
        "dc_offset",
        "correlation",
    ):
        assert getattr(found, name) is None, name
        assert found.notes[name], name
    assert found.clipped_samples == 0
    assert json.loads(json.dumps(found.as_dict()))["frames"] == 0


def test_one_frame():
    found = measured(np.array([[0.5], [-0.25]]))
    assert found.frames == 1
    assert found.sample_peak_dbfs == pytest.approx(-6.0206, abs=1e-4)
    assert found.true_peak_dbtp == pytest.approx(-6.0206, abs=1e-4)
    assert found.integrated_lufs is None
    assert "400 ms" in found.notes["integrated_lufs"]
    assert found.correlation == pytest.approx(-1.0)
    assert found.dc_offset == 0.5


def test_silence():
    found = measured(np.zeros((2, 5 * RATE)))
    for name in (
        "integrated_lufs",
        "loudness_range_lu",
        "max_momentary_lufs",
        "max_short_term_lufs",
        "true_peak_dbtp",
        "sample_peak_dbfs",
        "plr_db",
        "psr_min_db",
        "correlation",
    ):
        assert getattr(found, name) is None, name
        assert found.notes[name], name
    assert found.dc_offset == 0.0
    assert found.clipped_samples == 0
    assert "-70 LUFS" in found.notes["integrated_lufs"]


def test_quiet_programmes_have_peaks_but_no_loudness():
    found = measured(stereo(tone(RATE, 5.0, 997.0, -90.0)))
    assert found.integrated_lufs is None
    assert found.plr_db is None
    assert found.true_peak_dbtp == pytest.approx(-90.0, abs=0.01)
    assert found.max_momentary_lufs == pytest.approx(-90.0, abs=0.05)


@pytest.mark.parametrize("channels", [1, 2, 3, 5, 6, 7])
def test_every_channel_is_measured(channels):
    for loud in range(channels):
        audio = np.zeros((channels, 1000))
        audio[loud, 500] = -0.75
        found = measured(audio)
        assert found.channels == channels
        assert found.sample_peak_dbfs == pytest.approx(decibels(0.75), abs=1e-9)
        assert found.true_peak_dbtp == pytest.approx(decibels(0.75), abs=1e-5)
        assert found.dc_offset == pytest.approx(-0.75 / 1000)


@pytest.mark.parametrize("rate", [44100, 192000])
def test_long_programmes_are_measured_to_their_end(rate):
    """The loudest moment is the last one: 100 s in, and between the samples."""
    audio = np.zeros((1, 100 * rate))
    wave = tone(rate, 0.5, rate / 4, -3.0, np.pi / 4) * np.hanning(rate // 2)
    audio[0, -rate // 2 :] = wave
    audio[0, : rate // 2] = 0.5 * wave
    found = measured(audio, rate)
    assert found.duration_s == 100.0
    assert found.true_peak_dbtp == pytest.approx(true_peak_dbtp(wave[np.newaxis]), abs=0.1)
    alone = measured(np.concatenate([np.zeros(rate), wave]), rate).max_momentary_lufs
    assert found.max_momentary_lufs == pytest.approx(alone, abs=1e-6)


@pytest.mark.parametrize("rate", [44100, 22050])
@pytest.mark.parametrize("block_frames", [1, 97, 441, 4410, 4096, 50001])
def test_blocks_of_any_size_give_the_same_figures(block_frames, rate):
    audio = np.concatenate([hostile("music", 44100)] * 7, axis=1)
    audio = audio[:, : 20000 if block_frames == 1 else None]
    whole = measure_signal(Signal.of(audio, rate, audio.shape[1]))
    parts = measure_signal(Signal.of(audio, rate, block_frames))
    assert parts == whole
    np.testing.assert_array_equal(parts.gating_powers, whole.gating_powers)


def test_ragged_and_empty_blocks_give_the_same_figures():
    audio = hostile("clipped noise", 44100)
    cuts = np.sort(np.random.default_rng(3).integers(0, audio.shape[1], 40)).repeat(2)
    blocks = (np.ascontiguousarray(part) for part in np.split(audio, cuts, axis=1))
    assert measure_signal(Signal(blocks, 44100, 2)) == measured(audio, 44100)


def test_measuring_leaves_the_audio_as_it_was():
    audio = hostile("music", 44100).copy()
    before = audio.copy()
    meter = Meter(44100, 2)
    out = list(meter.passing(Signal.of(audio, 44100, 1000).blocks))
    np.testing.assert_array_equal(np.concatenate(out, axis=1), before)
    np.testing.assert_array_equal(audio, before)
    assert meter.result() == measured(audio, 44100)


def test_asking_twice_gives_the_same_figures():
    meter = Meter(44100, 2)
    meter.feed(np.ascontiguousarray(demo_mix(44100)))
    assert meter.result() == meter.result()


def test_a_look_at_the_figures_half_way_changes_nothing():
    audio = stereo(tone(44100, 4.0, 100.0, -1.0))
    meter = Meter(44100, 2)
    for start in range(0, audio.shape[1], 4000):
        meter.feed(np.ascontiguousarray(audio[:, start : start + 4000]))
        meter.result()
    assert meter.result() == measured(audio, 44100)


def test_without_true_peak_the_sample_peak_stands_in():
    audio = 0.5 * np.sin(2.0 * np.pi * np.arange(RATE) / 4 + np.pi / 4)[np.newaxis]
    meter = Meter(RATE, 1, true_peak=False)
    meter.feed(audio)
    found = meter.result()
    assert found.true_peak_dbtp == found.sample_peak_dbfs == pytest.approx(-9.03, abs=0.01)


def test_a_short_range_is_called_unstable():
    assert "not stable" in measured(stereo(tone(RATE, 5.0, 997.0))).notes["loudness_range_lu"]
    minute = stereo(tone(8000, 61.0, 997.0, -20.0))
    assert "loudness_range_lu" not in measured(minute, 8000).notes


def test_as_dict_is_plain_data_rounded_for_reading():
    data = measured(demo_mix(44100), 44100).as_dict()
    text = json.dumps(data, allow_nan=False)
    assert "gating_powers" not in data
    assert json.loads(text) == data
    for name in ("integrated_lufs", "true_peak_dbtp", "plr_db", "correlation"):
        assert data[name] == round(data[name], 3)


def test_a_full_scale_tone_does_not_read_minus_zero():
    data = measured(np.array([[1.0, -1.0, 0.0]])).as_dict()
    assert math.copysign(1.0, data["sample_peak_dbfs"]) == 1.0
