"""A true-peak limiter whose ceiling holds between the samples, too.

Three steps, all in one stream:

1. Peaks. At every sample the largest magnitude among it and its surroundings, at eight times the
   rate (`dsp.surroundings`).
2. Envelope. A gain that brings each of them under the ceiling, smooth and in time
   (`dsp.envelope`).
3. Guard. Where x s comes near the ceiling, its true peak is computed again, because s itself moves
   between samples and because meters differ (`dsp.guard`). What is over is taken down by a second,
   quick envelope.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from masterprint.dsp.decibels import amplitude
from masterprint.dsp.delay import Delay
from masterprint.dsp.envelope import LinkedEnvelopes
from masterprint.dsp.guard import GUARD_LENGTHS, GUARD_REACH, GUARD_TAPS, MARGIN_DB, guard_peaks
from masterprint.dsp.interpolation import LAG
from masterprint.dsp.jit import kernel
from masterprint.dsp.surroundings import SurroundingPeaks

GUARD_LOOKAHEAD_S = 0.0015
GUARD_RELEASE_S = 0.005
CANDIDATE = 0.85
"""Share of the ceiling, about -1.4 dB, above which the guard looks closely."""


@kernel("void(f8[::1], f4[::1], f8[::1], f8[::1], f4[::1], f4[::1])")
def reduce(
    audio: NDArray[np.float64],
    peaks: NDArray[np.float32],
    gains: NDArray[np.float64],
    limited: NDArray[np.float64],
    heard: NDArray[np.float32],
    estimates: NDArray[np.float32],
) -> None:
    """One channel times its gains: the audio, a short copy for the guard, and its peaks."""
    for n in range(gains.shape[0]):
        value = audio[n] * gains[n]
        limited[n] = value
        heard[n] = np.float32(value)
        estimates[n] = np.float32(peaks[n] * gains[n])


class TruePeakLimiter:
    """Limits blocks; what comes out is late by `latency` frames.

    Args:
        sample_rate_hz, channels: of the blocks.
        ceiling: linear amplitude that nothing passes, between samples either.
        lookahead_s, release_s: of step 2.
        link: 1 gives all channels the gain of the one that needs most, 0 each its own.
        input_gain: linear, applied first.
    """

    def __init__(
        self,
        sample_rate_hz: int,
        channels: int,
        ceiling: float,
        lookahead_s: float,
        release_s: float,
        link: float,
        input_gain: float = 1.0,
    ) -> None:
        ceiling *= amplitude(MARGIN_DB)
        lookahead = max(2, round(lookahead_s * sample_rate_hz))
        quick = max(2, round(GUARD_LOOKAHEAD_S * sample_rate_hz))
        release, quick_release = release_s * sample_rate_hz, GUARD_RELEASE_S * sample_rate_hz
        self._ceiling = ceiling
        self._input_gain = input_gain
        self._find_peaks = SurroundingPeaks(channels, CANDIDATE * ceiling / input_gain)
        self._envelopes = LinkedEnvelopes(channels, ceiling, lookahead, release, link)
        self._guards = LinkedEnvelopes(channels, ceiling, quick, quick_release, link)
        self._input = Delay(channels, LAG + lookahead - 1)
        self._peaks = Delay(channels, lookahead - 1, np.float32)
        self._heard = Delay(channels, 2 * GUARD_REACH - 1, np.float32)
        self._estimates = Delay(channels, GUARD_REACH, np.float32)
        self._carried = np.zeros((channels, 1), np.float32)
        self._output = Delay(channels, GUARD_REACH + quick - 1)
        self._gains = Delay(self._envelopes.rows, GUARD_REACH + quick - 1, fill=1.0)
        self.envelope_latency = LAG + lookahead - 1
        self.latency = self.envelope_latency + GUARD_REACH + quick - 1

    def __call__(
        self, block: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The block of `latency` frames ago, limited, and its gains: a row for all, or one each."""
        return self.limit(block, self._find_peaks(block))

    def envelope(self, peaks: NDArray[np.float32]) -> NDArray[np.float64]:
        """Step 2 alone: gains for `SurroundingPeaks` of the input, late by `envelope_latency`."""
        return self._envelopes(peaks * np.float32(self._input_gain))

    def limit(
        self, block: NDArray[np.float64], peaks: NDArray[np.float32]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The same for a block whose `SurroundingPeaks` are known already."""
        frames = block.shape[1]
        np.multiply(block, self._input_gain, out=self._input.room(frames))
        driven = self._peaks.room(frames)
        np.multiply(peaks, np.float32(self._input_gain), out=driven)
        gains = self._gains.room(frames)
        gains[:] = self._envelopes(driven)
        quick = self._guards(self._guarded(frames, gains))
        return self._output.line[:, :frames] * quick, self._gains.line[:, :frames] * quick

    def _guarded(self, frames: int, gains: NDArray[np.float64]) -> NDArray[np.float32]:
        """Put the audio times its gains into the output; step 3's peaks of what is there."""
        rooms = [
            self._output.room(frames),
            self._heard.room(frames),
            self._estimates.room(frames),
        ]
        over = np.zeros((len(self._carried), frames + 1), np.float32)
        over[:, :1] = self._carried
        for channel, peaks in enumerate(over):
            reduce(
                self._input.line[channel, :frames],
                self._peaks.line[channel, :frames],
                gains[channel % len(gains)],
                *(room[channel] for room in rooms),
            )
            guard_peaks(
                self._heard.line[channel],
                self._estimates.line[channel, :frames],
                GUARD_TAPS,
                GUARD_LENGTHS,
                CANDIDATE * self._ceiling,
                self._ceiling,
                peaks,
            )
        self._carried = over[:, -1:].copy()
        return over[:, :-1]
