"""A narrow low end: the side goes, the mid stays, and the two keep together."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError

from masterprint.signal import Signal
from masterprint.stages.mono_bass import MonoBass

FloatArray = NDArray[np.float64]

PHASES = ("minimum", "linear")
SLOPES = (12, 24, 36, 48)
RATE = 44100


def through(stage: MonoBass, audio: FloatArray, rate: int = RATE) -> FloatArray:
    return stage.apply(Signal.of(audio, rate)).collect()


def mid_and_side(audio: FloatArray) -> tuple[FloatArray, FloatArray]:
    return (audio[0] + audio[1]) / 2.0, (audio[0] - audio[1]) / 2.0


def responses(
    stage: MonoBass, from_hz: float, to_hz: float, rate: int = RATE
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Frequencies in a range, and what mid and side become of an impulse there."""
    half = rate
    impulse = np.zeros((2, 2 * half + 1))
    impulse[:, half] = 1.0
    mid, leak = mid_and_side(through(stage, impulse, rate))
    assert np.abs(leak).max() < 1e-15
    impulse[1, half] = -1.0
    leak, side = mid_and_side(through(stage, impulse, rate))
    assert np.abs(leak).max() < 1e-15
    at_hz = np.fft.rfftfreq(2 * half + 1, 1.0 / rate)
    inside = (at_hz >= from_hz) & (at_hz <= to_hz)
    mid, side = (np.fft.rfft(np.fft.ifftshift(part))[inside] for part in (mid, side))
    return at_hz[inside], mid, side


def linkwitz_riley_highpass(at_hz: FloatArray, corner: float, slope: int) -> FloatArray:
    """Magnitude of two Butterworth high-passes of half the order in series."""
    return 1.0 / (1.0 + (corner / at_hz) ** (slope // 6))


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("slope", SLOPES)
@pytest.mark.parametrize("rate", [44100, 96000])
def test_the_side_goes_as_a_linkwitz_riley_high_pass(slope: int, phase: str, rate: int) -> None:
    stage = MonoBass(frequency_hz=150.0, slope_db_per_octave=slope, phase=phase)
    at_hz, _, side = responses(stage, 40.0, 10000.0, rate)
    expected = linkwitz_riley_highpass(at_hz, 150.0, slope)
    # In the linear-phase kind the window of the filter rounds the corner of the steep slopes.
    np.testing.assert_allclose(np.abs(side), expected, atol=3e-4 if phase == "minimum" else 0.02)


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("slope", SLOPES)
def test_it_is_6_db_down_at_its_frequency(slope: int, phase: str) -> None:
    stage = MonoBass(frequency_hz=120.0, slope_db_per_octave=slope, phase=phase)
    at_hz, _, side = responses(stage, 110.0, 130.0)
    assert 20 * np.log10(np.interp(120.0, at_hz, np.abs(side))) == pytest.approx(-6.02, abs=0.1)


@pytest.mark.parametrize("phase", PHASES)
def test_bass_at_the_sides_is_gone(phase: str) -> None:
    """A 30 Hz side, two octaves under a crossover of 24 dB per octave: 48 dB down."""
    tone = np.sin(2 * np.pi * 30.0 / RATE * np.arange(4 * RATE))
    out = through(MonoBass(frequency_hz=120.0, phase=phase), np.stack([tone, -tone]))
    rest = np.abs(out[:, RATE:-RATE]).max()
    assert 20 * np.log10(rest) < -45


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("slope", SLOPES)
@pytest.mark.parametrize("frequency", [60.0, 120.0, 300.0])
def test_the_mid_keeps_its_level_at_every_frequency(
    slope: int, phase: str, frequency: float
) -> None:
    stage = MonoBass(frequency_hz=frequency, slope_db_per_octave=slope, phase=phase)
    _, mid, _ = responses(stage, 5.0, 21500.0)
    assert np.abs(20 * np.log10(np.abs(mid))).max() < 0.01


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("slope", SLOPES)
def test_mid_and_side_stay_in_phase(slope: int, phase: str) -> None:
    """The quotient of their responses is real and positive: nothing turns against the other."""
    stage = MonoBass(frequency_hz=150.0, slope_db_per_octave=slope, phase=phase)
    _, mid, side = responses(stage, 80.0, 20000.0)
    assert np.abs(np.angle(side / mid)).max() < 0.02


def test_the_linear_kind_leaves_the_mid_alone() -> None:
    audio = np.random.default_rng(1).uniform(-1.0, 1.0, (2, 60000))
    out = through(MonoBass(phase="linear"), audio)
    assert np.abs(mid_and_side(out)[0] - mid_and_side(audio)[0]).max() < 1e-12


def test_a_mono_programme_passes_the_linear_kind_untouched() -> None:
    mono = np.tile(np.random.default_rng(1).uniform(-1.0, 1.0, 20000), (2, 1))
    assert np.abs(through(MonoBass(phase="linear"), mono) - mono).max() < 1e-12


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("slope", SLOPES)
def test_far_above_nothing_changes(slope: int, phase: str) -> None:
    """A voice on the left stays there, the same way up: above the bass it nulls with the mix."""
    tone = np.sin(2 * np.pi * 9000.0 / RATE * np.arange(RATE)) * np.hanning(RATE)
    audio = np.stack([tone, np.zeros(RATE)])
    out = through(MonoBass(frequency_hz=60.0, slope_db_per_octave=slope, phase=phase), audio)
    assert 20 * np.log10(np.abs(out - audio).max()) < -30


@pytest.mark.parametrize("phase", PHASES)
def test_bass_is_the_same_on_both_loudspeakers(phase: str) -> None:
    rng = np.random.default_rng(2)
    spectrum = np.fft.rfft(rng.standard_normal((2, 4 * RATE)))
    spectrum[:, np.fft.rfftfreq(4 * RATE, 1 / RATE) > 40.0] = 0.0
    bass = np.fft.irfft(spectrum)
    mid, side = mid_and_side(
        through(MonoBass(frequency_hz=120.0, phase=phase), bass)[:, RATE:-RATE]
    )
    assert 20 * np.log10(side.std() / mid.std()) < -35


@pytest.mark.parametrize(
    "settings", [{"slope_db_per_octave": 18}, {"slope_db_per_octave": 6}, {"frequency_hz": 0.0}]
)
def test_settings_out_of_range_are_refused(settings: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        MonoBass(**settings)


def test_more_than_two_channels_are_a_problem() -> None:
    assert MonoBass().problems(44100, 6) == ["works on 1 or 2 channels, the mix has 6"]


@pytest.mark.parametrize("phase", PHASES)
def test_a_mono_mix_has_no_side_and_passes_as_it_is(phase: str) -> None:
    audio = np.random.default_rng(6).uniform(-1.0, 1.0, (1, 5000))
    assert MonoBass(phase=phase).problems(44100, 1) == []
    assert through(MonoBass(phase=phase), audio).tobytes() == audio.tobytes()
