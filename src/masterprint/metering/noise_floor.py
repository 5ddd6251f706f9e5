"""Steady noise under a programme: where nothing but noise is heard, band by band."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from masterprint.dsp.spectra import hann, window_frames
from masterprint.signal import Block

Array = NDArray[np.float64]

PER_OCTAVE = 6
LEAST_BINS = 16
PATCH_FRAMES = 12
"""Half overlapping windows in a patch: 0.28 s."""
MOST_PATCHES = 8192
"""Beyond this (38 minutes) every two neighbours become one."""

NOISE_FLATNESS = math.exp(-0.5772156649015329)
"""Geometric by arithmetic mean of the periodogram of Gaussian noise, which is exponential."""
LEAST_FLAT, MOST_FLAT = 0.85, 1.17
"""How flat a patch may be beside that to be taken for noise."""
SILENT_DB = -140.0
CLUSTER_DB = 2.0
"""Patches of steady noise lie within this in level."""
MOST_BELOW = 0.05
"""Share of patches that may lie below the noise: fades, edits."""
LEAST_PATCHES, LEAST_SHARE = 3, 0.01


@dataclass(frozen=True)
class Patches:
    """Level in dBFS and flatness by channel, patch and band; `seconds` is how long each is."""

    level_db: Array
    flatness: Array
    seconds: float

    @property
    def noise_like(self) -> NDArray[np.bool_]:
        """Which have the statistics of noise that does not move."""
        flat = (self.flatness > LEAST_FLAT) & (self.flatness < MOST_FLAT)
        return np.asarray(flat & (self.level_db > SILENT_DB))


def band_edges(sample_rate_hz: int) -> NDArray[np.int64]:
    """Bins where bands begin, and where the last ends: sixths of an octave, of 16 bins at least."""
    bins = window_frames(sample_rate_hz) // 2
    edges = [1]
    while True:
        wider = max(edges[-1] + LEAST_BINS, round(edges[-1] * 2.0 ** (1.0 / PER_OCTAVE)))
        if wider + LEAST_BINS > bins:
            break
        edges.append(wider)
    edges.append(bins)
    return np.array(edges)


def band_centres_hz(sample_rate_hz: int) -> Array:
    """The middle of each band in hertz."""
    edges = band_edges(sample_rate_hz)
    middles = 0.5 * (edges[:-1] + edges[1:] - 1)
    return np.asarray(middles * sample_rate_hz / window_frames(sample_rate_hz))


class NoiseFloor:
    """Level and flatness of a programme in patches of a quarter second by a sixth of an octave.

    Levels are dBFS per bin of the spectrum, as of a periodogram.

    Args:
        sample_rate_hz: of the blocks.
        channels: of the blocks.
        from_s: where to begin.
        to_s: where to stop; None at the end.
    """

    def __init__(
        self, sample_rate_hz: int, channels: int, from_s: float = 0.0, to_s: float | None = None
    ) -> None:
        self._size = window_frames(sample_rate_hz)
        window = hann(self._size)
        self._window = window / math.sqrt(float((window**2).sum()) * self._size / 2)
        self._edges = band_edges(sample_rate_hz)
        self._skip = round(from_s * sample_rate_hz)
        self._left = math.inf if to_s is None else round(to_s * sample_rate_hz) - self._skip
        self._seconds = PATCH_FRAMES * self._size / 2 / sample_rate_hz
        self._line = np.zeros((channels, 0))
        self._levels: list[Array] = []
        self._flat: list[Array] = []

    def feed(self, block: Block) -> None:
        """Take in the next frames."""
        skipped = min(self._skip, block.shape[1])
        self._skip -= skipped
        block = block[:, skipped : skipped + int(min(self._left, block.shape[1]))]
        self._left -= block.shape[1]
        line = np.concatenate([self._line, block], axis=1)
        hop, start = self._size // 2, 0
        whole = (PATCH_FRAMES + 1) * hop
        while start + whole <= line.shape[1]:
            self._take(line[:, start : start + whole])
            start += PATCH_FRAMES * hop
        self._line = line[:, start:].copy()

    def finish(self) -> Patches:
        """What was heard. What is left over counts only where there is nothing else."""
        hop = self._size // 2
        usable = self._line.shape[1] // hop * hop
        if not self._levels and usable >= self._size:
            self._take(self._line[:, :usable])
        shape = (len(self._line), 0, len(self._edges) - 1)
        levels = np.stack(self._levels, 1) if self._levels else np.zeros(shape)
        flat = np.stack(self._flat, 1) if self._flat else np.zeros(shape)
        return Patches(levels, flat, self._seconds)

    def _take(self, piece: Block) -> None:
        frames = np.lib.stride_tricks.sliding_window_view(piece, self._size, axis=1)
        spectrum = np.fft.rfft(frames[:, :: self._size // 2] * self._window)
        power = spectrum.real**2 + spectrum.imag**2 + 1e-30
        widths = np.diff(self._edges)
        first, end = self._edges[0], self._edges[-1]
        mean = np.add.reduceat(power.mean(axis=1)[:, first:end], self._edges[:-1] - first, axis=1)
        logs = np.log(power[:, :, first:end]).mean(axis=1)
        log = np.add.reduceat(logs, self._edges[:-1] - first, axis=1) / widths
        mean = mean / widths
        self._levels.append(10.0 * np.log10(mean))
        self._flat.append(np.exp(log) / mean / NOISE_FLATNESS)
        if len(self._levels) > MOST_PATCHES:
            self._halve()

    def _halve(self) -> None:
        """Of every two patches keep the first, or the second where that is far quieter."""
        levels, flat = np.array(self._levels[:MOST_PATCHES]), np.array(self._flat[:MOST_PATCHES])
        quieter = levels[1::2] < levels[::2] - 3.0
        self._levels = list(np.where(quieter, levels[1::2], levels[::2]))
        self._flat = list(np.where(quieter, flat[1::2], flat[::2]))
        self._seconds *= 2.0


def lowest_cluster(
    levels_db: Array, noise_like: NDArray[np.bool_], least_share: float = LEAST_SHARE
) -> NDArray[np.bool_] | None:
    """Which patches of a band are the floor of steady noise; None where there is none.

    Steady noise has one level, and nothing of a programme lies below it. So its patches are the
    window of 2 dB that holds the most patches with the statistics of noise, among the windows that
    hardly any patch lies below.
    """
    heard = levels_db > SILENT_DB
    candidates = np.sort(levels_db[noise_like & heard])
    needed = max(LEAST_PATCHES, math.ceil(least_share * heard.sum()))
    if len(candidates) < needed:
        return None
    everything = np.sort(levels_db[heard])
    below = np.searchsorted(everything, candidates - 0.7) / len(everything)
    inside = np.searchsorted(candidates, candidates + CLUSTER_DB, "right") - np.arange(
        len(candidates)
    )
    inside[below > MOST_BELOW] = 0
    best = int(np.argmax(inside))
    if inside[best] < needed:
        return None
    low = candidates[best]
    return np.asarray(noise_like & (levels_db >= low) & (levels_db <= low + CLUSTER_DB))
