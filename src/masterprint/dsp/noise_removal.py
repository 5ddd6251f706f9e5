"""What of a programme is noise, as spectra, where the noise is known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from masterprint.dsp.noise_gain import MOST_SNR, NoiseGain
from masterprint.dsp.spectra import BATCH, OVERLAP, Spectra, window_frames

Array = NDArray[np.float64]

AHEAD = 32
"""Frames that are looked at beyond a batch: 0.37 s, in which an estimate forgets its start."""


class NoiseRemoval:
    """The part of each bin that is noise.

    Of two channels the estimate is made twice, from left and right, and from mid and side, where
    what both have in common stands higher above the noise; the mean of both counts. So what is in
    the middle stays there, and hiss to its sides goes.

    Args:
        power: of the noise, by channel and bin of the spectra; zero where there is none.
        correlation: of the noise of left and right.
        course: seconds and how many dB louder the noise is there; straight lines between.
        reduction_db: the most that a bin is lowered by.
        sample_rate_hz: of the programme.
    """

    def __init__(
        self,
        power: Array,
        correlation: float,
        course: Sequence[tuple[float, float]],
        reduction_db: float,
        sample_rate_hz: int,
    ) -> None:
        self._power = power
        self._course = np.array(course).reshape(-1, 2)
        self._hop_s = window_frames(sample_rate_hz) / OVERLAP / sample_rate_hz
        rows, bins = power.shape
        self._gain = NoiseGain(rows, bins, reduction_db)
        self._across: tuple[Array, NoiseGain] | None = None
        if len(power) == 2:
            common = correlation * np.sqrt(power[0] * power[1])
            middle = np.maximum(0.0, power.mean(axis=0) + common * np.array([[1.0], [-1.0]]))
            middle[:, (power <= 0.0).any(axis=0)] = 0.0
            self._across = middle, NoiseGain(rows, bins, reduction_db)
        self._logs, self._all = np.zeros(len(power)), 0

    def removed(self, batches: Iterable[Spectra]) -> Iterator[Spectra]:
        """Spectra of what is to be taken off; a batch waits for the next one."""
        held: Spectra | None = None
        number = 0
        for batch in batches:
            if held is not None:
                yield self._part(held, batch[:, :AHEAD], number * BATCH)
                number += 1
            held = batch
        if held is not None:
            yield self._part(held, held[:, :0], number * BATCH)

    def lowered_db(self) -> list[float | None]:
        """How far the noise has been lowered, by channel: the mean over its time and frequency."""
        total = self._power.sum(axis=1) * max(self._all, 1)
        return [
            round(-20.0 * float(logs / all_), 2) if all_ > 0.0 else None
            for logs, all_ in zip(self._logs, total, strict=True)
        ]

    def _part(self, now: Spectra, after: Spectra, first: int) -> Spectra:
        gain = self._gains(self._gain, self._power, now, after, first)
        off = (1.0 - gain) * now
        if self._across:
            power, estimator = self._across
            of_both = self._gains(estimator, power, _mid_side(now), _mid_side(after), first)
            also = (power > 0.0).any(axis=0)
            off = np.where(also, 0.5 * (off + _mid_side((1.0 - of_both) * _mid_side(now))), off)
            gain = np.where(also, 0.5 * (gain + of_both.mean(axis=0)), gain)
        self._logs += (np.log10(gain) * self._power[:, None]).sum(axis=(1, 2))
        self._all += gain.shape[1]
        return off

    def _gains(
        self, estimator: NoiseGain, power: Array, now: Spectra, after: Spectra, first: int
    ) -> Array:
        """Gains of a batch; exactly one where there is no noise."""
        gamma = self._gamma(now, power, first)
        gain = estimator.gains(gamma, self._gamma(after, power, first + BATCH))
        return np.where(power[:, None] > 0.0, gain, 1.0)

    def _gamma(self, batch: Spectra, power: Array, first: int) -> Array:
        """The power of each bin beside that of the noise there and then."""
        noise = power[:, None]
        if len(self._course):
            # The middle of frame n lies n + 1 - OVERLAP / 2 hops from the start.
            at_s = (first + np.arange(batch.shape[1]) + 1 - OVERLAP / 2) * self._hop_s
            change = 10.0 ** (np.interp(at_s, *self._course.T) / 10.0)
            noise = noise * change[:, None]
        there = noise > 0.0
        gamma = (batch.real**2 + batch.imag**2) / np.where(there, noise, 1.0)
        return np.where(there, np.minimum(gamma, MOST_SNR), 0.0)


def _mid_side(spectra: Spectra) -> Spectra:
    """Mid and side of left and right, and the other way round; powers stay."""
    left, right = np.sqrt(0.5) * spectra
    return np.stack([left + right, left - right])
