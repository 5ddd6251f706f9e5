"""True peak: EBU Tech 3341 cases 15 to 23, and equality with interpolation without skipping."""

import numpy as np
import pytest
from scipy import signal as sps

from masterprint.dsp import interpolation
from masterprint.metering.meter import measure_signal
from masterprint.metering.truepeak import TruePeakMeter
from masterprint.signal import Signal
from oracles import amplitude, decibels, demo_mix, hostile, stereo, true_peak_dbtp, with_midpoints

RATES_HZ = (44100, 48000, 96000, 192000)


def measured(audio, rate):
    return measure_signal(Signal.of(np.atleast_2d(audio), rate))


def faded(wave, rate, seconds=0.1):
    frames = round(seconds * rate)
    ramp = np.linspace(0.0, 1.0, frames)
    return wave * np.concatenate([ramp, np.ones(len(wave) - 2 * frames), ramp[::-1]])


@pytest.mark.parametrize("rate", RATES_HZ)
@pytest.mark.parametrize(
    ("case", "divisor", "level", "degrees", "expected"),
    [
        (15, 4, 0.50, 0.0, -6.0),
        (16, 4, 0.50, 45.0, -6.0),
        (17, 6, 0.50, 60.0, -6.0),
        (18, 8, 0.50, 67.5, -6.0),
        (19, 4, 1.41, 45.0, 3.0),
    ],
)
def test_3341_sines_between_the_samples(case, divisor, level, degrees, expected, rate):
    n = np.arange(round(3.2 * rate))
    wave = level * np.sin(2.0 * np.pi * n / divisor + np.deg2rad(degrees))
    found = measured(stereo(faded(wave, rate)), rate)
    assert expected - 0.4 <= found.true_peak_dbtp <= expected + 0.2
    assert found.true_peak_dbtp == pytest.approx(decibels(level), abs=0.05)
    if case in (16, 19):
        assert found.sample_peak_dbfs == pytest.approx(decibels(level) - 3.01, abs=0.01)


