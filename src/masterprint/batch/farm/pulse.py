"""Whether workers live: a scheduler keeps those that are frozen, for minutes, among the others."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable

from masterprint.batch.farm.workers import FarmWorker

SILENT_S = 10.0
"""So long without a heartbeat, of which there are one or two a second, no worker is healthy."""
BETWEEN_S = 2.0
"""Longer than this nobody looked because we, or the scheduler, were held up ourselves."""


class Pulses:
    """How long each worker has been silent.

    The scheduler tells by its own clock when it has heard of each; that this has changed is what
    counts here.

    Args:
        silent: workers that are known to be silent already.
    """

    def __init__(self, silent: Iterable[FarmWorker] = ()) -> None:
        self._known = {worker.address: (worker.heard_at, math.inf) for worker in silent}
        self._looked = time.monotonic()

    def feel(self, workers: Iterable[FarmWorker]) -> None:
        """Look at what the scheduler has heard of them by now."""
        now = time.monotonic()
        passed, self._looked = min(now - self._looked, BETWEEN_S), now
        before, self._known = self._known, {}
        for worker in workers:
            heard_at, silence_s = before.get(worker.address, (None, 0.0))
            still = worker.heard_at == heard_at
            self._known[worker.address] = (worker.heard_at, silence_s + passed if still else 0.0)

    def silence_s(self, address: str) -> float:
        """Seconds; without an end where the scheduler knows it no more."""
        return self._known.get(address, (None, math.inf))[1]
