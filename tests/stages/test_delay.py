"""Repeats against a loop over single samples, and against what their settings promise."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError
from scipy.signal import butter, lfilter

from masterprint.chain.model import Chain
from masterprint.signal import Signal
from masterprint.stages.delay import Delay
from masterprint.testing import check_stage_contract

FloatArray = NDArray[np.float64]


def through(stage: Delay, audio: FloatArray, rate: int, block_frames: int = 1 << 16) -> FloatArray:
    return stage.apply(Signal.of(audio, rate, block_frames)).collect()


def only_repeats(**settings: Any) -> Delay:
    return Delay(dry_db=None, wet_db=0.0, **settings)


def impulse(channels: int, frames: int) -> FloatArray:
    audio = np.zeros((channels, frames))
    audio[:, 0] = 1.0
    return audio


def sample_loop(
    audio: FloatArray, frames: int, feedback: float, cut: tuple[FloatArray, FloatArray]
) -> FloatArray:
    """The repeats, one sample of one channel after the other, through a first-order filter."""
    (b0, b1), (_, a1) = cut
    out = np.zeros_like(audio)
    for row, repeats in zip(audio, out, strict=True):
        line = [0.0] * frames
        before = after = 0.0
        for n, sample in enumerate(row):
            repeats[n] = line[n % frames]
            fed = sample + feedback * repeats[n]
            after = b0 * fed + b1 * before - a1 * after
            before = fed
            line[n % frames] = after
    return out


@pytest.mark.parametrize("time_ms", [1.0, 7.3, 150.0, 5000.0])
@pytest.mark.parametrize("high_cut_hz", [None, 3000.0])
@pytest.mark.parametrize("feedback", [0.0, 0.6, 0.95])
def test_repeats_are_those_of_a_sample_loop(
    time_ms: float, high_cut_hz: float | None, feedback: float
) -> None:
    rate = 8000
    audio = np.random.default_rng(1).uniform(-1.0, 1.0, (2, 21000))
    cut = (np.array([1.0, 0.0]), np.array([1.0, 0.0]))
    if high_cut_hz is not None:
        cut = butter(1, high_cut_hz, fs=rate)
    stage = Delay(time_ms=time_ms, feedback=feedback, high_cut_hz=high_cut_hz, wet_db=-20.0)
    expected = audio + 0.1 * sample_loop(audio, round(8 * time_ms), feedback, cut)
    found = through(stage, audio, rate, block_frames=3001)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-13)


@pytest.mark.parametrize("rate", [11025, 44100, 96000, 192000])
@pytest.mark.parametrize("time_ms", [1.0, 12.34, 400.0])
def test_repeats_come_at_their_time_at_every_rate(rate: int, time_ms: float) -> None:
    out = through(only_repeats(time_ms=time_ms, feedback=0.5), impulse(1, 2 * rate), rate)[0]
    at = np.flatnonzero(out)[:4]
    apart = np.diff([0, *at]) / rate * 1000.0
    np.testing.assert_allclose(apart, time_ms, atol=500.1 / rate)
    np.testing.assert_array_equal(out[at], [1.0, 0.5, 0.25, 0.125])


def test_levels_are_those_that_were_set() -> None:
    stage = Delay(dry_db=-6.0, wet_db=-10.0, time_ms=100.0, feedback=10 ** (-4 / 20))
    out = through(stage, impulse(2, 1000), 1000)
    levels_db = 20 * np.log10(out[:, [0, 100, 200, 300]])
    np.testing.assert_allclose(levels_db, [[-6.0, -10.0, -14.0, -18.0]] * 2, atol=1e-9)


def test_each_repeat_is_duller_than_the_last() -> None:
    rate = 48000
    stage = only_repeats(time_ms=100.0, feedback=0.9, high_cut_hz=2000.0)
    out = through(stage, impulse(1, rate), rate)[0]
    for number in (1, 2, 3):
        spectrum = np.abs(np.fft.rfft(out[number * 4800 :][:4800]))
        treble_db = 20 * np.log10(spectrum[200] / spectrum[0])  # 2 kHz, 3 dB down each time round
        assert treble_db == pytest.approx(number * 10 * np.log10(0.5), abs=0.01)


def test_the_filter_is_the_one_that_scipy_designs() -> None:
    rate, audio = 44100, np.random.default_rng(2).uniform(-1.0, 1.0, (2, 4000))
    stage = only_repeats(time_ms=10.0, feedback=0.0, high_cut_hz=5000.0)
    expected = lfilter(*butter(1, 5000.0, fs=rate), audio)[:, :-441]
    found = through(stage, audio, rate)
    assert not found[:, :441].any()
    np.testing.assert_allclose(found[:, 441:], expected, atol=1e-13)


def test_ping_pong_changes_sides_and_begins_on_the_left() -> None:
    audio = np.zeros((2, 600))
    audio[1, 0] = 1.0  # on the right only: both sides enter
    left, right = through(only_repeats(time_ms=100.0, feedback=0.8, ping_pong=True), audio, 1000)
    assert list(np.flatnonzero(left)) == [100, 300, 500]
    assert list(np.flatnonzero(right)) == [200, 400]
    np.testing.assert_allclose(left[[100, 300, 500]], [0.5, 0.5 * 0.8**2, 0.5 * 0.8**4])
    np.testing.assert_allclose(right[[200, 400]], [0.5 * 0.8, 0.5 * 0.8**3])


def test_ping_pong_and_plain_repeats_add_up_to_the_same_in_mono() -> None:
    audio = np.random.default_rng(3).uniform(-1.0, 1.0, (2, 30000))
    settings = {"time_ms": 20.0, "feedback": 0.7, "high_cut_hz": 4000.0}
    bouncing = through(only_repeats(ping_pong=True, **settings), audio, 44100)
    plain = through(only_repeats(**settings), audio, 44100)
    np.testing.assert_allclose(bouncing.sum(axis=0), plain.mean(axis=0), atol=1e-12)


@pytest.mark.parametrize("channels", [1, 6])
def test_ping_pong_without_two_sides_is_a_problem(channels: int) -> None:
    (problem,) = Delay(ping_pong=True).problems(44100, channels)
    assert problem == f"ping_pong works on 2 channels, the mix has {channels}"
    assert not Delay().problems(44100, channels)
    assert not Delay(ping_pong=True).problems(44100, 2)


def test_a_tail_lets_the_repeats_ring_out() -> None:
    stage = Delay(time_ms=500.0, feedback=0.5, wet_db=0.0)
    audio = np.ones((2, 100))
    assert Chain(stages=[stage]).apply(audio, 44100).shape == (2, 100)
    out = Chain(tail_s=2.0, stages=[stage]).apply(audio, 44100)
    assert list(out[0, np.array([50, 22100, 44150, 66200])]) == [1.0, 1.0, 0.5, 0.25]


def test_each_use_starts_afresh() -> None:
    audio = np.random.default_rng(4).uniform(-1.0, 1.0, (2, 9000))
    stage = Delay(time_ms=50.0, feedback=0.9, high_cut_hz=1000.0)
    assert through(stage, audio, 44100).tobytes() == through(stage, audio, 44100).tobytes()


@pytest.mark.parametrize("ping_pong", [False, True])
def test_the_repeats_die_away_to_digital_silence(ping_pong: bool) -> None:
    audio = np.zeros((2, 8000 * 20))
    audio[:, :100] = 1.0
    stage = only_repeats(time_ms=1.0, feedback=0.95, ping_pong=ping_pong)
    out = through(stage, audio, 8000)
    assert out[:, 8000].any()
    assert not out[:, 8000 * 2 :].any()


def test_a_long_delay_does_not_make_blocks_long() -> None:
    """Whatever comes after it would need as much memory as five seconds take."""
    signal = Signal.of(np.ones((2, 200000)), 96000, 10000)
    blocks = Delay(time_ms=5000.0).apply(signal).blocks
    assert {block.shape for block in blocks} == {(2, 10000)}


@pytest.mark.parametrize("stage", [Delay(ping_pong=True, time_ms=3.0), Delay(on="side")], ids=repr)
def test_special_cases_keep_the_contract(stage: Delay) -> None:
    check_stage_contract(stage)


@pytest.mark.parametrize(
    "settings",
    [
        {"time_ms": 0.5},
        {"time_ms": 5001.0},
        {"feedback": 1.0},
        {"feedback": -0.1},
        {"wet_db": 13.0},
        {"wet_db": None},
        {"dry_db": -61.0},
    ],
)
def test_settings_out_of_range_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Delay(**settings)
