"""From peaks to gains that bring them under a ceiling: held, released and smoothed.

After Signalsmith, "Designing a straightforward limiter", 2022. A peak p asks for the gain
g = min(1, c / p). The minimum of g over the look-ahead is held, released exponentially (which only
ever adds reduction), and smoothed by two box filters whose lengths add up to the look-ahead. Every
value averaged at sample n already covers n, so the gain s[n] <= g[n]: no peak passes the ceiling.

Gains are kept as whole numbers of 2^-30 inside the box filters: their running sums then never
drift, and a gain of one is exactly one.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from masterprint.dsp.jit import kernel

UNITY = 1 << 30


@kernel("void(f4[::1], f8, f8[::1], i8[::1], i8[::1], f8[::1], i8[::1], i8[::1], f8, i8[::1])")
def envelope(
    peaks: NDArray[np.float32],
    ceiling: float,
    smoothed: NDArray[np.float64],
    window: NDArray[np.int64],
    window_places: NDArray[np.int64],
    released: NDArray[np.float64],
    first_box: NDArray[np.int64],
    second_box: NDArray[np.int64],
    release: float,
    state: NDArray[np.int64],
) -> None:
    """Hold, release and smooth required gains.

    Args:
        peaks: what the gain has to bring down to the ceiling.
        ceiling: linear amplitude.
        smoothed: gains to use, late by look-ahead - 1 frames.
        window, window_places: ring of the look-ahead's length: candidates for its minimum.
        released: one value, the released gain.
        first_box, second_box: rings of the two smoothing lengths.
        release: share by which the released gain nears its target each frame.
        state: head and count of the window, frames so far, sums of the two boxes.
    """
    lookahead = window.shape[0]
    head, count, position, first_sum, second_sum = state
    gain = released[0]
    first_length = first_box.shape[0]
    second_length = second_box.shape[0]
    first_at = position % first_length
    second_at = position % second_length
    # Divided by, not multiplied with its inverse: a full sum must give exactly one.
    full = float(first_length) * float(second_length) * 1073741824.0
    for n in range(peaks.shape[0]):
        wanted = np.int64(1073741824)
        if peaks[n] > ceiling:
            wanted = np.int64(math.floor(ceiling / peaks[n] * 1073741824.0))
        if wanted == 1073741824 and count == 1 and window[head] == wanted:
            window_places[head] = position  # the common case: nothing asked, nothing held
        else:
            # Monotone queue: only values smaller than all that came later can still be a minimum.
            if count and window_places[head] <= position - lookahead:
                head = head + 1 if head + 1 < lookahead else 0
                count -= 1
            while count:
                tail = head + count - 1
                tail = tail if tail < lookahead else tail - lookahead
                if window[tail] < wanted:
                    break
                count -= 1
            tail = head + count
            tail = tail if tail < lookahead else tail - lookahead
            window[tail] = wanted
            window_places[tail] = position
            count += 1
        held = window[head]
        gain = min(float(held), gain + (1073741824.0 - gain) * release)
        if held == 1073741824 and gain > 1073741822.0:
            gain = 1073741824.0
        whole = np.int64(gain)
        first_sum += whole - first_box[first_at]
        first_box[first_at] = whole
        first_at = first_at + 1 if first_at + 1 < first_length else 0
        second_sum += first_sum - second_box[second_at]
        second_box[second_at] = first_sum
        second_at = second_at + 1 if second_at + 1 < second_length else 0
        smoothed[n] = second_sum / full
        position += 1
    released[0] = gain
    state[0], state[1], state[2], state[3], state[4] = head, count, position, first_sum, second_sum


class _Envelope:
    """The gains of one channel, or of all channels that share them."""

    def __init__(self, ceiling: float, lookahead: int, release: float) -> None:
        first = max(1, round(lookahead * 0.5822))
        second = lookahead - first + 1
        self._ceiling = ceiling
        self._window = np.full(lookahead, UNITY, np.int64)
        self._places = np.zeros(lookahead, np.int64)
        self._released = np.full(1, float(UNITY))
        self._first = np.full(first, UNITY, np.int64)
        self._second = np.full(second, UNITY * first, np.int64)
        self._full = UNITY * first * second
        self._state = np.array([0, 0, 0, UNITY * first, self._full], np.int64)
        self._release = release

    def __call__(self, peaks: NDArray[np.float32]) -> NDArray[np.float64]:
        """Gains for the frames of look-ahead - 1 frames ago."""
        if self._rests() and not peaks.max(initial=0.0) > self._ceiling:
            self._state[2] += len(peaks)
            return np.ones(len(peaks))
        smoothed = np.empty(len(peaks))
        envelope(
            peaks,
            self._ceiling,
            smoothed,
            self._window,
            self._places,
            self._released,
            self._first,
            self._second,
            self._release,
            self._state,
        )
        return smoothed

    def _rests(self) -> bool:
        """Whether everything inside is at a gain of one, so that it can stand still."""
        at_one = self._released[0] == UNITY and self._state[4] == self._full
        return bool(at_one and self._first.min() == UNITY and self._window[self._state[0]] == UNITY)


class LinkedEnvelopes:
    """Gains for all channels: one row that they share, or one each.

    Args:
        channels: rows of the peaks.
        ceiling: linear amplitude.
        lookahead: in frames; gains come out late by one less.
        release_frames: time constant of the way back to a gain of one.
        link: 1 gives all channels the gain of the one that needs most, 0 each its own.
    """

    def __init__(
        self, channels: int, ceiling: float, lookahead: int, release_frames: float, link: float
    ) -> None:
        self.rows = 1 if link == 1.0 else channels
        self._ceiling = ceiling
        self._link = link
        release = 1.0 - math.exp(-1.0 / release_frames)
        self._envelopes = [_Envelope(ceiling, lookahead, release) for _ in range(self.rows)]

    def __call__(self, peaks: NDArray[np.float32]) -> NDArray[np.float64]:
        """Gains, shape (rows, frames), for peaks of shape (channels, frames)."""
        highest = peaks.max(axis=0) if len(peaks) > 1 else peaks[0]
        if self._link == 1.0:
            return self._envelopes[0](highest)[np.newaxis]
        # Linking moves a channel's gain towards the least; in terms of peaks, c / gain.
        own = self._ceiling / np.maximum(peaks.astype(np.float64), self._ceiling)
        least = self._ceiling / np.maximum(highest.astype(np.float64), self._ceiling)
        gains = own + (least - own) * self._link
        linked = np.where(gains < 1.0, self._ceiling / gains, 0.0).astype(np.float32)
        # Rounding to float32 must not lose anything of what a channel itself needs.
        linked = np.maximum(linked, peaks)
        return np.stack([run(row) for run, row in zip(self._envelopes, linked, strict=True)])
