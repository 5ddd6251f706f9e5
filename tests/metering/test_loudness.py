"""Loudness against the tables of BS.1770, EBU Tech 3341 and 3342, and an independent meter."""

import math

import numpy as np
import pytest

from masterprint.metering import loudness
from masterprint.metering.meter import Meter
from masterprint.signal import Signal
from oracles import (
    K_GAIN,
    K_WEIGHTING,
    amplitude,
    demo_mix,
    gated_lufs,
    integrated_lufs,
    lufs,
    stereo,
    tone,
    window_powers,
)

RATES_HZ = (44100, 48000, 96000, 192000)


def measured(audio, rate, **settings):
    audio = np.atleast_2d(audio)
    meter = Meter(rate, len(audio), true_peak=False, **settings)
    for block in Signal.of(audio, rate).blocks:
        meter.feed(block)
    return meter.result()


def tones(rate, segments, frequency_hz=1000.0):
    """A tone in segments of (seconds, dBFS), None for silence; its phase runs through."""
    gains = [
        np.full(round(seconds * rate), 0.0 if level is None else amplitude(level))
        for seconds, level in segments
    ]
    gain = np.concatenate(gains)
    return stereo(gain * np.sin(2.0 * np.pi * frequency_hz * np.arange(len(gain)) / rate))


def sliding_lufs(audio, rate, seconds):
    """Loudness of every window of momentary or short-term length, each 10 ms."""
    energies = []
    meter = Meter(rate, len(audio), true_peak=False, hop_listener=energies.append)
    meter.feed(np.ascontiguousarray(audio))
    running = np.concatenate([[0.0], np.cumsum(np.concatenate(energies))])
    hops = round(100 * seconds)
    return np.array(
        [lufs(energy / (seconds * rate)) for energy in running[hops:] - running[:-hops]]
    )


# ------------------------------------------------------------------------------------- K-weighting


@pytest.mark.parametrize("rate", K_WEIGHTING)
def test_k_weighting_coefficients(rate):
    shelf, highpass = loudness.k_weighting(rate)
    *expected, a1, a2 = K_WEIGHTING[rate]
    np.testing.assert_allclose(shelf, expected, rtol=0, atol=1e-13)
    np.testing.assert_allclose(highpass, [1.0, -2.0, 1.0, a1, a2], rtol=0, atol=1e-13)


@pytest.mark.parametrize("rate", K_GAIN)
def test_the_pass_band_of_48_khz_at_every_rate(rate):
    assert loudness.k_weighting_gain(rate) == pytest.approx(K_GAIN[rate], abs=1e-6)


@pytest.mark.parametrize(
    ("rate", "gain_db"),
    [
        (44100, 0.6900),
        (48000, 0.6910),
        (88200, 0.6951),
        (96000, 0.6953),
        (176400, 0.6963),
        (192000, 0.6964),
    ],
)
def test_997_hz_reads_the_same_at_every_rate(rate, gain_db):
    """The published gain of the whole weighting at 997 Hz, less the -0.691 of the formula."""
    found = measured(tone(rate, 4.0, 997.0), rate).integrated_lufs
    assert found == pytest.approx(gain_db - 0.691 - 10.0 * math.log10(2.0), abs=0.001)


@pytest.mark.parametrize(
    "frequency_hz", [25.0, 40.0, 100.0, 500.0, 1000.0, 2000.0, 5000.0, 10000.0, 15000.0]
)
@pytest.mark.parametrize("rate", RATES_HZ)
def test_tones_read_as_the_filters_weigh_them(rate, frequency_hz):
    audio = stereo(tone(rate, 2.0, frequency_hz, -20.0))
    expected = integrated_lufs(audio, rate)
    assert measured(audio, rate).integrated_lufs == pytest.approx(expected, abs=0.002)


# ---------------------------------------------------------------------------- EBU Tech 3341, 3342


