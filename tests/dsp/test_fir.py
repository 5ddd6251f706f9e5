"""Linear-phase filters against scipy.signal.oaconvolve."""

import numpy as np
import pytest
from scipy import signal as sps

from masterprint.dsp.fir import convolve, linear_phase_taps
from masterprint.signal import Signal


def tilt(frequencies_hz):
    """A smooth curve from +3 dB at low to -6 dB at high frequencies."""
    return 10.0 ** ((3.0 - 9.0 / (1.0 + (1000.0 / np.maximum(frequencies_hz, 1e-9)) ** 2)) / 20.0)


def through(audio, taps, block_frames=1 << 15):
    return convolve(Signal.of(audio, 48000, block_frames), taps).collect()


@pytest.mark.parametrize("rate", [44100, 96000, 192000])
@pytest.mark.parametrize("reach_s", [0.001, 0.02, 0.2])
def test_taps_are_odd_symmetric_and_long_enough(rate, reach_s):
    taps = linear_phase_taps(tilt, rate, reach_s)
    assert len(taps) % 2 == 1
    np.testing.assert_allclose(taps, taps[::-1], rtol=0, atol=1e-15)
    assert len(taps) // 2 + 1 >= reach_s * rate


@pytest.mark.parametrize("rate", [44100, 96000, 192000])
def test_taps_have_the_wanted_magnitude_and_no_phase(rate):
    taps = linear_phase_taps(tilt, rate, 0.05)
    at_hz = np.geomspace(20.0, 0.49 * rate, 200)
    found = sps.freqz(taps, 1.0, at_hz, fs=rate)[1]
    found *= np.exp(2j * np.pi * at_hz / rate * (len(taps) // 2))  # its delay taken out
    np.testing.assert_allclose(found.real, tilt(at_hz), rtol=2e-3)
    np.testing.assert_allclose(found.imag, 0.0, atol=1e-9)


def test_a_flat_magnitude_is_an_impulse():
    taps = linear_phase_taps(np.ones_like, 48000, 0.01)
    expected = np.zeros(len(taps))
    expected[len(taps) // 2] = 1.0
    np.testing.assert_allclose(taps, expected, atol=1e-12)


@pytest.mark.parametrize("length", [1, 3, 101, 1023, 4097, 16383])
@pytest.mark.parametrize("frames", [1, 50, 5000, 40000])
def test_convolution_is_trimmed_to_the_input(length, frames):
    rng = np.random.default_rng(length + frames)
    audio, taps = rng.standard_normal((2, frames)), rng.standard_normal(length)
    delay = (length - 1) // 2
    expected = sps.oaconvolve(audio, taps[np.newaxis], axes=1)[:, delay : delay + frames]
    out = through(audio, taps)
    assert out.shape == audio.shape
    np.testing.assert_allclose(out, expected, atol=1e-12 * length)


@pytest.mark.parametrize("at", [0, 1, 3000, 9998, 9999])
def test_an_impulse_stays_where_it_was(at):
    taps = linear_phase_taps(tilt, 48000, 0.02)
    audio = np.zeros((1, 10000))
    audio[0, at] = 1.0
    out = through(audio, taps)[0]
    assert np.argmax(np.abs(out)) == at
    reach = min(at, 9999 - at)
    around = out[at - reach : at + reach + 1]
    np.testing.assert_allclose(around, around[::-1], atol=1e-13)


@pytest.mark.parametrize("block_frames", [1, 61, 4096, 30001])
def test_blocks_of_any_size_give_the_same(block_frames):
    taps = linear_phase_taps(tilt, 48000, 0.02)
    audio = np.random.default_rng(1).standard_normal((2, 12000))
    np.testing.assert_array_equal(through(audio, taps, block_frames), through(audio, taps))


def test_silence_and_nothing():
    taps = linear_phase_taps(tilt, 48000, 0.02)
    np.testing.assert_array_equal(through(np.zeros((2, 9000)), taps), np.zeros((2, 9000)))
    assert through(np.zeros((2, 0)), taps).shape == (2, 0)


def test_what_is_known_of_the_signal_stays_known():
    source = Signal.of(np.ones((3, 100)), 44100)
    out = convolve(source, np.ones(9) / 9.0)
    assert (out.sample_rate_hz, out.channels, out.frames) == (44100, 3, 100)
