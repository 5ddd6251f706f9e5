"""What holds for every stage that restores: clean music is left alone, at any rate, and said so."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

import programmes
from masterprint.stages.registry import BUILT_IN
from oracles import run_whole

STAGES = ("dc", "declick", "declip", "decrackle", "dehum", "denoise")
LOUDEST_CHANGE_DB = -80.0


@cache
def programme(kind: str, rate: int) -> np.ndarray:
    return getattr(programmes, kind)(rate, 10.0 if rate < 90000 else 5.0)


@pytest.mark.parametrize("name", STAGES)
@pytest.mark.parametrize("kind", ["dense", "acoustic", "speech", "castanets"])
@pytest.mark.parametrize("rate", [44100, 96000])
def test_clean_music_is_left_as_it_is(name: str, kind: str, rate: int) -> None:
    audio = programme(kind, rate)
    out, report = run_whole(BUILT_IN[name](), audio, rate)
    change = np.mean((out - audio) ** 2) / np.mean(audio**2)
    assert 10 * np.log10(change + 1e-30) < LOUDEST_CHANGE_DB
    assert report["summary"]


@pytest.mark.parametrize("name", STAGES)
def test_nothing_but_noise_a_square_wave_and_a_click_in_silence_are_survived(name: str) -> None:
    rng = np.random.default_rng(8)
    square = np.sign(np.sin(2 * np.pi * 110.0 * np.arange(3 * 44100) / 44100 + 0.1))
    click = np.zeros(44100)
    click[20000] = 1.0
    for row in (rng.uniform(-1.0, 1.0, 3 * 44100), square, click, np.ones(44100)):
        out, _ = run_whole(BUILT_IN[name](), np.stack([row, -row]))
        assert out.shape == (2, len(row))
        assert np.isfinite(out).all()
