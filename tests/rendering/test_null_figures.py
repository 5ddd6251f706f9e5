"""What is left of a null test, against its definitions."""

from __future__ import annotations

import numpy as np
import pytest

from masterprint.demo.music import synthesise_mix
from null_tools import noise, on_grid
from oracles import amplitude, decibels, integrated_lufs

RATE = 44100
"""The oracle of loudness has no filters for less."""
MUSIC = 0.5 * synthesise_mix(RATE, 5.0)


def test_the_figures_against_their_definitions(nulled):
    grid = on_grid(MUSIC, "PCM_24")
    b = on_grid(0.5 * MUSIC + noise(MUSIC.shape[1], 9, -50.0), "PCM_24")
    result = nulled(grid, b, rates=(RATE, RATE))
    factor = np.sum(grid * b) / np.sum(b * b)
    left = grid - factor * b
    own = grid - b
    assert result.gain_db == pytest.approx(-decibels(factor), abs=1e-6)
    for found, oracle in ((result.residual, left), (result.residual_at_own_level, own)):
        rms = np.sqrt(np.mean(oracle**2))
        assert found.peak_dbfs == pytest.approx(decibels(np.abs(oracle).max()), abs=1e-6)
        assert found.rms_dbfs == pytest.approx(decibels(rms), abs=1e-6)
        assert found.integrated_lufs == pytest.approx(integrated_lufs(oracle, RATE), abs=0.01)
        assert found.null_depth_db == pytest.approx(
            decibels(rms / np.sqrt(np.mean(grid**2))), abs=1e-6
        )
        at = np.abs(oracle).max(axis=0).argmax()
        assert found.peak_at_s == pytest.approx(at / RATE, abs=1e-9)


def test_the_bands_against_the_spectrum_of_the_whole(nulled):
    b = MUSIC + noise(MUSIC.shape[1], 10, -40.0)
    result = nulled(MUSIC, b, ("DOUBLE", "DOUBLE"), (RATE, RATE), align=False)
    frames = MUSIC.shape[1]
    hz = np.fft.rfftfreq(frames, 1 / RATE)
    for audio, key in ((MUSIC, "programme_rms_dbfs"), (MUSIC - b, "residual_rms_dbfs")):
        exact = (
            0.3 if key == "residual_rms_dbfs" else 1.0
        )  # a bass note beside a band leaks a little
        power = 2.0 * np.abs(np.fft.rfft(audio)) ** 2 / frames**2
        for band in result.bands:
            centre = 1000.0 * 10.0 ** (0.3 * round(np.log2(band.centre_hz / 1000.0)))
            inside = (hz >= centre / 10**0.15) & (hz < centre * 10**0.15)
            expected = decibels(np.sqrt(power[:, inside].sum(axis=1).mean()))
            assert getattr(band, key) == pytest.approx(expected, abs=exact)


def test_a_click_is_measured_in_full_wherever_it_falls(nulled):
    """The windows of the bands add up to one everywhere, so that all bands together are all."""
    for at in (40000, 44000, 48000, 52000):
        click = np.zeros((1, 3 * RATE))
        click[0, at] = 0.5
        bands = nulled(click, np.zeros_like(click), rates=(RATE, RATE), align=False).bands
        level = 10 * np.log10(sum(10 ** (band.programme_rms_dbfs / 10) for band in bands))
        whole = 20 * np.log10(0.5) - 10 * np.log10(3 * RATE)
        assert level == pytest.approx(whole, abs=0.05)


def test_noise_60_db_below_nulls_60_db_deep(nulled):
    source = noise(5 * RATE, 11, -20.0)
    result = nulled(source, source + noise(5 * RATE, 12, -80.0))
    assert result.residual.null_depth_db == pytest.approx(-60.0, abs=0.05)
    assert result.residual.rms_dbfs == pytest.approx(-80.0, abs=0.05)


def test_gains_that_differ_by_channel_are_told(nulled):
    result = nulled(MUSIC, MUSIC * np.array([[1.0], [amplitude(-0.5)]]))
    assert result.channel_levels_db == pytest.approx([0.0, -0.5], abs=1e-4)
    assert any("by channel" in note for note in result.notes)
    assert nulled(MUSIC, 0.7 * MUSIC).channel_levels_db == ()
