"""Short-time spectra of a stream in batches, and what is made of them added up again."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from masterprint.signal import Block, rechunk

WINDOW_S = 0.0465
OVERLAP = 4
"""Frames that each sample lies in. Hann windows twice over then add up to one and a half."""
BATCH = 64
"""Frames in a batch."""

Spectra = NDArray[np.complex128]
"""Shape (channels, frames, bins)."""


def window_frames(sample_rate_hz: int) -> int:
    """Length of the window: the power of two next to 46 ms, 2048 at 44.1 and 48 kHz."""
    return 1 << max(6, round(math.log2(WINDOW_S * sample_rate_hz)))


def hann(size: int) -> NDArray[np.float64]:
    """The periodic Hann window."""
    return np.hanning(size + 1)[:-1]


def spectra(blocks: Iterable[Block], channels: int, size: int) -> Iterator[Spectra]:
    """Spectra of frames under a Hann window, a quarter of it apart, 64 frames at a time.

    They lie at fixed places of the programme: the first ends with its first quarter window, the
    last begins before its end. Around the programme is silence.
    """
    hop, window = size // OVERLAP, hann(size)
    line = np.zeros((channels, size - hop))
    for block in rechunk(blocks, BATCH * hop):
        missing = 0 if block.shape[1] == BATCH * hop else size - hop + -block.shape[1] % hop
        line = np.concatenate([line, block, np.zeros((channels, missing))], axis=1)
        yield np.fft.rfft(_frames(line, size, hop) * window)
        line = line[:, line.shape[1] - size + hop :]
        if missing:
            return
    if line.any():
        line = np.pad(line, ((0, 0), (0, size - hop)))
        yield np.fft.rfft(_frames(line, size, hop) * window)


def added_up(batches: Iterable[Spectra], channels: int, size: int) -> Iterator[Block]:
    """The audio of spectra as `spectra` gives them, in its place; silence behind the last."""
    hop = size // OVERLAP
    window = hann(size) / (OVERLAP * 0.375)
    tail = np.zeros((channels, size - hop))
    skip = size - hop
    for batch in batches:
        count = batch.shape[1]
        parts = np.fft.irfft(batch, size) * window
        out = np.zeros((channels, (count + OVERLAP - 1) * hop))
        out[:, : size - hop] = tail
        for quarter in range(OVERLAP):  # each sample gets its frames in order, from the earliest
            back = OVERLAP - 1 - quarter
            piece = parts[:, :, back * hop : (back + 1) * hop].reshape(channels, count * hop)
            out[:, back * hop : (back + count) * hop] += piece
        tail = out[:, count * hop :].copy()
        done = out[:, min(skip, count * hop) : count * hop]
        skip -= min(skip, count * hop)
        if done.shape[1]:
            yield done
    yield tail[:, skip:] if skip < tail.shape[1] else tail[:, :0]


def _frames(line: Block, size: int, hop: int) -> NDArray[np.float64]:
    """Frames of a line, shape (channels, frames, size); a view."""
    return np.lib.stride_tricks.sliding_window_view(line, size, axis=1)[:, ::hop]
