"""The null test, on pairs of files whose difference is known because it was put there."""

from __future__ import annotations

import json

import numpy as np
import pytest
import soundfile
import soxr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import signal as sps

import masterprint
from masterprint.errors import AudioFileError, UsageError
from masterprint.rendering.null import null_files
from oracles import amplitude, decibels, demo_mix, integrated_lufs, tone

RATE = 44100


@pytest.fixture
def nulled(tmp_path):
    """Write two arrays (channels, frames) as files and compare them."""

    def compare(
        a, b, subtypes=("PCM_24", "PCM_24"), rates=(RATE, RATE), align=True
    ) -> masterprint.NullResult:
        paths = tmp_path / "a.wav", tmp_path / "b.wav"
        for path, audio, subtype, rate in zip(paths, (a, b), subtypes, rates, strict=True):
            soundfile.write(path, on_grid(audio, subtype).T, rate, subtype)
        result = null_files(*paths, align=align)
        json.dumps(result.as_dict(), allow_nan=False)
        return result

    return compare


def on_grid(audio, subtype):
    """Rounded here, because libsndfile would round down."""
    bits = {"PCM_16": 16, "PCM_24": 24}.get(subtype)
    if bits is None:
        return audio
    scale = 2.0 ** (bits - 1)
    return np.clip(np.rint(audio * scale), -scale, scale - 1.0) / scale


def later(audio, frames, fill=0.0):
    return np.concatenate([np.full((len(audio), frames), fill), audio], axis=1)


def delayed(audio, frames):
    """By any number of frames, with a Fourier transform; band-limited, as it must be."""
    spectrum = np.fft.rfft(audio, audio.shape[1] + 8192)
    hz = np.arange(spectrum.shape[1]) / (audio.shape[1] + 8192)
    spectrum *= np.exp(-2j * np.pi * hz * frames) * (hz < 0.45)
    return np.fft.irfft(spectrum, audio.shape[1] + 8192)[:, : audio.shape[1]]


def noise(frames, seed=1, level_db=-20.0, channels=2):
    rng = np.random.default_rng(seed)
    return amplitude(level_db) * rng.standard_normal((channels, frames))


MUSIC = 0.5 * demo_mix(RATE)


# -------------------------------------------------------------------------------------- verdicts


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
    changed[1, 123456] += 2.0**-23
    for align in (True, False):
        result = nulled(MUSIC, changed, align=align)
        assert result.verdict == "close"
        assert result.residual.peak_dbfs == pytest.approx(decibels(2.0**-23), abs=0.01)
        assert result.residual.peak_at_s == pytest.approx(123456 / RATE, abs=1e-9)


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


# ----------------------------------------------------------------------- offset, polarity and gain


@pytest.mark.parametrize(
    ("frames", "gain_db"),
    [(1, -35.0), (1, 0.0), (441, -0.5), (44100, 0.0), (9 * RATE, -35.0), (12 * RATE, -0.5)],
)
def test_a_planted_offset_is_found_whichever_file_is_later(nulled, frames, gain_db):
    moved = later(-amplitude(gain_db) * MUSIC, frames)
    result = nulled(MUSIC, moved)
    assert (result.offset_frames, result.offset_fraction) == (frames, 0.0)
    assert result.offset_ms == pytest.approx(1000.0 * frames / RATE)
    assert result.inverted
    assert result.gain_db == pytest.approx(gain_db, abs=2e-4)
    assert result.verdict == "same"
    assert [(rest.file, rest.where, rest.frames, rest.silent) for rest in result.left_over] == [
        ("b", "start", frames, True)
    ]
    back = nulled(moved, MUSIC)
    assert (back.offset_frames, back.inverted) == (-frames, True)
    assert back.gain_db == pytest.approx(-gain_db, abs=2e-4)
    assert "earlier" in back.sentence


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    offset=st.integers(-30000, 30000),
    gain_db=st.floats(-40, 10),
    inverted=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_any_offset_gain_and_polarity_of_noise(nulled, offset, gain_db, inverted, seed):
    source = noise(80000, seed, -30.0)
    changed = (-1.0 if inverted else 1.0) * amplitude(gain_db) * source
    a, b = source[:, max(0, offset) :], changed[:, max(0, -offset) :]
    result = nulled(b if offset == 0 else a, a if offset == 0 else b)
    if offset:
        assert (result.offset_frames, result.inverted) == (offset, inverted)
        assert result.gain_db == pytest.approx(gain_db, abs=0.01)


