"""What every kind of deliverable is given, and what it says of its work."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from masterprint.release.album import AlbumModel
from masterprint.release.printing import Printed
from masterprint.release.profiles import Deliverable
from masterprint.release.workshop import Workshop
from masterprint.tags.fields import Cover


@dataclass(frozen=True)
class Table:
    """A table of the delivery note."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


@dataclass
class Delivery:
    """A deliverable that is being made.

    Attributes:
        workshop: the album, its masters, and what is made from them.
        name: of the deliverable.
        profile: what it is to be.
        folder: where its files go; empty at first, and nobody's yet.
        cover: the album's picture.
        facts: what the manifest says of it, plain data.
        notes: sentences that somebody should read.
        tables: of the delivery note.
        head: what else the note says at its top: what, and how it is.
        printed: its tracks before they are encoded, where it has tracks.
    """

    workshop: Workshop
    name: str
    profile: Deliverable
    folder: Path
    cover: Cover | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    head: list[tuple[str, str]] = field(default_factory=list)
    printed: list[Printed] = field(default_factory=list)

    @property
    def model(self) -> AlbumModel:
        """What the album file says."""
        return self.workshop.album.model

    def say(self, text: str) -> None:
        """What is being worked on."""
        self.workshop.say(f"{self.name}: {text}")


Write = Callable[[Delivery], None]


def shown(value: float | None, digits: int) -> str:
    """A figure, or a dash where it is undefined."""
    return "-" if value is None else f"{round(value, digits) + 0.0:.{digits}f}"
