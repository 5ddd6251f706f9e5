"""Stereo width: what becomes of mid and side."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError

from masterprint.signal import Signal
from masterprint.stages.width import Width

NOISE = np.random.default_rng(1).uniform(-1.0, 1.0, (2, 50000))


def through(stage: Width, audio: NDArray[np.float64] = NOISE) -> NDArray[np.float64]:
    return stage.apply(Signal.of(audio, 44100)).collect()


def mid(audio: NDArray[np.float64]) -> NDArray[np.float64]:
    return (audio[0] + audio[1]) / 2.0


def side(audio: NDArray[np.float64]) -> NDArray[np.float64]:
    return (audio[0] - audio[1]) / 2.0


def test_zero_is_mono() -> None:
    left, right = through(Width(width=0.0))
    assert left.tobytes() == right.tobytes()
    np.testing.assert_allclose(left, mid(NOISE), atol=1e-15)


def test_one_is_the_very_samples() -> None:
    assert through(Width(width=1.0)).tobytes() == NOISE.tobytes()
    assert through(Width(width=1.0, constant_power=True)).tobytes() == NOISE.tobytes()


def test_two_doubles_the_side_and_keeps_the_mid() -> None:
    out = through(Width(width=2.0))
    np.testing.assert_allclose(side(out), 2.0 * side(NOISE), atol=1e-15)
    np.testing.assert_allclose(mid(out), mid(NOISE), atol=1e-15)


@pytest.mark.parametrize("width", [0.0, 0.3, 0.9, 1.4, 2.0])
@pytest.mark.parametrize("constant_power", [False, True])
def test_the_side_scales_against_the_mid(width: float, constant_power: bool) -> None:
    out = through(Width(width=width, constant_power=constant_power))
    np.testing.assert_allclose(
        side(out) * mid(NOISE), width * side(NOISE) * mid(out), rtol=0, atol=1e-15
    )
    if not constant_power:
        np.testing.assert_allclose(mid(out), mid(NOISE), atol=1e-15)


@pytest.mark.parametrize("width", [0.0, 0.5, 1.5, 2.0])
def test_constant_power_keeps_the_power_where_mid_and_side_are_alike(width: float) -> None:
    rng = np.random.default_rng(2)
    middle = rng.standard_normal(40000)
    # A side of exactly the power of the mid, and not correlated with it.
    across = rng.standard_normal(40000)
    across -= middle * (across @ middle) / (middle @ middle)
    across *= np.sqrt((middle @ middle) / (across @ across))
    audio = np.stack([middle + across, middle - across])
    out = through(Width(width=width, constant_power=True), audio)
    assert (out**2).sum() == pytest.approx((audio**2).sum(), rel=1e-12)


def test_what_is_mono_stays_so() -> None:
    audio = np.stack([NOISE[0], NOISE[0]])
    for width in (0.0, 0.7, 2.0):
        np.testing.assert_allclose(through(Width(width=width), audio), audio, atol=1e-15)


@pytest.mark.parametrize("width", [-0.1, 2.1, float("nan")])
def test_a_width_out_of_range_is_refused(width: float) -> None:
    with pytest.raises(ValidationError):
        Width(width=width)


@pytest.mark.parametrize("channels", [1, 6])
def test_other_than_two_channels_are_a_problem(channels: int) -> None:
    assert Width().problems(44100, channels) == [f"works on 2 channels, the mix has {channels}"]
