"""Timing a call on audio that is already in memory, on one processor, after a warm-up."""

from __future__ import annotations

import json
import os
import statistics
import time
from collections.abc import Callable

TIMES = 3


def report(warm_up: Callable[[], object], call: Callable[[], object]) -> None:
    """Print the median of a few calls as JSON."""
    warm_up()
    taken = []
    for _ in range(TIMES):
        begin = time.perf_counter()
        call()
        taken.append(time.perf_counter() - begin)
    print(json.dumps({"seconds": statistics.median(taken)}))


def keep_to_one_processor() -> None:
    """Call before anything that starts threads; does nothing where the system cannot."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
