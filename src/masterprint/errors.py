"""Errors that a user can act on: one sentence with place, found, expected, and a remedy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path


class MasterprintError(Exception):
    """Something outside Masterprint is not as it must be.

    `hint` says what to do about it, where there is something to do.
    """

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        between = "\n" if "\n" in self.message else " "
        return f"{self.message}{between}Hint: {self.hint}" if self.hint else self.message


class AudioFileError(MasterprintError):
    """A file cannot be read as audio, or cannot be written."""


class CutShortError(AudioFileError):
    """A file ends before its header says; or it is empty. Perhaps it is still being written."""


class SignalError(MasterprintError):
    """Audio that no chain can work with, such as a NaN sample."""


class ChainError(MasterprintError):
    """A chain file, or a chain built in code, is not valid, or does not suit a mix."""


class UsageError(MasterprintError):
    """What was asked for cannot be started: a colliding name, a missing folder."""


class PluginError(MasterprintError):
    """A plugin is missing, does not load, does not take its settings, or fails while it runs.

    `said` is the last that the plugin printed, where it ran.
    """

    said: str = ""


class SheetError(MasterprintError):
    """A recall sheet cannot be read, or is none."""


class PackError(MasterprintError):
    """A session cannot be packed or unpacked: a file is missing, damaged, or cannot be written."""


@contextmanager
def met_in(file: Path) -> Iterator[None]:
    """What stages and plugins complain of within begins with the file in which they met it."""
    try:
        yield
    except (ChainError, PluginError, SignalError) as error:
        if not error.message.startswith(f"{file}: "):
            error.message = f"{file}: {error.message}"
        raise


def first_of(problems: Sequence[str], most: int) -> str:
    """The first of many problems, a line each, and how many there are beside them."""
    more = len(problems) - most
    return "\n".join(problems[:most]) + (f"\nAnd {more} more." if more > 0 else "")
