"""Equaliser sections that follow the analogue curve up to Nyquist.

The bilinear transform squeezes the whole analogue frequency axis into 0..fs/2, so a bell at
10 kHz becomes too narrow and a high shelf bends too early ("cramping"). Here the coefficients of
the digital section are fitted to the analogue magnitude instead.

The fit works on the bilinear image of the section, with S = (1 - 1/z) / (1 + 1/z), w0 = 2 pi f0/fs
and t0 = tan(w0/2):

    H = k * (1 + n1 (S/t0) + n2 (S/t0)^2) / (1 + d1 (S/t0) + d2 (S/t0)^2)

On the unit circle S = j tan(w/2). A quadratic with positive coefficients has its roots in the left
half plane, so positive n1, n2, d1, d2 mean minimum phase and stable. The unknowns are their
logarithms, and no step of the fit can leave that set; k is the analogue gain at DC and stays exact.
The start is the matched z-transform, poles and zeros at exp(s/fs), whose poles are those of
Vicanek, "Matched Second Order Digital Filters" (2016). Levenberg-Marquardt steps on the log
magnitude follow, with Lawson's reweighting (1961) towards the smallest maximum error.

One biquad cannot match exactly. Largest error in dB from 10 Hz on, boosts and cuts, f0 from 20 Hz
to 18 kHz, by sampling rate and top of the range:

    rate                          44.1 kHz          48 kHz            88.2..192 kHz
    up to                         16 kHz   20 kHz   16 kHz   20 kHz   20 kHz
    bell, 18 dB, Q 0.3..10        0.12     0.9      0.12     0.6      0.09
    bell, 6 dB, Q 0.3..10         0.04     0.3      0.04     0.25     0.04
    shelves, 12 dB, Q 0.5..1      0.04     0.25     0.04     0.12     0.03
    shelves, 18 dB, Q 1..2        0.14     0.9      0.12     0.5      0.12
    shelves, 18 dB, Q 2..10       0.75     5.0      0.65     4.5      0.65
    tilt, 18 dB                   0.015    0.08     0.015    0.05     0.015
    notch, Q 0.5..30              0.22     1.4      0.18     0.5      0.1

Up to 16 kHz only resonant shelves (Q above 2) and, at 44.1 kHz, wide notches above 17 kHz pass
0.2 dB. Sharper shelves can miss by several dB. The coefficients depend on f0/fs alone.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Shape = Literal["bell", "low_shelf", "high_shelf", "notch", "tilt"]
FloatArray = NDArray[np.float64]

MIN_RELATIVE_FREQUENCY = 1e-6  # f0 / fs; below it float64 cannot place poles next to z = 1
MAX_RELATIVE_FREQUENCY = 0.49  # f0 / fs

_FIT_TOP = 0.95  # relative to Nyquist, where every digital curve has zero slope
_FULL_WEIGHT_TOP = 0.75  # relative to Nyquist: 16.5 kHz at 44.1 kHz
_TAIL_WEIGHT = 0.1  # above it, an error in dB counts a tenth
_PLAIN_STEPS = 4  # before the reweighting starts, so that it does not chase a poor start
_STEPS = 24
_LARGEST_MOVE = 2.0  # per step, natural logarithm of a coefficient


def analogue_magnitude(
    shape: Shape, frequency_hz: float, gain_db: float, q: float, at_hz: FloatArray
) -> FloatArray:
    """Linear magnitude |H(s = j f/f0)| of the analogue prototype at the frequencies ``at_hz``.

    Bell and shelves are the prototypes of the RBJ Audio EQ Cookbook, A = 10^(gain/40):

    - bell: (s^2 + s A/Q + 1) / (s^2 + s/(A Q) + 1)
    - low shelf: A (s^2 + s sqrt(A)/Q + A) / (A s^2 + s sqrt(A)/Q + 1)
    - high shelf: A (A s^2 + s sqrt(A)/Q + 1) / (s^2 + s sqrt(A)/Q + A)
    - notch: (s^2 + 1) / (s^2 + s/Q + 1); the gain is ignored
    - tilt: (A s + 1) / (s + A): -gain/2 dB at DC, 0 dB at f0, +gain/2 dB far above; q is ignored
    """
    numerator, denominator = _prototype(shape, gain_db, q)
    x = (np.asarray(at_hz, dtype=np.float64) / frequency_hz) ** 2
    return np.asarray(np.sqrt(_power(numerator, x) / _power(denominator, x)))


def matched_section(
    shape: Shape, frequency_hz: float, gain_db: float, q: float, sample_rate_hz: float
) -> FloatArray:
    """Biquad [b0, b1, b2, a1, a2] (a0 = 1) whose magnitude matches ``analogue_magnitude``.

    ``frequency_hz`` lies within 1e-6..0.49 of ``sample_rate_hz`` and ``q`` is positive; other
    values raise ValueError. The section is stable and minimum phase (a notch has its zeros on the
    unit circle at f0). A cut is the reciprocal of the boost; 0 dB gives exactly [1, 0, 0, 0, 0].
    """
    _check(frequency_hz, gain_db, q, sample_rate_hz)
    if shape != "notch":
        if gain_db == 0.0:
            return np.array([1.0, 0.0, 0.0, 0.0, 0.0])
        if gain_db < 0.0:
            b0, b1, b2, a1, a2 = matched_section(shape, frequency_hz, -gain_db, q, sample_rate_hz)
            return np.array([1.0 / b0, a1 / b0, a2 / b0, b1 / b0, b2 / b0])

    numerator, denominator = _prototype(shape, gain_db, q)
    half_w0 = math.pi * frequency_hz / sample_rate_hz
    t0 = math.tan(half_w0)
    start = _matched_z(numerator, half_w0) + _matched_z(denominator, half_w0)
    grid = _fit_grid(shape, frequency_hz, gain_db, q, sample_rate_hz)
    dc_gain = numerator[2] / denominator[2]
    target = np.log(analogue_magnitude(shape, frequency_hz, gain_db, q, grid) / dc_gain)
    weight = np.where(grid <= _FULL_WEIGHT_TOP * sample_rate_hz / 2, 1.0, _TAIL_WEIGHT)
    x = (np.tan(math.pi * grid / sample_rate_hz) / t0) ** 2
    n2, n1, d2, d1 = _fit(np.array(start), x, target, weight, fixed_zeros=shape == "notch")
    b, a = dc_gain * _in_z(n2, n1, t0), _in_z(d2, d1, t0)
    return np.asarray(np.concatenate([b, a[1:]]) / a[0])


def _check(frequency_hz: float, gain_db: float, q: float, sample_rate_hz: float) -> None:
    if not (math.isfinite(gain_db) and 0.0 < q < math.inf):
        raise ValueError(f"gain {gain_db} dB must be finite and Q {q} positive and finite")
    lowest, highest = (r * sample_rate_hz for r in (MIN_RELATIVE_FREQUENCY, MAX_RELATIVE_FREQUENCY))
    if not 0.0 < lowest <= frequency_hz <= highest < math.inf:
        raise ValueError(f"frequency {frequency_hz} Hz is outside {lowest:g}..{highest:g} Hz")


def _prototype(shape: Shape, gain_db: float, q: float) -> tuple[FloatArray, FloatArray]:
    """Numerator and denominator in s = j f/f0, highest power first."""
    a = 10.0 ** (gain_db / 40.0)
    slope = math.sqrt(a) / q
    if shape == "bell":
        return np.array([1.0, a / q, 1.0]), np.array([1.0, 1.0 / (a * q), 1.0])
    if shape == "low_shelf":
        return a * np.array([1.0, slope, a]), np.array([a, slope, 1.0])
    if shape == "high_shelf":
        return a * np.array([a, slope, 1.0]), np.array([1.0, slope, a])
    if shape == "notch":
        return np.array([1.0, 0.0, 1.0]), np.array([1.0, 1.0 / q, 1.0])
    return np.array([0.0, a, 1.0]), np.array([0.0, 1.0, a])


def _power(polynomial: FloatArray, x: FloatArray) -> FloatArray:
    """|p2 s^2 + p1 s + p0|^2 at s^2 = -x."""
    p2, p1, p0 = polynomial
    return np.asarray((p0 - p2 * x) ** 2 + p1**2 * x)


def _fit_grid(
    shape: Shape, frequency_hz: float, gain_db: float, q: float, sample_rate_hz: float
) -> FloatArray:
    """Frequencies in Hz: dense around the features of a boost, then even up to the top."""
    a = 10.0 ** (gain_db / 40.0)
    top = _FIT_TOP * sample_rate_hz / 2
    if shape in ("low_shelf", "high_shelf"):
        # A shelf with Q above 0.7 is resonant at its poles and zeros, f0 sqrt(A) and f0 / sqrt(A).
        around = np.concatenate([_around(f, q) for f in (a**-0.5, a**0.5)])
    else:
        around = _around(1.0, {"bell": a * q, "notch": q}.get(shape, 0.5))
    grid = np.concatenate([frequency_hz * around, np.linspace(0.0, top, 33)[1:]])
    # At f0 itself a notch is zero and its log magnitude infinite.
    return np.asarray(grid[(grid <= top) & (np.abs(grid / frequency_hz - 1.0) > 1e-6)])


def _around(centre: float, q: float) -> FloatArray:
    """Relative frequencies from centre/30 to 30 centre, most of them inside the bandwidth.

    The detuning f/f0 - f0/f of a resonance times its Q is spaced as a sinh.
    """
    q = max(q, 0.5)
    half_detuning = np.sinh(np.linspace(-1.0, 1.0, 48) * math.asinh(30.0 * q)) / (2.0 * q)
    return np.asarray(centre * (half_detuning + np.hypot(half_detuning, 1.0)))


def _matched_z(polynomial: FloatArray, half_w0: float) -> tuple[float, float]:
    """Coefficients (c2, c1) of S/t0 for the matched z-transform of a prototype polynomial.

    A root s of the prototype goes to z = exp(s w0), which is S = tanh(s w0/2).
    """
    p2, p1, p0 = (complex(p) for p in polynomial)
    if p2 == 0:
        # The second root of a first-order polynomial is at infinity: z = 0 and S = -1.
        first, second = np.tanh(-p0 / p1 * half_w0), complex(-1.0)
    else:
        shifted = p1 + np.sqrt(p1 * p1 - 4.0 * p2 * p0)
        roots = np.array([-shifted / (2.0 * p2), -2.0 * p0 / shifted])
        # An angle beyond Nyquist would alias to a low frequency.
        limit = 0.98 * math.pi / 2
        angle = np.clip(roots.imag * half_w0, -limit, limit)
        first, second = np.tanh(roots.real * half_w0 + 1j * angle)
    t0 = math.tan(half_w0)
    product = (first * second).real
    return t0 * t0 / product, -t0 * (first + second).real / product


def _fit(
    start: FloatArray, x: FloatArray, target: FloatArray, weight: FloatArray, *, fixed_zeros: bool
) -> FloatArray:
    """Coefficients (n2, n1, d2, d1) of the smallest weighted maximum error met on the way.

    ``x`` is (tan(w/2) / t0)^2 and ``target`` the natural log magnitude relative to DC.
    """
    free = slice(2 if fixed_zeros else 0, 4)
    current, lawson, damping = start, np.ones_like(x), 1e-3
    residual, jacobian = _log_error(current, x, target)
    best, best_error = current, math.inf
    for step in range(_STEPS):
        w, slopes = (weight * lawson) ** 2, jacobian[:, free]
        normal = slopes.T @ (w[:, None] * slopes)
        # The added floor keeps the matrix regular where two coefficients act alike.
        normal += np.diag(damping * np.diag(normal) + 1e-14)
        move = np.zeros(4)
        move[free] = np.linalg.solve(normal, -slopes.T @ (w * residual))
        trial = current * np.exp(move.clip(-_LARGEST_MOVE, _LARGEST_MOVE))
        trial_residual, trial_jacobian = _log_error(trial, x, target)
        if w @ trial_residual**2 > w @ residual**2:
            damping *= 10.0
            continue
        current, residual, jacobian = trial, trial_residual, trial_jacobian
        damping = max(damping / 10.0, 1e-9)
        error = np.abs(weight * residual)
        largest = float(error.max())
        if largest < best_error:
            best, best_error = current, largest
        if step >= _PLAIN_STEPS and largest > 0.0:
            # The small offset lets a point whose error is zero now gain weight again later.
            lawson = lawson * np.sqrt(error / largest + 1e-3)
            lawson /= lawson.max()
    return best


def _log_error(
    coefficients: FloatArray, x: FloatArray, target: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Error of the natural log magnitude and its derivatives by the log of each coefficient."""
    n2, n1, d2, d1 = coefficients
    n_real, n_imag2 = 1.0 - n2 * x, n1 * n1 * x
    d_real, d_imag2 = 1.0 - d2 * x, d1 * d1 * x
    n_power, d_power = n_real**2 + n_imag2, d_real**2 + d_imag2
    by_n2, by_d2 = -n_real * n2 * x / n_power, d_real * d2 * x / d_power
    jacobian = np.stack([by_n2, n_imag2 / n_power, by_d2, -d_imag2 / d_power], axis=1)
    return 0.5 * np.log(n_power / d_power) - target, jacobian


def _in_z(c2: float, c1: float, t0: float) -> FloatArray:
    """(1 + c1 S/t0 + c2 (S/t0)^2) (1 + 1/z)^2 in rising powers of 1/z."""
    c2, c1 = c2 / (t0 * t0), c1 / t0
    return np.array([1.0 + c1 + c2, 2.0 - 2.0 * c2, 1.0 - c1 + c2])
