"""Second-order sections against scipy.signal.sosfilt."""

import numpy as np
import pytest
from scipy import signal as sps

from masterprint.dsp.biquad import BiquadCascade


def random_sections(count, seed):
    """Stable sections with poles up to a radius of 0.999."""
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(count):
        radius, angle = rng.uniform(0.3, 0.999), rng.uniform(0.0, np.pi)
        rows.append([*rng.uniform(-1.0, 1.0, 3), -2.0 * radius * np.cos(angle), radius**2])
    return np.array(rows)


def as_sos(sections):
    return np.insert(sections, 3, 1.0, axis=1)


@pytest.mark.parametrize("channels", [1, 2, 3, 6])
@pytest.mark.parametrize("sections", [1, 2, 3, 4, 7])
def test_equals_sosfilt(sections, channels):
    coefficients = random_sections(sections, 10 * sections + channels)
    audio = np.random.default_rng(1).standard_normal((channels, 10007))
    out = BiquadCascade(coefficients, channels)(audio)
    expected = sps.sosfilt(as_sos(coefficients), audio)
    np.testing.assert_allclose(out, expected, atol=1e-11 * np.abs(expected).max())


@pytest.mark.parametrize("sizes", [(1,), (1, 2, 0, 4095, 4096, 4097, 3), (127,)])
def test_blocks_of_any_size_give_the_same(sizes):
    coefficients = random_sections(3, 5)
    audio = np.random.default_rng(2).standard_normal((2, 9000))
    whole = BiquadCascade(coefficients, 2)(audio)
    cascade, parts, start = BiquadCascade(coefficients, 2), [], 0
    while start < 9000:
        for size in sizes:
            parts.append(cascade(np.ascontiguousarray(audio[:, start : start + size])))
            start += size
    np.testing.assert_array_equal(np.concatenate(parts, axis=1), whole)


@pytest.mark.parametrize("channels", [1, 2, 5])
def test_a_decayed_tail_becomes_exact_silence(channels):
    """Without that, the tail would linger in denormal numbers, which processors are slow at."""
    sos = sps.butter(4, 0.002, output="sos")
    audio = np.zeros((channels, 400_000))
    audio[:, 100] = 1.0
    out = BiquadCascade(np.delete(sos, 3, axis=1), channels)(audio)
    tiny = np.finfo(np.float64).tiny
    assert not np.any((out != 0.0) & (np.abs(out) < tiny))
    np.testing.assert_array_equal(out[:, -1000:], 0.0)
    np.testing.assert_allclose(out, sps.sosfilt(sos, audio), atol=1e-25)


def test_the_tail_becomes_silent_at_the_same_frame_in_any_blocks():
    sos = sps.butter(2, 0.01, output="sos")
    audio = np.zeros((1, 60_000))
    audio[0, 10] = 1.0
    sections = np.delete(sos, 3, axis=1)
    whole = BiquadCascade(sections, 1)(audio)
    cascade = BiquadCascade(sections, 1)
    parts = [cascade(np.ascontiguousarray(part)) for part in np.split(audio, [7, 5000, 5001], 1)]
    np.testing.assert_array_equal(np.concatenate(parts, axis=1), whole)
    assert not whole[0, -1]


def test_the_input_stays_as_it_was():
    audio = np.random.default_rng(3).standard_normal((3, 500))
    audio.flags.writeable = False
    before = audio.copy()
    out = BiquadCascade(random_sections(2, 1), 3)(audio)
    np.testing.assert_array_equal(audio, before)
    assert not np.shares_memory(out, audio)


def test_no_sections_change_nothing():
    audio = np.random.default_rng(4).standard_normal((2, 300))
    np.testing.assert_array_equal(BiquadCascade(np.zeros((0, 5)), 2)(audio), audio)


def test_channels_do_not_leak_into_one_another():
    coefficients = random_sections(2, 9)
    audio = np.zeros((3, 1000))
    audio[1] = np.random.default_rng(5).standard_normal(1000)
    out = BiquadCascade(coefficients, 3)(audio)
    np.testing.assert_array_equal(out[[0, 2]], 0.0)
    assert np.abs(out[1]).max() > 0.1
