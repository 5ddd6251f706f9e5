"""What a cutting engineer listens for, on signals whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from masterprint.release.groove import GrooveMeter

RATE = 48000
T = np.arange(4 * RATE) / RATE


def groove(audio, block=10007):
    meter = GrooveMeter(RATE)
    for start in range(0, audio.shape[1], block):
        meter.feed(np.ascontiguousarray(audio[:, start : start + block]))
    return meter.result()


def sine(hz, level=0.25):
    return level * np.sin(2 * np.pi * hz * T)


def test_bass_in_phase_and_out_of_it():
    assert groove(np.stack([sine(60), sine(60)])).low_correlation == pytest.approx(1.0)
    out = groove(np.stack([sine(60), -sine(60)]))
    assert out.low_correlation == pytest.approx(-1.0)
    assert out.least_low_correlation == pytest.approx(-1.0, abs=0.01)
    assert any("out of phase" in text for text in out.warnings())
    assert groove(np.stack([sine(60), sine(60)])).warnings() == []


def test_channels_that_differ_in_the_low_end_are_not_called_out_of_phase():
    apart = np.stack([sine(60), 0.3 * sine(60) + sine(75, 0.2)])
    (said,) = [text for text in groove(apart).warnings() if "300 Hz" in text]
    assert "far apart" in said
    assert "wanted: 0.5 or more" in said


def test_the_worst_second_is_found_where_it_is():
    left, right = sine(60), sine(60)
    right[2 * RATE : 3 * RATE] *= -1
    found = groove(np.stack([left, right]))
    assert found.least_low_correlation < -0.8
    assert found.least_at_s == pytest.approx(2.0)


def test_only_the_low_end_counts_for_the_phase():
    both = np.stack([sine(60) + sine(3000), sine(60) - sine(3000)])
    assert groove(both).low_correlation > 0.99


def test_the_bass_side_is_told_in_decibels_beside_the_mid():
    mid, side = sine(60), 0.1 * sine(70)
    found = groove(np.stack([mid + side, mid - side]))
    assert found.bass_side_db == pytest.approx(-20.0, abs=0.1)


def test_vertical_excursion_is_the_side_below_500_hz():
    found = groove(np.stack([sine(50, 0.5), -sine(50, 0.5)]))
    assert found.vertical_dbfs == pytest.approx(20 * np.log10(0.5 / np.hypot(1, 0.1)), abs=0.1)
    assert groove(np.stack([sine(50), sine(50)])).vertical_dbfs is None


def test_a_sibilant_is_found_with_its_time_and_level():
    audio = sine(400, 0.1)
    at = slice(2 * RATE, 2 * RATE + RATE // 10)
    audio[at] += sine(7000, 0.3)[at]
    found = groove(np.stack([audio, audio]))
    assert found.sibilance_at_s == pytest.approx(2.0, abs=0.06)
    rms = 10 * np.log10(np.mean(audio**2))
    assert found.sibilance_db == pytest.approx(10 * np.log10(0.3**2 / 2) - rms, abs=0.7)
    assert any("sibilant at 0:02.0" in text for text in found.warnings())


def test_blocks_do_not_matter_and_silence_has_no_figures():
    audio = np.random.default_rng(1).normal(0, 0.1, (2, 2 * RATE))
    assert groove(audio, 777).as_dict() == pytest.approx(groove(audio, 96000).as_dict(), abs=2e-3)
    silent = groove(np.zeros((2, RATE)))
    assert silent.low_correlation is None
    assert silent.sibilance_db is None
    assert silent.warnings() == []
