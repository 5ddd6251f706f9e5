"""The limiter's engine against a slow transcription of its published design."""

import math

import numpy as np
import pytest
from scipy import ndimage
from scipy import signal as sps

from masterprint.dsp.limiting import TruePeakLimiter
from oracles import amplitude, decibels, hostile, tone, true_peak

RATE = 48000


def limit(limiter, audio, block_frames=4096):
    """Output and gains, aligned with the input."""
    frames = audio.shape[1]
    padded = np.concatenate([audio, np.zeros((len(audio), limiter.latency))], axis=1)
    parts = [
        [array.copy() for array in limiter(np.ascontiguousarray(padded[:, at : at + block_frames]))]
        for at in range(0, padded.shape[1], block_frames)
    ]
    out, gains = (np.concatenate(arrays, axis=1) for arrays in zip(*parts, strict=True))
    late = slice(limiter.latency, limiter.latency + frames)
    return out[:, late], gains[:, late]


def engine(rate=RATE, channels=2, ceiling=0.5, lookahead_s=0.005, release_s=0.1, link=1.0):
    return TruePeakLimiter(rate, channels, ceiling, lookahead_s, release_s, link)


def published_gain(row, ceiling, lookahead, release_frames):
    """Signalsmith's limiter: required gain, running minimum, release, two box filters."""
    fine = sps.resample_poly(row, 8, 1, window=("kaiser", 9.0))
    # The largest magnitude between the sample before and the sample after.
    peaks = ndimage.maximum_filter1d(np.abs(fine), 15)[::8]
    required = np.minimum(1.0, ceiling / np.maximum(peaks, 1e-12))
    held = ndimage.minimum_filter1d(required, lookahead, origin=-(lookahead // 2))
    share = 1.0 - math.exp(-1.0 / release_frames)
    released, gain = np.empty_like(held), 1.0
    for n, wanted in enumerate(held):
        gain = min(wanted, gain + (1.0 - gain) * share)
        released[n] = gain
    first = round(0.5822 * lookahead)
    smoothed = np.concatenate([np.ones(2 * lookahead), released])
    for length in (first, lookahead - first + 1):
        smoothed = np.convolve(smoothed, np.ones(length) / length)[: len(smoothed)]
    return smoothed[2 * lookahead :]


@pytest.mark.parametrize("lookahead_s", [0.002, 0.005, 0.0201])
@pytest.mark.parametrize("release_s", [0.01, 0.1])
def test_gain_follows_the_published_design(lookahead_s, release_s):
    """On smooth bursts, where the true-peak guard behind it has next to nothing to do."""
    n = np.arange(RATE // 2)
    swell = np.sin(np.pi * n / len(n)) ** 2 * np.sin(2 * np.pi * 7.3 * n / RATE) ** 4
    audio = (2.0 * swell * np.sin(2 * np.pi * 300.0 * n / RATE))[np.newaxis]
    limiter = engine(channels=1, lookahead_s=lookahead_s, release_s=release_s)
    _, gains = limit(limiter, audio)
    ceiling = 0.5 * amplitude(-0.05)
    expected = published_gain(audio[0], ceiling, round(lookahead_s * RATE), release_s * RATE)
    assert expected.min() < 0.3
    np.testing.assert_allclose(gains[0], expected, atol=2e-4)


@pytest.mark.parametrize("lookahead_s", [0.001, 0.005, 0.02])
@pytest.mark.parametrize("rate", [44100, 96000])
def test_output_is_the_input_times_the_gains_at_the_latency(lookahead_s, rate):
    audio = hostile("music", 44100)
    out, gains = limit(engine(rate=rate, lookahead_s=lookahead_s), audio)
    np.testing.assert_allclose(out, audio * gains, rtol=1e-12, atol=0)
    assert gains.max() <= 1.0
    assert gains.min() > 0.05


@pytest.mark.parametrize("link", [0.0, 0.7, 1.0])
@pytest.mark.parametrize("name", ["square 997 Hz", "impulses", "clipped noise", "20 kHz bursts"])
def test_no_value_between_samples_passes_the_ceiling(name, link):
    out, _ = limit(engine(ceiling=0.25, link=link), hostile(name, RATE)[:, : RATE // 4])
    assert decibels(true_peak(out) / 0.25) <= 0.005


@pytest.mark.parametrize("frequency", [0.25, 1.0 / 3.0, 0.4, 0.45])
def test_a_sine_whose_samples_miss_its_peaks(frequency):
    """At fs/4 and 45 degrees samples read 3 dB low: a sample-peak limiter would let it pass."""
    n = np.arange(RATE // 4)
    wave = 0.6 * np.sin(2.0 * np.pi * frequency * n + np.pi / 4.0)
    wave *= sps.windows.tukey(len(n), 0.2)
    out, gains = limit(engine(channels=1, ceiling=0.5), wave[np.newaxis])
    assert decibels(true_peak(out) / 0.5) <= 0.005
    assert gains.min() < 0.86  # it was seen: 0.5 / 0.6 is 0.83


def test_the_gain_returns_to_exactly_one_after_much_work():
    noise = np.random.default_rng(2).standard_normal((1, 4 * RATE))
    audio = np.concatenate([noise, np.full((1, 2 * RATE), 0.1)], axis=1)
    _, gains = limit(engine(channels=1, release_s=0.02), audio)
    assert gains[0, : 4 * RATE].max() < 1.0
    np.testing.assert_array_equal(gains[0, -RATE:], 1.0)


def test_gains_are_smooth():
    """A lone click bends the gain over the look-ahead instead of breaking it."""
    audio = 0.1 * tone(RATE, 0.3, 200.0)[np.newaxis]
    audio[0, 7000] = 4.0
    _, gains = limit(engine(channels=1, lookahead_s=0.005, release_s=0.05), audio)
    lookahead = 240
    assert np.abs(np.diff(gains[0])).max() < 4.0 / lookahead


def test_link_one_has_one_row_of_gains_and_link_zero_one_each():
    audio = hostile("music", 44100)[:, :8192]
    assert limit(engine(link=1.0), audio)[1].shape == (1, 8192)
    gains = limit(engine(link=0.0), audio)[1]
    assert gains.shape == (2, 8192)
    assert not np.array_equal(gains[0], gains[1])


def test_blocks_are_not_modified():
    block = np.random.default_rng(1).standard_normal((2, 5000))
    block.flags.writeable = False
    before = block.copy()
    engine()(block)
    np.testing.assert_array_equal(block, before)


def test_results_of_earlier_blocks_stay_as_they_were():
    """A block that was handed on must not change when the next one is worked on."""
    audio = hostile("music", 44100)[:, :12288]
    limiter = engine(link=0.0)
    blocks = [np.ascontiguousarray(audio[:, at : at + 4096]) for at in (0, 4096, 8192)]
    out, gains = limiter(blocks[0])
    kept_out, kept_gains = out.copy(), gains.copy()
    for block in blocks[1:]:
        limiter(block)
    np.testing.assert_array_equal(out, kept_out)
    np.testing.assert_array_equal(gains, kept_gains)
