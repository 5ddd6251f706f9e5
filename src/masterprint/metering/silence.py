"""Digital silence: where a channel holds nothing but zeros for a while."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from masterprint.signal import Block


class SilentSpan(NamedTuple):
    """Frames of a channel from `start` up to, not including, `end`."""

    channel: int
    start: int
    end: int


class Silence:
    """Spans of zeros in each channel, of at least so many frames."""

    def __init__(self, channels: int, least_frames: int) -> None:
        self._least = least_frames
        self._sounded = np.zeros(channels, np.int64)
        self._frames = 0
        self.spans: list[SilentSpan] = []

    def feed(self, block: Block) -> None:
        """Take in the next frames."""
        for channel, row in enumerate(block):
            sounding = np.flatnonzero(row) + self._frames
            if not len(sounding):
                continue
            starts = np.concatenate([[self._sounded[channel]], sounding[:-1] + 1])
            for place in np.flatnonzero(sounding - starts >= self._least):
                self.spans.append(SilentSpan(channel, int(starts[place]), int(sounding[place])))
            self._sounded[channel] = sounding[-1] + 1
        self._frames += block.shape[1]

    def finish(self) -> None:
        """The programme is over: what is silent up to its end counts as well."""
        for channel, start in enumerate(self._sounded):
            if self._frames - start >= self._least:
                self.spans.append(SilentSpan(channel, int(start), self._frames))

    def heard(self, edges: NDArray[np.float64], channels: int) -> NDArray[np.bool_]:
        """Which of the stretches between neighbouring edges have no silence, (stretches, channels)."""
        heard = np.ones((len(edges) - 1, channels), bool)
        for span in self.spans:
            first = int(np.searchsorted(edges, span.start, "right")) - 1
            last = int(np.searchsorted(edges, span.end, "left"))
            heard[max(first, 0) : last, span.channel] = False
        return heard
