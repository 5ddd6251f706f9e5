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
MOST_STILL = math.exp(-0.4)
"""The same of single bins in time, at most: noise has 0.59, and partials that stand close together,
which are as flat, have nearly 1."""
SILENT_DB = -140.0
NOTHING = 1e-30
CLUSTER_DB = 2.0
"""Patches of steady noise lie within this in level."""
MOST_BELOW = 0.005
"""Share of patches that may lie below the noise: edits, drop-outs, the end of a fade."""
LEAST_PATCHES, LEAST_SHARE = 3, 0.01


@dataclass(frozen=True)
class Patches:
    """What was heard in patches of time and frequency.

    Attributes:
        level_db: dBFS per bin, by channel, patch and band.
        noise_like: which have the statistics of noise that does not move.
        common: the mean of the first channel by the last, per bin, by patch and band.
        seconds: how long each patch is.
    """

    level_db: Array
    noise_like: NDArray[np.bool_]
    common: Array
    seconds: float


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
    """What a programme has in patches of a quarter second by a sixth of an octave.

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
        self._kept: list[Array] = []
        self._taken, self._every = 0, 1

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
        if not self._kept and usable >= self._size:
            self._take(self._line[:, :usable])
        channels = len(self._line)
        shape = (-1, 2 * channels + 1, len(self._edges) - 1)
        kept = np.array(self._kept).reshape(shape).swapaxes(0, 1)
        seconds = self._seconds * self._every
        return Patches(kept[:channels], kept[channels:-1] > 0.0, kept[-1], seconds)

    def _take(self, piece: Block) -> None:
        frames = np.lib.stride_tricks.sliding_window_view(piece, self._size, axis=1)
        spectrum = np.fft.rfft(frames[:, :: self._size // 2] * self._window)
        power = spectrum.real**2 + spectrum.imag**2 + NOTHING
        by_bin, logs = power.mean(axis=1), np.log(power).mean(axis=1)
        mean, mean_log = self._by_band(by_bin), self._by_band(logs)
        gaps = (power.max(axis=2) <= NOTHING).any(axis=1)
        mean[gaps] = NOTHING  # noise beside digital silence says nothing of how loud noise is
        level_db = 10.0 * np.log10(mean)
        flatness = np.exp(mean_log) / mean / NOISE_FLATNESS
        stillness = np.exp(mean_log - self._by_band(np.log(by_bin)))
        noise_like = (flatness > LEAST_FLAT) & (flatness < MOST_FLAT) & (stillness < MOST_STILL)
        noise_like &= level_db > SILENT_DB
        cross = (spectrum[:1] * np.conj(spectrum[-1:])).real.mean(axis=1)
        self._keep(np.concatenate([level_db, noise_like, self._by_band(cross)]))

    def _keep(self, patch: Array) -> None:
        """Take a patch in, as one of its own or together with those before it."""
        if self._taken % self._every:
            self._kept[-1] = _quieter(self._kept[-1], patch)
        else:
            if len(self._kept) == MOST_PATCHES:
                pairs = zip(self._kept[::2], self._kept[1::2], strict=True)
                self._kept = [_quieter(first, second) for first, second in pairs]
                self._every *= 2
            self._kept.append(patch)
        self._taken += 1

    def _by_band(self, values: Array) -> Array:
        """Means over the bins of each band."""
        first, end = self._edges[0], self._edges[-1]
        sums = np.add.reduceat(values[:, first:end], self._edges[:-1] - first, axis=1)
        return np.asarray(sums / np.diff(self._edges))


def _quieter(first: Array, second: Array) -> Array:
    """One patch of two: the first, but in bands where the second is far quieter that one."""
    channels = len(first) // 2
    lower = second[:channels] < first[:channels] - 3.0
    either = np.concatenate([lower, lower, lower.any(axis=0, keepdims=True)])
    return np.where(either, second, first)


def lowest_cluster(
    levels_db: Array,
    noise_like: NDArray[np.bool_],
    least_share: float = LEAST_SHARE,
    most_below: float = MOST_BELOW,
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
    inside[below > most_below] = 0
    best = int(np.argmax(inside))
    if inside[best] < needed:
        return None
    low = candidates[best]
    return np.asarray(noise_like & (levels_db >= low) & (levels_db <= low + CLUSTER_DB))
