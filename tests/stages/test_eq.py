"""The equaliser as it is heard: rendered impulse responses against the analogue curves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError
from scipy.signal import freqs

from masterprint.signal import Signal
from masterprint.stages.eq import Band, Eq

FloatArray = NDArray[np.float64]

DEFAULT_Q = {"bell": 1.0, "low_shelf": 0.71, "high_shelf": 0.71, "notch": 10.0, "tilt": 1.0}
WIDE: list[dict[str, Any]] = [
    {"shape": "low_shelf", "frequency_hz": 90.0, "gain_db": 2.5},
    {"shape": "bell", "frequency_hz": 310.0, "gain_db": -3.0, "q": 0.9},
    {"shape": "bell", "frequency_hz": 3200.0, "gain_db": 2.0, "q": 1.5},
    {"shape": "high_shelf", "frequency_hz": 9500.0, "gain_db": 4.0},
    {"shape": "tilt", "frequency_hz": 800.0, "gain_db": -1.0},
]


def eq(*bands: dict[str, Any], phase: str = "minimum") -> Eq:
    return Eq(bands=[Band(**band) for band in bands], phase=phase)


def through(stage: Eq, audio: FloatArray, rate: int = 44100) -> FloatArray:
    return stage.apply(Signal.of(audio, rate)).collect()


def analogue_db(bands: list[dict[str, Any]], at_hz: FloatArray) -> FloatArray:
    """The cookbook's analogue prototypes, evaluated by SciPy."""
    total = np.zeros_like(at_hz)
    for band in bands:
        shape = band.get("shape", "bell")
        a = 10.0 ** (band.get("gain_db", 0.0) / 40.0)
        q = band.get("q", DEFAULT_Q[shape])
        root = np.sqrt(a) / q
        numerator, denominator = {
            "bell": ([1.0, a / q, 1.0], [1.0, 1.0 / (a * q), 1.0]),
            "low_shelf": ([a, a * root, a * a], [a, root, 1.0]),
            "high_shelf": ([a * a, a * root, a], [1.0, root, a]),
            "notch": ([1.0, 0.0, 1.0], [1.0, 1.0 / q, 1.0]),
            "tilt": ([a, 1.0], [1.0, a]),
        }[shape]
        _, response = freqs(numerator, denominator, at_hz / band["frequency_hz"])
        total += 20.0 * np.log10(np.abs(response))
    return total


