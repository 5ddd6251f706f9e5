"""A true-peak limiter whose ceiling holds between the samples, too.

Three steps, all in one stream:

1. Required gain. At every sample the largest magnitude p among it and its surroundings, at eight
   times the rate, asks for g = min(1, c / p).
2. Envelope (Signalsmith, "Designing a straightforward limiter", 2022). The minimum of g over the
   look-ahead is held, released exponentially (which only ever adds reduction), and smoothed by two
   box filters whose lengths add up to the look-ahead. Every value averaged at sample n already
   covers n, so the gain s[n] <= g[n]: no sample passes the ceiling.
3. Guard. Where x s comes near the ceiling, its true peak is computed again, at 16 times the rate
   and with two other filters, a long and a short one, because s itself moves between samples and
   because eight-fold values miss up to 0.17 dB at the top of the band. There, meters differ; what
   the two filters disagree by is counted against the ceiling. What is still over is taken down by
   a second, quick envelope.

Gains are kept as whole numbers of 2^-30 inside the box filters: their running sums then never
drift, and a gain of one is exactly one.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from masterprint.dsp.interpolation import (
    EIGHTH,
    EIGHTH_BOUND,
    FINE_BOUND,
    GUARD_LONG,
    GUARD_REACH,
    GUARD_SHORT,
    HALF,
    HISTORY,
    LAG,
    QUARTER,
    SPARE,
    halfway,
)
from masterprint.dsp.jit import kernel

GUARD_LOOKAHEAD_S = 0.0015
GUARD_RELEASE_S = 0.005
CANDIDATE = 0.85
"""Share of the ceiling, about -1.4 dB, above which the guard looks closely."""
MARGIN = 10.0 ** (-0.05 / 20.0)
"""The guard aims 0.05 dB under the ceiling: meters differ by that much among themselves."""
DOUBT = 3.0
"""How many times the disagreement of its two filters the guard adds to what it sees."""
UNITY = 1 << 30


@kernel("void(f4[::1], f4[::1], f4[::1], f4[::1], f4, f4, f4, f4[::1], f4[::1])")
def surrounding_peaks(
    line: NDArray[np.float32],
    halves: NDArray[np.float32],
    quarter: NDArray[np.float32],
    eighth: NDArray[np.float32],
    fine_bound: float,
    eighth_bound: float,
    threshold: float,
    before: NDArray[np.float32],
    peaks: NDArray[np.float32],
) -> None:
    """Largest magnitude at and on both sides of each sample, at eight times the rate.

    Exact where it exceeds `threshold`; elsewhere it may leave out the finer values. Arguments as
    for `metering.kernels.true_peaks`; `before` holds the largest magnitude between the first
    judged sample and the one before it, and is updated.
    """
    frames = line.shape[0] - 56
    c0, c1, c2, c3 = quarter
    e0, e1 = eighth
    between = np.empty(16, np.float32)
    first = np.empty(18, np.float32)
    second = np.empty(18, np.float32)
    last = before[0]
    for at in range(0, frames, 16):
        count = min(16, frames - at)
        # x[n] is x[n + 2] and h[n] is h[n + 3] of these views: n runs from -1 to count.
        x = line[25 + at : 30 + at + count]
        h = halves[1 + at : 7 + at + count]
        largest = np.float32(0.0)
        for n in range(x.shape[0]):
            largest = max(largest, abs(x[n]))
        for n in range(h.shape[0]):
            largest = max(largest, abs(h[n]))
        for n in range(count):
            between[n] = abs(h[n + 3])
        if largest * fine_bound > threshold:
            for n in range(count + 2):
                first[n] = (
                    c0 * (x[n + 1] + h[n + 2])
                    + c1 * (h[n + 1] + x[n + 2])
                    + c2 * (x[n] + h[n + 3])
                    + c3 * (h[n] + x[n + 3])
                )
                second[n] = (
                    c0 * (h[n + 2] + x[n + 2])
                    + c1 * (x[n + 1] + h[n + 3])
                    + c2 * (h[n + 1] + x[n + 3])
                    + c3 * (x[n] + h[n + 4])
                )
            for n in range(count + 2):
                largest = max(largest, max(abs(first[n]), abs(second[n])))
            for n in range(count):
                between[n] = max(between[n], max(abs(first[n + 1]), abs(second[n + 1])))
            if largest * eighth_bound > threshold:
                for n in range(count):
                    sample, half, following = x[n + 2], h[n + 3], x[n + 3]
                    u = e0 * (sample + first[n + 1]) + e1 * (second[n] + half)
                    v = e0 * (first[n + 1] + half) + e1 * (sample + second[n + 1])
                    w = e0 * (half + second[n + 1]) + e1 * (first[n + 1] + following)
                    z = e0 * (second[n + 1] + following) + e1 * (half + first[n + 2])
                    inner = max(max(abs(u), abs(v)), max(abs(w), abs(z)))
                    between[n] = max(between[n], inner)
        for n in range(count):
            peaks[at + n] = max(max(last, between[n]), abs(x[n + 2]))
            last = between[n]
    before[0] = last


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
    """Hold, release and smooth required gains; see the module's step 2.

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


