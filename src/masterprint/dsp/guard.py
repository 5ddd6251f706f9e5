"""What any meter may read between the samples, where a limiter's result comes near its ceiling.

At the top of the band meters, converters and resamplers differ by up to a decibel: by how they end
the band, and by what they let through from beyond it. So the guard listens at 16 times the rate
with several filters, one of each kind, and takes the highest. What the two widest disagree by is
added three times over: an ideal filter, infinitely long, shows more than either.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from masterprint.dsp.decibels import amplitude
from masterprint.dsp.jit import kernel

MARGIN_DB = -0.05
"""A limiter aims this much under its ceiling: meters differ by that much at any frequency."""
PLACES = 16
"""From a sample, which is the first, to the next."""
GUARD_REACH = 192
"""Frames by which a guard value trails the frames it is made of."""
DOUBT = 3.0
GUARD_FILTERS = (
    (2 * GUARD_REACH, 5.0, 1.0),  # nearly ideal: flat to 0.493 of the rate
    (112, 8.0, 1.0),  # a careful meter: flat to 0.47
    (12, 4.0, 1.0),  # short ones
    (20, 5.0, 1.0),  # half-band filters of converters, SciPy's resample_poly
    (32, 9.0, 0.97),  # ffmpeg's meter
    (220, 7.0, 0.978),  # steep resamplers that end just below half the rate
    (128, 6.0, 0.957),  # the same, not so steep
)
"""Taps, Kaiser beta and edge of the band (1 is half the rate) of each filter."""


def _windowed_sinc(length: int, beta: float, edge: float) -> NDArray[np.float32]:
    """A filter for every place, shape (taps, places)."""
    places = np.arange(PLACES) / PLACES
    offset = np.arange(length)[:, np.newaxis] - (length // 2 - 1) - places
    argument = beta * np.sqrt(np.maximum(1.0 - (offset / (length / 2)) ** 2, 0.0))
    taps = np.sinc(edge * offset) * np.i0(argument)
    return np.asarray(taps / taps.sum(axis=0), dtype=np.float32)


def _standard() -> NDArray[np.float32]:
    """The interpolator that BS.1770-5 prints in Annex 2, its four phases at their four places.

    It is up to 0.07 dB too loud in the middle of the band, and uses up the margin for that.
    """
    early = [-0.0083007812500, 0.0148925781250, -0.0266113281250, 0.0476074218750,
             -0.1022949218750, 0.9721679687500, 0.1373291015625, -0.0594482421875,
             0.0332031250000, -0.0196533203125, 0.0109863281250, 0.0017089843750]  # fmt: skip
    later = [-0.0189208984375, 0.0330810546875, -0.0582275390625, 0.1015625000000,
             -0.2003173828125, 0.7797851562500, 0.4650878906250, -0.1665039062500,
             0.0891113281250, -0.0517578125000, 0.0292968750000, -0.0291748046875]  # fmt: skip
    taps = np.zeros((12, PLACES), np.float32)
    for place, phase in ((2, early), (6, later), (10, later[::-1]), (14, early[::-1])):
        taps[:, place] = phase
    return taps * np.float32(amplitude(MARGIN_DB))


_FILTERS = [*(_windowed_sinc(*parameters) for parameters in GUARD_FILTERS), _standard()]
GUARD_LENGTHS = np.array([len(taps) for taps in _FILTERS])
GUARD_TAPS = np.ascontiguousarray(np.vstack(_FILTERS))
"""All of these and the standard's, one below another."""


@kernel("void(f4[::1], f4[::1], f4[:, ::1], i8[::1], f8, f8, f4[::1])")
def guard_peaks(
    line: NDArray[np.float32],
    estimates: NDArray[np.float32],
    taps: NDArray[np.float32],
    lengths: NDArray[np.int64],
    threshold: float,
    ceiling: float,
    peaks: NDArray[np.float32],
) -> None:
    """Raise `peaks` on both sides of every place where a meter may read more than the ceiling.

    Args:
        line: past frames, one less than the first filter has taps, then the new ones.
        estimates: peaks expected at the judged frames; the first is line[first length / 2 - 1].
        taps: of all filters one below another, (taps, 16 places between two samples).
        lengths: taps of each filter; none is longer than the first.
        threshold: estimates up to this are not looked at.
        ceiling: what nothing may pass.
        peaks: of the judged frames and one more.
    """
    places = taps.shape[1]
    values = np.empty(places, np.float32)
    widest = np.empty(places, np.float32)
    highest = np.empty(places, np.float32)
    for n in range(estimates.shape[0]):
        if estimates[n] <= threshold:
            continue
        highest[:] = np.float32(0.0)
        row = 0
        for index in range(lengths.shape[0]):
            first = n + (lengths[0] - lengths[index]) // 2
            values[:] = np.float32(0.0)
            for k in range(lengths[index]):
                tap = taps[row + k]
                value = line[first + k]
                for place in range(places):
                    values[place] += tap[place] * value
            row += lengths[index]
            for place in range(places):
                highest[place] = max(highest[place], abs(values[place]))
            if index == 0:
                widest[:] = values
            elif index == 1:
                for place in range(places):
                    highest[place] += np.float32(DOUBT) * abs(widest[place] - values[place])
        peak = np.float32(0.0)
        for place in range(places):
            peak = max(peak, highest[place])
        if peak > ceiling:
            peaks[n] = max(peaks[n], peak)
            peaks[n + 1] = max(peaks[n + 1], peak)