@pytest.mark.parametrize("rate", RATES_HZ)
@pytest.mark.parametrize(("case", "level"), [(1, -23.0), (2, -33.0)])
def test_3341_steady_tones(case, level, rate):
    found = measured(tones(rate, [(20, level)]), rate)
    assert found.integrated_lufs == pytest.approx(level, abs=0.1)
    assert found.max_momentary_lufs == pytest.approx(level, abs=0.1)
    assert found.max_short_term_lufs == pytest.approx(level, abs=0.1)


GATED = {
    3: [(10, -36), (60, -23), (10, -36)],
    4: [(10, -72), (10, -36), (60, -23), (10, -36), (10, -72)],
    5: [(20, -26), (20.1, -20), (20, -26)],
}


@pytest.mark.parametrize("rate", RATES_HZ)
@pytest.mark.parametrize("case", GATED)
def test_3341_gating(case, rate):
    audio = tones(rate, GATED[case])
    found = measured(audio, rate).integrated_lufs
    assert found == pytest.approx(-23.0, abs=0.1)
    if rate == 48000:
        published = {3: -23.014, 4: -23.014, 5: -22.979}[case]
        assert found == pytest.approx(published, abs=0.002)


@pytest.mark.parametrize("rate", RATES_HZ)
@pytest.mark.parametrize("lfe", [False, True])
def test_3341_6_surround(rate, lfe):
    levels = [-28.0, -28.0, -24.0, -30.0, -30.0]
    audio = np.stack([tone(rate, 20.0, 1000.0, level) for level in levels])
    if lfe:
        audio = np.insert(audio, 3, tone(rate, 20.0, 60.0, -3.0), axis=0)
    assert measured(audio, rate).integrated_lufs == pytest.approx(-23.0, abs=0.1)


@pytest.mark.parametrize("rate", RATES_HZ)
def test_3341_9_short_term_is_constant(rate):
    found = sliding_lufs(tones(rate, [(1.34, -20), (1.66, -30)] * 5), rate, 3.0)
    assert len(found) == 1201
    np.testing.assert_allclose(found, -23.0, atol=0.1)


@pytest.mark.parametrize("rate", RATES_HZ)
def test_3341_12_momentary_is_constant(rate):
    found = sliding_lufs(tones(rate, [(0.18, -20), (0.22, -30)] * 25), rate, 0.4)
    assert len(found) == 961
    np.testing.assert_allclose(found[60:], -23.0, atol=0.1)  # windows that end after 1 s


@pytest.mark.parametrize(
    ("i", "rate"),
    [(i, 48000) for i in range(20)] + [(i, r) for r in (44100, 96000, 192000) for i in (1, 7, 19)],
)
def test_3341_10_max_short_term_wherever_it_starts(i, rate):
    audio = tones(rate, [(i * 0.15, None), (3.0, -23), (1.0, None)])
    assert measured(audio, rate).max_short_term_lufs == pytest.approx(-23.0, abs=0.1)


@pytest.mark.parametrize("rate", RATES_HZ)
@pytest.mark.parametrize("i", range(20))
def test_3341_13_max_momentary_wherever_it_starts(i, rate):
    audio = tones(rate, [(i * 0.02, None), (0.4, -23), (1.0, None)])
    assert measured(audio, rate).max_momentary_lufs == pytest.approx(-23.0, abs=0.1)


@pytest.mark.parametrize("rate", [44100, 48000])
@pytest.mark.parametrize(("seconds", "step"), [(3.0, 0.15), (0.4, 0.02)])
def test_3341_11_and_14_maxima_while_they_rise(seconds, step, rate):
    """Each burst is 1 dB louder than the last, and the maximum after it is its level."""
    meter = Meter(rate, 2, true_peak=False)
    for i in range(20):
        silence = [(i * step, None), (seconds, -38.0 + i), (seconds - i * step, None)]
        meter.feed(tones(rate, silence))
        found = meter.result()
        value = found.max_short_term_lufs if seconds > 1 else found.max_momentary_lufs
        assert value == pytest.approx(-38.0 + i, abs=0.1)


RANGES = [
    ([-20, -30], 10.0),
    ([-20, -15], 5.0),
    ([-40, -20], 20.0),
    ([-50, -35, -20, -35, -50], 15.0),
]


