"""Finding where a decoded programme lies, with offsets that are made and so known."""

from __future__ import annotations

import numpy as np
import pytest

from masterprint.codecs.lag import REACH_FRAMES, STRETCH_FRAMES, Found, Stretch
from oracles import demo_mix
from signal_tools import blocks_of


def _lag_of(source: np.ndarray, decoded: np.ndarray) -> int | None:
    stretch = Stretch()
    passed = np.concatenate(list(stretch.passing(blocks_of(source, 10_007))), axis=1)
    assert np.array_equal(passed, source)
    found = Found(stretch)
    for block in blocks_of(decoded, 3001):
        found.feed(block)
    return found.lag_frames()


@pytest.mark.parametrize("late", [0, 1, -1, 529, 1105, 2112, -312, 5000])
@pytest.mark.parametrize("frames", [3 * STRETCH_FRAMES + 777, 9000])
def test_any_encoders_delay_is_found_in_music_with_noise_on_it(late: int, frames: int) -> None:
    music = demo_mix(44100)[:, 150_000 : 150_000 + frames]
    noise = np.random.default_rng(3).standard_normal(music.shape)
    rough = music + 0.02 * np.abs(music).max() * noise
    moved = np.pad(rough, ((0, 0), (late, 0))) if late >= 0 else rough[:, -late:]
    assert _lag_of(music, moved) == late


def test_in_a_tone_the_nearest_of_many_places_is_taken() -> None:
    tone = 0.5 * np.sin(2 * np.pi * 1000 / 48000 * np.arange(96_000))
    audio = np.stack([tone, tone])
    assert _lag_of(audio, audio) == 0
    assert _lag_of(audio, np.pad(audio, ((0, 0), (5, 0)))) == 5


def test_what_has_no_place_or_is_something_else_has_no_lag() -> None:
    music = demo_mix(44100)[:, 150_000:250_000]
    assert _lag_of(music, np.random.default_rng(1).standard_normal((2, 100_000))) is None
    assert _lag_of(np.zeros((2, 50_000)), np.zeros((2, 50_000))) is None
    assert _lag_of(np.full((2, 50_000), 0.5), np.full((2, 50_000), 0.5)) is None
    assert _lag_of(music, np.zeros((2, 0))) is None
    beyond = np.pad(music, ((0, 0), (2 * REACH_FRAMES + STRETCH_FRAMES, 0)))
    assert _lag_of(music, beyond) is None
