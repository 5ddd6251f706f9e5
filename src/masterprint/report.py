"""What nobody foresaw: it goes to a file that can be sent to us, and one sentence says where."""

from __future__ import annotations

import os
import sys
import tempfile

from masterprint.version import __version__


def reported(what: str, trace: str) -> str:
    """Write a traceback down; the sentence for whoever met it.

    Args:
        what: kind and text of the error.
        trace: all that Python says of it.
    """
    handle, name = tempfile.mkstemp(prefix="masterprint-", suffix=".log")
    with os.fdopen(handle, "w", errors="backslashreplace") as log:
        log.write(f"masterprint {__version__}, Python {sys.version}\n{sys.argv}\n\n{trace}")
    return (
        f"Masterprint met something that it does not know ({what}). Please report it with {name}."
    )
