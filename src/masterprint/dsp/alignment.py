"""How two recordings of the same lie: offset to a fraction of a frame, and polarity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from masterprint.dsp.fractional_delay import SINC_REACH, fractional_delay

LEAST_FRACTION = 0.005
"""Of a frame: what is less is no offset."""
PROVED_BY = 0.25
"""A fractional offset is believed if it leaves less than this of the residual's power: 6 dB."""
HOPELESS = 0.95
"""Of the power: half a frame of white noise leaves 0.6, so where more is left it is no fraction."""
SHARP = 0.5
"""From this on, of 1, the correlation without tone tells the lag better than the plain one."""
SURE, BESIDE = 0.8, 8
"""From this on, if it is no more than `SHARP` further than so many frames away, it alone does:
programmes that are alike at all frequencies, but turned in phase, as by the filters of a chain."""
LIKE = 0.9
"""...if the plain one comes this near to its own highest value there, or is below everywhere."""
TIE = 1.02
"""A lag that leaves at most this much of the least residual fits as well as the best."""
ROUNDING = 1e-11
"""Of the power: what arithmetic leaves where nothing is left."""


@dataclass(frozen=True)
class Excerpt:
    """The same moment of two programmes, as far as one knows.

    Attributes:
        a: shape (rows, frames).
        b: shape (rows, frames + 2 margin): what lies `margin` frames around.
    """

    a: NDArray[np.float32]
    b: NDArray[np.float32]


@dataclass(frozen=True)
class Fit:
    """How B lies against A.

    Attributes:
        lag: frames by which B is later than the excerpts were cut.
        fraction: of a frame by which it is later still, -0.5 to 0.5; 0 where none is proved.
        inverted: whether the polarity is turned.
        likeness: magnitude of the correlation coefficient there, 0 to 1.
        swapped_likeness: the largest with B's rows exchanged.
        sure: whether there is no doubt of the lag, however unlike the programmes are.
        rivals: other lags that fit as well, as in a steady tone.
    """

    lag: int
    fraction: float
    inverted: bool
    likeness: float
    swapped_likeness: float
    sure: bool
    rivals: int


def fit(excerpts: Sequence[Excerpt], centre: int) -> Fit | None:
    """Find the lag that fits all excerpts together; None where there is nothing to compare.

    Of lags that fit equally well the one is taken that is nearest to zero when `centre`, the lag at
    which the excerpts were cut, is added.
    """
    heard = [excerpt for excerpt in excerpts if excerpt.a.any() and excerpt.b.any()]
    if not heard:
        return None
    margin = (heard[0].b.shape[1] - heard[0].a.shape[1]) // 2
    straight, crossed = _coefficients(heard, margin)
    lags = np.arange(-margin, margin + 1)
    use = straight if np.abs(straight).max() >= np.abs(crossed).max() * 0.999 else crossed
    order = 1 if use is straight else -1
    best = 1.0 - np.abs(use).max() ** 2
    ties = np.flatnonzero(1.0 - use**2 <= TIE * best + ROUNDING)
    place = ties[np.argmin(np.abs(lags[ties] + centre))]
    rivals = int(np.sum(np.diff(ties) > 1))
    cross, whitened = _without_tone(heard, margin, order)
    sharpest = int(np.argmax(np.abs(whitened)))
    height = np.abs(whitened)
    elsewhere = np.abs(np.arange(len(height)) - sharpest) > BESIDE
    alone = height[sharpest] >= SURE and height[elsewhere].max(initial=0.0) < SHARP
    sure = bool(alone and np.abs(use).max() < LIKE)
    alike = height[sharpest] >= SHARP and abs(use[sharpest]) >= LIKE * abs(use[place])
    if sure or (alike and not rivals):
        place, rivals = sharpest, 0
    lag = int(lags[place])
    sign = 1.0 if use[place] >= 0 else -1.0
    late = _fraction(cross * sign, lag)
    lag, fraction = lag + round(late), late - round(late)
    hopeless = best > HOPELESS or abs(fraction) < LEAST_FRACTION
    if hopeless or not _proved(heard, margin, order, lag, fraction):
        lag, fraction = int(lags[place]), 0.0
    return Fit(
        lag,
        fraction,
        bool(sign < 0),
        float(np.abs(straight[lag + margin])),
        float(np.abs(crossed).max()),
        sure,
        rivals,
    )


def _spectra(
    excerpt: Excerpt, margin: int, order: int, faded: bool = False
) -> list[tuple[NDArray[np.complex128], NDArray[np.complex128]]]:
    """Of each row: A amid silence, and B; faded in and out, so that cuts are silent."""
    length = excerpt.b.shape[1]
    # In float64: transforms of float32 are too coarse to tell a tie.
    cuts = [cut.astype(np.float64) for cut in (excerpt.a, excerpt.b)]
    if faded:
        cuts = [cut * _fades(cut.shape[1]) for cut in cuts]
    padded, other = np.pad(cuts[0], ((0, 0), (margin, margin))), cuts[1]
    pairs = zip(padded, other[::order], strict=True)
    return [(np.fft.rfft(a, length), np.fft.rfft(b, length)) for a, b in pairs]


@cache
def _fades(frames: int) -> NDArray[np.float64]:
    """A Hann window."""
    return np.asarray(np.sin(np.pi * (np.arange(frames) + 0.5) / frames) ** 2)


