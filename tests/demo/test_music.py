"""The demo mix: a plausible, reproducible, unmastered piece of music."""

from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from masterprint.demo.music import synthesise_mix

Audio = NDArray[np.float64]

RATE_HZ = 44100
DURATION_S = 60.0
OCTAVES_HZ = (31.5, 63.0, 125.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0)


@pytest.fixture(scope="module")
def mix() -> Audio:
    return synthesise_mix(RATE_HZ, DURATION_S)


def decibels(power: float) -> float:
    return float(10.0 * np.log10(power + 1e-20))


def mean_power(audio: Audio) -> float:
    return float(np.mean(audio**2))


def window(audio: Audio, start_s: float, stop_s: float) -> Audio:
    return audio[:, round(start_s * RATE_HZ) : round(stop_s * RATE_HZ)]


def band(audio: Audio, low_hz: float, high_hz: float) -> Audio:
    spectrum = np.fft.rfft(audio)
    hz = np.fft.rfftfreq(audio.shape[1], 1.0 / RATE_HZ)
    spectrum[:, (hz < low_hz) | (hz >= high_hz)] = 0.0
    return np.fft.irfft(spectrum, audio.shape[1])


def octave_levels(audio: Audio) -> dict[float, float]:
    """Share of the total power per octave in dB."""
    power = np.sum(np.abs(np.fft.rfft(audio)) ** 2, axis=0)
    hz = np.fft.rfftfreq(audio.shape[1], 1.0 / RATE_HZ)
    inside = {c: (hz >= c / 2**0.5) & (hz < c * 2**0.5) for c in OCTAVES_HZ}
    return {c: decibels(float(power[mask].sum() / power.sum())) for c, mask in inside.items()}


def rough_lufs(audio: Audio, rate: int) -> float:
    """Gated loudness with the magnitude of the K curve drawn in the frequency domain.

    A second-order high-pass at 38 Hz and a 4 dB shelf at 1.7 kHz are within a few tenths of a
    decibel of the standard's filters, which is close enough for a plausibility check.
    """
    hz = np.fft.rfftfreq(audio.shape[1], 1.0 / rate)
    high_pass = hz**2 / (hz**2 + 38.0**2)
    shelf = np.sqrt((1.0 + 10.0**0.4 * (hz / 1700.0) ** 4) / (1.0 + (hz / 1700.0) ** 4))
    weighted = np.fft.irfft(np.fft.rfft(audio) * high_pass * shelf, audio.shape[1])
    hop = rate // 10
    hops = weighted.shape[1] // hop
    power = np.mean(weighted[:, : hops * hop].reshape(2, hops, hop) ** 2, axis=2).sum(axis=0)
    blocks = np.convolve(power, np.full(4, 0.25), mode="valid")
    blocks = blocks[blocks > 10.0 ** ((-70.0 + 0.691) / 10.0)]
    blocks = blocks[blocks > 0.1 * blocks.mean()]
    return decibels(float(blocks.mean())) - 0.691


def test_is_a_contiguous_stereo_float64_array(mix: Audio) -> None:
    assert mix.shape == (2, round(RATE_HZ * DURATION_S))
    assert mix.dtype == np.float64
    assert mix.flags.c_contiguous
    assert np.all(np.isfinite(mix))


def test_is_bit_identical_on_every_call() -> None:
    assert synthesise_mix(RATE_HZ, 7.0).tobytes() == synthesise_mix(RATE_HZ, 7.0).tobytes()


