"""The filters with which a limiter looks between its samples."""

import numpy as np
import pytest
from scipy import signal as sps

from masterprint.dsp import guard


@pytest.mark.parametrize(
    ("index", "flat_to"),
    [(0, 0.493), (1, 0.47), (2, 0.25), (3, 0.34), (4, 0.33), (5, 0.46), (6, 0.44)],
)
def test_guard_filters_are_flat_and_delay_by_sixteenths(index, flat_to):
    start = guard.GUARD_LENGTHS[:index].sum()
    taps = guard.GUARD_LENGTHS[index]
    table = guard.GUARD_TAPS[start : start + taps]
    places = table.shape[1]
    assert places == 16
    at = np.linspace(0.0, flat_to, 500)
    for step in range(places):
        found = sps.freqz(table[:, step].astype(float), 1.0, at, fs=1.0)[1]
        expected = np.exp(-2j * np.pi * at * (taps // 2 - 1 + step / 16))
        assert np.max(np.abs(found - expected)) < 0.01
