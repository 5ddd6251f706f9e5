"""Sample-rate conversion: length, level, aliases and alignment."""

import dataclasses

import numpy as np
import pytest

from masterprint.dsp.resampling import converted_frames, resample
from masterprint.signal import Signal
from oracles import decibels, tone

PAIRS = [
    (44100, 48000),
    (48000, 44100),
    (96000, 44100),
    (44100, 96000),
    (192000, 44100),
    (96000, 48000),
    (44100, 192000),
]


def convert(audio, from_hz, to_hz, block_frames=1 << 15):
    return resample(Signal.of(np.atleast_2d(audio), from_hz, block_frames), to_hz).collect()


def fitted(row, rate, frequency_hz):
    """Level in dBFS and phase in radians of a tone in the middle of a row, by least squares."""
    n = np.arange(len(row) // 4, 3 * len(row) // 4)
    angle = 2.0 * np.pi * frequency_hz * n / rate
    basis = np.stack([np.sin(angle), np.cos(angle)], axis=1)
    (sine, cosine), *_ = np.linalg.lstsq(basis, row[n], rcond=None)
    return decibels(np.hypot(sine, cosine)), np.arctan2(cosine, sine)


@pytest.mark.parametrize(("from_hz", "to_hz"), PAIRS)
@pytest.mark.parametrize("frames", [0, 1, 2, 7, 441, 1000, 9999, 44101])
def test_length_is_rounded_to_nearest(from_hz, to_hz, frames):
    source = Signal.of(np.full((2, frames), 0.1), from_hz)
    converted = resample(source, to_hz)
    # What has any frames keeps at least one.
    exact = max(frames * to_hz / from_hz, min(frames, 1))
    assert abs(converted.frames - exact) <= 0.5
    assert converted.sample_rate_hz == to_hz
    assert converted.channels == 2
    assert converted.collect().shape == (2, converted.frames)
    assert converted_frames(frames, from_hz, to_hz) == converted.frames


@pytest.mark.parametrize(("from_hz", "to_hz"), PAIRS)
@pytest.mark.parametrize("frequency_hz", [20.0, 997.0, 10000.0, 19000.0, 20000.0])
def test_tones_keep_their_level_and_phase(from_hz, to_hz, frequency_hz):
    out = convert(tone(from_hz, 1.0, frequency_hz, -6.0, 0.7), from_hz, to_hz)[0]
    level, phase = fitted(out, to_hz, frequency_hz)
    assert level == pytest.approx(-6.0, abs=0.02 if frequency_hz < 19500 else 0.1)
    assert phase == pytest.approx(0.7, abs=0.001)


@pytest.mark.parametrize("frequency_hz", [22050.0, 23000.0, 25000.0, 30000.0, 40000.0])
def test_what_lies_beyond_the_new_band_is_gone(frequency_hz):
    out = convert(tone(96000, 1.0, frequency_hz), 96000, 44100)[0]
    middle = out[len(out) // 4 : 3 * len(out) // 4]
    assert decibels(np.abs(middle).max()) < -120.0


def test_no_images_above_the_old_band():
    out = convert(tone(44100, 1.0, 15000.0), 44100, 96000)[0]
    middle = out[len(out) // 4 : 3 * len(out) // 4]
    window = np.blackman(len(middle)) / np.blackman(len(middle)).sum() * 2.0
    spectrum = np.abs(np.fft.rfft(middle * window))
    at_hz = np.fft.rfftfreq(len(middle), 1.0 / 96000)
    assert decibels(spectrum[at_hz > 22050.0].max()) < -120.0


@pytest.mark.parametrize(
    ("from_hz", "to_hz", "at", "expected"),
    [(96000, 44100, 9600, 4410), (44100, 96000, 4410, 9600), (48000, 44100, 4800, 4410)],
)
def test_a_pulse_stays_in_place(from_hz, to_hz, at, expected):
    n = np.arange(2 * at)
    width = 9000.0 / from_hz  # band-limited well below either half rate
    pulse = np.sinc(2.0 * width * (n - at)) * np.exp(-(((n - at) / (0.01 * from_hz)) ** 2))
    out = convert(pulse, from_hz, to_hz)[0]
    assert np.argmax(out) == expected
    assert out[expected] == pytest.approx(1.0, abs=1e-3)
    around = out[expected - 500 : expected + 501]
    np.testing.assert_allclose(around, around[::-1], atol=1e-6)  # symmetric: linear phase


def test_alignment_does_not_drift():
    seconds = 60
    audio = tone(44100, seconds, 997.0, -6.0)
    out = convert(audio, 44100, 48000)[0]
    for start in (1, 30, 58):
        part = out[start * 48000 : (start + 1) * 48000]  # whole periods: the phase is that of t = 0
        level, phase = fitted(part, 48000, 997.0)
        assert phase == pytest.approx(0.0, abs=1e-4)
        assert level == pytest.approx(-6.0, abs=0.001)


@pytest.mark.parametrize("block_frames", [1, 100, 5000])
def test_blocks_of_any_size_give_the_same(block_frames):
    audio = np.random.default_rng(1).standard_normal((2, 12000))
    whole = convert(audio, 48000, 44100, 12000)
    np.testing.assert_array_equal(convert(audio, 48000, 44100, block_frames), whole)


def test_the_same_rate_is_no_conversion():
    audio = np.random.default_rng(1).standard_normal((2, 1000))
    source = Signal.of(audio, 48000)
    assert resample(source, 48000) is source
    np.testing.assert_array_equal(convert(audio, 48000, 48000), audio)


def test_channels_stay_apart():
    audio = np.zeros((3, 5000))
    audio[1] = np.random.default_rng(2).standard_normal(5000)
    out = convert(audio, 96000, 44100)
    np.testing.assert_array_equal(out[[0, 2]], 0.0)
    assert np.abs(out[1]).max() > 0.1


def test_an_unknown_length_stays_unknown_and_the_rest_is_carried():
    report = {}
    source = dataclasses.replace(
        Signal.of(np.ones((1, 500)), 48000), frames=None, reserve=0.25, report=report
    )
    converted = resample(source, 44100)
    assert converted.frames is None
    assert converted.reserve == 0.25
    assert converted.report is report
    assert converted.collect().shape == (1, 459)
