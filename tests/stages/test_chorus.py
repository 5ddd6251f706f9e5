"""The swaying copy against closed forms, and against pedalboard's own where that is exact."""

from __future__ import annotations

from typing import Any

import numpy as np
import pedalboard
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError

from masterprint.signal import Signal
from masterprint.stages.chorus import Chorus
from masterprint.testing import check_stage_contract

FloatArray = NDArray[np.float64]


def through(stage: Chorus, audio: FloatArray, rate: int, block_frames: int = 1 << 16) -> FloatArray:
    return stage.apply(Signal.of(audio, rate, block_frames)).collect()


def only_copy(**settings: Any) -> Chorus:
    return Chorus(dry_db=None, wet_db=0.0, **settings)


def stated_delay_s(times: FloatArray, rate_hz: float, depth: float, centre_ms: float) -> FloatArray:
    sway = 10.0 * depth * np.sin(2 * np.pi * rate_hz * times)
    return np.maximum(1.0, centre_ms + sway) / 1000.0


@pytest.mark.parametrize("rate", [11025, 44100, 96000, 192000])
@pytest.mark.parametrize(
    ("rate_hz", "depth", "centre_ms"),
    [(1.0, 0.25, 7.0), (3.0, 1.0, 7.0), (20.0, 1.0, 50.0), (0.05, 1.0, 100.0)],
)
def test_the_delay_sways_as_stated_and_keeps_time(
    rate: int, rate_hz: float, depth: float, centre_ms: float
) -> None:
    """Read off a ramp: what comes out is when it went in."""
    times = np.arange(rate * 30) / rate
    stage = only_copy(rate_hz=rate_hz, depth=depth, centre_delay_ms=centre_ms)
    found = times - through(stage, times[None], rate)[0]
    full = times > 0.12  # before, the line has nothing in it
    expected = stated_delay_s(times, rate_hz, depth, centre_ms)
    np.testing.assert_allclose(found[full], expected[full], atol=1e-9)


@pytest.mark.parametrize("frequency_hz", [100.0, 1000.0, 5000.0])
def test_a_sine_comes_back_as_the_sine_of_another_time(frequency_hz: float) -> None:
    rate = 44100
    times = np.arange(rate * 2) / rate
    audio = np.sin(2 * np.pi * frequency_hz * times)[None]
    out = through(only_copy(rate_hz=1.5, depth=0.8, centre_delay_ms=15.0), audio, rate)[0]
    moved = times - stated_delay_s(times, 1.5, 0.8, 15.0)
    expected = np.sin(2 * np.pi * frequency_hz * moved)
    np.testing.assert_allclose(out[2000:], expected[2000:], atol=0.01)


@pytest.mark.parametrize("feedback", [-0.75, 0.0, 0.5])
def test_without_depth_it_is_an_echo_with_feedback(feedback: float) -> None:
    audio = np.zeros((2, 4410))
    audio[:, 0] = 1.0
    stage = only_copy(depth=0.0, centre_delay_ms=20.0, feedback=feedback)
    expected = np.zeros(4410)
    expected[[882, 1764, 2646, 3528]] = feedback ** np.arange(4)
    for row in through(stage, audio, 44100):
        np.testing.assert_allclose(row, expected, atol=1e-12)


def test_it_sways_as_far_as_pedalboards() -> None:
    """Whose sine begins with the other sign, and drifts: for its first seconds."""
    rate = 44100
    slow = np.sin(2 * np.pi * 40.0 * np.arange(rate * 2) / rate)[None]
    plain = pedalboard.Chorus(rate_hz=1.0, depth=0.5, centre_delay_ms=12.0, feedback=0.0, mix=1.0)
    expected = plain.process(slow.astype(np.float32), rate)[0]
    found = through(only_copy(rate_hz=1.0, depth=0.5, centre_delay_ms=12.0), slow, rate)[0]
    half = rate // 2  # half a turn, in which the tone makes 20
    np.testing.assert_allclose(found[half : 2 * half], expected[2 * half : 3 * half], atol=0.02)


def test_levels_are_those_that_were_set() -> None:
    audio = np.zeros((1, 1000))
    audio[0, 0] = 1.0
    out = through(Chorus(dry_db=-3.0, wet_db=-20.0, depth=0.0, centre_delay_ms=10.0), audio, 48000)
    assert out[0, 0] == pytest.approx(10 ** (-3.0 / 20))
    assert out[0, 480] == pytest.approx(0.1)


@pytest.mark.parametrize("channels", [1, 3, 6])
def test_channels_sway_alike_and_apart(channels: int) -> None:
    audio = np.random.default_rng(2).uniform(-1.0, 1.0, (channels, 20000))
    together = through(Chorus(feedback=0.3), audio, 44100)
    for row, alone in zip(together, audio, strict=True):
        assert row.tobytes() == through(Chorus(feedback=0.3), alone[None], 44100)[0].tobytes()


@pytest.mark.parametrize("feedback", [-0.75, 0.75])
def test_the_hardest_sway_does_not_run_away(feedback: float) -> None:
    audio = np.sign(np.random.default_rng(3).standard_normal((1, 44100 * 20)))
    stage = only_copy(rate_hz=20.0, depth=1.0, centre_delay_ms=5.0, feedback=feedback)
    assert np.abs(through(stage, audio, 44100)).max() < 1.25 / (1 - 1.25 * 0.75)
    check_stage_contract(stage.model_copy(update={"dry_db": 0.0}))


def test_the_copy_dies_away_to_digital_silence() -> None:
    audio = np.zeros((1, 44100 * 2))
    audio[:, :1000] = 1.0
    out = through(only_copy(centre_delay_ms=1.0, depth=0.1, feedback=0.75), audio, 44100)
    assert out[:, 4410:].any()
    assert not out[:, 44100:].any()


def test_each_use_starts_afresh() -> None:
    audio = np.random.default_rng(5).uniform(-1.0, 1.0, (2, 30000))
    stage = Chorus(feedback=0.7)
    assert through(stage, audio, 44100).tobytes() == through(stage, audio, 44100).tobytes()


@pytest.mark.parametrize(
    "settings",
    [
        {"rate_hz": 0.0},
        {"rate_hz": 21.0},
        {"depth": 1.1},
        {"centre_delay_ms": 0.5},
        {"centre_delay_ms": 101.0},
        {"feedback": 0.76},
        {"feedback": -1.0},
    ],
)
def test_settings_out_of_range_are_refused(settings: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        Chorus(**settings)
