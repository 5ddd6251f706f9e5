"""Harmonics of one fundamental: taken out of a programme as slow complex levels, and made again.

The fundamental is given as its phase at knots, a fixed number of frames apart, with a cubic between
them. A harmonic of order k at knot i is z[i], so that near the knot it is Re(z e^(j k phase)).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from masterprint.dsp.jit import kernel

BESIDE_HZ = 4.0
"""How far from a harmonic its surroundings are heard: a zero of the window of two knots."""
KNOT_S = 0.25


@kernel("void(f8[::1], f8, f8, f8[::1], f8[::1])", reads=("ends",))
def fundamental(
    ends: NDArray[np.float64],
    first: float,
    step: float,
    cosine: NDArray[np.float64],
    sine: NDArray[np.float64],
) -> None:
    """Cosine and sine of the fundamental between two knots: a cubic in the phase (Hermite).

    `ends`: phase in turns at both knots, and turns per cell at both. `first` is where between the
    knots, 0 to 1, the frames begin; `step` is the way from frame to frame.
    """
    p0, p1, m0, m1 = ends
    rise = p1 - p0
    for n in range(len(cosine)):
        t = first + n * step
        turns = p0 + t * (m0 + t * ((3.0 * rise - 2.0 * m0 - m1) + t * (m0 + m1 - 2.0 * rise)))
        angle = 2.0 * math.pi * (turns - math.floor(turns))
        cosine[n] = math.cos(angle)
        sine[n] = math.sin(angle)


@kernel(
    "void(f8[::1], f8[::1], f8[:, ::1], f8[:, ::1], f8[:, ::1])",
    reads=("cosine", "sine", "weighted"),
)
def correlate(
    cosine: NDArray[np.float64],
    sine: NDArray[np.float64],
    weighted: NDArray[np.float64],
    real: NDArray[np.float64],
    imaginary: NDArray[np.float64],
) -> None:
    """Sums over time of rows of audio times e^(-j k phase), for every order k from 1.

    `weighted` is (frames, columns); the sums are added to (orders, columns).
    """
    frames, columns = weighted.shape
    for n in range(frames):
        c, s = cosine[n], sine[n]
        a, b = c, s
        for k in range(real.shape[0]):
            for column in range(columns):
                real[k, column] += a * weighted[n, column]
                imaginary[k, column] -= b * weighted[n, column]
            a, b = a * c - b * s, a * s + b * c


@kernel(
    "void(f8[::1], f8[::1], f8, f8, c16[::1], c16[::1], f8[::1])",
    reads=("cosine", "sine", "at_start", "at_end"),
)
def synthesise(
    cosine: NDArray[np.float64],
    sine: NDArray[np.float64],
    first: float,
    step: float,
    at_start: NDArray[np.complex128],
    at_end: NDArray[np.complex128],
    out: NDArray[np.float64],
) -> None:
    """The harmonics between two knots, their levels in straight lines (Horner's scheme)."""
    orders = len(at_start)
    for n in range(len(out)):
        t = first + n * step
        c, s = cosine[n], sine[n]
        a = b = 0.0
        for k in range(orders - 1, -1, -1):
            start, end = at_start[k], at_end[k]
            a += start.real + t * (end.real - start.real)
            b += start.imag + t * (end.imag - start.imag)
            a, b = a * c - b * s, a * s + b * c
        out[n] = a


@dataclass(frozen=True)
class Phase:
    """The fundamental at every knot: its phase in turns, and turns per cell."""

    turns: NDArray[np.float64]
    slopes: NDArray[np.float64]

    @classmethod
    def of(cls, hz: NDArray[np.float64]) -> Phase:
        """Of a frequency at every knot."""
        slopes = hz * KNOT_S
        steps = 0.5 * (slopes[1:] + slopes[:-1])
        return cls(np.concatenate([[0.0], np.cumsum(steps)]), slopes)

    def turned(self, more: NDArray[np.float64]) -> Phase:
        """With as many more turns at each knot."""
        slopes = self.slopes + np.gradient(more) if len(more) > 1 else self.slopes
        return Phase(self.turns + more, slopes)

    @property
    def hz(self) -> NDArray[np.float64]:
        """The frequency at every knot."""
        return self.slopes / KNOT_S

    def between(
        self, cell: int, first: float, step: float, frames: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Cosine and sine at some frames of a cell."""
        cosine, sine = np.empty(frames), np.empty(frames)
        ends = np.array([*self.turns[cell : cell + 2], *self.slopes[cell : cell + 2]])
        fundamental(ends, first, step, cosine, sine)
        return cosine, sine


def demodulate(
    cells: Iterable[NDArray[np.float64]], phase: Phase, orders: int
) -> tuple[NDArray[np.complex128], NDArray[np.float64]]:
    """Complex levels of the harmonics at every knot, and the power of what lies beside them.

    Hann windows of two cells, centred on the knots, which add up to one: all is heard, and nothing
    twice. 4 Hz to both sides of a steady harmonic, such a window hears nothing of it; so what it
    hears there is music, or noise. Both are (knots, orders, channels).
    """
    levels = beside = left = None
    windows = np.empty(0)
    for number, cell in enumerate(cells):
        channels, frames = cell.shape
        if levels is None or beside is None:
            levels = np.zeros((len(phase.turns), orders, channels), np.complex128)
            beside = np.zeros(levels.shape)
            windows = _windows(frames)
        cosine, sine = phase.between(number, 0.0, 1.0 / frames, frames)
        weighted = (cell[:, None, :] * windows).reshape(-1, frames).T
        real = np.zeros((orders, weighted.shape[1]))
        imaginary = np.zeros_like(real)
        correlate(cosine, sine, weighted, real, imaginary)
        sums = (real + 1j * imaginary).reshape(orders, channels, 2, 3) * (2.0 / frames)
        whole = 2.0 * sums[:, :, 0] if left is None else left + sums[:, :, 0]
        levels[number], beside[number] = _heard(whole)
        left = sums[:, :, 1]
    assert levels is not None
    assert beside is not None
    assert left is not None
    levels[-1], beside[-1] = _heard(2.0 * left)
    return levels, beside


def _windows(frames: int) -> NDArray[np.float64]:
    """Both halves of the window, each plain and with the cosine and sine that move it by 4 Hz.

    4 Hz turn once from knot to knot, so both halves may count from their own beginning.
    """
    place = np.arange(frames) / frames
    rise = 0.5 - 0.5 * np.cos(np.pi * place)
    swing = 2.0 * np.pi * BESIDE_HZ * KNOT_S * place
    turns = (np.ones(frames), np.cos(swing), np.sin(swing))
    return np.stack([half * turn for half in (1.0 - rise, rise) for turn in turns])


def _heard(knot: NDArray[np.complex128]) -> tuple[NDArray[np.complex128], NDArray[np.float64]]:
    """The level at a knot, and the power of what is 4 Hz above and below it."""
    level, even, odd = np.moveaxis(knot, 2, 0)
    above, below = even - 1j * odd, even + 1j * odd
    return level, np.asarray(0.5 * (np.abs(above) ** 2 + np.abs(below) ** 2))
