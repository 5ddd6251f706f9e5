"""The parts of denoising against SciPy and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import exp1

from masterprint.dsp.exponential_integral import half_exponential_integral, half_exponential_table
from masterprint.dsp.noise_gain import estimate, ranks
from masterprint.dsp.spectra import added_up, spectra


def test_the_exponential_integral_is_that_of_scipy() -> None:
    for x in np.geomspace(1e-9, 39.0, 400):
        assert half_exponential_integral(x) == pytest.approx(np.exp(exp1(x) / 2), rel=1e-11)


def test_the_gain_is_that_of_the_log_spectral_amplitude_estimator() -> None:
    rng = np.random.default_rng(1)
    gamma, xi = 10 ** rng.uniform(-3, 4, (2, 50, 60))
    out, none = np.empty_like(gamma), np.zeros_like(gamma)
    estimate(gamma, xi, none, none, 1e-9, half_exponential_table(), out)
    v = gamma * xi / (1 + xi)
    expected = np.minimum(1.0, xi / (1 + xi) * np.exp(exp1(v) / 2))
    assert out == pytest.approx(expected, rel=2e-4)


def test_ranks_are_quantiles_of_what_lies_around() -> None:
    gamma = np.random.default_rng(2).exponential(size=(3, 40))
    out = np.empty_like(gamma)
    ranks(gamma, 5, 0.4, out)
    padded = np.pad(gamma, ((0, 0), (5, 5)), mode="reflect")
    windows = np.sort(np.lib.stride_tricks.sliding_window_view(padded, 11, axis=1))
    assert out == pytest.approx(windows[..., 4] / -np.log(0.6))


@pytest.mark.parametrize("frames", [1, 511, 512, 4096, 64 * 512, 64 * 512 + 1, 150000])
def test_spectra_add_up_to_what_they_are_of(frames: int) -> None:
    audio = np.random.default_rng(3).standard_normal((2, frames))
    out = np.concatenate(list(added_up(spectra([audio], 2, 2048), 2, 2048)), axis=1)
    assert out.shape[1] >= frames
    assert out[:, :frames] == pytest.approx(audio, abs=1e-13)
    assert out[:, frames:] == pytest.approx(0.0, abs=1e-13)