def test_two_files_that_each_start_elsewhere_in_the_same_music(nulled):
    result = nulled(MUSIC[:, 50000:], MUSIC[:, :300000])
    assert result.offset_frames == 50000
    assert result.verdict == "same"
    assert result.overlap_frames == 250000
    assert [(rest.file, rest.where, rest.silent) for rest in result.left_over] == [
        ("b", "start", False),
        ("a", "end", False),
    ]


@pytest.mark.parametrize("start", [0, 100, 231000])
def test_an_excerpt_is_found_in_the_whole(nulled, start):
    excerpt = 0.25 * MUSIC[:, start : start + 60000]
    result = nulled(MUSIC, excerpt)
    assert result.offset_frames == -start
    assert result.verdict == "same"
    assert result.gain_db == pytest.approx(-12.0412, abs=0.001)
    assert nulled(excerpt, MUSIC).offset_frames == start


def test_a_quiet_excerpt_is_not_taken_for_a_loud_passage(nulled):
    whole = np.concatenate([noise(3 * RATE, 4, -70.0), MUSIC, noise(2 * RATE, 5, -15.0)], axis=1)
    result = nulled(whole, whole[:, 20000 : 20000 + RATE])
    assert result.offset_frames == -20000
    assert result.verdict == "same"


@pytest.mark.parametrize("fraction", [0.5, -0.25, 0.07])
@pytest.mark.parametrize("whole", [0, 1000, -333])
def test_a_fraction_of_a_frame_is_found_and_taken_out(nulled, fraction, whole):
    base = delayed(MUSIC, 0.0)
    moved = delayed(MUSIC, fraction)
    a, b = (base, later(moved, whole)) if whole >= 0 else (later(base, -whole), moved)
    result = nulled(a, b)
    late = result.offset_frames + result.offset_fraction
    assert late == pytest.approx(whole + fraction, abs=0.01)
    assert result.residual.null_depth_db < -75
    assert result.verdict == "close"
    assert "later" in result.sentence or "earlier" in result.sentence


def test_no_fraction_is_claimed_where_there_is_none(nulled):
    heard = nulled(MUSIC, MUSIC + noise(MUSIC.shape[1], 6, -60.0))
    assert (heard.offset_frames, heard.offset_fraction) == (0, 0.0)


@pytest.mark.parametrize("gain_db", [6.0, -10.0])
def test_an_equaliser_is_no_offset_and_shows_in_its_band(nulled, gain_db):
    w0, root = 2 * np.pi * 1000 / RATE, 10 ** (gain_db / 40)
    alpha = np.sin(w0) / 2.8
    b = [1 + alpha * root, -2 * np.cos(w0), 1 - alpha * root]
    a = [1 + alpha / root, -2 * np.cos(w0), 1 - alpha / root]
    bell = sps.lfilter(np.array(b) / a[0], np.array(a) / a[0], MUSIC, axis=1)
    result = nulled(MUSIC, later(0.5 * bell, 777))
    assert (result.offset_frames, result.offset_fraction, result.inverted) == (777, 0.0, False)
    assert result.verdict == "different"
    depth = {
        band.centre_hz: band.residual_rms_dbfs - band.programme_rms_dbfs for band in result.bands
    }
    assert max(depth, key=depth.get) == 1000
    assert depth[1000] > depth[8000] + 8


def test_limiting_leaves_the_offset_to_the_frame(nulled):
    limited = np.clip(4.0 * MUSIC, -0.4, 0.4)
    result = nulled(MUSIC, later(limited, 5000))
    assert (result.offset_frames, result.inverted) == (5000, False)
    assert result.verdict == "different"


