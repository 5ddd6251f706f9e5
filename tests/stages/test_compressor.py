"""The compressor against the textbook: static curve, times, and a slow transcription."""

import math

import numpy as np
import pytest
from scipy import optimize
from scipy import signal as sps

from masterprint.stages.compressor import Compressor
from oracles import amplitude, decibels, demo_mix, hostile, run, stereo, tone

RATE = 48000


def curve_db(level_db, threshold_db, ratio, knee_db):
    """Output level of the static curve (Giannoulis, Massberg and Reiss, 2012, eq. 4)."""
    over = level_db - threshold_db
    if 2.0 * over < -knee_db:
        return level_db
    if knee_db > 0.0 and 2.0 * abs(over) <= knee_db:
        return level_db + (1.0 / ratio - 1.0) * (over + knee_db / 2.0) ** 2 / (2.0 * knee_db)
    return threshold_db + over / ratio


def reduction_db(out, audio):
    """Gain reduction at every sample, NaN where the input is too small to tell."""
    small = np.abs(audio) < 1e-9
    gain = np.where(small, 1.0, out) / np.where(small, 1.0, audio)
    return np.where(small, np.nan, -20.0 * np.log10(gain))


def steady(level_db, seconds=0.5):
    return np.full((1, round(seconds * RATE)), amplitude(level_db))


CURVES = [
    (-20.0, 2.0, 0.0),
    (-20.0, 4.0, 0.0),
    (-30.0, 100.0, 0.0),
    (-20.0, 2.0, 6.0),
    (-24.0, 4.0, 12.0),
    (-18.0, 1.0, 6.0),
    (-15.0, 10.0, 30.0),
]
LEVELS_DB = [-60.0, -40.0, -30.0, -27.0, -24.0, -21.0, -20.0, -19.0, -17.0, -12.0, -6.0, 0.0]


@pytest.mark.parametrize("detector", ["peak", "rms"])
@pytest.mark.parametrize(("threshold_db", "ratio", "knee_db"), CURVES)
def test_static_curve_for_steady_levels(threshold_db, ratio, knee_db, detector):
    stage = Compressor(
        threshold_db=threshold_db, ratio=ratio, knee_db=knee_db, detector=detector, attack_ms=1.0
    )
    for level_db in LEVELS_DB:
        out, _ = run(stage, steady(level_db, 0.3), RATE)
        expected = curve_db(level_db, threshold_db, ratio, knee_db)
        assert decibels(out[0, -1]) == pytest.approx(expected, abs=0.01), level_db


