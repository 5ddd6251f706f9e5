"""Parting a signal into frequency bands that add up to it again.

Minimum phase: a tree of Linkwitz-Riley crossovers; what was split off earlier goes through the
all-passes of the later crossovers, so that all bands share one phase and their sum is all-pass.
Linear phase: band k is the difference of the low-passes above and below it, and the highest is the
input less all of them, so that the sum is the input itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from masterprint.dsp.biquad import BiquadCascade
from masterprint.dsp.butterworth import Kind, linkwitz_riley
from masterprint.dsp.fir import convolve, linear_phase_taps
from masterprint.signal import Block, Signal, fork, join

CYCLES_OF_REACH = 6.0
"""Periods of the crossover frequency that a linear-phase filter reaches to each side."""


def lowpass_taps(
    frequency_hz: float, slope_db_per_octave: int, sample_rate_hz: int
) -> NDArray[np.float64]:
    """Taps with the magnitude of a Linkwitz-Riley low-pass and no phase."""
    order = slope_db_per_octave // 6

    def magnitude(at_hz: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(1.0 / (1.0 + (at_hz / frequency_hz) ** order))

    return linear_phase_taps(magnitude, sample_rate_hz, CYCLES_OF_REACH / frequency_hz)


def minimum_phase_bands(
    signal: Signal, crossovers_hz: Sequence[float], slope_db_per_octave: int = 24
) -> Iterator[tuple[Block, ...]]:
    """Tuples of bands, lowest first, whose sum is all-pass."""

    def cascade(kind: Kind, frequency_hz: float) -> BiquadCascade:
        sections = linkwitz_riley(kind, frequency_hz, slope_db_per_octave, signal.sample_rate_hz)
        return BiquadCascade(sections, signal.channels)

    lows = [cascade("lowpass", frequency) for frequency in crossovers_hz]
    highs = [cascade("highpass", frequency) for frequency in crossovers_hz]
    catch_up = [
        [cascade("allpass", later) for later in crossovers_hz[index + 1 :]]
        for index in range(len(crossovers_hz))
    ]
    for block in signal.blocks:
        bands = []
        rest = block
        for low, high, later in zip(lows, highs, catch_up, strict=True):
            band = low(rest)
            rest = high(rest)
            for allpass in later:
                band = allpass(band)
            bands.append(band)
        yield (*bands, rest)


def linear_phase_bands(
    signal: Signal, crossovers_hz: Sequence[float], slope_db_per_octave: int = 24
) -> Iterator[tuple[Block, ...]]:
    """Tuples of bands, lowest first, whose sum is the input."""
    ways = len(crossovers_hz) + 1
    whole, *copies = fork(((block,) * ways for block in signal.blocks), ways)
    lows = [
        convolve(
            signal.carrying(copy),
            lowpass_taps(frequency, slope_db_per_octave, signal.sample_rate_hz),
        ).blocks
        for copy, frequency in zip(copies, crossovers_hz, strict=True)
    ]
    for block, *below in join(whole, *lows):
        bands = [below[0]]
        for lower, upper in pairwise(below):
            bands.append(upper - lower)
        yield (*bands, block - below[-1])