@pytest.mark.parametrize(
    ("rate", "duration_s"),
    [(44100, 5.0), (48000, 5.0), (96000, 5.0), (48000, 12.34567), (44100, 24.0)],
)
def test_follows_rate_and_duration(rate: int, duration_s: float) -> None:
    short = synthesise_mix(rate, duration_s)
    assert short.shape == (2, round(rate * duration_s))
    assert 20.0 * np.log10(np.max(np.abs(short))) == pytest.approx(-4.0, abs=0.5)
    assert not np.any(short[:, -rate // 20 :])
    # A short song is all chorus, so it may come out a little denser than the full arrangement.
    assert -20.5 < rough_lufs(short, rate) < -14.5


@pytest.mark.parametrize("duration_s", [4.9, 600.1, -1.0, float("nan"), float("inf")])
def test_refuses_durations_it_cannot_arrange(duration_s: float) -> None:
    with pytest.raises(ValueError, match="duration_s"):
        synthesise_mix(RATE_HZ, duration_s)


def test_refuses_rates_that_cannot_hold_the_music() -> None:
    with pytest.raises(ValueError, match="sample_rate_hz"):
        synthesise_mix(8000, 5.0)


def test_leaves_headroom(mix: Audio) -> None:
    assert 20.0 * np.log10(np.max(np.abs(mix))) == pytest.approx(-4.0, abs=0.5)
    assert np.max(np.abs(mix)) <= 10.0 ** (-3.0 / 20.0)


def test_is_as_loud_as_an_unmastered_mix(mix: Audio) -> None:
    assert -20.0 < rough_lufs(mix, RATE_HZ) < -17.0


def test_drums_stand_out(mix: Audio) -> None:
    crest_db = decibels(float(np.max(mix**2))) - decibels(mean_power(mix))
    assert 12.0 < crest_db < 20.0
    verse = window(mix, 15.0, 30.0)
    peaks = np.max(np.abs(verse.reshape(2, 30, -1)), axis=(0, 2))
    assert np.sum(20.0 * np.log10(peaks) - decibels(mean_power(verse)) > 10.0) >= 15


def test_keeps_a_centre_and_has_width(mix: Audio) -> None:
    assert 0.3 < np.asarray(np.corrcoef(mix))[0, 1] < 0.98
    assert abs(decibels(mean_power(mix[:1])) - decibels(mean_power(mix[1:]))) < 1.5


def test_every_octave_has_music(mix: Audio) -> None:
    levels = octave_levels(mix)
    for centre, level in levels.items():
        assert -30.0 < level < -3.0, f"{centre} Hz at {level:.1f} dB"
    # Steep gaps or humps would sound like a broken filter; the bottom octave holds kick tails only.
    for (low, below), (_, above) in pairwise(list(levels.items())[1:]):
        assert abs(above - below) < 12.0, f"step of {above - below:.1f} dB above {low} Hz"


def test_has_the_faults_that_mastering_mends(mix: Audio) -> None:
    mix = window(mix, 24.0, 44.0)  # half verse, half chorus
    third = 2.0 ** (1.0 / 6.0)
    boxy = decibels(mean_power(band(mix, 300.0 / third, 300.0 * third)))
    assert boxy > decibels(mean_power(band(mix, 1000.0 / third, 1000.0 * third))) + 3.0
    total = decibels(mean_power(mix))
    assert decibels(mean_power(band(mix, 8000.0, 20000.0))) < total - 18.0
    assert -45.0 < decibels(mean_power(band(mix, 5.0, 25.0))) - total < -20.0
    lows = band(mix, 25.0, 120.0)
    side_db = decibels(mean_power(lows[:1] - lows[1:])) - decibels(mean_power(lows[:1] + lows[1:]))
    assert -25.0 < side_db < -12.0


def test_sections_build_up(mix: Audio) -> None:
    intro, verse, chorus = (
        decibels(mean_power(window(mix, start, start + 10.0))) for start in (1.0, 20.0, 40.0)
    )
    assert intro + 1.0 < verse < chorus - 1.0
    drums = [decibels(mean_power(band(window(mix, s, s + 10.0), 30.0, 80.0))) for s in (1.0, 20.0)]
    assert drums[1] - drums[0] > 20.0


def test_last_chord_fades_to_digital_silence(mix: Audio) -> None:
    assert not np.any(window(mix, 59.9, 60.0))
    ring_out = [decibels(mean_power(window(mix, s, s + 1.0))) for s in (55.0, 56.0, 57.0, 58.0)]
    assert all(later < earlier for earlier, later in pairwise(ring_out))
    assert decibels(mean_power(window(mix, 59.7, 59.8))) < -45.0
