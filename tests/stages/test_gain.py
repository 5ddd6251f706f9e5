"""Plain gain."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from masterprint.signal import Signal
from masterprint.stages.gain import Gain

NOISE = np.random.default_rng(1).uniform(-1.0, 1.0, (2, 4000))


def through(stage: Gain, audio: np.ndarray) -> np.ndarray:
    return stage.apply(Signal.of(audio, 44100)).collect()


@pytest.mark.parametrize("gain_db", [-60.0, -6.0, -0.1, 0.1, 6.0, 20.0, 60.0])
def test_a_tone_changes_by_that_many_decibels(gain_db: float) -> None:
    tone = np.sin(np.arange(4410) * 0.1)[None]
    change = 20 * np.log10(through(Gain(gain_db=gain_db), tone).std() / tone.std())
    assert change == pytest.approx(gain_db, abs=1e-9)


def test_the_least_and_the_most_gain_are_a_thousandfold() -> None:
    np.testing.assert_allclose(through(Gain(gain_db=60.0), NOISE), NOISE * 1000.0, rtol=1e-15)
    np.testing.assert_allclose(through(Gain(gain_db=-60.0), NOISE), NOISE / 1000.0, rtol=1e-15)


def test_no_gain_is_the_very_samples() -> None:
    assert through(Gain(), NOISE).tobytes() == NOISE.tobytes()
    assert through(Gain(gain_db=0.0), NOISE).tobytes() == NOISE.tobytes()


def test_what_goes_up_and_down_again_nulls() -> None:
    there_and_back = through(Gain(gain_db=-7.3), through(Gain(gain_db=7.3), NOISE))
    assert np.abs(there_and_back - NOISE).max() < 1e-15


def test_it_does_not_clip() -> None:
    assert np.abs(through(Gain(gain_db=12.0), NOISE)).max() > 3.9


@pytest.mark.parametrize("gain_db", [-60.1, 60.1, float("nan"), float("inf"), "3"])
def test_gain_out_of_range_is_refused(gain_db: object) -> None:
    with pytest.raises(ValidationError):
        Gain(gain_db=gain_db)
