"""The matched equaliser sections against their analogue prototypes."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.signal import freqs, freqz, lfilter

from masterprint.dsp.analogue import Shape, analogue_magnitude, matched_section

FloatArray = NDArray[np.float64]

SHAPES: tuple[Shape, ...] = ("bell", "low_shelf", "high_shelf", "notch", "tilt")
GAIN_SHAPES: tuple[Shape, ...] = ("bell", "low_shelf", "high_shelf", "tilt")
RATES = (44100.0, 48000.0, 96000.0, 192000.0)
IDENTITY = [1.0, 0.0, 0.0, 0.0, 0.0]


def digital_magnitude(section: FloatArray, at_hz: FloatArray, rate: float) -> FloatArray:
    _, response = freqz(section[:3], [1.0, *section[3:]], worN=at_hz, fs=rate)
    return np.abs(response)


def decibels(ratio: FloatArray) -> FloatArray:
    return np.asarray(20.0 * np.log10(ratio))


def worst_error_db(
    shape: Shape, frequency: float, gain: float, q: float, rate: float, top: float = 16000.0
) -> float:
    """Largest error in dB from 10 Hz to ``top``, on a grid that is dense around f0."""
    grid = np.concatenate(
        [
            np.geomspace(10.0, top, 400),
            np.linspace(10.0, top, 200),
            frequency * np.linspace(0.8, 1.25, 150),
        ]
    )
    # The dB error of a notch is undefined at its zero.
    grid = grid[(grid <= top) & (np.abs(grid / frequency - 1.0) > 1e-4)]
    section = matched_section(shape, frequency, gain, q, rate)
    wanted = analogue_magnitude(shape, frequency, gain, q, grid)
    return float(np.abs(decibels(digital_magnitude(section, grid, rate) / wanted)).max())


def worst_of(
    shape: Shape,
    frequencies: tuple[float, ...],
    gains: tuple[float, ...],
    qs: tuple[float, ...],
    rate: float,
    top: float = 16000.0,
) -> float:
    return max(
        worst_error_db(shape, frequency, gain, q, rate, top)
        for frequency, gain, q in itertools.product(frequencies, gains, qs)
    )


def roots_are_inside(c0: float, c1: float, c2: float) -> bool:
    """Schur-Cohn test of c0 z^2 + c1 z + c2, the unit circle itself excluded."""
    return c0 + c1 + c2 > 0 and c0 - c1 + c2 > 0 and abs(c2) < c0


# The prototypes.


@pytest.mark.parametrize("gain", [-12.0, 3.0, 18.0])
def test_bell_and_shelf_prototypes_follow_the_cookbook(gain: float) -> None:
    a, q, f0 = 10.0 ** (gain / 40.0), 0.8, 1000.0
    root = math.sqrt(a) / q
    cookbook: dict[Shape, tuple[list[float], list[float]]] = {
        "bell": ([1.0, a / q, 1.0], [1.0, 1.0 / (a * q), 1.0]),
        "low_shelf": ([a, a * root, a * a], [a, root, 1.0]),
        "high_shelf": ([a * a, a * root, a], [1.0, root, a]),
        "notch": ([1.0, 0.0, 1.0], [1.0, 1.0 / q, 1.0]),
    }
    at_hz = np.geomspace(10.0, 90000.0, 50)
    for shape, (numerator, denominator) in cookbook.items():
        _, response = freqs(numerator, denominator, at_hz / f0)
        magnitude = analogue_magnitude(shape, f0, gain, q, at_hz)
        np.testing.assert_allclose(magnitude, np.abs(response), rtol=1e-12)


@pytest.mark.parametrize(
    ("shape", "at_dc", "at_f0", "far_above"),
    [
        ("bell", 0.0, 6.0, 0.0),
        ("low_shelf", 6.0, 3.0, 0.0),
        ("high_shelf", 0.0, 3.0, 6.0),
        ("tilt", -3.0, 0.0, 3.0),
    ],
)
def test_prototype_levels_at_the_landmarks(
    shape: Shape, at_dc: float, at_f0: float, far_above: float
) -> None:
    magnitude = analogue_magnitude(shape, 1000.0, 6.0, 0.7, np.array([0.0, 1000.0, 1e9]))
    np.testing.assert_allclose(decibels(magnitude), [at_dc, at_f0, far_above], atol=1e-9)


# The match. The bounds of each class hold at every rate.


@pytest.mark.parametrize("rate", RATES)
def test_bells_up_to_10_khz(rate: float) -> None:
    frequencies = (20.0, 150.0, 1000.0, 3000.0, 5500.0, 8000.0, 10000.0)
    qs = (0.3, 0.5, 0.7, 1.0, 2.0, 4.0, 10.0)
    assert worst_of("bell", frequencies, (-18.0, -6.0, 1.0, 12.0, 18.0), qs, rate) <= 0.1


@pytest.mark.parametrize("rate", RATES)
def test_bells_from_10_to_18_khz(rate: float) -> None:
    frequencies = (11000.0, 12500.0, 14000.0, 15500.0, 18000.0)
    qs = (0.3, 0.7, 1.0, 1.4, 2.0, 4.0, 10.0)
    assert worst_of("bell", frequencies, (-18.0, 1.0, 18.0), qs, rate) <= 0.12
    assert worst_of("bell", frequencies, (-6.0, 6.0), qs, rate) <= 0.04


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("shape", ["low_shelf", "high_shelf"])
def test_shelves(shape: Shape, rate: float) -> None:
    frequencies = (20.0, 300.0, 2000.0, 5000.0, 9000.0, 12000.0, 18000.0)
    assert worst_of(shape, frequencies, (-12.0, 3.0, 12.0), (0.5, 0.71, 1.0), rate) <= 0.04


@pytest.mark.parametrize("rate", RATES)
def test_tilts(rate: float) -> None:
    frequencies = (20.0, 300.0, 1000.0, 3500.0, 10000.0, 18000.0)
    assert worst_of("tilt", frequencies, (-18.0, 1.0, 6.0, 18.0), (1.0,), rate) <= 0.015


@pytest.mark.parametrize("rate", RATES)
def test_notches(rate: float) -> None:
    frequencies = (50.0, 1000.0, 6000.0, 12000.0, 16500.0, 18000.0)
    assert worst_of("notch", frequencies, (0.0,), (0.5, 1.0, 4.0, 30.0), rate) <= 0.22


@pytest.mark.parametrize(
    ("rate", "bell", "shelf"), [(44100.0, 0.9, 0.25), (48000.0, 0.6, 0.12), (96000.0, 0.09, 0.03)]
)
def test_the_match_up_to_20_khz(rate: float, bell: float, shelf: float) -> None:
    frequencies = (1000.0, 6000.0, 10000.0, 14000.0, 18000.0)
    qs = (0.3, 0.7, 1.4, 3.0)
    assert worst_of("bell", frequencies, (18.0,), qs, rate, top=20000.0) <= bell
    assert worst_of("high_shelf", frequencies, (12.0,), (0.5, 0.8, 1.0), rate, 20000.0) <= shelf


@pytest.mark.parametrize("rate", [44100.0, 48000.0, 96000.0])
def test_resonant_shelves_stay_within_the_documented_error(rate: float) -> None:
    frequencies = (1000.0, 5000.0, 9000.0, 15000.0)
    assert worst_of("high_shelf", frequencies, (-18.0, 9.0, 18.0), (1.5, 2.0), rate) <= 0.14
    assert worst_of("low_shelf", frequencies, (-18.0, 9.0, 18.0), (3.0, 10.0), rate) <= 0.75


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    frequency=st.floats(20.0, 18000.0),
    gain=st.floats(-18.0, 18.0),
    q=st.floats(0.3, 10.0),
    rate=st.sampled_from(RATES),
)
def test_any_bell_matches(frequency: float, gain: float, q: float, rate: float) -> None:
    assert worst_error_db("bell", frequency, gain, q, rate) <= 0.12


@pytest.mark.parametrize("shape", SHAPES)
def test_low_frequencies_keep_their_accuracy_at_192_khz(shape: Shape) -> None:
    for gain in (-12.0, 6.0):
        assert worst_error_db(shape, 20.0, gain, 0.7, 192000.0, top=20000.0) <= 0.001


def test_coefficients_depend_on_the_ratio_of_frequency_and_rate() -> None:
    at_48 = matched_section("bell", 5000.0, 4.0, 1.2, 48000.0)
    at_96 = matched_section("bell", 10000.0, 4.0, 1.2, 96000.0)
    np.testing.assert_allclose(at_48, at_96, rtol=1e-9)


# Exact properties.


@pytest.mark.parametrize("shape", GAIN_SHAPES)
def test_no_gain_is_the_identity(shape: Shape) -> None:
    assert matched_section(shape, 3000.0, 0.0, 1.0, 44100.0).tolist() == IDENTITY
    assert matched_section(shape, 3000.0, -0.0, 1.0, 44100.0).tolist() == IDENTITY


@pytest.mark.parametrize("shape", GAIN_SHAPES)
def test_a_tiny_gain_is_close_to_the_identity(shape: Shape) -> None:
    at_hz = np.geomspace(10.0, 20000.0, 200)
    for gain in (1e-9, -1e-9):
        section = matched_section(shape, 3000.0, gain, 1.0, 44100.0)
        level = decibels(digital_magnitude(section, at_hz, 44100.0))
        assert np.abs(level).max() < 1e-8


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("frequency", [100.0, 3000.0, 17000.0])
def test_gain_at_dc_is_exact(shape: Shape, frequency: float) -> None:
    for gain in (-9.0, 5.0):
        section = matched_section(shape, frequency, gain, 0.8, 44100.0)
        wanted = analogue_magnitude(shape, frequency, gain, 0.8, np.zeros(1))[0]
        assert section[:3].sum() / (1.0 + section[3:].sum()) == pytest.approx(wanted, rel=1e-10)


@pytest.mark.parametrize("shape", GAIN_SHAPES)
@pytest.mark.parametrize("frequency", [1000.0, 5000.0, 15000.0])
def test_a_boost_and_its_cut_null(shape: Shape, frequency: float) -> None:
    signal = np.random.default_rng(4).uniform(-1.0, 1.0, 20000)
    boost = matched_section(shape, frequency, 9.0, 0.9, 44100.0)
    cut = matched_section(shape, frequency, -9.0, 0.9, 44100.0)
    boosted = lfilter(boost[:3], [1.0, *boost[3:]], signal)
    restored = lfilter(cut[:3], [1.0, *cut[3:]], boosted)
    assert np.abs(restored - signal).max() < 1e-12


@pytest.mark.parametrize("frequency", [50.0, 1000.0, 9000.0, 18000.0])
def test_notch_zeros_lie_on_the_unit_circle_at_its_frequency(frequency: float) -> None:
    b0, b1, b2, _, _ = matched_section("notch", frequency, 0.0, 2.0, 44100.0)
    assert b2 / b0 == pytest.approx(1.0, abs=1e-15)
    angle = math.acos(-b1 / (2.0 * b0))
    assert angle == pytest.approx(2.0 * math.pi * frequency / 44100.0, rel=1e-9)


def test_notch_ignores_the_gain_and_tilt_the_q() -> None:
    notch = [matched_section("notch", 2000.0, gain, 2.0, 48000.0).tolist() for gain in (0.0, -9.0)]
    tilt = [matched_section("tilt", 2000.0, 3.0, q, 48000.0).tolist() for q in (0.5, 4.0)]
    assert notch[0] == notch[1]
    assert tilt[0] == tilt[1]


# Safety.


@settings(max_examples=1200, deadline=None, derandomize=True)
@given(
    shape=st.sampled_from(SHAPES),
    relative=st.one_of(st.floats(1e-6, 0.49), st.floats(-6.0, -0.31).map(lambda x: 10.0**x)),
    gain=st.floats(-36.0, 36.0),
    q=st.floats(-1.3, 2.0).map(lambda x: 10.0**x),
    rate=st.sampled_from((11025.0, 22050.0, *RATES)),
)
def test_every_section_is_stable_and_minimum_phase(
    shape: Shape, relative: float, gain: float, q: float, rate: float
) -> None:
    with np.errstate(all="raise", under="ignore"):
        section = matched_section(shape, min(max(relative, 1e-6), 0.49) * rate, gain, q, rate)
    b0, b1, b2, a1, a2 = section
    assert np.isfinite(section).all()
    assert roots_are_inside(1.0, a1, a2)
    if shape == "notch":
        assert b2 / b0 == pytest.approx(1.0, abs=1e-15)
        assert abs(b1) < 2.0 * b0
    elif abs(gain) > 0.0:
        assert roots_are_inside(b0, b1, b2)


@pytest.mark.parametrize(
    ("frequency", "gain", "q", "rate"),
    [
        (0.0, 3.0, 1.0, 44100.0),
        (-100.0, 3.0, 1.0, 44100.0),
        (22000.0, 3.0, 1.0, 44100.0),
        (math.nan, 3.0, 1.0, 44100.0),
        (0.01, 3.0, 1.0, 44100.0),
        (1000.0, math.nan, 1.0, 44100.0),
        (1000.0, math.inf, 1.0, 44100.0),
        (1000.0, 3.0, 0.0, 44100.0),
        (1000.0, 3.0, -1.0, 44100.0),
        (1000.0, 3.0, math.nan, 44100.0),
        (1000.0, 3.0, 1.0, 0.0),
        (1000.0, 3.0, 1.0, math.inf),
    ],
)
def test_parameters_out_of_range_are_refused(
    frequency: float, gain: float, q: float, rate: float
) -> None:
    with pytest.raises(ValueError, match=r"must be|outside"):
        matched_section("bell", frequency, gain, q, rate)