def intersample_burst(rate, offset):
    """A sine of fs/6 at half scale with one period of fs/4 at full scale between its samples."""
    around = 0.5 * np.sin(2.0 * np.pi * np.arange(24 * (rate // 12)) / 24)
    burst = np.sin(2.0 * np.pi * np.arange(16) / 16)
    fine = np.concatenate([around, burst, around])
    lowpass = sps.firwin(513, 0.25, window=("kaiser", 8.0))
    return faded(sps.oaconvolve(fine, lowpass, mode="same")[offset::4], rate)


@pytest.mark.parametrize("rate", RATES_HZ)
@pytest.mark.parametrize(("case", "offset"), [(20, 0), (21, 1), (22, 2), (23, 3)])
def test_3341_a_burst_between_the_samples(case, offset, rate):
    found = measured(stereo(intersample_burst(rate, offset)), rate).true_peak_dbtp
    assert -0.4 <= found <= 0.2
    published = {20: -0.117, 21: -0.114, 22: -0.116, 23: -0.114}[case]  # of an 8-fold meter
    assert found == pytest.approx(published, abs=0.05)


def eightfold_per_100_ms(audio, rate):
    """Every value between samples, computed: peaks of each 100 ms, the whole programme padded."""
    margin = 64
    frames = audio.shape[1]
    filters = [
        np.concatenate([half[::-1], half]).astype(float)
        for half in (interpolation.HALF[24:], interpolation.QUARTER, interpolation.EIGHTH)
    ]
    values = np.zeros((len(audio), 8 * (frames + 2 * margin)))
    for row, into in zip(audio, values, strict=True):
        fine = np.pad(row, margin)
        for taps in filters:
            fine = with_midpoints(fine, taps)
        into[:] = fine
    per_frame = np.abs(values).max(axis=0).reshape(-1, 8).max(axis=1)
    frame_of = np.arange(len(per_frame)) - margin  # a value belongs to the frame before it
    peaks, start = [], -margin
    for interval in range(-(-frames * 10 // rate)):
        stop = min(frames, (interval + 1) * rate // 10)
        peaks.append(per_frame[(frame_of >= start) & (frame_of < stop)].max())
        start = stop
    return np.array(peaks)


def skipping(audio, rate, block_frames):
    meter = TruePeakMeter(rate, len(audio))
    for start in range(0, audio.shape[1], block_frames):
        meter.feed(np.ascontiguousarray(audio[:, start : start + block_frames]))
    return meter.finish()


@pytest.mark.parametrize("block_frames", [100_000, 1 << 12, 333])
@pytest.mark.parametrize("name", ["music", "square 997 Hz", "impulses", "clipped noise", "quiet"])
def test_skipping_loses_nothing(name, block_frames):
    rate = 44100
    if name == "quiet":
        audio = 1e-4 * np.random.default_rng(1).standard_normal((2, 30011))
        audio[:, 15000:15004] *= 300.0
    else:
        audio = hostile(name, rate)[:, :20011]
    np.testing.assert_allclose(
        skipping(audio, rate, block_frames), eightfold_per_100_ms(audio, rate), rtol=3e-6, atol=1e-7
    )


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("rate", [8000, 11025, 48000])
def test_skipping_loses_nothing_on_random_audio(seed, rate):
    rng = np.random.default_rng(seed)
    frames = int(rng.integers(1, 9000))
    audio = rng.standard_normal((1, frames)) * np.exp(rng.normal(0.0, 1.5, frames))
    np.testing.assert_allclose(
        skipping(audio, rate, int(rng.integers(1, 5000))),
        eightfold_per_100_ms(audio, rate),
        rtol=3e-6,
    )


@pytest.mark.parametrize("frames", [1, 2, 15, 16, 17, 29, 30, 100])
def test_the_last_frames_are_looked_at(frames):
    """What lies behind the last samples needs frames that never come: silence stands for them."""
    audio = np.zeros((1, frames))
    audio[0, -1] = 1.0
    if frames > 1:
        audio[0, -2] = 1.0
    expected = eightfold_per_100_ms(audio, 48000)
    np.testing.assert_allclose(skipping(audio, 48000, 7), expected, rtol=3e-6)
    found = measured(audio, 48000).true_peak_dbtp
    assert found == pytest.approx(true_peak_dbtp(audio), abs=0.2)


@pytest.mark.parametrize("rate", RATES_HZ)
@pytest.mark.parametrize("name", ["music", "square 60 Hz", "noise", "20 kHz bursts"])
def test_close_to_a_16_fold_meter(name, rate):
    """To 0.45 of the rate; in the last bit of the band any two meters' filters differ."""
    audio = hostile("clipped noise" if name == "noise" else name, rate)
    if name == "noise":
        audio = sps.oaconvolve(audio, sps.firwin(401, 0.88)[np.newaxis], axes=1)
    expected = true_peak_dbtp(audio)
    assert measured(audio, rate).true_peak_dbtp == pytest.approx(expected, abs=0.2)


@pytest.mark.parametrize("seed", range(10))
def test_never_below_the_sample_peak(seed):
    rng = np.random.default_rng(seed)
    audio = rng.standard_normal((2, 3000)) * rng.uniform(0.1, 2.0)
    if seed % 2:
        audio = np.sign(audio)
    found = measured(audio, 44100)
    assert found.true_peak_dbtp >= found.sample_peak_dbfs
    assert found.sample_peak_dbfs == pytest.approx(decibels(np.abs(audio).max()), abs=1e-9)


@pytest.mark.parametrize("value", [0.1, 1.0 / 3.0, 0.7071, 1.0 - 2.0**-24])
def test_never_below_the_sample_peak_by_rounding(value):
    """A lone sample: nothing between samples is larger, in whatever precision it is computed."""
    audio = np.zeros((1, 1000))
    audio[0, 500] = value
    found = measured(audio, 44100)
    assert found.true_peak_dbtp >= found.sample_peak_dbfs
    assert found.true_peak_dbtp == pytest.approx(decibels(value), abs=1e-5)


def test_the_loudest_channel_decides():
    audio = np.zeros((3, 48000))
    audio[2] = 0.5 * np.sin(2.0 * np.pi * np.arange(48000) / 4 + np.pi / 4)
    expected = measured(audio[2], 48000).true_peak_dbtp
    assert measured(audio, 48000).true_peak_dbtp == expected


@pytest.mark.parametrize("level_db", [-100.0, -30.0, 0.0, 12.0])
def test_scales_with_the_level(level_db):
    audio = demo_mix(44100)[:, 2 * 44100 : 3 * 44100]
    found = measured(audio * amplitude(level_db), 44100).true_peak_dbtp
    assert found == pytest.approx(measured(audio, 44100).true_peak_dbtp + level_db, abs=1e-4)
