"""The null test on files that differ in channels."""

from __future__ import annotations

import numpy as np
import pytest

from masterprint.errors import UsageError
from null_tools import MUSIC, RATE, later, noise
from oracles import decibels


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
