"""High-pass and low-pass against the analogue Butterworth curve and SciPy's own design."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError
from scipy.signal import butter, sosfilt, sosfreqz

from masterprint.signal import Signal
from masterprint.stages.base import Stage
from masterprint.stages.highpass import Highpass
from masterprint.stages.lowpass import Lowpass

SLOPES = (6, 12, 18, 24, 30, 36, 42, 48)
RATES_HZ = (44100, 48000, 96000, 192000)


def through(stage: Stage, audio: NDArray[np.float64], rate: int) -> NDArray[np.float64]:
    return stage.apply(Signal.of(audio, rate)).collect()


def levels_db(
    stage: Stage, at_hz: NDArray[np.float64], rate: int, seconds: float
) -> NDArray[np.float64]:
    """Magnitude at multiples of 1 / `seconds`, from the impulse response that the stage renders."""
    impulse = np.zeros((1, round(rate * seconds)))
    impulse[0, 0] = 1.0
    response = np.abs(np.fft.rfft(through(stage, impulse, rate)[0]))
    return 20 * np.log10(response[np.rint(at_hz * seconds).astype(int)])


@pytest.mark.parametrize("kind", [Highpass, Lowpass])
@pytest.mark.parametrize("slope", SLOPES)
@pytest.mark.parametrize("rate", RATES_HZ)
def test_the_output_is_that_of_scipys_butterworth(kind: type, slope: int, rate: int) -> None:
    audio = np.random.default_rng(slope).uniform(-1.0, 1.0, (2, 8000))
    corner = 30.0 if kind is Highpass else 16000.0
    name = "highpass" if kind is Highpass else "lowpass"
    sections = butter(slope // 6, corner, name, fs=rate, output="sos")
    found = through(kind(frequency_hz=corner, slope_db_per_octave=slope), audio, rate)
    np.testing.assert_allclose(found, sosfilt(sections, audio), atol=2e-9)


@pytest.mark.parametrize("kind", [Highpass, Lowpass])
@pytest.mark.parametrize("slope", SLOPES)
@pytest.mark.parametrize("rate", [44100, 192000])
def test_it_is_3_db_down_at_its_frequency(kind: type, slope: int, rate: int) -> None:
    for corner in (200.0, 5000.0, 18000.0):
        stage = kind(frequency_hz=corner, slope_db_per_octave=slope)
        level = levels_db(stage, np.array([corner]), rate, 0.2)[0]
        assert level == pytest.approx(10 * np.log10(0.5), abs=1e-4)


@pytest.mark.parametrize("slope", SLOPES)
def test_it_falls_as_steeply_as_it_says(slope: int) -> None:
    """From three to four octaves out; an "octave of 6 dB" is 20 log10(2) = 6.02 dB."""
    steps = slope / 6 * 20 * np.log10(2.0)
    highpass = Highpass(frequency_hz=800.0, slope_db_per_octave=slope)
    near, far = levels_db(highpass, np.array([100.0, 50.0]), 96000, 0.5)
    assert near - far == pytest.approx(steps, abs=0.1)
    lowpass = Lowpass(frequency_hz=50.0, slope_db_per_octave=slope)
    near, far = levels_db(lowpass, np.array([400.0, 800.0]), 96000, 1.0)
    assert near - far == pytest.approx(steps, abs=0.1)


@pytest.mark.parametrize("slope", SLOPES)
def test_the_magnitude_is_the_analogue_butterworth_curve(slope: int) -> None:
    at_hz = np.rint(np.geomspace(20.0, 6000.0, 60)) / 2.0
    order = slope // 6
    found = levels_db(Highpass(frequency_hz=40.0, slope_db_per_octave=slope), at_hz, 96000, 2.0)
    curve = -10 * np.log10(1.0 + (40.0 / at_hz) ** (2 * order))
    # The end of the response, cut off after 2 s, hides what lies deeper.
    np.testing.assert_allclose(found[curve > -120], curve[curve > -120], atol=0.02)


@pytest.mark.parametrize("corner", [1.0, 5.0, 10.0, 20.0])
def test_low_corners_at_high_rates_stay_exact(corner: float) -> None:
    """A steep filter far below the sample rate, where one long section would fail."""
    stage = Highpass(frequency_hz=corner, slope_db_per_octave=48)
    sections = butter(8, corner, "highpass", fs=192000, output="sos")
    at_hz = np.array([100.0, 1000.0, 20000.0])
    expected = 20 * np.log10(np.abs(sosfreqz(sections, at_hz, fs=192000)[1]))
    np.testing.assert_allclose(levels_db(stage, at_hz, 192000, 2.0), expected, atol=1e-3)


def test_the_pass_band_is_left_alone() -> None:
    at_hz = np.rint(np.geomspace(200.0, 20000.0, 40))
    high = levels_db(Highpass(frequency_hz=20.0, slope_db_per_octave=24), at_hz, 44100, 1.0)
    assert np.abs(high).max() < 1e-3
    at_hz = np.rint(np.geomspace(20.0, 1800.0, 40))
    low = levels_db(Lowpass(frequency_hz=18000.0, slope_db_per_octave=24), at_hz, 44100, 1.0)
    assert np.abs(low).max() < 1e-3


def test_a_high_pass_takes_out_an_offset() -> None:
    audio = np.full((2, 88200), 0.25)
    rest = through(Highpass(frequency_hz=20.0), audio, 44100)
    assert np.abs(rest[:, 44100:]).max() < 1e-12


def test_a_low_pass_keeps_an_offset() -> None:
    audio = np.full((2, 20000), 0.25)
    rest = through(Lowpass(frequency_hz=5000.0), audio, 44100)
    np.testing.assert_allclose(rest[:, 1000:], 0.25, atol=1e-12)


def test_channels_are_filtered_alike_and_apart() -> None:
    rng = np.random.default_rng(5)
    audio = rng.uniform(-1.0, 1.0, (5, 3000))
    stage = Highpass(frequency_hz=100.0, slope_db_per_octave=18)
    together = through(stage, audio, 48000)
    for row, alone in zip(together, audio, strict=True):
        assert row.tobytes() == through(stage, alone[None], 48000)[0].tobytes()


def test_each_use_starts_afresh() -> None:
    """One stage of a chain renders mix after mix: nothing of one may ring into the next."""
    audio = np.random.default_rng(6).uniform(-1.0, 1.0, (2, 3000))
    stage = Lowpass(frequency_hz=50.0, slope_db_per_octave=48)
    assert through(stage, audio, 44100).tobytes() == through(stage, audio, 44100).tobytes()


@pytest.mark.parametrize("kind", [Highpass, Lowpass])
@pytest.mark.parametrize(
    "settings",
    [
        {"slope_db_per_octave": 0},
        {"slope_db_per_octave": 54},
        {"slope_db_per_octave": 10},
        {"slope_db_per_octave": 12.5},
        {"frequency_hz": 0.0},
        {"frequency_hz": -20.0},
        {"frequency_hz": 1e6},
    ],
)
def test_settings_out_of_range_are_refused(kind: type, settings: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        kind(**settings)


@pytest.mark.parametrize("kind", [Highpass, Lowpass])
def test_a_frequency_that_the_rate_has_no_room_for_is_a_problem(kind: type) -> None:
    (problem,) = kind(frequency_hz=22000.0).problems(44100, 2)
    assert problem.startswith("frequency_hz is 22000 Hz")
    assert "44100 Hz" in problem
    assert not kind(frequency_hz=21000.0).problems(44100, 2)
    assert not kind(frequency_hz=22000.0).problems(48000, 2)
