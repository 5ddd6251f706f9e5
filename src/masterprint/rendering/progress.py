"""How far a render is, read by whoever shows it."""

from __future__ import annotations

import time
from collections.abc import Sequence

from masterprint.stages.run import StageReport


class RenderProgress:
    """Looks at how many frames have come out of each stage; the render itself does not wait."""

    def __init__(self) -> None:
        self._reports: Sequence[StageReport] = ()
        self._frames = 0
        self._rate = 1
        self._began = time.perf_counter()
        self._ended: float | None = None

    def follow(self, reports: Sequence[StageReport], frames: int | None, rate: int) -> None:
        """Begin: the stages of a render, and the frames of its mix."""
        self._reports = reports
        self._frames = frames or 0
        self._rate = rate
        self._began = time.perf_counter()

    def finish(self) -> None:
        """All is written."""
        self._ended = time.perf_counter()

    @property
    def fraction(self) -> float:
        """Done, 0 to 1: the mean over all stages."""
        if self._ended is not None:
            return 1.0
        if not self._reports or not self._frames:
            return 0.0
        passed = [report.after.frames for report in self._reports]
        return min(1.0, sum(passed) / (len(passed) * self._frames))

    @property
    def stage(self) -> str:
        """The stage furthest on that has begun."""
        if self._ended is not None:
            return "done"
        begun = [report for report in self._reports if report.before.frames]
        if not begun:
            return "reading"
        # All heard and nothing given out: it looks for what suits the whole programme.
        searching = begun[-1].before.frames >= self._frames and not begun[-1].after.frames
        return begun[-1].label + (", searching" if searching else "")

    @property
    def times_real_time(self) -> float:
        """Seconds of programme done per second."""
        elapsed = (self._ended or time.perf_counter()) - self._began
        return self.fraction * self._frames / self._rate / elapsed if elapsed > 0 else 0.0
