"""Left and right: level, order, polarity."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from masterprint.signal import Signal
from masterprint.stages.balance import Balance

NOISE = np.random.default_rng(1).uniform(-1.0, 1.0, (2, 5000))
LEFT, RIGHT = NOISE


def through(stage: Balance, audio: NDArray[np.float64] = NOISE) -> NDArray[np.float64]:
    return stage.apply(Signal.of(audio, 44100)).collect()


def test_it_changes_nothing_unless_told_to() -> None:
    assert through(Balance()).tobytes() == NOISE.tobytes()


def test_each_side_has_its_own_level() -> None:
    left, right = through(Balance(left_db=-6.0, right_db=20.0))
    np.testing.assert_allclose(left, LEFT * 10 ** (-6.0 / 20.0), rtol=1e-15)
    np.testing.assert_allclose(right, RIGHT * 10.0, rtol=1e-15)


def test_swap_exchanges_the_very_samples() -> None:
    assert through(Balance(swap=True)).tobytes() == NOISE[::-1].tobytes()


def test_swapping_twice_is_doing_nothing() -> None:
    assert through(Balance(swap=True), through(Balance(swap=True))).tobytes() == NOISE.tobytes()


def test_polarity_turns_one_side_only() -> None:
    left, right = through(Balance(invert_left=True))
    assert (left == -LEFT).all()
    assert right.tobytes() == RIGHT.tobytes()
    left, right = through(Balance(invert_right=True))
    assert left.tobytes() == LEFT.tobytes()
    assert (right == -RIGHT).all()


def test_levels_and_polarities_belong_to_the_outputs() -> None:
    """Swap comes first: what is said of the left holds for what is heard on the left."""
    left, right = through(Balance(swap=True, left_db=-6.0, invert_right=True))
    np.testing.assert_allclose(left, RIGHT * 10 ** (-6.0 / 20.0), rtol=1e-15)
    assert (right == -LEFT).all()


def test_inverted_silence_has_no_sign() -> None:
    silence = through(Balance(invert_left=True, invert_right=True), np.zeros((2, 100)))
    assert silence.tobytes() == np.zeros((2, 100)).tobytes()


@pytest.mark.parametrize("channels", [1, 3])
def test_other_than_two_channels_are_a_problem(channels: int) -> None:
    assert Balance().problems(44100, channels) == [f"works on 2 channels, the mix has {channels}"]