@pytest.mark.parametrize("rate", RATES_HZ)
@pytest.mark.parametrize(("levels", "expected"), RANGES)
def test_3342_loudness_range(levels, expected, rate):
    audio = tones(rate, [(20, level) for level in levels])
    assert measured(audio, rate).loudness_range_lu == pytest.approx(expected, abs=0.2)


def test_3342_the_range_of_a_repeated_programme_is_the_same():
    audio = tones(48000, [(20, -40), (20, -20)])
    twice = np.concatenate([audio, audio], axis=1)
    assert measured(twice, 48000).loudness_range_lu == pytest.approx(20.0, abs=0.2)


def test_the_range_leaves_out_what_is_20_lu_below():
    """At 18 LU below, a quiet tenth counts; at 30 LU below it does not, and 1 LU is left."""
    within = tones(48000, [(10, -41), (20, -23), (20, -22)])
    below = tones(48000, [(10, -53), (20, -23), (20, -22)])
    assert measured(within, 48000).loudness_range_lu > 15.0
    assert measured(below, 48000).loudness_range_lu == pytest.approx(1.0, abs=0.3)


def test_loudness_range_of_music_equals_a_transcription():
    rate = 44100
    audio = demo_mix(rate)
    padded = np.concatenate([audio, np.zeros((2, 3 * rate // 2))], axis=1)
    powers = [p for p in window_powers(padded, rate, 3.0, 0.1) if lufs(p) >= -70.0]
    threshold = lufs(float(np.mean(powers))) - 20.0
    levels = sorted(lufs(p) for p in powers if lufs(p) >= threshold)
    low, high = (levels[math.floor((len(levels) - 1) * share + 0.5)] for share in (0.10, 0.95))
    assert measured(audio, rate).loudness_range_lu == pytest.approx(high - low, abs=0.01)


# ------------------------------------------------------------------------------- BS.1770, BS.2217


def test_a_full_scale_tone_in_one_channel_is_the_anchor():
    assert measured(tone(48000, 4.0, 997.0), 48000).integrated_lufs == pytest.approx(
        -3.01, abs=0.005
    )
    left_only = np.stack([tone(48000, 4.0, 997.0), np.zeros(4 * 48000)])
    assert measured(left_only, 48000).integrated_lufs == pytest.approx(-3.01, abs=0.005)
    assert measured(stereo(left_only[0]), 48000).integrated_lufs == pytest.approx(0.0, abs=0.005)


def test_dual_mono_counts_one_channel_as_two_loudspeakers():
    audio = tone(48000, 4.0, 997.0, -20.0)[np.newaxis]
    plain = measured(audio, 48000)
    dual = measured(audio, 48000, dual_mono=True)
    twice = measured(stereo(audio[0]), 48000)
    assert dual.integrated_lufs == pytest.approx(plain.integrated_lufs + 3.0103, abs=1e-4)
    assert dual.integrated_lufs == pytest.approx(twice.integrated_lufs, abs=1e-9)
    assert dual.max_momentary_lufs == pytest.approx(twice.max_momentary_lufs, abs=1e-9)
    both = measured(stereo(audio[0]), 48000, dual_mono=True)
    assert both.integrated_lufs == pytest.approx(twice.integrated_lufs, abs=1e-9)


@pytest.mark.parametrize(
    ("channel", "weight_db"), [(0, 0.0), (1, 0.0), (2, 0.0), (4, 1.4922), (5, 1.4922)]
)
def test_each_channel_of_5_1_has_its_weight(channel, weight_db):
    audio = np.zeros((6, 4 * 48000))
    audio[channel] = tone(48000, 4.0, 997.0, -20.0)
    assert measured(audio, 48000).integrated_lufs == pytest.approx(-23.01 + weight_db, abs=0.01)


def test_the_lfe_does_not_count():
    audio = np.zeros((6, 4 * 48000))
    audio[3] = tone(48000, 4.0, 80.0, 0.0)
    found = measured(audio, 48000)
    assert found.integrated_lufs is None
    assert found.max_momentary_lufs is None
    audio[2] = tone(48000, 4.0, 997.0, -20.0)
    assert measured(audio, 48000).integrated_lufs == pytest.approx(-23.01, abs=0.01)


def test_5_1_and_5_0_sum_their_channels():
    for channels in (3, 4, 5, 6):
        rng = np.random.default_rng(channels)
        audio = 0.05 * rng.standard_normal((channels, 3 * 48000))
        assert measured(audio, 48000).integrated_lufs == pytest.approx(
            integrated_lufs(audio, 48000), abs=0.002
        )


# ----------------------------------------------------------------------------------------- gating


def test_the_absolute_gate_lies_at_70():
    assert measured(tones(48000, [(5, -69.9)], 997.0), 48000).integrated_lufs == pytest.approx(
        -69.9, abs=0.02
    )
    assert measured(tones(48000, [(5, -70.1)], 997.0), 48000).integrated_lufs is None


def test_what_lies_below_the_absolute_gate_pulls_nothing_down():
    audio = tones(48000, [(10, -69.5), (10, -72.0)], 997.0)
    assert measured(audio, 48000).integrated_lufs == pytest.approx(-69.5, abs=0.1)


def test_the_relative_gate_lies_10_below_the_ungated_mean():
    """Mean of both halves: 3 dB below the loud one, so the gate lies 13 dB below that."""
    kept = tones(48000, [(30, -20.0), (30, -32.5)], 997.0)
    dropped = tones(48000, [(30, -20.0), (30, -33.5)], 997.0)
    both = 10.0 * math.log10(0.5 * (1.0 + 10.0**-1.25)) - 20.0
    assert measured(kept, 48000).integrated_lufs == pytest.approx(both, abs=0.05)
    assert measured(dropped, 48000).integrated_lufs == pytest.approx(-20.0, abs=0.05)


def test_powers_are_averaged_not_levels():
    audio = tones(48000, [(20, -20.0), (20, -26.0)], 997.0)
    expected = 10.0 * math.log10(0.5 * (10.0**-2.0 + 10.0**-2.6))
    assert measured(audio, 48000).integrated_lufs == pytest.approx(expected, abs=0.03)


@pytest.mark.parametrize("rate", [44100, 48000, 96000])
def test_music_measures_as_by_the_independent_meter(rate):
    audio = demo_mix(rate)
    found = measured(audio, rate)
    assert found.integrated_lufs == pytest.approx(integrated_lufs(audio, rate), abs=0.002)
    momentary = max(window_powers(audio, rate, 0.4, 0.01))
    assert found.max_momentary_lufs == pytest.approx(lufs(momentary), abs=0.002)
    short_term = max(window_powers(audio, rate, 3.0, 0.01))
    assert found.max_short_term_lufs == pytest.approx(lufs(short_term), abs=0.002)


def test_an_incomplete_last_block_does_not_count():
    rate = 48000
    audio = tones(rate, [(2.0, -23.0), (0.099, 0.0)], 997.0)
    assert measured(audio, rate).integrated_lufs == pytest.approx(-23.0, abs=0.05)


@pytest.mark.parametrize("rate", RATES_HZ)
def test_400_ms_are_needed(rate):
    audio = stereo(tone(rate, 0.4, 997.0, -20.0))
    assert measured(audio, rate).integrated_lufs == pytest.approx(-20.0, abs=0.05)
    assert measured(audio, rate).max_momentary_lufs == pytest.approx(-20.0, abs=0.05)
    found = measured(audio[:, :-1], rate)
    assert found.integrated_lufs is None
    assert found.max_momentary_lufs is None
    assert "400 ms" in found.notes["integrated_lufs"]
    assert "400 ms" in found.notes["max_momentary_lufs"]


@pytest.mark.parametrize("rate", RATES_HZ)
def test_3_s_are_needed_for_short_term(rate):
    audio = stereo(tone(rate, 3.0, 997.0, -20.0))
    found = measured(audio, rate)
    assert found.max_short_term_lufs == pytest.approx(-20.0, abs=0.05)
    assert found.loudness_range_lu is not None
    found = measured(audio[:, :-1], rate)
    assert found.max_short_term_lufs is None
    assert found.loudness_range_lu is None
    assert "3 s" in found.notes["max_short_term_lufs"]
    assert "3 s" in found.notes["loudness_range_lu"]


@pytest.mark.parametrize("rate", [8000, 11025, 22050, 32000, 37800, 47952])
def test_rates_whose_10_ms_or_100_ms_are_no_whole_frames(rate):
    """At very low rates the weighting's shelf bends early, at any meter of this design."""
    tolerance = 0.1 if rate > 16000 else 0.25
    found = measured(stereo(tone(rate, 5.0, 997.0, -20.0)), rate)
    assert found.integrated_lufs == pytest.approx(-20.0, abs=tolerance)
    assert found.max_momentary_lufs == pytest.approx(found.integrated_lufs, abs=0.02)
    assert found.max_short_term_lufs == pytest.approx(found.integrated_lufs, abs=0.02)
    assert len(found.gating_powers) == 47  # 5 s hold 47 blocks of 400 ms, 100 ms apart


@pytest.mark.parametrize("seconds", [29.9, 30.4, 61.05])
@pytest.mark.parametrize("block_frames", [799, 80_000, 10_000_000])
def test_long_programmes_measure_as_by_the_independent_meter(seconds, block_frames):
    """Whatever is let go of on the way: nothing is lost where one stretch meets the next."""
    rate, reference = 48000, 10
    n = np.arange(round(seconds * rate / reference))
    rng = np.random.default_rng(5)
    level = np.repeat(10.0 ** rng.uniform(-2.5, 0.0, len(n) // 500 + 1), 500)[: len(n)]
    audio = (level * rng.standard_normal(len(n))).repeat(reference)[np.newaxis]
    meter = Meter(rate, 1, true_peak=False)
    for start in range(0, audio.shape[1], block_frames):
        meter.feed(np.ascontiguousarray(audio[:, start : start + block_frames]))
    found = meter.result()
    powers = window_powers(audio, rate, 0.4, 0.1)
    np.testing.assert_allclose(found.gating_powers, powers, rtol=1e-5)
    assert found.integrated_lufs == pytest.approx(gated_lufs(powers), abs=0.001)
    momentary = max(window_powers(audio, rate, 0.4, 0.01))
    short_term = max(window_powers(audio, rate, 3.0, 0.01))
    assert found.max_momentary_lufs == pytest.approx(lufs(momentary), abs=0.001)
    assert found.max_short_term_lufs == pytest.approx(lufs(short_term), abs=0.001)


def test_an_album_is_gated_as_one_programme():
    """Blocks of all tracks are pooled: a quiet interlude falls below the gate of the album."""
    loud, quiet = tones(48000, [(10, -14.0)], 997.0), tones(48000, [(10, -34.0)], 997.0)
    tracks = [measured(audio, 48000) for audio in (loud, quiet)]
    assert [len(track.gating_powers) for track in tracks] == [97, 97]
    pooled = np.concatenate([track.gating_powers for track in tracks])
    assert loudness.integrated(pooled) == pytest.approx(-14.0, abs=0.05)
    assert gated_lufs(pooled) == pytest.approx(loudness.integrated(pooled), abs=1e-6)


def test_loudness_after_a_gain_knows_of_the_gate():
    """A gain moves what lies below -70 LUFS above it: not just a number added to the level."""
    rate = 48000
    audio = tones(rate, [(4, -60.0), (12, -71.0)], 997.0)
    meter = Meter(rate, 2)
    meter.feed(audio)
    for gain_db in (-5.0, 0.0, 20.0):
        expected = integrated_lufs(audio * amplitude(gain_db), rate)
        assert meter.integrated_lufs(gain_db) == pytest.approx(expected, abs=0.005)
    assert meter.integrated_lufs(-30.0) is None
