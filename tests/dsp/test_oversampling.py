"""What brings a bent signal to its rate and back: every filter is whole, and reads no further."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from masterprint.dsp import oversampling
from masterprint.dsp.oversampling import REACH, Bend


def before_nothing(taps: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same taps, with what is no number right behind them."""
    room = np.full(len(taps) + 4, np.nan)
    room[: len(taps)] = taps
    return room[: len(taps)]


def half(rows: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    """A curve that adds minus half of the mean of a step."""
    flat = rows.T.ravel()
    means = 0.5 * (flat[1:] + flat[:-1])
    out[:] = -0.5 * np.append(0.0, means).reshape(rows.T.shape).T


@pytest.mark.parametrize("times", [4, 8])
def test_what_a_straight_curve_adds(times: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("half_band", "averaging_undone"):
        design = getattr(oversampling, name)
        monkeypatch.setattr(oversampling, name, lambda n, design=design: before_nothing(design(n)))
    n = np.arange(6000)
    for turns in (0.0, 0.01, 0.2, 0.45):
        row = np.cos(2 * np.pi * turns * n + 0.4)[np.newaxis]
        added = np.concatenate([more for _, more in Bend(1, times, half).run([row])], axis=1)
        inside = slice(2 * REACH, -2 * REACH)
        np.testing.assert_allclose(added[0, inside], -0.5 * row[0, inside], atol=0.002)