@pytest.mark.parametrize("frequency_hz", [100.0, 997.0, 5000.0])
@pytest.mark.parametrize(("threshold_db", "ratio", "knee_db"), CURVES[:5])
def test_static_curve_for_sines(threshold_db, ratio, knee_db, frequency_hz):
    stage = Compressor(
        threshold_db=threshold_db,
        ratio=ratio,
        knee_db=knee_db,
        detector="peak",
        attack_ms=1.0,
        release_ms=5000.0,
    )
    for level_db in LEVELS_DB[::2]:
        audio = tone(RATE, 1.0, frequency_hz, level_db)[np.newaxis]
        out, _ = run(stage, audio, RATE)
        reached = decibels(np.abs(out[0, -RATE // 4 :]).max())
        assert reached == pytest.approx(
            curve_db(level_db, threshold_db, ratio, knee_db), abs=0.1
        ), level_db


@pytest.mark.parametrize("level_db", [-25.0, -17.0, -9.0, -1.0])
def test_the_rms_detector_hears_a_sine_3_db_below_its_peak(level_db):
    stage = Compressor(threshold_db=-20.0, ratio=3.0, knee_db=6.0, detector="rms", release_ms=500.0)
    out, _ = run(stage, tone(RATE, 1.0, 997.0, level_db)[np.newaxis], RATE)
    heard = level_db - 10.0 * math.log10(2.0)
    reached = decibels(np.abs(out[0, -RATE // 4 :]).max())
    assert reached == pytest.approx(level_db + curve_db(heard, -20.0, 3.0, 6.0) - heard, abs=0.1)


def test_dynamics_shrink_by_the_ratio():
    """Two steady passages 12 dB apart leave 4 dB apart at 3:1."""
    stage = Compressor(threshold_db=-40.0, ratio=3.0, knee_db=0.0, attack_ms=5.0, release_ms=50.0)
    audio = np.concatenate([steady(-20.0, 1.0), steady(-8.0, 1.0)], axis=1)
    out, _ = run(stage, audio, RATE)
    assert decibels(out[0, -1] / out[0, RATE - 1]) == pytest.approx(4.0, abs=0.01)


@pytest.mark.parametrize("attack_ms", [0.1, 1.0, 10.0, 30.0, 100.0])
@pytest.mark.parametrize("rate", [44100, 96000])
def test_attack_reaches_63_percent_in_its_time(attack_ms, rate):
    stage = Compressor(
        threshold_db=-30.0, ratio=4.0, knee_db=0.0, attack_ms=attack_ms, detector="peak"
    )
    start = 1000
    audio = np.full((1, start + round(0.012 * attack_ms * rate)), amplitude(-60.0))
    audio[:, start:] = amplitude(-6.0)
    out, _ = run(stage, audio, rate)
    reduction = reduction_db(out, audio)[0]
    final = 24.0 * 0.75
    assert reduction[-1] == pytest.approx(final, abs=0.01)
    np.testing.assert_array_equal(reduction[:start], 0.0)
    reached = 1 + np.argmax(reduction[start:] >= (1.0 - math.exp(-1.0)) * final)
    assert reached == pytest.approx(attack_ms * rate / 1000.0, rel=0.05, abs=1.0)


@pytest.mark.parametrize(
    ("attack_ms", "release_ms"),
    [(0.1, 50.0), (1.0, 1000.0), (5.0, 50.0), (10.0, 100.0), (30.0, 200.0), (50.0, 60.0)],
)
@pytest.mark.parametrize("rate", [44100, 96000])
def test_release_gives_63_percent_back_in_its_time(attack_ms, release_ms, rate):
    stage = Compressor(
        threshold_db=-30.0,
        ratio=4.0,
        knee_db=0.0,
        attack_ms=attack_ms,
        release_ms=release_ms,
        detector="peak",
    )
    stop = round(0.012 * attack_ms * rate) + 100
    audio = np.full((1, stop + round(0.003 * release_ms * rate)), amplitude(-50.0))
    audio[:, :stop] = amplitude(-6.0)
    out, _ = run(stage, audio, rate)
    reduction = reduction_db(out, audio)[0]
    held = reduction[stop - 1]
    assert held == pytest.approx(18.0, abs=0.01)
    back = 1 + np.argmax(reduction[stop:] <= math.exp(-1.0) * held)
    assert back == pytest.approx(release_ms * rate / 1000.0, rel=0.05)


@pytest.mark.parametrize(
    ("attack_ms", "release_ms"), [(30.0, 200.0), (10.0, 60.0), (5.0, 300.0), (100.0, 120.0)]
)
def test_times_of_the_rms_detector_hold_with_its_mean_in_them(attack_ms, release_ms):
    stage = Compressor(
        threshold_db=-26.0, ratio=4.0, knee_db=0.0, attack_ms=attack_ms, release_ms=release_ms
    )
    audio = np.concatenate([steady(-24.0, 1.0), steady(-12.0, 1.0), steady(-24.0, 2.0)], axis=1)
    reduction = reduction_db(run(stage, audio, RATE)[0], audio)[0]
    low, high = 1.5, 10.5
    risen = np.argmax(reduction[RATE:] > low + (1.0 - math.exp(-1.0)) * (high - low))
    fallen = np.argmax(reduction[2 * RATE :] < low + math.exp(-1.0) * (high - low))
    assert risen / RATE * 1000.0 == pytest.approx(attack_ms, rel=0.05)
    assert fallen / RATE * 1000.0 == pytest.approx(release_ms, rel=0.05)


def test_the_rms_detector_reads_a_sine_as_high_as_is_said_of_it():
    stage = Compressor(threshold_db=-26.0, ratio=4.0, knee_db=0.0)
    for hz, high_db in ((300.0, 0.1), (100.0, 0.3), (50.0, 0.6)):
        sine = tone(RATE, 2.0, hz, -10.0)[np.newaxis]
        gain = decibels(np.linalg.norm(run(stage, sine, RATE)[0][0, RATE:]))
        gain -= decibels(np.linalg.norm(sine[0, RATE:]))
        assert gain / -0.75 - (16.0 - 3.01) == pytest.approx(high_db, abs=0.06), hz


def test_range_is_the_most_that_is_taken_off():
    stage = Compressor(
        threshold_db=-40.0, ratio=20.0, knee_db=0.0, range_db=6.0, attack_ms=1.0, detector="peak"
    )
    for level_db in (-30.0, -10.0, 0.0):
        out, report = run(stage, steady(level_db), RATE)
        assert decibels(out[0, -1]) == pytest.approx(level_db - 6.0, abs=0.01)
        assert report["max_gain_reduction_db"] == pytest.approx(6.0, abs=0.01)
    music, report = run(stage, hostile("music", 44100), 44100)
    assert np.nanmax(reduction_db(music, hostile("music", 44100))) <= 6.0 + 1e-6


@pytest.mark.parametrize("makeup_db", [-12.0, 3.0, 24.0])
def test_makeup_is_added_after_compression(makeup_db):
    settings = {"threshold_db": -20.0, "ratio": 4.0, "attack_ms": 2.0}
    audio = demo_mix(44100)[:, 3 * 44100 : 4 * 44100]
    plain, report = run(Compressor(**settings), audio, 44100)
    made_up, report_made_up = run(Compressor(**settings, makeup_db=makeup_db), audio, 44100)
    np.testing.assert_allclose(made_up, plain * amplitude(makeup_db), rtol=1e-12, atol=1e-15)
    assert report_made_up == report  # makeup is no gain reduction


@pytest.mark.parametrize("detector", ["peak", "rms"])
def test_below_the_knee_audio_passes_bit_for_bit(detector):
    audio = stereo(tone(RATE, 0.5, 440.0, -23.5))
    out, report = run(
        Compressor(threshold_db=-20.0, ratio=8.0, knee_db=6.0, detector=detector), audio, RATE
    )
    np.testing.assert_array_equal(out, audio)
    assert report == {"max_gain_reduction_db": 0.0, "mean_gain_reduction_db": 0.0}


def test_a_ratio_of_one_changes_nothing():
    audio = demo_mix(44100)[:, 3 * 44100 : 4 * 44100]
    out, _ = run(Compressor(threshold_db=-60.0, ratio=1.0), audio, 44100)
    np.testing.assert_array_equal(out, audio)


LOUD_LEFT = np.stack([tone(RATE, 0.5, 997.0, -6.0), tone(RATE, 0.5, 440.0, -30.0)])


@pytest.mark.parametrize(("link", "share"), [(0.0, 0.0), (0.5, 0.5), (1.0, 1.0)])
def test_link_moves_the_quiet_channel_with_the_loud_one(link, share):
    stage = Compressor(
        threshold_db=-20.0, ratio=4.0, attack_ms=1.0, release_ms=5000.0, detector="peak", link=link
    )
    out, _ = run(stage, LOUD_LEFT, RATE)
    half = RATE // 4
    left, right = (
        -decibels(np.abs(o[half:]).max() / np.abs(a[half:]).max())
        for o, a in zip(out, LOUD_LEFT, strict=True)
    )
    assert left == pytest.approx(14.0 * 0.75, abs=0.1)
    assert right == pytest.approx(share * 14.0 * 0.75, abs=0.1)
    if link == 0.0:
        np.testing.assert_array_equal(out[1], LOUD_LEFT[1])


def test_linked_channels_have_the_same_gain_at_every_sample():
    audio = hostile("music", 44100)
    out, _ = run(Compressor(threshold_db=-30.0, ratio=4.0), audio, 44100)
    reduction = reduction_db(out, audio)
    assert np.nanmax(reduction) > 6.0
    np.testing.assert_allclose(reduction[0], reduction[1], atol=1e-9)


def test_unlinked_channels_are_compressed_as_if_alone():
    audio = hostile("music", 44100)
    stage = Compressor(threshold_db=-30.0, ratio=4.0, link=0.0)
    out, _ = run(stage, audio, 44100)
    for channel in range(2):
        alone, _ = run(stage, audio[channel : channel + 1], 44100)
        np.testing.assert_allclose(out[channel : channel + 1], alone, rtol=1e-12)


def test_the_detector_does_not_hear_below_the_side_chain_high_pass():
    settings = {"threshold_db": -30.0, "ratio": 4.0, "attack_ms": 1.0, "detector": "peak"}
    filtered = Compressor(**settings, sidechain_highpass_hz=300.0, release_ms=2000.0)
    bass = tone(RATE, 1.0, 30.0, -6.0)[np.newaxis]
    half = RATE // 2
    out, _ = run(filtered, bass, RATE)
    # The onset of the tone is no 30 Hz tone yet: look at the second half.
    np.testing.assert_allclose(out[0, half:], bass[0, half:], rtol=0.12)
    unfiltered, _ = run(Compressor(**settings), bass, RATE)
    assert np.abs(unfiltered[0, half:]).max() < 0.3 * np.abs(bass).max()
    treble = tone(RATE, 1.0, 3000.0, -6.0)[np.newaxis]
    out, _ = run(filtered, treble, RATE)
    assert decibels(np.abs(out[0, half:]).max()) == pytest.approx(-24.0, abs=0.2)


@pytest.mark.parametrize("frequency_hz", [75.0, 150.0, 300.0])
def test_the_side_chain_falls_by_12_db_per_octave(frequency_hz):
    """The reduction tells the level that the detector heard: a second-order Butterworth's."""
    corner_hz, threshold_db, level_db = 150.0, -40.0, -6.0
    stage = Compressor(
        threshold_db=threshold_db,
        ratio=2.0,
        knee_db=0.0,
        attack_ms=5.0,
        release_ms=1000.0,
        detector="rms",
        sidechain_highpass_hz=corner_hz,
    )
    audio = tone(RATE, 8.0, frequency_hz, level_db)[np.newaxis]
    out, _ = run(stage, audio, RATE)
    tail = slice(-RATE, None)
    loss = -decibels(np.abs(out[0, tail]).max() / np.abs(audio[0, tail]).max())
    response = abs(sps.freqs(*sps.butter(2, corner_hz, "high", analog=True), [frequency_hz])[1][0])
    heard_db = level_db - 3.01 + decibels(response)
    assert loss == pytest.approx((heard_db - threshold_db) / 2.0, abs=0.25)


@pytest.mark.parametrize("link", [0.0, 1.0])
def test_report_tells_the_reduction_that_can_be_measured(link):
    audio = hostile("music", 44100)
    stage = Compressor(threshold_db=-24.0, ratio=4.0, attack_ms=5.0, link=link)
    out, report = run(stage, audio, 44100)
    reduction = reduction_db(out, audio)
    assert report["max_gain_reduction_db"] == pytest.approx(np.nanmax(reduction), abs=0.002)
    assert report["mean_gain_reduction_db"] == pytest.approx(np.nanmean(reduction), abs=0.01)
    assert report["max_gain_reduction_db"] > 3.0


def time_constant_s(time_s, mean_s, rises, then_s=0.0):
    """Of a filter that takes so long for a step of 12 dB, with others before and behind it."""
    rate = 1e6
    since_s = np.arange(round(time_s * rate)) / rate
    fall = np.exp(-since_s / mean_s) if mean_s else np.zeros_like(since_s)
    powers = (1.0, 10**1.2) if rises else (10**1.2, 1.0)
    level = 10.0 * np.log10(powers[1] + (powers[0] - powers[1]) * fall) / 12.0
    level = level if rises else 1.0 - level

    def one_pole(audio, tau_s):
        pole = math.exp(-1.0 / (tau_s * rate)) if tau_s else 0.0
        return sps.lfilter([1.0 - pole], [1.0, -pole], audio)

    def missing(tau_s):
        return one_pole(one_pole(level, tau_s), then_s)[-1] - (1.0 - math.exp(-1.0))

    return optimize.brentq(missing, 1e-4, time_s)


def transcribed(audio, rate, stage):
    """The published algorithm, sample by sample in plain Python: smooth decoupled ballistics."""
    heard = audio
    if stage.sidechain_highpass_hz is not None:
        sos = sps.butter(2, stage.sidechain_highpass_hz, "high", fs=rate, output="sos")
        heard = sps.sosfilt(sos, audio)
    power = heard**2
    if stage.detector == "rms":
        alpha = math.exp(-1.0 / (0.010 * rate))
        power = sps.lfilter([1.0 - alpha], [1.0, -alpha], power)
    level = 10.0 * np.log10(power + 1e-30)
    wanted = np.array(
        [
            [lv - curve_db(lv, stage.threshold_db, stage.ratio, stage.knee_db) for lv in row]
            for row in level
        ]
    )
    wanted = np.minimum(wanted, 60.0 if stage.range_db is None else stage.range_db)
    wanted += stage.link * (wanted.max(axis=0) - wanted)
    attack_s, release_s = stage.attack_ms / 1000.0, stage.release_ms / 1000.0
    mean_s = 0.010 if stage.detector == "rms" else 0.0
    attack_s = time_constant_s(attack_s, mean_s, True)
    first_s = time_constant_s(release_s, mean_s, False, attack_s)
    attack, release = math.exp(-1.0 / (attack_s * rate)), math.exp(-1.0 / (first_s * rate))
    out = np.empty_like(audio)
    for channel, targets in enumerate(wanted):
        first = second = 0.0
        for n, target in enumerate(targets):
            first = max(target, release * first + (1.0 - release) * target)
            second = attack * second + (1.0 - attack) * first
            out[channel, n] = audio[channel, n] * amplitude(stage.makeup_db - second)
    return out


@pytest.mark.parametrize(
    "settings",
    [
        {"detector": "peak", "knee_db": 0.0},
        {"detector": "rms"},
        {"detector": "peak", "link": 0.0, "makeup_db": 4.0},
        {"detector": "rms", "link": 0.4, "range_db": 5.0, "ratio": 20.0},
        {"detector": "rms", "sidechain_highpass_hz": 120.0, "knee_db": 12.0},
    ],
)
def test_music_comes_out_as_the_published_algorithm_has_it(settings):
    audio = demo_mix(44100)[:, 3 * 44100 : 3 * 44100 + 15000]
    stage = Compressor(
        **{"threshold_db": -26.0, "ratio": 4.0, "attack_ms": 8.0, "release_ms": 60.0} | settings
    )
    out, _ = run(stage, audio, 44100)
    np.testing.assert_allclose(out, transcribed(audio, 44100, stage), atol=1e-5)
    assert np.abs(out - audio).max() > 0.05


@pytest.mark.parametrize("block_frames", [1, 63, 1000, 5000])
@pytest.mark.parametrize("detector", ["peak", "rms"])
def test_blocks_of_any_size_give_the_same(block_frames, detector):
    audio = hostile("music", 44100)[:, :8000]
    stage = Compressor(
        threshold_db=-30.0, detector=detector, link=0.5, sidechain_highpass_hz=100.0, makeup_db=2.0
    )
    whole, report = run(stage, audio, 44100, 8000)
    parts, report_of_parts = run(stage, audio, 44100, block_frames)
    np.testing.assert_array_equal(parts, whole)
    assert report_of_parts == report


def test_silence_stays_silent_and_nothing_stays_nothing():
    out, report = run(Compressor(makeup_db=24.0), np.zeros((2, 5000)), RATE)
    np.testing.assert_array_equal(out, np.zeros((2, 5000)))
    assert report == {"max_gain_reduction_db": 0.0, "mean_gain_reduction_db": 0.0}
    out, report = run(Compressor(), np.zeros((2, 0)), RATE)
    assert out.shape == (2, 0)
    assert report == {"max_gain_reduction_db": 0.0, "mean_gain_reduction_db": 0.0}


def test_the_gain_is_whole_again_after_the_music():
    """Reduction that has decayed to nothing leaves a bit for bit copy."""
    audio = stereo(np.concatenate([tone(RATE, 0.5, 440.0, -3.0), tone(RATE, 2.0, 440.0, -40.0)]))
    out, _ = run(Compressor(attack_ms=1.0, release_ms=20.0, detector="peak"), audio, RATE)
    np.testing.assert_array_equal(out[:, -RATE // 2 :], audio[:, -RATE // 2 :])


def upward_db(level_db, threshold_db, ratio, knee_db, range_db):
    """Gain of the curve turned over: of what lies below the threshold, up to the range."""
    mirrored = 2.0 * threshold_db - level_db
    return min(mirrored - curve_db(mirrored, threshold_db, ratio, knee_db), range_db)


@pytest.mark.parametrize(("threshold_db", "ratio", "knee_db"), CURVES)
def test_upward_static_curve(threshold_db, ratio, knee_db):
    stage = Compressor(
        direction="upward",
        threshold_db=threshold_db,
        ratio=ratio,
        knee_db=knee_db,
        range_db=10.0,
        release_ms=10.0,
        attack_ms=1.0,
    )
    for level_db in LEVELS_DB:
        out, _ = run(stage, steady(level_db, 0.3), RATE)
        expected = upward_db(level_db, threshold_db, ratio, knee_db, 10.0)
        assert decibels(out[0, -1]) - level_db == pytest.approx(expected, abs=0.01), level_db


def test_upward_compression_leaves_peaks_and_lifts_details_no_further_than_its_range():
    audio = np.concatenate([steady(-6.0), steady(-50.0, 2.0), steady(-6.0)], axis=1)
    stage = Compressor(direction="upward", threshold_db=-30.0, ratio=100.0, attack_ms=1.0)
    out, report = run(stage, audio, RATE)
    assert decibels(out[0, 2 * RATE] / audio[0, 2 * RATE]) == pytest.approx(12.0, abs=0.05)
    assert report["max_gain_db"] == pytest.approx(12.0, abs=0.05)
    for loud in (RATE // 4, -1):
        assert out[0, loud] == pytest.approx(audio[0, loud], rel=1e-6)


def release_s(stage, held_s):
    """How long 63 % of the way back takes after so long at a level."""
    audio = np.concatenate([steady(-6.0, held_s), steady(-60.0, 6.0)], axis=1)
    out, _ = run(stage, audio, RATE)
    reduction = reduction_db(out, audio)[0]
    held = round(held_s * RATE)
    return float(np.argmax(reduction[held:] <= math.exp(-1.0) * reduction[held - 1])) / RATE


def test_programme_dependent_release_is_slow_after_what_lasted_only():
    settings = {"threshold_db": -30.0, "ratio": 4.0, "attack_ms": 1.0, "release_ms": 100.0}
    fixed = Compressor(**settings, knee_db=0.0, detector="peak")
    programme = Compressor(**settings, knee_db=0.0, detector="peak", release="programme")
    assert release_s(fixed, 0.01) == pytest.approx(0.1, rel=0.05)
    assert release_s(programme, 0.01) == pytest.approx(0.1, rel=0.05)
    assert release_s(fixed, 4.0) == pytest.approx(0.1, rel=0.05)
    assert release_s(programme, 4.0) == pytest.approx(1.0, rel=0.05)
    steady_out = [run(stage, steady(-6.0, 4.0), RATE)[0][0, -1] for stage in (fixed, programme)]
    assert steady_out[0] == pytest.approx(steady_out[1], rel=1e-6)


def test_look_ahead_moves_the_gain_and_not_the_sound():
    audio = np.concatenate([steady(-60.0, 0.5), steady(-6.0, 0.5)], axis=1)
    settings = {"threshold_db": -30.0, "attack_ms": 2.0, "detector": "peak"}
    gains = [
        run(Compressor(**settings, lookahead_ms=ms), audio, RATE)[0] / audio for ms in (0.0, 5.0)
    ]
    frames = round(0.005 * RATE)
    np.testing.assert_allclose(gains[1][0, :-frames], gains[0][0, frames:], rtol=1e-12)
    onset = RATE // 2
    assert gains[0][0, onset] > 0.9
    assert gains[1][0, onset] < 0.3
