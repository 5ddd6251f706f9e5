"""Dask tells much on the terminal; we say what matters of it ourselves, in our words."""

from __future__ import annotations

import logging
import os
import warnings

THEIRS = ("distributed", "tornado", "bokeh", "asyncio")
SILENT = logging.CRITICAL + 1


def be_quiet() -> int | None:
    """Let Dask's loggers of this process say nothing, unless its configuration has `logging`.

    Returns:
        The level that processes below this one are to keep to, where there is one.
    """
    import dask.config

    warnings.filterwarnings("ignore", module="distributed")
    # A process of Python's own tells at the end that it has tidied up what was still in use.
    os.environ.setdefault("PYTHONWARNINGS", "ignore:resource_tracker:UserWarning")
    if dask.config.get("logging", None):
        return None
    for name in {*THEIRS, *logging.root.manager.loggerDict}:
        if name.split(".")[0] in THEIRS:
            logger = logging.getLogger(name)
            logger.handlers[:] = [logging.NullHandler()]
            logger.setLevel(SILENT)
            logger.propagate = False
    return SILENT