@kernel("void(f4[::1], f4[::1], f4[:, ::1], f4[:, ::1], f8, f8, f4[::1])")
def guard_peaks(
    line: NDArray[np.float32],
    estimates: NDArray[np.float32],
    long_taps: NDArray[np.float32],
    short_taps: NDArray[np.float32],
    threshold: float,
    ceiling: float,
    peaks: NDArray[np.float32],
) -> None:
    """Raise `peaks` on both sides of every place where the true peak passes the ceiling.

    Args:
        line: past frames, one less than there are long taps, then the new ones.
        estimates: peaks expected at the judged frames; the first is line[long taps / 2 - 1].
        long_taps, short_taps: (taps, 16 places between two samples), from `dsp.interpolation`.
        threshold: estimates up to this are not looked at.
        ceiling: what nothing may pass.
        peaks: of the judged frames and one more.
    """
    long_length, places = long_taps.shape
    short_length = short_taps.shape[0]
    offset = (long_length - short_length) // 2
    longer = np.empty(places, np.float32)
    shorter = np.empty(places, np.float32)
    for n in range(estimates.shape[0]):
        if estimates[n] <= threshold:
            continue
        longer[:] = np.float32(0.0)
        for k in range(long_length):
            row = long_taps[k]
            value = line[n + k]
            for place in range(places):
                longer[place] += row[place] * value
        shorter[:] = np.float32(0.0)
        for k in range(short_length):
            row = short_taps[k]
            value = line[n + k + offset]
            for place in range(places):
                shorter[place] += row[place] * value
        peak = 0.0
        for place in range(places):
            doubt = abs(longer[place] - shorter[place])
            seen = max(abs(longer[place]), abs(shorter[place]))
            peak = max(peak, float(seen + DOUBT * doubt))
        if peak > ceiling:
            peaks[n] = max(peaks[n], np.float32(peak))
            peaks[n + 1] = max(peaks[n + 1], np.float32(peak))


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


class _Envelope:
    """Step 2 for one channel, or for all channels that share their gain."""

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


class _Delay:
    """The last frames of a stream, put in front of the next, in a buffer that is used again."""

    def __init__(self, rows: int, frames: int, dtype: Any = np.float64, fill: float = 0.0) -> None:
        self._buffer: NDArray[Any] = np.full((rows, frames), fill, dtype)
        self._kept = frames
        self._end = frames

    def __call__(self, block: NDArray[Any]) -> NDArray[Any]:
        """Kept and new frames, one behind the other; valid until the next call."""
        kept, end = self._kept, self._kept + block.shape[1]
        past = self._buffer[:, self._end - kept : self._end]
        if end > self._buffer.shape[1]:
            self._buffer = np.empty((len(block), end), self._buffer.dtype)
        self._buffer[:, :kept] = past
        self._buffer[:, kept:end] = block
        self._end = end
        return self._buffer[:, :end]