def rendered_db(
    stage: Eq, from_hz: float, to_hz: float, rate: int, seconds: float = 1.0
) -> tuple[FloatArray, FloatArray]:
    """Frequencies in a range, and the level there of what the stage makes of an impulse."""
    frames = int(rate * seconds) | 1
    impulse = np.zeros((1, frames))
    impulse[0, frames // 2] = 1.0
    spectrum = np.abs(np.fft.rfft(through(stage, impulse, rate)[0]))
    frequencies = np.fft.rfftfreq(frames, 1.0 / rate)
    inside = (frequencies >= from_hz) & (frequencies <= to_hz)
    return frequencies[inside], 20.0 * np.log10(spectrum[inside])


def assert_analogue(
    bands: list[dict[str, Any]],
    phase: str,
    rate: int,
    within_db: float,
    *,
    from_hz: float = 20.0,
    to_hz: float = 16000.0,
    seconds: float = 1.0,
) -> None:
    at_hz, found = rendered_db(eq(*bands, phase=phase), from_hz, to_hz, rate, seconds)
    np.testing.assert_allclose(found, analogue_db(bands, at_hz), rtol=0, atol=within_db)


@pytest.mark.parametrize("phase", ["minimum", "linear"])
@pytest.mark.parametrize("rate", [44100, 48000, 96000])
@pytest.mark.parametrize(
    "band",
    [
        {"frequency_hz": 100.0, "gain_db": 6.0, "q": 0.7},
        {"frequency_hz": 1000.0, "gain_db": -9.0, "q": 2.0},
        {"frequency_hz": 10000.0, "gain_db": 6.0, "q": 0.7},
        {"frequency_hz": 15000.0, "gain_db": -6.0, "q": 1.0},
        {"shape": "low_shelf", "frequency_hz": 120.0, "gain_db": 6.0},
        {"shape": "high_shelf", "frequency_hz": 5000.0, "gain_db": 6.0},
        {"shape": "high_shelf", "frequency_hz": 12000.0, "gain_db": -6.0},
        {"shape": "tilt", "frequency_hz": 900.0, "gain_db": 4.0},
    ],
    ids=lambda band: f"{band.get('shape', 'bell')}-{band['frequency_hz']:.0f}",
)
def test_each_shape_follows_its_analogue_curve(band: dict[str, Any], rate: int, phase: str) -> None:
    assert_analogue([band], phase, rate, 0.1)


@pytest.mark.parametrize("phase", ["minimum", "linear"])
@pytest.mark.parametrize("rate", [44100, 96000])
def test_bands_add_up_in_decibels(phase: str, rate: int) -> None:
    assert_analogue(WIDE, phase, rate, 0.1)


def test_both_phases_have_the_same_magnitude() -> None:
    (_, minimum), (_, linear) = (
        rendered_db(eq(*WIDE, phase=phase), 20.0, 16000.0, 44100) for phase in ("minimum", "linear")
    )
    np.testing.assert_allclose(minimum, linear, rtol=0, atol=0.1)


@pytest.mark.parametrize("phase", ["minimum", "linear"])
def test_a_high_bell_keeps_its_upper_half(phase: str) -> None:
    """At 44.1 kHz the bilinear transform takes up to 2.65 dB from this one."""
    bell = {"frequency_hz": 10000.0, "gain_db": 6.0, "q": 0.7}
    assert_analogue([bell], phase, 44100, 0.7, to_hz=20000.0)
    assert_analogue([bell], phase, 44100, 0.1, to_hz=16000.0)


@pytest.mark.parametrize("phase", ["minimum", "linear"])
@pytest.mark.parametrize(("frequency", "q"), [(20.0, 4.0), (50.0, 4.0), (100.0, 8.0)])
def test_a_narrow_low_bell_reaches_its_gain(frequency: float, q: float, phase: str) -> None:
    bell = {"frequency_hz": frequency, "gain_db": 6.0, "q": q}
    assert_analogue([bell], phase, 44100, 0.5, to_hz=200.0, from_hz=10.0, seconds=3.0)


@pytest.mark.parametrize("phase", ["minimum", "linear"])
@pytest.mark.parametrize("frequency", [50.0, 60.0, 1000.0])
def test_a_notch_takes_hum_out_and_leaves_the_octaves(frequency: float, phase: str) -> None:
    hum = np.sin(2 * np.pi * frequency / 44100 * np.arange(4 * 44100))[None]
    notch = eq({"shape": "notch", "frequency_hz": frequency}, phase=phase)
    rest = through(notch, hum)[0, 60000:-60000]
    assert 20 * np.log10(np.abs(rest).max()) < -40
    for beside in (frequency / 2, frequency * 2):
        _, level = rendered_db(notch, beside * 0.99, beside * 1.01, 44100, 2.0)
        np.testing.assert_allclose(level, 0.0, atol=0.05)


def test_defaults_are_those_that_the_settings_name() -> None:
    assert [Band(shape=shape, frequency_hz=100.0).quality for shape in DEFAULT_Q][:4] == [
        1.0,
        0.71,
        0.71,
        10.0,
    ]


def test_minimum_phase_comes_at_once_and_linear_phase_on_both_sides() -> None:
    impulse = np.zeros((1, 20001))
    impulse[0, 10000] = 1.0
    minimum = through(eq(*WIDE), impulse)[0]
    assert not minimum[:10000].any()
    assert minimum[10000] != 0.0
    linear = through(eq(*WIDE, phase="linear"), impulse)[0]
    assert int(np.abs(linear).argmax()) == 10000
    np.testing.assert_allclose(linear, linear[::-1], atol=1e-14)
    assert np.abs(linear[:10000]).max() > 1e-4


@pytest.mark.parametrize("frequency", [60.0, 300.0, 3000.0])
@pytest.mark.parametrize("q", [0.7, 1.0, 2.0, 4.0])
@pytest.mark.parametrize("gain_db", [-6.0, 6.0])
def test_linear_phase_rings_no_louder_before_a_sound_than_it_says(
    frequency: float, q: float, gain_db: float
) -> None:
    rate, quiet = 44100, 30000
    beginning = np.sin(2 * np.pi * frequency / rate * np.arange(round(40 * rate / frequency)))
    audio = np.concatenate([np.zeros(quiet), beginning, np.zeros(quiet)])[np.newaxis]
    band = {"frequency_hz": frequency, "gain_db": gain_db, "q": q}
    out = np.abs(through(eq(band, phase="linear"), audio)[0])
    out /= out.max()
    for periods, level_db in ((2 * q, -55.0), (4 * q, -90.0)):
        before = quiet - round(periods * rate / frequency)
        assert out[:before].max() < 10 ** (level_db / 20)


def test_minimum_phase_really_is_minimum() -> None:
    """Its phase is the Hilbert transform of its log magnitude."""
    impulse = np.zeros((1, 1 << 17))
    impulse[0, 0] = 1.0
    spectrum = np.fft.fft(through(eq(*WIDE), impulse)[0])
    cepstrum = np.fft.ifft(np.log(np.abs(spectrum))).real
    fold = np.zeros(len(cepstrum))
    fold[0] = fold[len(fold) // 2] = 1.0
    fold[1 : len(fold) // 2] = 2.0
    expected = np.exp(np.fft.fft(cepstrum * fold))
    np.testing.assert_allclose(spectrum, expected, atol=1e-6)


@pytest.mark.parametrize("rate", [44100, 96000])
@pytest.mark.parametrize("shape", ["bell", "low_shelf", "high_shelf", "tilt"])
def test_a_boost_and_the_same_cut_null(shape: str, rate: int) -> None:
    audio = np.random.default_rng(2).uniform(-1.0, 1.0, (2, 20000))
    for frequency in (60.0, 2500.0, 14000.0):
        boost, cut = (
            eq({"shape": shape, "frequency_hz": frequency, "gain_db": gain}) for gain in (9.0, -9.0)
        )
        assert np.abs(through(cut, through(boost, audio, rate), rate) - audio).max() < 1e-11
        both = eq(
            {"shape": shape, "frequency_hz": frequency, "gain_db": 9.0},
            {"shape": shape, "frequency_hz": frequency, "gain_db": -9.0},
        )
        assert np.abs(through(both, audio, rate) - audio).max() < 1e-11


def test_a_linear_phase_boost_and_cut_in_one_stage_null() -> None:
    audio = np.random.default_rng(2).uniform(-1.0, 1.0, (2, 20000))
    both = eq(
        {"frequency_hz": 500.0, "gain_db": 9.0},
        {"frequency_hz": 500.0, "gain_db": -9.0},
        phase="linear",
    )
    assert np.abs(through(both, audio) - audio).max() < 1e-12


@pytest.mark.parametrize("phase", ["minimum", "linear"])
def test_bands_without_gain_return_the_very_samples(phase: str) -> None:
    audio = np.random.default_rng(2).uniform(-1.0, 1.0, (2, 5000))
    for stage in (eq(phase=phase), eq({"frequency_hz": 100.0}, phase=phase)):
        assert through(stage, audio).tobytes() == audio.tobytes()


def test_the_order_of_bands_makes_no_difference() -> None:
    audio = np.random.default_rng(3).uniform(-1.0, 1.0, (2, 20000))
    forward, backward = through(eq(*WIDE), audio), through(eq(*WIDE[::-1]), audio)
    assert np.abs(forward - backward).max() < 1e-12


def test_a_long_linear_phase_filter_is_seamless_across_its_partitions() -> None:
    """A tone through several partitions of the fast convolution: its level never moves."""
    rate = 44100
    tone = np.sin(2 * np.pi * 100.0 / rate * np.arange(8 * rate))[None]
    stage = eq({"frequency_hz": 100.0, "gain_db": 6.0}, phase="linear")
    middle = slice(rate, -rate)
    for block_frames in (1 << 15, 977):
        out = stage.apply(Signal.of(tone, rate, block_frames)).collect()
        assert out.shape == tone.shape
        gain = (out[:, middle] * tone[:, middle]).sum() / (tone[:, middle] ** 2).sum()
        assert 20 * np.log10(gain) == pytest.approx(6.0, abs=0.05)
        np.testing.assert_allclose(out[:, middle], gain * tone[:, middle], atol=1e-12)


def test_many_sharp_bands_stay_accurate() -> None:
    bands = [{"frequency_hz": f, "gain_db": 6.0, "q": 40.0} for f in np.geomspace(40, 15000, 32)]
    assert_analogue(bands, "minimum", 96000, 0.1, seconds=8.0)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"shape": "notch", "frequency_hz": 50.0, "gain_db": -3.0}, "a notch has no gain_db"),
        ({"shape": "tilt", "frequency_hz": 50.0, "q": 1.0}, "a tilt has no q"),
        ({"shape": "bell"}, "frequency_hz"),
        ({"shape": "peak", "frequency_hz": 50.0}, "shape"),
        ({"frequency_hz": 50.0, "gain_db": 31.0}, "gain_db"),
        ({"frequency_hz": 50.0, "q": 0.05}, "q"),
        ({"frequency_hz": 50.0, "gain": 3.0}, "gain"),
    ],
)
def test_a_band_that_makes_no_sense_is_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Band(**settings)


def test_a_band_above_the_rate_is_named() -> None:
    stage = eq({"frequency_hz": 100.0}, {"frequency_hz": 21900.0, "gain_db": 1.0})
    (problem,) = stage.problems(44100, 2)
    assert problem.startswith("bands[1].frequency_hz is 21900 Hz")
