"""Butterworth filters against scipy.signal.butter, and crossovers that add up."""

import numpy as np
import pytest
from scipy import signal as sps

from masterprint.dsp.butterworth import butterworth, linkwitz_riley

RATES_HZ = (44100, 48000, 96000, 192000)


def response(sections, frequencies_hz, rate):
    """Complex frequency response of sections b0 b1 b2 a1 a2 with a0 = 1."""
    sos = np.insert(np.asarray(sections), 3, 1.0, axis=1)
    return sps.sosfreqz(sos, frequencies_hz, fs=rate)[1]


def grid(rate):
    return np.geomspace(5.0, 0.499 * rate, 400)


@pytest.mark.parametrize("order", range(1, 9))
@pytest.mark.parametrize("kind", ["lowpass", "highpass"])
@pytest.mark.parametrize("rate", RATES_HZ)
@pytest.mark.parametrize("frequency_hz", [20.0, 1000.0, 18000.0])
def test_equals_scipy(kind, order, frequency_hz, rate):
    sections = butterworth(kind, frequency_hz, order, rate)
    assert sections.shape == ((order + 1) // 2, 5)
    expected = sps.sosfreqz(
        sps.butter(order, frequency_hz, kind, fs=rate, output="sos"), grid(rate), fs=rate
    )[1]
    np.testing.assert_allclose(response(sections, grid(rate), rate), expected, atol=1e-8)


@pytest.mark.parametrize("order", range(1, 9))
@pytest.mark.parametrize("kind", ["lowpass", "highpass"])
def test_3_db_down_at_the_corner_and_its_slope_beyond(kind, order):
    rate, corner = 192000, 1000.0
    far = (8000.0, 4000.0) if kind == "lowpass" else (62.5, 125.0)
    sections = butterworth(kind, corner, order, rate)
    levels = 20.0 * np.log10(np.abs(response(sections, np.array([corner, *far]), rate)))
    assert levels[0] == pytest.approx(-10.0 * np.log10(2.0), abs=1e-9)
    assert levels[1] - levels[2] == pytest.approx(-6.02 * order, abs=0.2 * order)


@pytest.mark.parametrize("order", range(1, 9))
@pytest.mark.parametrize("rate", RATES_HZ)
def test_the_all_pass_has_the_poles_of_the_filter_and_no_loss(order, rate):
    sections = butterworth("allpass", 700.0, order, rate)
    np.testing.assert_allclose(np.abs(response(sections, grid(rate), rate)), 1.0, atol=1e-9)
    np.testing.assert_allclose(
        sections[:, 3:], butterworth("lowpass", 700.0, order, rate)[:, 3:], rtol=1e-14
    )


@pytest.mark.parametrize("slope", [12, 24, 36, 48])
@pytest.mark.parametrize("frequency_hz", [30.0, 120.0, 2500.0, 15000.0])
@pytest.mark.parametrize("rate", RATES_HZ)
def test_crossover_bands_add_up_to_an_all_pass(slope, frequency_hz, rate):
    low, high, through = (
        response(linkwitz_riley(kind, frequency_hz, slope, rate), grid(rate), rate)
        for kind in ("lowpass", "highpass", "allpass")
    )
    np.testing.assert_allclose(np.abs(low + high), 1.0, atol=1e-8)
    np.testing.assert_allclose(low + high, through, atol=1e-8)


@pytest.mark.parametrize("slope", [12, 24, 36, 48])
def test_crossover_bands_are_6_db_down_and_in_phase_at_the_crossover(slope):
    low, high = (
        response(linkwitz_riley(kind, 500.0, slope, 48000), np.array([500.0]), 48000)[0]
        for kind in ("lowpass", "highpass")
    )
    assert abs(low) == pytest.approx(0.5, abs=1e-9)
    assert low == pytest.approx(high, abs=1e-9)


@pytest.mark.parametrize("slope", [12, 24, 36, 48])
def test_crossover_slopes(slope):
    at = np.array([8000.0, 16000.0])
    levels = np.abs(response(linkwitz_riley("lowpass", 500.0, slope, 192000), at, 192000))
    assert 20.0 * np.log10(levels[1] / levels[0]) == pytest.approx(-slope, abs=0.15 * slope / 2)


@pytest.mark.parametrize("slope", [12, 24, 36, 48])
def test_an_impulse_through_both_bands_keeps_its_energy(slope):
    impulse = np.zeros(1 << 15)
    impulse[10] = 1.0
    total = sum(
        sps.sosfilt(np.insert(linkwitz_riley(kind, 400.0, slope, 44100), 3, 1.0, axis=1), impulse)
        for kind in ("lowpass", "highpass")
    )
    assert np.sum(total**2) == pytest.approx(1.0, abs=1e-6)
