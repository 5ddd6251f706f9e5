"""Digital silence: where a channel holds nothing but zeros for a while."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

import numpy as np
from numpy.typing import NDArray

from masterprint.signal import Block


class Silence:
    """Spans of zeros in each channel, of at least so many frames; all of one that is never heard.

    Attributes:
        starts: by channel, the frames at which its spans begin.
        ends: the frames behind them.
    """

    def __init__(self, channels: int, least_frames: int) -> None:
        self._least = least_frames
        self._sounded = [0] * channels
        self._frames = 0
        self.starts: list[list[int]] = [[] for _ in range(channels)]
        self.ends: list[list[int]] = [[] for _ in range(channels)]

    def feed(self, block: Block) -> None:
        """Take in the next frames."""
        for channel, row in enumerate(block):
            sounding = np.flatnonzero(row) + self._frames
            if not len(sounding):
                continue
            starts = np.concatenate([[self._sounded[channel]], sounding[:-1] + 1])
            long = np.flatnonzero(sounding - starts >= self._least)
            self.starts[channel] += starts[long].tolist()
            self.ends[channel] += sounding[long].tolist()
            self._sounded[channel] = int(sounding[-1]) + 1
        self._frames += block.shape[1]

    def finish(self) -> None:
        """The programme is over: what is silent up to its end counts as well."""
        for channel, start in enumerate(self._sounded):
            if self._frames - start >= self._least or not start:
                self.starts[channel].append(start)
                self.ends[channel].append(self._frames)

    def sounding(self, edges: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which stretches from edge to edge have no silence in them, (stretches, channels)."""
        sounding = np.ones((len(edges) - 1, len(self.starts)), bool)
        for channel in range(len(self.starts)):
            for start, end in zip(self.starts[channel], self.ends[channel], strict=True):
                first = max(0, int(np.searchsorted(edges, start, "right")) - 1)
                sounding[first : int(np.searchsorted(edges, end, "left")), channel] = False
        return sounding

    def away(self, start: int, frames: int, ramp_frames: int) -> NDArray[np.float64]:
        """0 in silence, 1 away from it, by way of half a cosine: (channels, frames).

        Right once as much has been taken in beyond these frames as a span and a ramp are long.
        """
        away = np.ones((len(self.starts), frames))
        for channel, row in enumerate(away):
            starts, ends = self.starts[channel], self.ends[channel]
            if self._frames - self._sounded[channel] >= self._least:  # one that may go on
                starts, ends = [*starts, self._sounded[channel]], [*ends, self._frames]
            first = bisect_right(ends, start - ramp_frames)
            last = bisect_left(starts, start + frames + ramp_frames)
            for begin, end in zip(starts[first:last], ends[first:last], strict=True):
                low = max(0, begin - ramp_frames - start)
                place = np.arange(low, min(frames, end + ramp_frames - start)) + start
                gone = np.maximum(np.maximum(begin - place, place - end + 1), 0)
                ramp = 0.5 - 0.5 * np.cos(np.pi * gone / (ramp_frames + 1))
                row[low : low + len(place)] = np.minimum(row[low : low + len(place)], ramp)
        return away
