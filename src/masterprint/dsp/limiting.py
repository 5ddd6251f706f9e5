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

import numpy as np
from numpy.typing import NDArray

from masterprint.dsp.interpolation import FINE, FINE_BOUND, GUARD_LONG, GUARD_REACH, GUARD_SHORT, HALF
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
LAG = 29
HISTORY = 56


@kernel("void(f4[::1], f4[::1], f4[::1], f4[:, ::1], f4, f4, f4[::1], f4[::1])")
def surrounding_peaks(  # noqa: PLR0913
    line: NDArray[np.float32],
    halves: NDArray[np.float32],
    half_taps: NDArray[np.float32],
    fine_taps: NDArray[np.float32],
    fine_bound: float,
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
    taps = half_taps.shape[0]
    zero = np.float32(0.0)
    for tile in range(0, frames + 8, 512):
        value = halves[tile : tile + 512]
        count = value.shape[0]
        value[:] = zero
        for k in range(0, taps // 2, 2):
            tap = half_taps[k]
            next_tap = half_taps[k + 1]
            near = line[tile + k : tile + k + count]
            near_next = line[tile + k + 1 : tile + k + 1 + count]
            far = line[tile + taps - 1 - k : tile + taps - 1 - k + count]
            far_next = line[tile + taps - 2 - k : tile + taps - 2 - k + count]
            for n in range(count):
                value[n] += tap * (near[n] + far[n]) + next_tap * (near_next[n] + far_next[n])

    between = np.empty(16, np.float32)
    sums = np.empty(16, np.float32)
    last = before[0]
    for at in range(0, frames, 16):
        count = min(16, frames - at)
        largest = zero
        for n in range(26 + at, 29 + at + count):
            largest = max(largest, abs(line[n]))
        for n in range(2 + at, 6 + at + count):
            largest = max(largest, abs(halves[n]))
        for n in range(count):
            between[n] = abs(halves[4 + at + n])
        if largest * fine_bound > threshold:
            for side in range(2):
                for phase in range(3):
                    sums[:] = zero
                    for k in range(4):
                        sample_tap = fine_taps[phase, 2 * k + 1 - side]
                        half_tap = fine_taps[phase, 2 * k + side]
                        samples = line[26 + at + k : 26 + at + k + count]
                        halfway = halves[2 + at + k + side : 2 + at + k + side + count]
                        for n in range(count):
                            sums[n] += sample_tap * samples[n] + half_tap * halfway[n]
                    for n in range(count):
                        between[n] = max(between[n], abs(sums[n]))
        for n in range(count):
            peaks[at + n] = max(max(last, between[n]), abs(line[27 + at + n]))
            last = between[n]
    before[0] = last


@kernel("void(f8[::1], f8[::1], i8[::1], i8[::1], f8[::1], i8[::1], i8[::1], f8, i8[::1])")
def envelope(  # noqa: PLR0913
    gains: NDArray[np.float64],
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
        gains: required gains, 0 to 1.
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
    scale = 1.0 / (float(first_length) * float(second_length) * 1073741824.0)
    for n in range(gains.shape[0]):
        wanted = np.int64(math.floor(gains[n] * 1073741824.0))
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
        whole = np.int64(gain)
        if held == 1073741824 and gain > 1073741822.0:
            whole = np.int64(1073741824)
        first_sum += whole - first_box[first_at]
        first_box[first_at] = whole
        first_at = first_at + 1 if first_at + 1 < first_length else 0
        second_sum += first_sum - second_box[second_at]
        second_box[second_at] = first_sum
        second_at = second_at + 1 if second_at + 1 < second_length else 0
        smoothed[n] = second_sum * scale
        position += 1
    released[0] = gain
    state[0], state[1], state[2], state[3], state[4] = head, count, position, first_sum, second_sum


@kernel("void(f4[::1], f4[::1], f4[:, ::1], f4[:, ::1], f8, f8, f8[::1])")
def guard_gains(  # noqa: PLR0913
    line: NDArray[np.float32],
    estimates: NDArray[np.float32],
    long_taps: NDArray[np.float32],
    short_taps: NDArray[np.float32],
    threshold: float,
    ceiling: float,
    gains: NDArray[np.float64],
) -> None:
    """Lower `gains` on both sides of every place where the true peak passes the ceiling.

    Args:
        line: past frames, one less than there are long taps, then the new ones.
        estimates: peaks expected at the judged frames; the first is line[long taps / 2 - 1].
        long_taps, short_taps: (taps, 16 places between two samples), from `dsp.interpolation`.
        threshold: estimates up to this are not looked at.
        ceiling: what nothing may pass.
        gains: of the judged frames and one more.
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
            gain = ceiling / peak
            gains[n] = min(gains[n], gain)
            gains[n + 1] = min(gains[n + 1], gain)


class _Envelope:
    """Step 2 for one channel, or for all channels that share their gain."""

    def __init__(self, lookahead: int, release: float) -> None:
        first = max(1, round(lookahead * 0.5822))
        second = lookahead - first + 1
        self._window = np.full(lookahead, UNITY, np.int64)
        self._places = np.zeros(lookahead, np.int64)
        self._released = np.full(1, float(UNITY))
        self._first = np.full(first, UNITY, np.int64)
        self._second = np.full(second, UNITY * first, np.int64)
        self._state = np.array([0, 0, 0, UNITY * first, UNITY * first * second], np.int64)
        self._release = release

    def __call__(self, gains: NDArray[np.float64]) -> NDArray[np.float64]:
        smoothed = np.empty_like(gains)
        envelope(
            gains,
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


class _Delay:
    """The last frames of a stream, put in front of the next."""

    def __init__(self, channels: int, frames: int, dtype: type = np.float64) -> None:
        self._kept = np.zeros((channels, frames), dtype)

    def __call__(self, block: NDArray[np.generic]) -> NDArray[np.generic]:
        """Kept and new frames, one behind the other."""
        line = np.concatenate([self._kept, block], axis=1)
        self._kept = line[:, line.shape[1] - self._kept.shape[1] :]
        return line


class TruePeakLimiter:
    """Limits blocks; what comes out is late by `latency` frames.

    Args:
        ceiling: linear amplitude that nothing passes, between samples either.
        lookahead_s, release_s: of step 2.
        link: 1 gives all channels the gain of the one that needs most, 0 each its own.
    """

    def __init__(  # noqa: PLR0913
        self,
        sample_rate_hz: int,
        channels: int,
        ceiling: float,
        lookahead_s: float,
        release_s: float,
        link: float,
    ) -> None:
        lookahead = max(2, round(lookahead_s * sample_rate_hz))
        guard_lookahead = max(2, round(GUARD_LOOKAHEAD_S * sample_rate_hz))
        self.least_gain = 1.0
        self._ceiling = ceiling * MARGIN
        self._link = link
        self._channels = channels
        groups = 1 if link == 1.0 else channels
        release = 1.0 - math.exp(-1.0 / (release_s * sample_rate_hz))
        guard_release = 1.0 - math.exp(-1.0 / (GUARD_RELEASE_S * sample_rate_hz))
        self._envelopes = [_Envelope(lookahead, release) for _ in range(groups)]
        self._guards = [_Envelope(guard_lookahead, guard_release) for _ in range(groups)]
        self._past = np.zeros((channels, HISTORY), np.float32)
        self._before = np.zeros((channels, 1), np.float32)
        self._input = _Delay(channels, LAG + lookahead - 1)
        self._peaks = _Delay(channels, lookahead - 1, np.float32)
        self._guard_input = _Delay(channels, 2 * GUARD_REACH - 1, np.float32)
        self._estimates = _Delay(channels, GUARD_REACH, np.float32)
        self._carried = np.ones((channels, 1))
        self._output = _Delay(channels, GUARD_REACH + guard_lookahead - 1)
        self._gains = _Delay(groups, GUARD_REACH + guard_lookahead - 1)
        self.latency = LAG + lookahead - 1 + GUARD_REACH + guard_lookahead - 1

    def __call__(self, block: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The block of `latency` frames ago, limited, and its gains by channel group."""
        frames = block.shape[1]
        peaks = self._find_peaks(block)
        required = np.minimum(1.0, self._ceiling / np.maximum(peaks, self._ceiling))
        gains = self._smoothed(self._envelopes, required)
        limited = self._input(block)[:, :frames] * gains
        estimates = self._estimates(self._peaks(peaks)[:, :frames] * gains.astype(np.float32))
        required = self._guard(self._guard_input(limited.astype(np.float32)), estimates[:, :frames])
        guard = self._smoothed(self._guards, required)
        return (
            self._output(limited)[:, :frames] * guard,
            self._gains(gains)[:, :frames] * guard,
        )

    def _find_peaks(self, block: NDArray[np.float64]) -> NDArray[np.float32]:
        frames = block.shape[1]
        peaks = np.empty((self._channels, frames), np.float32)
        halves = np.empty(frames + 8, np.float32)
        line = np.empty(HISTORY + frames, np.float32)
        for channel in range(self._channels):
            line[:HISTORY] = self._past[channel]
            line[HISTORY:] = block[channel]
            surrounding_peaks(
                line,
                halves,
                HALF,
                FINE,
                FINE_BOUND,
                CANDIDATE * self._ceiling,
                self._before[channel],
                peaks[channel],
            )
            self._past[channel] = line[-HISTORY:]
        return peaks

    def _guard(
        self, line: NDArray[np.float32], estimates: NDArray[np.float32]
    ) -> NDArray[np.float64]:
        gains = np.ones((self._channels, estimates.shape[1] + 1))
        gains[:, :1] = self._carried
        for channel in range(self._channels):
            guard_gains(
                line[channel],
                np.ascontiguousarray(estimates[channel]),
                GUARD_LONG,
                GUARD_SHORT,
                CANDIDATE * self._ceiling,
                self._ceiling,
                gains[channel],
            )
        self._carried = gains[:, -1:].copy()
        return gains[:, :-1]

    def _smoothed(
        self, envelopes: list[_Envelope], required: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        least = required.min(axis=0, keepdims=True)
        if self._link == 1.0:
            shared = least
        else:
            shared = required + (least - required) * self._link
        return np.stack(
            [run(np.ascontiguousarray(row)) for run, row in zip(envelopes, shared, strict=True)]
        )
