"""Fades beside their formulas."""

from __future__ import annotations

import math

import numpy as np
import pytest

from masterprint.signal import Signal
from masterprint.stages.fade import Fade
from masterprint.stages.run import run_stage

RATE = 48000

FORMULAS = {
    "linear": lambda x: x,
    "cosine": lambda x: math.sin(math.pi * x / 2) ** 2,
    "root": lambda x: math.sin(math.pi * x / 2),
    "exponential": lambda x: (math.exp(-math.log(1000) * (1 - x)) - 0.001) / 0.999,
}


def faded(stage: Fade, frames: int, block_frames: int = 5003) -> np.ndarray:
    audio = np.ones((2, frames)) * [[1.0], [-0.5]]
    return run_stage(stage, Signal.of(audio, RATE, block_frames)).collect()


@pytest.mark.parametrize("curve", FORMULAS)
@pytest.mark.parametrize("block_frames", [1 << 16, 5003, 100])
def test_the_curves(curve: str, block_frames: int) -> None:
    stage = Fade(in_s=0.25, out_s=1.0, in_curve=curve, out_curve=curve)
    out = faded(stage, 3 * RATE, block_frames)
    assert (out[1] == -0.5 * out[0]).all()
    formula = FORMULAS[curve]
    fade_in = [formula(n / 12000) for n in range(12000)]
    np.testing.assert_allclose(out[0, :12000], fade_in, atol=1e-12)
    np.testing.assert_allclose(
        out[0, ::-1][:RATE], [formula(n / RATE) for n in range(RATE)], atol=1e-12
    )
    assert (out[0, 12000 : 2 * RATE] == 1.0).all()
    assert (out[:, 0] == 0.0).all()
    assert (out[:, -1] == 0.0).all()


def test_root_fades_cross_at_equal_power() -> None:
    falls = faded(Fade(out_s=1.0, out_curve="root"), RATE)[0]
    rises = faded(Fade(in_s=1.0, in_curve="root"), RATE)[0]
    np.testing.assert_allclose(falls[:-1] ** 2 + rises[1:] ** 2, 1.0, atol=1e-12)


@pytest.mark.parametrize("frames", [0, 1, 2, 999])
def test_programmes_shorter_than_their_fades(frames: int) -> None:
    out = faded(Fade(in_s=1.0, out_s=1.0, in_curve="linear", out_curve="linear"), frames, 100)
    n = np.arange(frames)
    np.testing.assert_allclose(out[0], n / RATE * (frames - 1 - n) / RATE, atol=1e-15)


def test_without_lengths_the_very_samples_come_out() -> None:
    assert (faded(Fade(), 1000) == np.ones((2, 1000)) * [[1.0], [-0.5]]).all()
