"""A noise profile: how loud steady noise is by frequency and channel, and in its course."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from masterprint.dsp.spectra import hann, window_frames
from masterprint.metering.noise_floor import (
    SILENT_DB,
    Patches,
    band_centres_hz,
    band_edges,
    lowest_cluster,
)

Array = NDArray[np.float64]

NONE_DB = -160.0
"""A band, or a channel, at this level has no noise."""
LEAST_BANDS, LEAST_HEARD = 4, 0.25
"""Noise is heard in so many bands, which hold this share of its power; the rest is guessed."""
ALOUD_DB, LEAST_ALOUD = 6.0, 0.005
"""A programme stands above its noise by this in this share of it at least, or it is none."""
LOWER_DB, MOST_LOWER = 3.0, 0.25
"""A channel that is quieter than noise by this in this share of bands does not have it."""
SPAN_S = 2.0
MOST_POINTS = 200
LEAST_COURSE_DB = 1.5
"""Noise that changes by less has one level."""
MOST_COURSE_DB = 12.0
LEAST_OF_SPAN, BELOW_IN_SPAN = 0.1, 0.01
"""Share of bands and patches of a span that have to be noise for its level to be believed, and of
those that may lie below, as a profile is only nearly right in each band."""
LEAST_OF_COURSE = 1 / 3
"""Share of spans that have to have a level."""


@dataclass(frozen=True)
class Profile:
    """Steady noise.

    Attributes:
        hz: the middle of each band.
        level_db: dBFS per bin, by channel and band; `NONE_DB` where there is none.
        where: which patches it was heard in, by channel, patch and band.
    """

    hz: Array
    level_db: Array
    where: NDArray[np.bool_]

    @property
    def known(self) -> NDArray[np.bool_]:
        """In which bands of a channel it was heard; elsewhere it is guessed."""
        return np.asarray(self.where.any(axis=1))


def third_octave_db(hz: Array, sample_rate_hz: int) -> Array:
    """How many dB a third of an octave around a frequency has over a single bin."""
    bin_hz = sample_rate_hz / window_frames(sample_rate_hz)
    return np.asarray(10.0 * np.log10(hz * (2.0 ** (1 / 6) - 2.0 ** (-1 / 6)) / bin_hz))


def found_profile(patches: Patches, sample_rate_hz: int) -> Profile:
    """The noise that lies under all of a programme.

    In bands where the programme never lets it be heard it is taken to be as in the next band where
    it is, and in channels where it is never heard as in the others, though never above the quietest
    that was heard there.
    """
    hz = band_centres_hz(sample_rate_hz)
    channels, _, bands = patches.level_db.shape
    widths = np.diff(band_edges(sample_rate_hz))
    level_db = np.full((channels, bands), NONE_DB)
    where = np.zeros(patches.level_db.shape, bool)
    noise_like = patches.noise_like
    heard = np.where(patches.level_db > SILENT_DB, patches.level_db, np.inf)
    quietest = heard.min(axis=1, initial=np.inf)
    quietest[np.isinf(quietest)] = NONE_DB
    for channel in range(channels):
        levels = patches.level_db[channel]
        for band in range(bands):
            cluster = lowest_cluster(levels[:, band], noise_like[channel, :, band])
            if cluster is not None:
                where[channel, :, band] = cluster
                level_db[channel, band] = _mean_db(levels[cluster, band])
        known = where[channel].any(axis=0)
        if known.sum() < LEAST_BANDS:
            level_db[channel], where[channel] = NONE_DB, False
            continue
        guess = np.interp(np.arange(bands), np.flatnonzero(known), level_db[channel, known])
        guess = np.minimum(guess, quietest[channel])
        level_db[channel] = np.where(known, level_db[channel], guess)
        power = widths * 10.0 ** (level_db[channel] / 10.0)
        if power[known].sum() < LEAST_HEARD * power.sum():
            level_db[channel], where[channel] = NONE_DB, False
    has = where.any(axis=(1, 2))
    for channel in np.flatnonzero(~has).tolist() if has.any() else ():
        guess = level_db[has].mean(axis=0)
        if np.mean(guess > quietest[channel] + LOWER_DB) < MOST_LOWER:
            level_db[channel] = np.minimum(guess, quietest[channel])
    return Profile(hz, level_db, where)


def marked_profile(patches: Patches, sample_rate_hz: int) -> Profile:
    """The noise that patches of nothing else have."""
    channels, count, bands = patches.level_db.shape
    level_db = np.full((channels, bands), NONE_DB)
    if count:
        power = 10.0 ** (patches.level_db / 10.0)
        level_db = np.maximum(NONE_DB, 10.0 * np.log10(power.mean(axis=1)))
    level_db[level_db <= SILENT_DB] = NONE_DB
    where = (level_db > NONE_DB)[:, None].repeat(count, axis=1)
    return Profile(band_centres_hz(sample_rate_hz), level_db, where)


def total_dbfs(hz: Array, level_db: Array, sample_rate_hz: int) -> Array:
    """The level of noise over all frequencies, by channel."""
    power = bin_powers(hz, level_db, sample_rate_hz)
    scale = float((hann(window_frames(sample_rate_hz)) ** 2).sum()) * (
        window_frames(sample_rate_hz) / 2
    )
    return np.asarray(10.0 * np.log10(np.maximum(power.sum(axis=1) / scale, 1e-30)))


def bin_powers(hz: Array, level_db: Array, sample_rate_hz: int) -> Array:
    """The power of noise in each bin of `dsp.spectra`, by channel; zero where there is none."""
    size = window_frames(sample_rate_hz)
    at_hz = np.maximum(np.arange(size // 2 + 1), 0.5) * (sample_rate_hz / size)
    scale = float((hann(size) ** 2).sum()) * size / 2
    rows = [np.interp(np.log(at_hz), np.log(hz), row) for row in level_db]
    power = 10.0 ** (np.array(rows) / 10.0) * scale
    return np.where(np.array(rows) > NONE_DB + 1e-9, power, 0.0)


def correlation_of(patches: Patches, profile: Profile) -> float:
    """How much the noise of the first channel is that of the last, -1 to 1; 0 where unknown."""
    both = profile.where[0] & profile.where[-1]
    powers = 10.0 ** (0.05 * (patches.level_db[0] + patches.level_db[-1]))
    total = float(powers[both].sum())
    return float(np.clip(patches.common[both].sum() / total, -1.0, 1.0)) if total > 0 else 0.0


def nothing_but_noise(patches: Patches, profile: Profile) -> bool:
    """Whether no programme stands above the noise."""
    has = profile.level_db > NONE_DB
    above = patches.level_db - profile.level_db[:, None] > ALOUD_DB
    share = [above[c][:, has[c]].mean() for c in range(len(has)) if has[c].any()]
    return bool(share) and max(share) < LEAST_ALOUD


def course_of(patches: Patches, profile: Profile) -> list[tuple[float, float]]:
    """How far the noise lies from its profile in the course of time: seconds and dB.

    In spans of two seconds and more the same is looked for as in a whole programme, over all bands
    and channels at once; the median of three neighbours smooths it. Empty where it hardly changes.
    """
    count = patches.level_db.shape[1]
    span = max(1, round(SPAN_S / patches.seconds), math.ceil(count / MOST_POINTS))
    known = profile.known[:, None].repeat(count, axis=1)
    apart = patches.level_db - profile.level_db[:, None]
    apart[patches.level_db <= SILENT_DB] = SILENT_DB
    noise_like = patches.noise_like & (np.abs(apart) <= MOST_COURSE_DB)
    found = []
    for start in range(0, count, span):
        part = known[:, start : start + span]
        levels = apart[:, start : start + span][part]
        like_noise = noise_like[:, start : start + span][part]
        cluster = lowest_cluster(levels, like_noise, LEAST_OF_SPAN, BELOW_IN_SPAN)
        if cluster is not None:
            middle = start + 0.5 * min(span, count - start)
            found.append((middle * patches.seconds, _mean_db(levels[cluster])))
    if len(found) < max(3.0, LEAST_OF_COURSE * count / span):
        return []
    times, levels = np.array(found).T
    padded = np.pad(levels, 1, mode="edge")
    smooth = np.median(np.lib.stride_tricks.sliding_window_view(padded, 3), axis=1)
    if smooth.max() - smooth.min() < LEAST_COURSE_DB:
        return []
    return [
        (round(float(t), 2), round(float(v), 1) + 0.0) for t, v in zip(times, smooth, strict=True)
    ]


def _mean_db(levels_db: Array) -> float:
    return float(10.0 * np.log10(np.mean(10.0 ** (levels_db / 10.0))))
