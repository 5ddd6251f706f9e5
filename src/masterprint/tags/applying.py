"""Giving files what they are to say, one after the other: what fails does not stop the rest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from masterprint.errors import MasterprintError, UsageError
from masterprint.tags.bext import Bext
from masterprint.tags.fields import Tags
from masterprint.tags.files import read_contents, write_tags
from masterprint.tags.values import bext_with


@dataclass(frozen=True)
class Wanted:
    """What a file is to say.

    Attributes:
        file: its path.
        tags: new values; None leaves what is there.
        bext: new values of a WAV file's broadcast extension, by field, as they are typed; the
            others stay, and one that is not there is made.
        remove: names of fields to be taken out, or `bext`.
    """

    file: Path
    tags: Tags = field(default_factory=Tags)
    bext: Mapping[str, str] = field(default_factory=dict)
    remove: frozenset[str] = frozenset()


def apply_each(wanted: Iterable[Wanted]) -> Iterator[tuple[Wanted, MasterprintError | None]]:
    """Change file after file; each comes with what went wrong, or None."""
    for each in wanted:
        try:
            apply(each)
        except MasterprintError as error:
            yield each, error
        else:
            yield each, None


def apply(wanted: Wanted) -> None:
    """Have a file say what it is to say.

    Raises:
        AudioFileError, UsageError: as `write_tags`.
    """
    bext = None
    if wanted.bext:
        contents = read_contents(wanted.file)
        if contents.wav is None:
            raise UsageError(f"{wanted.file}: is no WAV file, and only those have a bext chunk.")
        try:
            bext = bext_with(contents.wav.bext or Bext(), wanted.bext)
        except ValueError as error:
            raise UsageError(f"{wanted.file}: bext.{error}.") from error
    write_tags(wanted.file, wanted.tags, bext=bext, remove=wanted.remove)
