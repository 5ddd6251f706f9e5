"""Audio in blocks."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np


def blocks_of(audio: np.ndarray, frames: int) -> Iterator[np.ndarray]:
    """An array of shape (channels, frames) in blocks of so many frames."""
    for start in range(0, audio.shape[1], frames):
        yield np.ascontiguousarray(audio[:, start : start + frames])
