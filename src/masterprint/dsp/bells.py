"""A curve of gain by frequency as bells of an equaliser."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from masterprint.dsp.analogue import analogue_magnitude

STEPS = 4
DIGITS = 2
"""Of a gain in dB."""
CALM = 0.02
"""How much a bell's gain costs beside what it mends: keeps neighbours from working against one
another."""

BEYOND = 1.06
"""How far above the highest frequency the last bell may stand, so that it is reached."""


def bells_for(
    at_hz: NDArray[np.float64], wanted_db: NDArray[np.float64], per_octave: int
) -> list[tuple[float, float, float]]:
    """Frequency in hertz, gain in dB and Q of bells in series that come close to a curve.

    One bell every 1/`per_octave` octave about 1 kHz, each as wide as its share; their gains solve
    the linear least-squares problem for what is missing, a few times over, because the width of a
    bell changes with its gain.

    Args:
        at_hz: rising frequencies that the curve is told at.
        wanted_db: the curve.
        per_octave: how many bells.
    """
    first = int(np.ceil(per_octave * np.log2(at_hz[0] / 1000.0)))
    last = int(np.floor(per_octave * np.log2(BEYOND * at_hz[-1] / 1000.0)))
    centre_hz = 1000.0 * 2.0 ** (np.arange(first, last + 1) / per_octave)
    q = 1.0 / (2.0 ** (0.5 / per_octave) - 2.0 ** (-0.5 / per_octave))
    unit = np.array([_response_db(hz, 1.0, q, at_hz) for hz in centre_hz])
    normal = unit @ unit.T
    normal += CALM * np.trace(normal) / len(normal) * np.eye(len(normal))
    gains = np.zeros(len(centre_hz))
    for _ in range(STEPS):
        reached = sum(_response_db(hz, g, q, at_hz) for hz, g in zip(centre_hz, gains, strict=True))
        gains += np.linalg.solve(normal, unit @ (wanted_db - reached))
    return [
        (float(hz), round(float(gain_db), DIGITS) + 0.0, q)
        for hz, gain_db in zip(centre_hz, gains, strict=True)
    ]


def _response_db(
    hz: float, gain_db: float, q: float, at_hz: NDArray[np.float64]
) -> NDArray[np.float64]:
    return np.asarray(20.0 * np.log10(analogue_magnitude("bell", hz, gain_db, q, at_hz)))
