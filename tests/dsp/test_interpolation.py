"""The interpolation filters: their responses, and that the bounds for skipping are bounds."""

import numpy as np
import pytest
from scipy import signal as sps

from masterprint.dsp import interpolation
from oracles import with_midpoints

HALF = interpolation.HALF.astype(float)
QUARTER = np.concatenate([interpolation.QUARTER[::-1], interpolation.QUARTER]).astype(float)
EIGHTH = np.concatenate([interpolation.EIGHTH[::-1], interpolation.EIGHTH]).astype(float)


def ripple_db(taps, up_to):
    """Largest deviation from 0 dB of filter taps up to a share of the rate they work at."""
    at = np.linspace(0.0, up_to, 2000)
    gain = np.abs(sps.freqz(taps, 1.0, at, fs=1.0)[1])
    return float(np.max(np.abs(20.0 * np.log10(gain))))


@pytest.mark.parametrize("taps", [HALF, QUARTER, EIGHTH])
def test_filters_are_symmetric_and_keep_a_steady_level(taps):
    assert len(taps) % 2 == 0
    np.testing.assert_array_equal(taps, taps[::-1])
    assert taps.sum() == pytest.approx(1.0, abs=1e-6)


def test_each_doubling_is_flat_where_there_is_signal():
    assert ripple_db(HALF, 0.46) < 0.04
    assert ripple_db(QUARTER, 0.25) < 0.02
    assert ripple_db(EIGHTH, 0.125) < 0.02


def test_halfway_lies_between_its_neighbours():
    audio = np.random.default_rng(1).standard_normal((2, 1000))
    rows = [tuple(part.copy() for part in row) for row in interpolation.Doubled(2)(audio)]
    line, halves, highest = rows[1]
    np.testing.assert_array_equal(line[interpolation.HISTORY :], audio[1].astype(np.float32))
    between = with_midpoints(line.astype(float), HALF)[1::2]
    np.testing.assert_allclose(halves, between[23 : 23 + len(halves)], atol=2e-6)
    both = np.maximum(np.abs(halves), np.abs(line[23 : 23 + len(halves)]))
    groups = [both[at : at + 16].max() for at in range(0, len(both), 16)]
    np.testing.assert_array_equal(highest[: len(groups)], groups)
    assert not highest[len(groups) :].any()


@pytest.mark.parametrize("frequency", [0.01, 0.1, 0.2, 0.25, 0.31, 0.4, 0.45, 0.46])
def test_three_doublings_find_the_peak_of_a_sine(frequency):
    """Off by at most what eight places a sample can miss, and by the filters' ripple."""
    n = np.arange(4000)
    found = []
    for phase in np.linspace(0.0, np.pi, 7):
        values = np.sin(2.0 * np.pi * frequency * n + phase)
        for taps in (HALF, QUARTER, EIGHTH):
            values = with_midpoints(values, taps)
        found.append(20.0 * np.log10(np.abs(values[800:-800]).max()))
    missed = -20.0 * np.log10(np.cos(np.pi * frequency / 8.0))
    assert max(found) < 0.06
    assert min(found) > -missed - 0.06


def test_no_finer_value_exceeds_its_bound():
    """The sums of |taps| that lead from the doubled, and the fourfold, rate to any finer value."""
    impulse = np.zeros(41)
    impulse[20] = 1.0
    quarters = with_midpoints(impulse, QUARTER)
    eighths = with_midpoints(quarters, EIGHTH)
    # Phase p of the response to one value at the doubled rate: its weight in every value there.
    sums = [np.abs(eighths[phase::4]).sum() for phase in range(4)]
    assert max(sums) <= interpolation.FINE_BOUND <= 1.001 * max(sums)
    assert np.abs(EIGHTH).sum() <= interpolation.EIGHTH_BOUND <= 1.001 * np.abs(EIGHTH).sum()