def _coefficients(
    excerpts: Sequence[Excerpt], margin: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Correlation coefficients at lags -margin to margin: all excerpts, magnitudes of all rows.

    As the rows are, and with those of B exchanged; the latter are 0 where there is only one.
    """
    rows = len(excerpts[0].a)
    products = np.zeros((2, rows, 2 * margin + 1))
    energy_a = 0.0
    energy_b = np.zeros(2 * margin + 1)
    for excerpt in excerpts:
        length, frames = excerpt.b.shape[1], excerpt.a.shape[1]
        of_a, of_b = zip(*_spectra(excerpt, margin, 1), strict=True)
        for row, a in enumerate(of_a):
            for crossed in range(rows):
                circular = np.fft.irfft(np.conj(a) * of_b[row ^ crossed], length)
                near = np.concatenate([circular[length - margin :], circular[: margin + 1]])
                products[crossed, row] += near
        energy_a += float(np.sum(np.square(excerpt.a, dtype=np.float64)))
        squares = np.sum(np.square(excerpt.b, dtype=np.float64), axis=0)
        running = np.concatenate([[0.0], np.cumsum(squares)])
        energy_b += running[frames:] - running[:-frames]
    both = np.sqrt(energy_a * np.maximum(energy_b, 1e-9 * energy_b.max()))
    # A channel may be turned on its own: it fits as well, and the stronger one tells the sign.
    whole = np.abs(products).sum(axis=1) * np.where(products.sum(axis=1) < 0, -1.0, 1.0)
    straight, crosswise = np.clip(whole / both, -1.0, 1.0)
    return straight, crosswise


def _without_tone(
    excerpts: Sequence[Excerpt], margin: int, order: int
) -> tuple[NDArray[np.complex128], NDArray[np.float64]]:
    """The cross-spectrum weighted by how sure its phase is, and the correlation without tone.

    The weight is that of Hannan and Thomson (Knapp and Carter, 1976), c / (1 - c) with the squared
    coherence c, each neighbourhood of 17 frequencies counting as one; the correlation is that of
    the coherence itself (their SCOT), 1 where all frequencies agree.
    """
    length = excerpts[0].b.shape[1]
    cross = np.zeros(length // 2 + 1, np.complex128)
    powers = np.zeros((2, length // 2 + 1))
    for excerpt in excerpts:
        for a, b in _spectra(excerpt, margin, order, faded=True):
            cross += np.conj(a) * b
            powers += np.square(np.abs([a, b]))
    smooth = np.ones(17) / 17.0
    mean = np.sqrt(np.prod([np.convolve(power, smooth, "same") for power in powers], axis=0))
    # What is 100 dB below the loudest is rounding.
    mean = np.maximum(mean, 1e-10 * mean.max())
    coherence = cross / mean
    circular = np.fft.irfft(coherence, length)
    correlation = np.concatenate([circular[length - margin :], circular[: margin + 1]])
    # Neighbours turn against one another by what B is late; its place is found first.
    late = int(np.argmax(np.abs(correlation))) - margin
    turn = np.exp(2j * np.pi * np.arange(len(cross)) * (late / length))
    sure = np.abs(np.convolve(coherence * turn, smooth, "same")) ** 2
    sure = np.minimum(sure, 0.9999)
    return coherence * (sure / (1.0 - sure)), correlation


def _fraction(cross: NDArray[np.complex128], lag: int) -> float:
    """Of a frame, -1 to 1, by which B is later than `lag`: where the weighted phases agree best."""
    length = 2 * (len(cross) - 1)
    radians = 2.0 * np.pi * np.arange(len(cross)) / length
    here = cross * np.exp(1j * radians * lag)
    late = _highest(here, radians, 20)
    for _ in range(8):  # Newton's steps towards the top
        turned = here * np.exp(1j * radians * late)
        slope = float(np.sum(-radians * turned.imag))
        bend = float(np.sum(-(radians**2) * turned.real))
        if bend >= 0:
            break
        late -= max(-0.05, min(0.05, slope / bend))
    return float(late)


def _highest(cross: NDArray[np.complex128], radians: NDArray[np.float64], steps: int) -> float:
    """Of the delays -1 to 1, `steps` to a frame, the one to which the phases come nearest."""
    turned, step = cross * np.exp(-1j * radians), np.exp(1j * radians / steps)
    heights = []
    for _ in range(2 * steps + 1):
        heights.append(float(turned.real.sum()))
        turned *= step
    return int(np.argmax(heights)) / steps - 1.0


def _proved(
    excerpts: Sequence[Excerpt], margin: int, order: int, lag: int, fraction: float
) -> bool:
    """Whether moving B by the fraction, too, leaves far less than whole frames do."""
    reach, beside = SINC_REACH, SINC_REACH + 2
    taps = fractional_delay(fraction)
    moved, whole = np.zeros(3), np.zeros((3, 3))
    for excerpt in excerpts:
        frames = excerpt.a.shape[1]
        padded = np.pad(excerpt.b[::order].astype(np.float64), ((0, 0), (beside, beside)))
        for a, b in zip(excerpt.a, padded, strict=True):
            start = margin + lag + beside
            around = b[start - reach : start + frames + reach]
            size = 1 << (len(around) + len(taps)).bit_length()
            shifted = np.fft.irfft(np.fft.rfft(around, size) * np.fft.rfft(taps, size), size)
            moved += _products(a, shifted[2 * reach : 2 * reach + frames])
            for row, step in enumerate((-1, 0, 1)):
                whole[row] += _products(a, b[start + step : start + step + frames])
    return _left(moved) < PROVED_BY * min(_left(rest) for rest in whole)


def _products(a: NDArray[np.float32], b: NDArray[np.float64]) -> NDArray[np.float64]:
    a = a.astype(np.float64)
    return np.array([np.dot(a, a), np.dot(b, b), np.dot(a, b)])


def _left(products: NDArray[np.float64]) -> float:
    """What is left of A when B is taken off at its best level."""
    of_a, of_b, of_both = products
    return float(of_a - of_both**2 / of_b) if of_b > 0 else float(of_a)
