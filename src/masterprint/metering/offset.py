"""The DC offset of a programme, as a line at 0 Hz, and how sure it is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from masterprint.metering.hum_levels import agreement, clearness, mean_level, noise_power
from masterprint.metering.silence import Silence
from masterprint.signal import Block

CELLS_PER_S = 4
LEAST_KNOTS = 3
SILENT_S = 0.05
UNEVEN = 0.003
CLEAR = 25.0
"""An offset is one if it stands out by so much, as a power ratio."""
AGREED = 0.7
"""Share of the telling moments that have it: what pauses do not have comes from the music."""


class Offset:
    """The mean of each channel, in which pauses and moments without bass count most.

    Means over half a second (Hann windows, every quarter), each weighted by how little there is
    4 Hz above, where an offset leaves nothing; digital silence is left out.

    Args:
        sample_rate_hz: of the blocks.
        channels: rows of the blocks.
    """

    def __init__(self, sample_rate_hz: int, channels: int) -> None:
        self._cell = -(-sample_rate_hz // CELLS_PER_S)
        place = np.arange(self._cell) / self._cell
        fall = 0.5 + 0.5 * np.cos(np.pi * place)
        turns = (1.0, np.cos(2.0 * np.pi * place), np.sin(2.0 * np.pi * place))
        self._windows = np.stack([half * turn for half in (fall, 1.0 - fall) for turn in turns])
        self._windows /= self._cell
        self._line = np.zeros((channels, 0))
        self._left = np.zeros((channels, 3))
        self._heard: list[NDArray[np.float64]] = []
        self.silence = Silence(channels, round(SILENT_S * sample_rate_hz))

    def feed(self, block: Block) -> None:
        """Take in the next frames."""
        self.silence.feed(block)
        line = np.concatenate([self._line, block], axis=1)
        start = 0
        while start + self._cell <= line.shape[1]:
            cell = line[:, start : start + self._cell]
            sums = np.stack([(cell * window).sum(axis=1) for window in self._windows], axis=1)
            self._heard.append(self._left + sums[:, :3])
            self._left = sums[:, 3:]
            start += self._cell
        self._line = line[:, start:].copy()

    def finish(self) -> tuple[list[float], list[bool]]:
        """The offset of each channel, and whether it is one: clear, always there, not only bass."""
        self.silence.finish()
        count = len(self._line)
        if len(self._heard) <= LEAST_KNOTS:
            return [0.0] * count, [False] * count
        edges = np.arange(len(self._heard) + 1, dtype=np.float64) * self._cell
        sounding = self.silence.sounding(edges)
        heard = np.zeros((len(self._heard), count), bool)
        heard[1:] = sounding[1:] & sounding[:-1]
        sums = np.array(self._heard)[:, None]
        noise = noise_power(sums[..., 1] ** 2 + sums[..., 2] ** 2, heard)
        levels = sums[..., 0].astype(np.complex128)
        means, _ = mean_level(levels, noise, UNEVEN)
        clear = clearness(levels, noise, UNEVEN)[0] >= CLEAR
        agreed = agreement(levels, noise)[0]
        known = heard.any(axis=0)
        offsets = np.where(known, means[0].real, 0.0)
        return offsets.tolist(), (known & clear & ((agreed < 0.0) | (agreed >= AGREED))).tolist()
