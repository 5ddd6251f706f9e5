"""Files that are being written at this moment, under hidden names."""

from __future__ import annotations

from pathlib import Path

unfinished: set[Path] = set()


def discard_unfinished() -> None:
    """Remove them: for a program that is about to end."""
    for part in list(unfinished):
        part.unlink(missing_ok=True)
