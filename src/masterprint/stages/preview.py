"""What a limiter would make of a programme, told from its peaks and its weighted energy alone.

A limiter's gain s moves slowly beside the K-weighting filter K, so that K(x s) is close to s K(x).
With the peaks around every frame and the K-weighted squares of the programme at hand, one limiter
setting after another can be tried at a tenth of what limiting costs, and the loudness comes out
within a few hundredths of a LU. Whoever needs it closer limits once and measures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from masterprint.dsp.biquad import channel_pairs
from masterprint.dsp.delay import Delay
from masterprint.dsp.limiting import TruePeakLimiter
from masterprint.dsp.surroundings import SurroundingPeaks
from masterprint.metering import loudness as lufs
from masterprint.metering.squares import squares_under_gains, weighted_squares
from masterprint.scratch import Scratch
from masterprint.signal import Block


class KnownProgramme:
    """A programme kept in scratch, with what limiting it again and again needs to know.

    Args:
        sample_rate_hz, channels: of its blocks.
        link: of the limiter; with 1 all channels are weighed together.

    Attributes:
        frames: appended so far.
        peak: largest magnitude, at eight times the rate.
    """

    def __init__(self, sample_rate_hz: int, channels: int, link: float) -> None:
        self.sample_rate_hz = sample_rate_hz
        self.channels = channels
        self.frames = 0
        self.peak = 0.0
        self._padded_frames = 0
        self._link = link
        self._weighting = lufs.k_weighting(sample_rate_hz)
        self._pairs = channel_pairs(channels)
        self._state = np.zeros((len(self._pairs), 2, 4))
        gain = lufs.k_weighting_gain(sample_rate_hz) ** 2
        self._weights = (lufs.channel_weights(channels) * gain).astype(np.float32)
        self._find_peaks = SurroundingPeaks(channels, 0.0)
        self._audio, self._peaks, self._squares = Scratch(), Scratch(), Scratch()

    def append(self, block: Block) -> None:
        """Add a block at the end."""
        self._audio.append(block)
        self._append_peaks(block)
        self._squares.append(self._weighted(block))
        self.frames += block.shape[1]

    def pad(self, frames: int) -> None:
        """Add silence that is not part of the programme: at its end, for what comes out late."""
        silence = np.zeros((self.channels, frames))
        self._audio.append(silence)
        self._append_peaks(silence)
        self._padded_frames = self.frames + frames
        rows = 1 if self._link == 1.0 else self.channels
        self._squares.append(np.zeros((rows, frames), np.float32))

    def replay(self) -> Iterator[tuple[Block, NDArray[np.float32]]]:
        """Blocks and their `SurroundingPeaks`, for `TruePeakLimiter.limit`."""
        return zip(self._audio.replay(), self._peaks.replay(), strict=True)

    def close(self) -> None:
        """Give the scratch space back."""
        for scratch in (self._audio, self._peaks, self._squares):
            scratch.close()

    def integrated_lufs(self) -> float | None:
        """Integrated loudness of the programme as it is."""
        return lufs.integrated(self._powers(lambda peaks: np.ones((1, peaks.shape[1])), 0, 1.0))

    def preview(self, limiter: TruePeakLimiter, input_gain: float) -> float | None:
        """Integrated loudness in LUFS after a limiter, a new one, with its linear input gain."""
        return lufs.integrated(self.preview_powers(limiter, input_gain))

    def preview_powers(self, limiter: TruePeakLimiter, input_gain: float) -> NDArray[np.float64]:
        """The same as mean squares of the gating blocks."""
        return self._powers(limiter.envelope, limiter.envelope_latency, input_gain)

    def _powers(
        self,
        gains_of: Callable[[NDArray[np.float32]], NDArray[np.float64]],
        late: int,
        input_gain: float,
    ) -> NDArray[np.float64]:
        """Gating blocks under gains that are made of peaks and come `late` frames after."""
        rate = self.sample_rate_hz
        rows = 1 if self._link == 1.0 else self.channels
        delayed = Delay(rows, late, np.float32)
        hops = np.zeros((rows, self._padded_frames * lufs.HOPS_PER_SECOND // rate + 2))
        position = -late
        for peaks, squares in zip(self._peaks.replay(), self._squares.replay(), strict=True):
            gains = gains_of(peaks)
            frames = gains.shape[1]
            delayed.room(frames)[:] = squares
            skip = min(frames, max(0, -position))
            for index, row in enumerate(delayed.line):
                of_row = gains[index % len(gains), skip:]
                squares_under_gains(row[skip:frames], of_row, hops[index], position + skip, rate)
            position += frames
        whole = hops.sum(axis=0)[: self.frames * lufs.HOPS_PER_SECOND // rate] * input_gain**2
        powers = lufs.sliding_powers(whole, lufs.MOMENTARY_HOPS, rate)
        return powers[:: lufs.STEP_HOPS]

    def _append_peaks(self, block: Block) -> None:
        peaks = self._find_peaks(block)
        self.peak = max(self.peak, float(peaks.max(initial=0.0)))
        self._peaks.append(peaks)

    def _weighted(self, block: Block) -> NDArray[np.float32]:
        squares = np.empty(block.shape, np.float32)
        for state, (left, right) in zip(self._state, self._pairs, strict=True):
            beside = squares[right] if right != left else np.empty_like(squares[left])
            weighted_squares(
                block[left],
                block[right],
                self._weighting,
                state,
                squares[left],
                beside,
                self.frames,
            )
        squares *= self._weights[:, np.newaxis]
        if self._link != 1.0:
            return squares
        total = squares[:1].copy()
        for row in squares[1:]:
            total += row
        return total
