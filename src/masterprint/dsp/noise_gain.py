"""How much of each bin of a spectrum is programme, where the noise is known."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from masterprint.dsp.decibels import amplitude
from masterprint.dsp.exponential_integral import LEAST, STEPS_PER_OCTAVE, half_exponential_table
from masterprint.dsp.jit import kernel

Array = NDArray[np.float64]

INERTIA = 0.98
"""How much the estimate of one frame counts in the next, 12 ms later."""
NEWS = 0.008
"""How much what is new in a frame counts; the less, the less single peaks of noise get through."""
AROUND = 20
"""Bins to each side, every other one, that are asked whether something broad is heard."""
RANK = 0.35
LEAST_BROAD = 2.8
"""How far above noise they have to be; chance does not get there."""
LEAST_SNR_DB = -25.0
MOST_SNR = 1e12


class NoiseGain:
    """The log-spectral amplitude estimator, with what comes after a frame known as well.

    Ephraim and Malah, "Speech enhancement using a minimum mean-square error log-spectral amplitude
    estimator", IEEE ASSP 33(2), 1985: with gamma the power of a bin and xi that of the programme in
    it, both beside the noise, and v = gamma xi / (1 + xi),

        G = xi / (1 + xi) exp(E1(v) / 2).

    What xi is comes from three estimates, of which the largest counts, so that nothing of the
    programme is lost that one of them hears:

    * the decision-directed one of that paper, xi = a G^2 gamma + b max(gamma - 1, 0) with the first
      term of the frame before: it hears what goes on, and does not twitch (no musical noise);
    * the same from the end backwards, which hears what is about to begin, so attacks stay sharp
      (Cohen, "Speech enhancement using a noncausal a priori SNR estimator", 2004);
      for both, two steps as by Plapous et al., 2006: xi is what the step before has left;
    * what is broad: where the lower third of the 81 bins around is well above noise, as in a stroke
      or a sibilant. Partials, which are narrow, do not lift a rank.

    Args:
        rows: of the spectra.
        bins: of the spectra.
        reduction_db: the most that a bin is lowered by; an even floor, which masks what is done.
    """

    def __init__(self, rows: int, bins: int, reduction_db: float) -> None:
        self._floor = amplitude(-reduction_db)
        self._least = 10.0 ** (min(LEAST_SNR_DB, -reduction_db) / 10.0)
        self._state = np.zeros((rows, bins))
        self._table = half_exponential_table()

    def gains(self, now: Array, after: Array) -> Array:
        """Gains for the spectra of a batch, from gamma of it and of some frames that follow.

        Both have the shape (rows, frames, bins). Batches are asked for in order.
        """
        out = np.empty_like(now)
        ahead, back = np.empty_like(now[0]), np.empty_like(now[0])
        broad = np.empty((now.shape[1], (now.shape[2] + 1) // 2))
        for row, gamma in enumerate(now):
            decide(gamma, INERTIA, NEWS, self._least, self._state[row], ahead)
            state = np.zeros(now.shape[2])
            later = after[row, ::-1].copy()
            decide(later, INERTIA, NEWS, self._least, state, np.empty_like(later))
            decide(gamma[::-1].copy(), INERTIA, NEWS, self._least, state, back)
            ranks(gamma[:, ::2].copy(), AROUND, RANK, broad)
            estimate(gamma, ahead, back[::-1].copy(), broad, self._least, self._table, out[row])
        return np.maximum(out, self._floor)


@kernel("void(f8[:,::1], f8, f8, f8, f8[::1], f8[:,::1])", reads=("gamma",))
def decide(
    gamma: Array, inertia: float, news: float, least: float, state: Array, out: Array
) -> None:
    """The power that each bin's programme has beside the noise, decision-directed, in `out`.

    `state` holds that of the frame before, and after it of the last one.
    """
    for t in range(gamma.shape[0]):
        for k in range(gamma.shape[1]):
            now = gamma[t, k]
            over = now - 1.0 if now > 1.0 else 0.0
            xi = max(least, inertia * state[k] + news * over)
            gain = xi / (1.0 + xi)
            state[k] = gain * gain * now
            out[t, k] = state[k]


@kernel("void(f8[:,::1], i8, f8, f8[:,::1])", reads=("gamma",))
def ranks(gamma: Array, around: int, rank: float, out: Array) -> None:
    """The given quantile of the bins around each, beside that of noise, in `out`.

    Noise has an exponential distribution, whose quantile is -log(1 - rank). Beyond the ends, the
    spectrum is mirrored.
    """
    bins = gamma.shape[1]
    width = 2 * around + 1
    if width > bins:
        width = bins - 1 + bins % 2
    half = width // 2
    place = int(rank * (width - 1) + 0.5)
    scale = -1.0 / np.log(1.0 - rank)
    held = np.empty(width)
    for t in range(gamma.shape[0]):
        count = 0
        for k in range(-half, bins + half):
            entering = k
            if entering < 0:
                entering = -entering
            if entering >= bins:
                entering = 2 * (bins - 1) - entering
            if count == width:  # the oldest goes
                leaving = k - width
                if leaving < 0:
                    leaving = -leaving
                value = gamma[t, leaving]
                low, high = 0, count
                while low < high:
                    middle = (low + high) // 2
                    if held[middle] < value:
                        low = middle + 1
                    else:
                        high = middle
                for n in range(low, count - 1):
                    held[n] = held[n + 1]
                count -= 1
            value = gamma[t, entering]
            n = count
            while n > 0 and held[n - 1] > value:
                held[n] = held[n - 1]
                n -= 1
            held[n] = value
            count += 1
            if k >= half:
                out[t, k - half] = held[place] * scale


@kernel(
    "void(f8[:,::1], f8[:,::1], f8[:,::1], f8[:,::1], f8, f8[::1], f8[:,::1])",
    reads=("gamma", "ahead", "back", "broad", "table"),
)
def estimate(
    gamma: Array, ahead: Array, back: Array, broad: Array, least: float, table: Array, out: Array
) -> None:
    """Gains in `out`: the log-spectral amplitude estimator at the largest of three estimates."""
    for t in range(gamma.shape[0]):
        for k in range(gamma.shape[1]):
            xi = max(ahead[t, k], back[t, k], least)
            if broad[t, k // 2] > LEAST_BROAD and broad[t, k // 2] - 1.0 > xi:
                xi = broad[t, k // 2] - 1.0
            wiener = xi / (1.0 + xi)
            v = max(wiener * gamma[t, k], LEAST)
            place = np.log2(v / LEAST) * STEPS_PER_OCTAVE
            index = int(place)
            factor = 1.0
            if index + 1 < table.shape[0]:
                factor = table[index] + (place - index) * (table[index + 1] - table[index])
            out[t, k] = min(1.0, wiener * factor)
