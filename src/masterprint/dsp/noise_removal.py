"""What of a programme is noise, as spectra, where the noise is known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from masterprint.dsp.noise_gain import MOST_SNR, NoiseGain
from masterprint.dsp.spectra import BATCH, OVERLAP, Spectra, window_frames

Array = NDArray[np.float64]


class NoiseRemoval:
    """The part of each bin that is noise.

    Args:
        power: of the noise, by channel and bin of the spectra; zero where there is none.
        course: seconds and how many dB louder the noise is there; straight lines between.
        floor: the least that a bin is multiplied by.
        sample_rate_hz: of the programme.
    """

    def __init__(
        self,
        power: Array,
        course: Sequence[tuple[float, float]],
        floor: float,
        sample_rate_hz: int,
    ) -> None:
        self._power = power
        self._course = np.array(course).reshape(-1, 2)
        self._floor = floor
        self._hop_s = window_frames(sample_rate_hz) / OVERLAP / sample_rate_hz
        self._gain = NoiseGain(*power.shape)
        self._left, self._all = np.zeros(len(power)), 0

    def removed(self, batches: Iterable[Spectra]) -> Iterator[Spectra]:
        """Spectra of what is to be taken off; a batch waits for the next one."""
        held: tuple[Spectra, Array] | None = None
        for number, batch in enumerate(batches):
            gamma = self._gamma(batch, number * BATCH)
            if held:
                yield self._part(*held, gamma)
            held = batch, gamma
        if held:
            yield self._part(*held, held[1][:, :0])

    def lowered_db(self) -> list[float | None]:
        """How far the noise has been lowered, by channel: the mean over time and frequency."""
        total = self._power.sum(axis=1) * max(self._all, 1)
        ratios = np.divide(self._left, total, out=np.zeros_like(total), where=total > 0)
        return [round(-10.0 * float(np.log10(r)), 2) if r > 0 else None for r in ratios]

    def _gamma(self, batch: Spectra, first: int) -> Array:
        """The power of each bin beside that of the noise."""
        power = batch.real**2 + batch.imag**2
        noise = self._power[:, None]
        if len(self._course):
            # Frame n is centred two hops before the end of its first quarter's successor.
            at_s = (first + np.arange(batch.shape[1]) - (OVERLAP / 2 - 1)) * self._hop_s
            change = 10.0 ** (np.interp(at_s, *self._course.T) / 10.0)
            noise = noise * change[:, None]
        return np.minimum(power, MOST_SNR * noise) / np.where(noise > 0.0, noise, 1.0)

    def _part(self, batch: Spectra, now: Array, after: Array) -> Spectra:
        gain = np.maximum(self._gain.gains(now, after), self._floor)
        self._left += (gain**2 * self._power[:, None]).sum(axis=(1, 2))
        self._all += gain.shape[1]
        return np.where(self._power[:, None] > 0.0, 1.0 - gain, 0.0) * batch
