"""A folder into which mixes are dropped: which of them are complete, and where they go afterwards.

Nobody says when a file is complete. It counts as that when neither its size nor its time has
changed for a while and its header promises no more than there is; one whose header does is waited
for as long as something still comes, and for a minute more.
"""

from __future__ import annotations

import os
import stat
import time
from dataclasses import dataclass
from pathlib import Path

from masterprint.batch.gather import AUDIO
from masterprint.errors import CutShortError, MasterprintError, UsageError
from masterprint.files.reading import open_audio
from masterprint.sheets.ingredients import state_of

DONE, ERRORS = "done", "errors"
PATIENCE_S = 60.0
REASON = ".error.txt"
LONGEST = 255
"""Bytes of a file name."""


@dataclass
class _Seen:
    """A file as it was when it last changed."""

    size: int
    changed_ns: int
    since: float


class Inbox:
    """The folder.

    Args:
        folder: where mixes are dropped.
        settle_s: seconds for which a complete file has not changed.

    Raises:
        UsageError: there is no such folder, or nothing can be moved in it.
    """

    def __init__(self, folder: Path, settle_s: float) -> None:
        if not folder.is_dir():
            raise UsageError(f"{folder}: there is no such folder.")
        self.folder = folder
        self._settle_s = settle_s
        self._seen: dict[str, _Seen] = {}
        self._taken: dict[str, tuple[int, ...] | None] = {}
        self._kept: set[Path] = set()
        self._odd: set[str] = set()
        self._told_odd: set[str] = set()
        for name in (DONE, ERRORS):
            try:
                (folder / name).mkdir(exist_ok=True)
            except OSError as error:
                raise UsageError(
                    f"{folder / name}: cannot be made: {error.strerror}.",
                    hint="mixes that are done are moved there",
                ) from error

    def complete(self, most: int) -> list[Path]:
        """Mixes that can be taken now, at most so many, each told once.

        See `waiting` for whether there are others.

        Raises:
            UsageError: the folder is there no more.
        """
        now = time.monotonic()
        found: list[Path] = []
        present = set()
        try:
            entries = sorted(os.scandir(self.folder), key=lambda entry: entry.name)
        except OSError as error:
            raise UsageError(f"{self.folder}: cannot be read: {error.strerror}.") from error
        self._odd = {entry.name for entry in entries if _is_odd(entry)}
        for entry in entries:
            name = entry.name
            if not _is_audio(name):
                continue
            try:
                status = entry.stat(follow_symlinks=False)
            except OSError:  # gone meanwhile
                continue
            # A link would have us read elsewhere.
            if not stat.S_ISREG(status.st_mode):
                continue
            present.add(name)
            if name in self._taken:
                continue
            seen = self._seen.get(name)
            if seen is None or (seen.size, seen.changed_ns) != (status.st_size, status.st_mtime_ns):
                self._seen[name] = _Seen(status.st_size, status.st_mtime_ns, now)
            elif (
                len(found) < most
                and now - seen.since >= self._settle_s
                and self._is_whole(name, now - seen.since)
            ):
                self._taken[name] = state_of(self.folder / name)
                found.append(self.folder / name)
        self._taken = {name: state for name, state in self._taken.items() if name in present}
        self._seen = {name: seen for name, seen in self._seen.items() if name in present}
        return found

    def odd(self) -> list[Path]:
        """What the last look has found that is left alone; each told once while it is there."""
        new, self._told_odd = self._odd - self._told_odd, self._odd
        return [self.folder / name for name in sorted(new)]

    @property
    def waiting(self) -> bool:
        """Whether there are mixes that are not complete yet."""
        return any(name not in self._taken for name in self._seen)

    def place_in(self, folder: str, mix: Path) -> Path:
        """Where a mix will go, under its own name or one with a number that nobody has."""
        for number in range(1, 100_000):
            suffix = f" ({number})" if number > 1 else ""
            place = self.folder / folder / f"{mix.stem}{suffix}{mix.suffix}"
            if place not in self._kept and not place.exists():
                self._kept.add(place)
                return place
        raise UsageError(f"{self.folder / folder}: holds too many files named {mix.name}.")

    def give_up(self, place: Path) -> None:
        """A place that was asked for is not needed."""
        self._kept.discard(place)

    def is_another(self, mix: Path) -> bool:
        """Whether another mix lies there than the one that was taken; it will be told as new."""
        if state_of(mix) in (None, self._taken.get(mix.name)):
            return False
        self._taken.pop(mix.name, None)
        self._seen[mix.name] = _Seen(-1, -1, time.monotonic())  # another size than any
        return True

    def move(self, mix: Path, place: Path, reason: str | None = None) -> None:
        """Move a mix to its place, with the reason beside it where it failed.

        Raises:
            UsageError: that is not possible.
        """
        try:
            if place.exists():  # put there by somebody else meanwhile
                place = self.place_in(place.parent.name, mix)
            mix.rename(place)
            if reason is not None:
                beside = place.with_name(_short(place.name) + REASON)
                beside.write_text(reason + "\n", encoding="utf-8", errors="backslashreplace")
        except OSError as error:
            raise UsageError(f"{mix}: cannot be moved to {place}: {error.strerror}.") from error
        finally:
            self._kept.discard(place)
        # The next of that name is another one.
        self._taken.pop(mix.name, None)
        self._seen.pop(mix.name, None)

    def _is_whole(self, name: str, still_s: float) -> bool:
        """Whether a file holds what its header promises; after a while a render may say that."""
        if still_s >= self._settle_s + PATIENCE_S:
            return True
        try:
            open_audio(self.folder / name)
        except CutShortError:
            return False
        except MasterprintError:  # the render says it
            return True
        return True


def _is_odd(entry: os.DirEntry[str]) -> bool:
    """A folder that is not ours, or a link to audio."""
    if entry.is_symlink() and _is_audio(entry.name):
        return True
    return entry.is_dir() and entry.name not in (DONE, ERRORS) and not entry.name.startswith(".")


def _is_audio(name: str) -> bool:
    return not name.startswith(".") and Path(name).suffix.lower() in AUDIO


def _short(name: str) -> str:
    """A name, or as much of it as leaves room for the reason's ending."""
    while len(os.fsencode(name + REASON)) > LONGEST:
        name = name[:-1]
    return name
