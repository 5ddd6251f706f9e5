"""Everything that Masterprint measures of a programme, in one pass."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from masterprint.dsp.biquad import channel_pairs
from masterprint.dsp.decibels import decibels
from masterprint.metering import loudness as lufs
from masterprint.metering.kernels import weigh_pair
from masterprint.metering.measurement import Measurement
from masterprint.metering.truepeak import TruePeakMeter
from masterprint.signal import Block, Signal


class Meter:
    """Measures blocks as they pass; `result` gives the figures at the end.

    Args:
        sample_rate_hz: frames per second, at least 8000.
        channels: rows of every block.
        full_scale: magnitude that counts as full scale (1 less half a step of an integer format).
        dual_mono: count a single channel as if it came from two loudspeakers (+3.01 LU).
        true_peak: look between samples, too; without it `true_peak_dbtp` is the sample peak.
        hop_listener: is given the weighted energies of every 10 ms as they are complete.

    Attributes:
        frames: fed so far.
    """

    def __init__(
        self,
        sample_rate_hz: int,
        channels: int,
        full_scale: float = 1.0,
        dual_mono: bool = False,
        true_peak: bool = True,
        hop_listener: Callable[[NDArray[np.float64]], None] | None = None,
    ) -> None:
        self._rate = sample_rate_hz
        self._channels = channels
        self._full_scale = full_scale
        self._weighting = lufs.k_weighting(sample_rate_hz)
        self._pairs = channel_pairs(channels)
        pairs = len(self._pairs)
        self._state = np.zeros((pairs, 2, 4))
        self._energies = np.zeros((pairs, 2, 1))
        """By channel, the last hop is the one that is still open."""
        self._weights = lufs.channel_weights(channels) * lufs.k_weighting_gain(sample_rate_hz) ** 2
        if dual_mono and channels == 1:
            self._weights = self._weights * 2.0
        self._loudness = lufs.HopLoudness(sample_rate_hz)
        self._hop_listener = hop_listener
        self._sums = np.zeros((pairs, 7))
        self._clipping = np.zeros((pairs, 4), np.int64)
        self._true_peak = TruePeakMeter(sample_rate_hz, channels) if true_peak else None
        self.frames = 0

    def feed(self, block: Block) -> None:
        """Measure a block of shape (channels, frames)."""
        done = self._loudness.hops
        end = (self.frames + block.shape[1]) * lufs.HOPS_PER_SECOND // self._rate
        energies = np.zeros((len(self._pairs), 2, end - done + 1))
        energies[:, :, :1] = self._energies[:, :, -1:]
        for index, (left, right) in enumerate(self._pairs):
            weigh_pair(
                block[left],
                block[right],
                self._weighting,
                self._state[index],
                energies[index],
                self._sums[index],
                self._clipping[index],
                self.frames,
                done,
                self._rate,
                self._full_scale,
            )
        self._energies = energies
        hops = self._weighted(energies)[:-1]
        self._loudness.feed(hops)
        if self._hop_listener is not None:
            self._hop_listener(hops)
        if self._true_peak is not None:
            self._true_peak.feed(block)
        self.frames += block.shape[1]

    def passing(self, blocks: Iterator[Block]) -> Iterator[Block]:
        """The same blocks, measured on their way."""
        for block in blocks:
            self.feed(block)
            yield block

    def integrated_lufs(self, gain_db: float = 0.0) -> float | None:
        """Integrated loudness of what was fed so far, as it would be after a gain."""
        return lufs.integrated(self._loudness.gating_powers() * 10.0 ** (gain_db / 10.0))

    def result(self) -> Measurement:
        """The figures for all that was fed."""
        rate, frames, channels = self._rate, self.frames, self._channels
        notes: dict[str, str] = {}
        hops = self._loudness.hops
        missing = lufs.why_undefined(frames, rate)

        powers = self._loudness.gating_powers()
        integrated = lufs.integrated(powers)
        momentary, highest, short_term, range_powers = self._loudness.finish()
        max_momentary, max_short_term = lufs.loudness(momentary), lufs.loudness(highest)
        loudness_range = lufs.loudness_range(range_powers)
        shorter_than_3_s = "shorter than 3 s" if hops < lufs.SHORT_TERM_HOPS else missing
        if integrated is None:
            notes["integrated_lufs"] = notes["plr_db"] = missing
        if max_momentary is None:
            notes["max_momentary_lufs"] = missing if hops < lufs.MOMENTARY_HOPS else "silence"
        for key, value in [
            ("max_short_term_lufs", max_short_term),
            ("loudness_range_lu", loudness_range),
        ]:
            if value is None:
                notes[key] = shorter_than_3_s
        if loudness_range is not None and frames < 60 * rate:
            notes["loudness_range_lu"] = "under a minute: not stable"

        peaks = np.zeros(1) if self._true_peak is None else self._true_peak.finish()
        sample_peak = float(self._sums[:, 5:7].max()) if frames else 0.0
        true_peak = decibels(max(sample_peak, float(peaks.max()))) if frames else None
        if true_peak is None:
            notes["true_peak_dbtp"] = notes["sample_peak_dbfs"] = (
                "silence" if frames else "no audio"
            )
            notes["plr_db"] = notes["true_peak_dbtp"]
        psr_min = _psr_min(short_term, peaks)
        if psr_min is None:
            notes["psr_min_db"] = shorter_than_3_s
        correlation = self._correlation()
        if correlation is None:
            notes["correlation"] = "not stereo" if channels != 2 else "a channel is silent"
        if not frames:
            notes["dc_offset"] = "no audio"
        return Measurement(
            sample_rate_hz=rate,
            channels=channels,
            frames=frames,
            duration_s=frames / rate,
            integrated_lufs=integrated,
            loudness_range_lu=loudness_range,
            max_momentary_lufs=max_momentary,
            max_short_term_lufs=max_short_term,
            true_peak_dbtp=true_peak,
            sample_peak_dbfs=decibels(sample_peak),
            plr_db=None if integrated is None or true_peak is None else true_peak - integrated,
            psr_min_db=psr_min,
            dc_offset=self._dc_offset(),
            correlation=correlation,
            clipped_samples=int(self._per_channel(self._clipping[:, 2:4]).sum()),
            notes=notes,
            gating_powers=powers,
        )

    def _per_channel(self, pairs: NDArray[Any]) -> NDArray[Any]:
        """Values of shape (pairs, 2, ...) by channel; the copy of an odd last one left out."""
        return pairs.reshape(-1, *pairs.shape[2:])[: self._channels]

    def _weighted(self, energies: NDArray[np.float64]) -> NDArray[np.float64]:
        # Summed channel by channel: a matrix product may round differently from run to run.
        total = np.zeros(energies.shape[2])
        for weight, energy in zip(self._weights, self._per_channel(energies), strict=True):
            total += weight * energy
        return total

    def _dc_offset(self) -> float | None:
        if not self.frames:
            return None
        means = self._per_channel(self._sums[:, 0:2]) / self.frames
        return float(means[np.argmax(np.abs(means))])

    def _correlation(self) -> float | None:
        if self._channels != 2 or not self.frames:
            return None
        _, _, left, right, product, _, _ = self._sums[0]
        if not (left > 0 and right > 0):
            return None
        return float(min(1.0, max(-1.0, product / math.sqrt(left * right))))


def _psr_min(short_term: NDArray[np.float64], peaks: NDArray[np.float64]) -> float | None:
    """Smallest peak to short-term loudness ratio in dB over windows above the absolute gate."""
    loud = np.flatnonzero(short_term > lufs.power_of(lufs.ABSOLUTE_GATE_LUFS))
    loud = loud[loud + 30 <= len(peaks)]
    if not len(loud):
        return None
    highest = peaks[loud]
    for step in range(1, 30):
        highest = np.maximum(highest, peaks[loud + step])
    ratios = 20.0 * np.log10(highest) - (lufs.OFFSET_DB + 10.0 * np.log10(short_term[loud]))
    return float(ratios.min())


def measure_signal(signal: Signal, full_scale: float = 1.0, dual_mono: bool = False) -> Measurement:
    """Measure all of a signal."""
    meter = Meter(signal.sample_rate_hz, signal.channels, full_scale, dual_mono)
    for block in signal.blocks:
        meter.feed(block)
    return meter.result()