class TruePeakLimiter:
    """Limits blocks; what comes out is late by `latency` frames.

    Args:
        sample_rate_hz, channels: of the blocks.
        ceiling: linear amplitude that nothing passes, between samples either.
        lookahead_s, release_s: of step 2.
        link: 1 gives all channels the gain of the one that needs most, 0 each its own.
    """

    def __init__(
        self,
        sample_rate_hz: int,
        channels: int,
        ceiling: float,
        lookahead_s: float,
        release_s: float,
        link: float,
    ) -> None:
        ceiling *= MARGIN
        lookahead = max(2, round(lookahead_s * sample_rate_hz))
        quick = max(2, round(GUARD_LOOKAHEAD_S * sample_rate_hz))
        rows = 1 if link == 1.0 else channels
        release = 1.0 - math.exp(-1.0 / (release_s * sample_rate_hz))
        quick_release = 1.0 - math.exp(-1.0 / (GUARD_RELEASE_S * sample_rate_hz))
        self._ceiling = ceiling
        self._link = link
        self._channels = channels
        self._envelopes = [_Envelope(ceiling, lookahead, release) for _ in range(rows)]
        self._guards = [_Envelope(ceiling, quick, quick_release) for _ in range(rows)]
        self._past = np.zeros((channels, HISTORY), np.float32)
        self._before = np.zeros((channels, 1), np.float32)
        self._input = _Delay(channels, LAG + lookahead - 1)
        self._peaks = _Delay(channels, lookahead - 1, np.float32)
        self._heard = np.zeros((channels, 2 * GUARD_REACH - 1), np.float32)
        self._estimates = np.zeros((channels, GUARD_REACH), np.float32)
        self._carried = np.zeros((channels, 1), np.float32)
        self._output = _Delay(channels, GUARD_REACH + quick - 1)
        self._gains = _Delay(rows, GUARD_REACH + quick - 1, fill=1.0)
        self.latency = LAG + lookahead - 1 + GUARD_REACH + quick - 1

    def __call__(
        self, block: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The block of `latency` frames ago, limited, and its gains: a row for all, or one each."""
        frames = block.shape[1]
        peaks = self._find_peaks(block)
        gains = self._smoothed(self._envelopes, peaks)
        limited, over = self._guarded(self._input(block), self._peaks(peaks), gains)
        quick = self._smoothed(self._guards, over)
        return (
            self._output(limited)[:, :frames] * quick,
            self._gains(gains)[:, :frames] * quick,
        )

    def _find_peaks(self, block: NDArray[np.float64]) -> NDArray[np.float32]:
        """Step 1, `LAG` frames late: the largest magnitude around every sample."""
        frames = block.shape[1]
        peaks = np.empty((self._channels, frames), np.float32)
        halves = np.empty(frames + SPARE, np.float32)
        line = np.empty(HISTORY + frames, np.float32)
        for channel in range(self._channels):
            line[:HISTORY] = self._past[channel]
            line[HISTORY:] = block[channel]
            halfway(line, HALF, halves)
            surrounding_peaks(
                line,
                halves,
                QUARTER,
                EIGHTH,
                FINE_BOUND,
                EIGHTH_BOUND,
                CANDIDATE * self._ceiling,
                self._before[channel],
                peaks[channel],
            )
            self._past[channel] = line[-HISTORY:]
        return peaks

    def _guarded(
        self,
        audio: NDArray[np.float64],
        peaks: NDArray[np.float32],
        gains: NDArray[np.float64],
    ) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
        """The audio times its gains, and step 3's peaks of it, `GUARD_REACH` frames later."""
        frames = gains.shape[1]
        limited = np.empty((self._channels, frames))
        over = np.zeros((self._channels, frames + 1), np.float32)
        over[:, :1] = self._carried
        kept = self._heard.shape[1]
        heard = np.empty(kept + frames, np.float32)
        estimates = np.empty(GUARD_REACH + frames, np.float32)
        for channel in range(self._channels):
            heard[:kept] = self._heard[channel]
            estimates[:GUARD_REACH] = self._estimates[channel]
            reduce(
                audio[channel, :frames],
                peaks[channel, :frames],
                gains[channel % len(gains)],
                limited[channel],
                heard[kept:],
                estimates[GUARD_REACH:],
            )
            guard_peaks(
                heard,
                estimates[:frames],
                GUARD_LONG,
                GUARD_SHORT,
                CANDIDATE * self._ceiling,
                self._ceiling,
                over[channel],
            )
            self._heard[channel] = heard[frames:]
            self._estimates[channel] = estimates[frames:]
        self._carried = over[:, -1:].copy()
        return limited, over[:, :-1]

    def _smoothed(
        self, envelopes: list[_Envelope], peaks: NDArray[np.float32]
    ) -> NDArray[np.float64]:
        """Step 2 for each row of gains."""
        highest = peaks.max(axis=0)
        if self._link == 1.0:
            return envelopes[0](highest)[np.newaxis]
        # Linking moves a channel's gain towards the least; in terms of peaks, c / gain.
        own = self._ceiling / np.maximum(peaks.astype(np.float64), self._ceiling)
        least = self._ceiling / np.maximum(highest.astype(np.float64), self._ceiling)
        gains = own + (least - own) * self._link
        linked = np.where(gains < 1.0, self._ceiling / gains, 0.0).astype(np.float32)
        # Rounding to float32 must not lose anything of what a channel itself needs.
        linked = np.maximum(linked, peaks)
        rows = [run(np.ascontiguousarray(row)) for run, row in zip(envelopes, linked, strict=True)]
        return np.stack(rows)
