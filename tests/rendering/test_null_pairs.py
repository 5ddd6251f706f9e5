"""The null test on files that differ in channels."""

from __future__ import annotations

import numpy as np
import pytest

from masterprint.errors import UsageError
from null_tools import MUSIC, RATE, later, noise
from oracles import amplitude, decibels


def test_swapped_channels_are_said(nulled):
    result = nulled(MUSIC, later(MUSIC[::-1], 999))
    assert result.offset_frames == 999
    assert result.verdict == "different"
    assert any("swapped" in note for note in result.notes)
    assert not any("swapped" in note for note in nulled(MUSIC, 0.5 * MUSIC).notes)


def test_opposite_channels_still_align(nulled):
    side = np.stack([MUSIC[0], -MUSIC[0]])
    assert nulled(side, later(side, 2222)).offset_frames == 2222


def test_one_inverted_channel_is_said(nulled):
    result = nulled(MUSIC, later(MUSIC * np.array([[1.0], [-1.0]]), 4444))
    assert result.offset_frames == 4444
    assert result.verdict == "different"
    assert any("inverted in channel 2 only" in note for note in result.notes)
    assert result.gain_db == pytest.approx(0.0, abs=0.01)
    doubled = np.sqrt(np.mean((2.0 * MUSIC[1]) ** 2) / 2.0)
    assert result.residual.rms_dbfs == pytest.approx(decibels(doubled), abs=0.01)


def test_mono_is_compared_with_both_channels(nulled):
    mono = MUSIC[:1]
    result = nulled(later(mono, 50), np.repeat(mono, 2, axis=0))
    assert (result.offset_frames, result.channels, result.verdict) == (-50, 2, "same")
    assert any("A is mono" in note for note in result.notes)
    assert nulled(MUSIC, mono).verdict == "different"


def test_channels_that_cannot_be_matched_are_refused(nulled):
    with pytest.raises(UsageError, match=r"has 2 channels and .* has 6"):
        nulled(MUSIC, noise(RATE, channels=6))


def test_six_channels(nulled):
    six = noise(3 * RATE, 13, channels=6)
    result = nulled(six, later(-six, 1234))
    assert (result.offset_frames, result.inverted, result.verdict) == (1234, True, "same")


def test_swapped_channels_are_measured_exchanged(nulled):
    result = nulled(MUSIC, later(amplitude(-1.0) * MUSIC[::-1], 100))
    assert (result.swapped, result.verdict, result.offset_frames) == (True, "different", 100)
    assert result.gain_db == pytest.approx(-1.0, abs=1e-4)
    assert result.residual.peak_dbfs < -130
    assert result.channel_levels_db == ()
    assert "the channels are swapped, B 100 frames" in result.sentence
    assert "with them exchanged, the residual peaks" in result.sentence


def test_a_missing_channel_is_said(nulled):
    result = nulled(MUSIC, MUSIC * np.array([[0.0], [1.0]]))
    assert result.verdict == "different"
    assert "channel 1 of B is digital silence" in result.notes


@pytest.mark.parametrize("factor", [0.7, -0.7])
def test_a_dc_offset_is_told_and_does_not_pass_for_gain(nulled, factor):
    offset = np.array([[0.02], [0.0]])
    result = nulled(MUSIC, factor * MUSIC + offset)
    assert result.gain_db == pytest.approx(decibels(0.7), abs=1e-3)
    assert result.inverted == (factor < 0)
    assert result.dc == pytest.approx([0.02, 0.0], abs=1e-6)
    assert "B has a DC offset that A has not (+0.020000 in channel 1 of" in result.notes[-1]
    both = nulled(MUSIC + offset, factor * (MUSIC + offset))
    assert (both.dc, both.verdict) == ((), "same")
