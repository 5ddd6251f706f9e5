"""The factors of a Toeplitz matrix, against the matrix."""

from __future__ import annotations

import numpy as np
from scipy.linalg import toeplitz

from masterprint.dsp.autoregression import model, own_correlation
from masterprint.dsp.click_extents import factorise
from programmes import acoustic


def test_the_factors_make_up_the_matrix_again() -> None:
    audio = acoustic(44100, 5.0)[0, 40000:44000]
    own = own_correlation(model(audio, np.hanning(len(audio)), 40))
    count = 120
    columns, diagonal = np.zeros((count, 40)), np.zeros(count)
    factorise(own, columns, diagonal)
    lower = np.eye(count)
    for i in range(count):
        room = min(40, count - 1 - i)
        lower[i + 1 : i + 1 + room, i] = columns[i, :room]
    whole = toeplitz(np.pad(own, (0, count - 41)))
    assert np.allclose(lower * diagonal @ lower.T, whole, rtol=0, atol=1e-12 * own[0])
