"""The dynamic equaliser: static curves, times, and the equaliser that it is at full range."""

from __future__ import annotations

import math

import numpy as np
import pytest

from masterprint.stages.dynamic_eq import DynamicBand, DynamicEq
from masterprint.stages.eq import Band, Eq
from oracles import amplitude, decibels, run, tone

RATE = 48000


def curve_db(beyond_db: float, ratio: float, knee_db: float, range_db: float) -> float:
    """Giannoulis, Massberg and Reiss, 2012, eq. 4, as the change of a level beyond a threshold."""
    slope = 1.0 - 1.0 / ratio
    if 2 * beyond_db <= -knee_db:
        moved = 0.0
    elif knee_db and 2 * abs(beyond_db) <= knee_db:
        moved = slope * (beyond_db + knee_db / 2) ** 2 / (2 * knee_db)
    else:
        moved = slope * beyond_db
    return math.copysign(min(moved, abs(range_db)), range_db)


def settled_db(stage: DynamicEq, hz: float, level_db: float, seconds: float = 2.0) -> float:
    audio = tone(RATE, seconds, hz, level_db)[np.newaxis]
    out, _ = run(stage, audio, RATE)
    tail = slice(-RATE // 4, None)
    return decibels(np.sqrt(np.mean(out[0, tail] ** 2)) / np.sqrt(np.mean(audio[0, tail] ** 2)))


@pytest.mark.parametrize("when", ["above", "below"])
@pytest.mark.parametrize("range_db", [-12.0, 9.0])
@pytest.mark.parametrize(
    ("hz", "ratio", "knee_db"), [(60.0, 2.0, 6.0), (1000.0, 4.0, 0.0), (9000.0, 100.0, 12.0)]
)
def test_static_curves(hz: float, ratio: float, knee_db: float, range_db: float, when: str) -> None:
    stage = DynamicEq(
        bands=[
            DynamicBand(
                frequency_hz=hz,
                threshold_db=-30.0,
                ratio=ratio,
                knee_db=knee_db,
                range_db=range_db,
                when=when,
                attack_ms=20.0,
                release_ms=100.0,
            )
        ]
    )
    for level_db in (-60.0, -40.0, -34.0, -30.0, -27.0, -20.0, -12.0, 0.0):
        beyond = level_db - 10 * math.log10(2.0) + 30.0
        beyond = beyond if when == "above" else -beyond
        expected = curve_db(beyond, ratio, knee_db, range_db)
        assert settled_db(stage, hz, level_db) == pytest.approx(expected, abs=0.1), level_db


@pytest.mark.parametrize("hz", [30.0, 60.0, 120.0])
@pytest.mark.parametrize("range_db", [-12.0, 9.0])
def test_static_curve_an_octave_beside_the_centre(hz: float, range_db: float) -> None:
    band = DynamicBand(
        frequency_hz=60.0, threshold_db=-26.0, ratio=2.0, knee_db=0.0, range_db=range_db
    )
    s, gain = 1j * hz / 60.0, amplitude(abs(range_db))
    bell = (s**2 + s * gain**0.5 + 1) / (s**2 + s * gain**-0.5 + 1)
    bell, gain = (bell, gain) if range_db > 0 else (1 / bell, 1 / gain)
    added = (bell - 1) / (gain - 1)
    beyond = -20.0 - 10 * math.log10(2.0) + decibels(abs(added)) + 26.0
    moved = amplitude(curve_db(beyond, 2.0, 0.0, range_db))
    expected = decibels(abs(1 + (moved - 1) * added))
    assert settled_db(DynamicEq(bands=[band]), hz, -20.0) == pytest.approx(expected, abs=0.1)


@pytest.mark.parametrize("shape", ["bell", "low_shelf", "high_shelf"])
@pytest.mark.parametrize("range_db", [-9.0, 7.0])
def test_at_full_range_it_is_the_equaliser(shape: str, range_db: float) -> None:
    noise = np.random.default_rng(4).standard_normal((2, RATE))
    band = {"shape": shape, "frequency_hz": 2500.0, "q": 0.9}
    awake = DynamicBand(**band, range_db=range_db, threshold_db=-90.0, ratio=100.0, attack_ms=0.1)
    out, report = run(DynamicEq(bands=[awake]), noise, RATE)
    plain, _ = run(Eq(bands=[Band(**band, gain_db=range_db)]), noise, RATE)
    np.testing.assert_allclose(out[:, 2000:], plain[:, 2000:], atol=1e-6)
    assert report["changes"][0]["max_change_db"] == pytest.approx(range_db, abs=0.01)


def test_what_does_not_wake_it_passes_to_the_bit() -> None:
    noise = 0.01 * np.random.default_rng(4).standard_normal((2, RATE))
    stage = DynamicEq(bands=[DynamicBand(frequency_hz=3000.0, threshold_db=-20.0)])
    assert run(stage, noise, RATE)[0].tobytes() == noise.tobytes()


def gain_over_time_db(out: np.ndarray, audio: np.ndarray) -> np.ndarray:
    """Read where the wave is near its peaks, and joined by straight lines between."""
    frames = len(audio[0])
    scale = np.convolve(np.abs(audio[0]), np.ones(20), "same")
    near = np.abs(audio[0]) > 0.06 * scale
    return np.interp(
        np.arange(frames),
        np.flatnonzero(near),
        20 * np.log10(np.abs(out[0, near] / audio[0, near])),
    )


@pytest.mark.parametrize(("attack_ms", "release_ms"), [(5.0, 60.0), (20.0, 200.0), (50.0, 100.0)])
@pytest.mark.parametrize("when", ["above", "below"])
def test_times(attack_ms: float, release_ms: float, when: str) -> None:
    hz = 5000.0
    stage = DynamicEq(
        bands=[
            DynamicBand(
                frequency_hz=hz,
                threshold_db=-33.01,
                ratio=2.0,
                knee_db=0.0,
                range_db=-24.0,
                attack_ms=attack_ms,
                release_ms=release_ms,
                when=when,
            )
        ]
    )
    levels = np.repeat([-50.0, -10.0, -50.0], [2 * RATE, RATE, 2 * RATE])
    audio = (tone(RATE, 5.0, hz) * 10 ** (levels / 20))[np.newaxis]
    out, _ = run(stage, audio, RATE)
    gain = gain_over_time_db(out, audio)
    start, stop = 2 * RATE, 3 * RATE
    quiet, loud = gain[start - 100], gain[stop - 100]
    expected = (0.0, -10.0) if when == "above" else (-10.0, 0.0)
    assert (quiet, loud) == (
        pytest.approx(expected[0], abs=0.1),
        pytest.approx(expected[1], abs=0.1),
    )
    share = 1.0 - math.exp(-1.0)
    risen = np.argmax((gain[start + 20 :] - quiet) / (loud - quiet) > share) + 20
    fallen = np.argmax((gain[stop + 20 :] - loud) / (quiet - loud) > share) + 20
    assert risen == pytest.approx(attack_ms * RATE / 1000, rel=0.05)
    assert fallen == pytest.approx(release_ms * RATE / 1000, rel=0.05)


def test_a_loud_bass_note_is_held_and_the_voice_above_it_is_not_touched() -> None:
    bass = tone(RATE, 1.0, 80.0, -6.0)
    voice = tone(RATE, 1.0, 2000.0, -20.0)
    band = DynamicBand(frequency_hz=80.0, q=1.4, threshold_db=-20.0, ratio=4.0, range_db=-8.0)
    out, _ = run(DynamicEq(bands=[band]), (bass + voice)[np.newaxis], RATE)
    tail = out[0, -RATE // 2 :]
    spectrum = np.abs(np.fft.rfft(tail)) / (len(tail) / 2)
    assert decibels(spectrum[40]) == pytest.approx(-6.0 - 8.0, abs=0.1)
    assert decibels(spectrum[1000]) == pytest.approx(-20.0, abs=0.02)


def test_linked_and_unlinked_channels() -> None:
    audio = np.stack([tone(RATE, 1.0, 1000.0, -6.0), tone(RATE, 1.0, 1000.0, -50.0)])
    band = DynamicBand(frequency_hz=1000.0, threshold_db=-30.0, ratio=100.0, range_db=-6.0)
    for link, right_db in ((1.0, -6.0), (0.0, 0.0)):
        out, _ = run(DynamicEq(bands=[band], link=link), audio, RATE)
        change = np.abs(out[:, -RATE // 4 :]).max(axis=1) / np.abs(audio[:, -RATE // 4 :]).max(
            axis=1
        )
        assert decibels(change[0]) == pytest.approx(-6.0, abs=0.1)
        assert decibels(change[1]) == pytest.approx(right_db, abs=0.1)


def test_side_alone_is_touched_with_on_side() -> None:
    from masterprint.signal import Signal
    from masterprint.stages.run import run_stage

    mid, side = tone(RATE, 1.0, 3000.0, -6.0), tone(RATE, 1.0, 5000.0, -6.0)
    audio = np.stack([mid + side, mid - side])
    band = DynamicBand(frequency_hz=4000.0, q=0.5, threshold_db=-40.0, ratio=100.0, range_db=-12.0)
    out = run_stage(DynamicEq(on="side", bands=[band]), Signal.of(audio, RATE)).collect()
    np.testing.assert_allclose(out.sum(axis=0), 2 * mid, atol=1e-12)
    remaining = 0.5 * (out[0] - out[1])[-RATE // 4 :]
    assert decibels(np.abs(remaining).max() / amplitude(-6.0)) < -9.0
