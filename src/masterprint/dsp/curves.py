"""Curves that bend a signal, as the residual f(u) - u averaged over each step.

With G an antiderivative of f(u) - u, the mean between two samples is (G(b) - G(a)) / (b - a). Rows
are those of `dsp.oversampling`: the sample before row 0 is the last row's, one frame earlier.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from masterprint.dsp.jit import kernel


@kernel("void(f8[:, ::1], f8, f8, f8[:, ::1])")
def clip_residual(
    rows: NDArray[np.float64], ceiling: float, knee: float, out: NDArray[np.float64]
) -> None:
    """Clipping at `ceiling`, which a parabola begins to approach at `ceiling` - `knee`.

    With w the way into the knee, at most 2 knee, and e what lies beyond it, f(u) - u is
    -(w^2 / (4 knee) + e) for positive u, with the antiderivative
    -(w^3 / (12 knee) + knee e + e^2 / 2).
    """
    count, frames = rows.shape
    start = ceiling - knee
    cubic = 1.0 / (12.0 * knee)
    square = 1.0 / (4.0 * knee)
    for i in range(count):
        now = rows[i]
        before = rows[i - 1]
        lag = 1 if i == 0 else 0
        into = out[i]
        for n in range(1, frames):
            b = now[n]
            a = before[n - lag]
            wide = max(abs(a), abs(b))
            if wide <= start:
                into[n] = 0.0
                continue
            d = b - a
            if abs(d) < 1e-7:
                middle = 0.5 * (a + b)
                w = min(max(abs(middle) - start, 0.0), 2.0 * knee)
                e = max(abs(middle) - start - 2.0 * knee, 0.0)
                into[n] = -np.copysign(square * w * w + e, middle)
            else:
                w = min(max(abs(a) - start, 0.0), 2.0 * knee)
                e = max(abs(a) - start - 2.0 * knee, 0.0)
                of_a = cubic * w * w * w + knee * e + 0.5 * e * e
                w = min(max(abs(b) - start, 0.0), 2.0 * knee)
                e = max(abs(b) - start - 2.0 * knee, 0.0)
                of_b = cubic * w * w * w + knee * e + 0.5 * e * e
                into[n] = (of_a - of_b) / d


def clipped_to(level: float, ceiling: float, knee: float) -> float:
    """What the same curve makes of a level that stands still."""
    over = max(level - (ceiling - knee), 0.0)
    into = min(over, 2.0 * knee)
    return level - into**2 / (4.0 * knee) - (over - into)


@kernel("void(f8[:, ::1], f8, f8, f8[:, ::1])")
def saturation_residual(
    rows: NDArray[np.float64], drive: float, bias: float, out: NDArray[np.float64]
) -> None:
    """The algebraic sigmoid s(v) = v / sqrt(1 + v^2), of slope 1 at rest.

    f(u) = (s(drive u + bias) - s(bias)) / (drive s'(bias)) with s'(v) = (1 + v^2)^(-3/2). As s has
    the antiderivative sqrt(1 + v^2), its mean between v and w is exactly
    (v + w) / (sqrt(1 + v^2) + sqrt(1 + w^2)): nothing cancels, nothing is divided by a difference.
    """
    count, frames = rows.shape
    root = np.sqrt(1.0 + bias * bias)
    rest = bias / root
    scale = root * root * root / drive
    roots = np.empty((2, frames))
    for n in range(frames):
        v = drive * rows[count - 1, n] + bias
        roots[1, n] = np.sqrt(1.0 + v * v)
    for i in range(count):
        now = rows[i]
        before = rows[i - 1]
        lag = 1 if i == 0 else 0
        of_now = roots[i % 2]
        of_before = roots[1 - i % 2]
        into = out[i]
        for n in range(frames):
            v = drive * now[n] + bias
            of_now[n] = np.sqrt(1.0 + v * v)
        for n in range(1, frames):
            b = drive * now[n] + bias
            a = drive * before[n - lag] + bias
            mean = (a + b) / (of_before[n - lag] + of_now[n])
            into[n] = scale * (mean - rest) - 0.5 * (now[n] + before[n - lag])
