"""Linear-phase filters: from a wanted magnitude to taps, and streaming convolution with them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from masterprint.signal import Block, Signal, rechunk


def linear_phase_taps(
    magnitude: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    sample_rate_hz: int,
    reach_s: float,
) -> NDArray[np.float64]:
    """Taps, odd in number and symmetric, whose zero-phase response is `magnitude` of hertz.

    Frequency sampling: the inverse Fourier transform of the magnitude, centred, under a window
    that reaches at least `reach_s` seconds to each side: flat over the inner half, then a cosine.
    """
    half = transform_length(max(512, math.ceil(sample_rate_hz * reach_s)))
    frequencies = np.arange(half + 1, dtype=np.float64) * (sample_rate_hz / (2 * half))
    response = np.fft.irfft(magnitude(frequencies), 2 * half)
    centred = np.concatenate([response[-half + 1 :], response[:half]])
    place = np.abs(np.arange(-half + 1, half)) / half
    window = np.cos(np.pi * np.maximum(place - 0.5, 0.0)) ** 2
    return np.asarray(centred * window)


def transform_length(least: int) -> int:
    """The smallest number from `least` on, of those that Fourier transforms are quick at.

    These are powers of two times up to three threes and two fives: at most an eighth too many.
    """
    odd: list[int] = [3**threes * 5**fives for threes in range(4) for fives in range(3)]
    return min(factor << max(0, (-(-least // factor) - 1).bit_length()) for factor in odd)


def convolve(signal: Signal, taps: NDArray[np.float64]) -> Signal:
    """The signal through a linear-phase filter, its delay of (taps - 1) / 2 taken out again.

    Overlap-save in partitions that begin at fixed places of the programme, so that the result
    does not depend on the sizes of the blocks.
    """
    return signal.carrying(_aligned(signal, taps))


def _aligned(signal: Signal, taps: NDArray[np.float64]) -> Iterator[Block]:
    delay = (len(taps) - 1) // 2
    size = transform_length(max(4096, 4 * len(taps)))
    hop = size - len(taps) + 1
    spectrum = np.fft.rfft(taps, size)
    overlap = np.zeros((signal.channels, len(taps) - 1))
    skip = delay

    def padded() -> Iterator[Block]:
        yield from signal.blocks
        yield np.zeros((signal.channels, delay))

    for block in rechunk(padded(), hop):
        line = np.concatenate([overlap, block], axis=1)
        if line.shape[1] < size and (shorter := transform_length(line.shape[1])) < size:
            size, spectrum = shorter, np.fft.rfft(taps, shorter)  # the last one
        overlap = line[:, line.shape[1] - len(taps) + 1 :]
        heard = np.fft.rfft(line, size)
        heard *= spectrum
        out = np.fft.irfft(heard, size)[:, len(taps) - 1 : len(taps) - 1 + block.shape[1]]
        dropped = min(skip, out.shape[1])
        skip -= dropped
        if dropped < out.shape[1]:
            yield np.ascontiguousarray(out[:, dropped:])
