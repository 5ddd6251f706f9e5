"""The verdict of the null test, on pairs of files whose difference was put there."""

from __future__ import annotations

import numpy as np
import pytest

import masterprint
from masterprint.errors import AudioFileError
from null_tools import MUSIC, RATE, later, noise, on_grid
from oracles import amplitude, decibels


@pytest.mark.parametrize("align", [True, False])
def test_the_same_samples_are_identical(nulled, align):
    result = nulled(MUSIC, MUSIC, align=align)
    assert result.verdict == "identical"
    assert result.residual.peak_dbfs is None
    assert result.left_over == result.notes == ()
    assert result.bands[3].programme_rms_dbfs > -60
    assert {band.residual_rms_dbfs for band in result.bands} == {None}


def test_one_step_in_one_sample_is_not_identical(nulled):
    changed = on_grid(MUSIC, "PCM_24")
    changed[1, 45678] += 2.0**-23
    for align in (True, False):
        result = nulled(MUSIC, changed, align=align)
        assert result.verdict == "close"
        assert result.residual.peak_dbfs == pytest.approx(decibels(2.0**-23), abs=0.01)
        assert result.residual.peak_at_s == pytest.approx(45678 / RATE, abs=1e-9)


def test_16_bits_of_24_are_the_same_audio(nulled):
    result = nulled(MUSIC, MUSIC, ("PCM_24", "PCM_16"))
    assert result.verdict == "same"
    assert -97 < result.residual.peak_dbfs <= decibels(0.51 * 2.0**-15)
    rng = np.random.default_rng(2)
    dither = (rng.random(MUSIC.shape) - rng.random(MUSIC.shape)) * 2.0**-15
    assert nulled(MUSIC, MUSIC + dither, ("PCM_24", "PCM_16")).verdict == "same"
    louder = nulled(MUSIC, MUSIC + 3.0 * dither, ("PCM_24", "PCM_16"))
    assert louder.verdict == "close"


def test_the_same_samples_in_another_depth_are_the_same_audio(nulled):
    coarse = on_grid(MUSIC, "PCM_16")
    result = nulled(coarse, coarse, ("PCM_16", "PCM_24"))
    assert result.verdict == "same"
    assert result.residual.peak_dbfs is None


def test_different_dither_at_one_depth_is_close(nulled):
    rng = np.random.default_rng(3)
    a, b = (MUSIC + (rng.random(MUSIC.shape) - rng.random(MUSIC.shape)) * 2.0**-15 for _ in "ab")
    assert nulled(a, b, ("PCM_16", "PCM_16")).verdict == "close"


def test_other_music_is_different(nulled):
    result = nulled(MUSIC, noise(MUSIC.shape[1]))
    assert result.verdict == "different"
    assert result.gain_db is None
    assert "nothing in common" in result.sentence


def test_two_quiet_programmes_are_not_close_for_being_quiet(nulled):
    assert nulled(noise(RATE, 1, -90.0), noise(RATE, 2, -90.0)).verdict == "different"


def test_silence(nulled):
    silent = np.zeros((2, RATE))
    both = nulled(silent, silent)
    assert both.verdict == "identical"
    assert "digital silence" in both.sentence
    longer = nulled(silent, later(silent, 100))
    assert longer.verdict == "same"
    assert "both files are digital silence" in longer.sentence
    one = nulled(silent, noise(RATE))
    assert one.verdict == "different"
    assert "A is digital silence, B is not" in one.sentence
    assert "B is digital silence, A is not" in nulled(noise(RATE), silent).sentence


@pytest.mark.parametrize("frames", [1, 2, 100, 3000])
def test_very_short_files(nulled, frames):
    short = noise(frames, 14)
    assert nulled(short, short).verdict == "identical"
    assert nulled(short, 0.5 * short).verdict in ("same", "close")
    nulled(short, MUSIC)


def test_as_they_lie_nothing_is_looked_for(nulled):
    result = nulled(MUSIC, later(MUSIC, 1), align=False)
    assert (result.offset_frames, result.gain_db, result.verdict) == (0, None, "different")
    assert result.overlap_frames == MUSIC.shape[1]
    turned = nulled(MUSIC, amplitude(-0.001) * MUSIC, align=False)
    left = on_grid(MUSIC, "PCM_24") - on_grid(amplitude(-0.001) * MUSIC, "PCM_24")
    assert turned.residual.peak_dbfs == pytest.approx(decibels(np.abs(left).max()), abs=1e-6)


def test_a_broken_file_is_named(tmp_path, mix):
    (tmp_path / "b.wav").write_bytes(b"RIFF")
    with pytest.raises(AudioFileError, match=r"b\.wav"):
        masterprint.null(mix, tmp_path / "b.wav")
    assert masterprint.null(str(mix), mix).verdict == "identical"


def test_silence_at_two_rates_is_the_same(nulled):
    result = nulled(np.zeros((2, 44100)), np.zeros((2, 48000)), rates=(44100, 48000))
    assert result.verdict == "same"


def test_other_music_is_not_moved_to_where_it_fits_by_chance(nulled):
    result = nulled(MUSIC, MUSIC[:, ::-1])
    assert (result.verdict, result.offset_frames, result.left_over) == ("different", 0, ())
    assert not any("other offsets" in note for note in result.notes)


def test_what_was_cut_out_of_b_does_not_make_it_louder(nulled):
    half = MUSIC.shape[1] // 2
    cut = np.concatenate([MUSIC[:, :half], np.zeros((2, 50)), MUSIC[:, half:-50]], axis=1)
    result = nulled(MUSIC, cut)
    assert result.verdict == "different"
    assert result.gain_db > 0.5
    assert result.level_db == pytest.approx(0.0, abs=0.01)
    assert "louder" not in result.sentence


def test_silence_before_music_is_not_the_same_as_silence(nulled):
    """What sounds was not compared with anything."""
    result = nulled(later(MUSIC, RATE), np.zeros((2, RATE // 2)))
    assert result.verdict == "different"
    assert "both files are digital silence where they overlap" in result.sentence