@pytest.mark.parametrize("hz", [60.0, 440.0, 9000.0])
def test_a_tone_with_a_beginning(nulled, hz):
    fade = np.minimum(1.0, np.arange(4 * RATE) / RATE) * np.linspace(1.0, 0.2, 4 * RATE)
    plain = np.stack([tone(RATE, 4.0, hz, -12.0) * fade] * 2)
    result = nulled(plain, later(0.5 * plain, 4321))
    assert result.offset_frames == 4321
    assert result.verdict == "same"


def test_a_steady_tone_gives_the_smallest_offset_and_says_that_others_fit(nulled):
    steady = np.stack([tone(RATE, 5.0, 441.0, -12.0)] * 2)
    result = nulled(steady[:, 7:], steady[:, :-7])
    assert result.offset_frames == 7
    assert any("other offsets fit as well" in note for note in result.notes)


def test_a_loop_that_repeats_itself_is_not_moved(nulled):
    loop = np.tile(MUSIC[:, :RATE], 8)
    result = nulled(loop, loop + noise(8 * RATE, 7, -80.0))
    assert result.offset_frames == 0


def test_a_loop_that_begins_later_is_not_taken_one_round_too_early(nulled):
    loop = np.tile(MUSIC[:, :RATE], 12)
    result = nulled(loop, later(loop, 3 * RATE))
    assert (result.offset_frames, result.verdict) == (3 * RATE, "same")
    excerpt = nulled(loop, loop[:, 4 * RATE + 100 : 9 * RATE])
    assert (excerpt.offset_frames, excerpt.verdict) == (-100, "same")
    assert any("other offsets fit as well" in note for note in excerpt.notes)


def test_a_few_clicks_in_long_silence(nulled):
    sparse = np.zeros((2, 30 * RATE))
    sparse[:, [5 * RATE, 17 * RATE + 123, 29 * RATE]] = [0.01, -0.02, 0.005]
    result = nulled(sparse, later(-sparse, 8 * RATE))
    assert (result.offset_frames, result.inverted) == (8 * RATE, True)
    assert result.residual.peak_dbfs is None
    assert result.verdict == "same"


def test_nothing_but_high_frequencies(nulled):
    high = sps.sosfilt(
        sps.butter(8, 14000, "highpass", fs=RATE, output="sos"), noise(20 * RATE, 8), axis=1
    )
    result = nulled(high, later(high, 7 * RATE + 11))
    assert result.offset_frames == 7 * RATE + 11


# ---------------------------------------------------------------------- what is left, measured


def test_the_figures_against_their_definitions(nulled):
    grid = on_grid(MUSIC, "PCM_24")
    b = on_grid(0.5 * MUSIC + noise(MUSIC.shape[1], 9, -50.0), "PCM_24")
    result = nulled(grid, b)
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
    result = nulled(MUSIC, b, ("DOUBLE", "DOUBLE"), align=False)
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
        bands = nulled(click, np.zeros_like(click), align=False).bands
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
    assert result.channel_gains_db == pytest.approx([0.0, -0.5], abs=1e-4)
    assert any("by channel" in note for note in result.notes)
    assert nulled(MUSIC, 0.7 * MUSIC).channel_gains_db == ()


# ------------------------------------------------------------------------- rates, channels, silence


@pytest.mark.parametrize("rate", [48000, 96000])
def test_another_rate_is_converted_and_said(nulled, rate):
    converted = soxr.resample(MUSIC.T, RATE, rate, "VHQ").T
    for a, b, rates in (
        (MUSIC, later(converted, rate // 100), (RATE, rate)),
        (later(converted, rate // 100), MUSIC, (rate, RATE)),
    ):
        result = nulled(a, b, rates=rates)
        assert result.sample_rate_hz == RATE
        assert abs(result.offset_frames) == 441
        assert result.verdict == "close"
        assert result.residual.null_depth_db < -90
        assert any(f"from {rate} to {RATE} Hz" in note for note in result.notes)


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
