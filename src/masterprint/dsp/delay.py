"""A line of frames in which the last ones stay in front of the next."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


class Delay:
    """The last `frames` frames of a stream and the new ones behind them, in one buffer.

    Args:
        rows: of the blocks that will come.
        frames: how many stay.
        dtype: of the values.
        fill: what stands there before anything has come.
    """

    def __init__(self, rows: int, frames: int, dtype: Any = np.float64, fill: float = 0.0) -> None:
        self._buffer: NDArray[Any] = np.full((rows, frames), fill, dtype)
        self._kept = frames
        self._end = frames

    def room(self, frames: int) -> NDArray[Any]:
        """Where the next frames go: to be filled by the caller, at once and whole."""
        kept, end = self._kept, self._kept + frames
        past = self._buffer[:, self._end - kept : self._end].copy()
        if end > self._buffer.shape[1]:
            self._buffer = np.empty((len(self._buffer), end), self._buffer.dtype)
        self._buffer[:, :kept] = past
        self._end = end
        return self._buffer[:, kept:end]

    @property
    def line(self) -> NDArray[Any]:
        """Kept and new frames, one behind the other; valid until there is room for more."""
        return self._buffer[:, : self._end]
