"""What goes into a pack: sheets, the files of their chains, and by choice mixes and masters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from masterprint.errors import MasterprintError, PackError
from masterprint.sheets.finding import MIXES, locate
from masterprint.sheets.ingredients import FileFact, look_at_file
from masterprint.sheets.pack_format import (
    MANIFEST,
    MOST_MEMBERS,
    Kind,
    Member,
    folded,
    name_problem,
    names_problem,
)
from masterprint.sheets.places import Places
from masterprint.sheets.sheet import SUFFIX, FileSheet, MixSheet, SavedSheet, load_sheet
from masterprint.sheets.writing import printable


@dataclass(frozen=True)
class Item:
    """A file that goes in: where it is, and what it becomes."""

    source: Path
    member: Member


@dataclass(frozen=True)
class Contents:
    """All that goes in, and what should be known of it."""

    items: list[Item]
    warnings: list[str]


def gather_contents(
    sheets: Sequence[Path],
    *,
    mix: bool = False,
    master: bool = False,
    places: Places | None = None,
) -> Contents:
    """Find everything and check it against its sheet.

    Args:
        sheets: recall sheets, or masters that have one beside them.
        mix, master: whether the audio goes in.
        places: where files and mixes may be, besides where they were.

    Raises:
        SheetError: a sheet cannot be read.
        PackError: a file is missing or changed, or two of them have one name.
    """
    found, places = _Gathering(), places or Places()
    for path in sheets:
        saved = load_sheet(path)
        found.add(_name_of(saved), "sheet", _look(saved.path), saved)
        if not saved.is_untouched:
            found.warnings.append(f"{saved.path}: was edited or damaged after it was written")
        for file in saved.sheet.files:
            # A chain may write ./room.wav or states//x: the same place, in other words.
            name = str(PurePosixPath(file.name))
            found.add(name, "file", _find(file, "file", saved, places), saved)
        if mix:
            name = f"{MIXES}/{saved.sheet.mix.name}"
            found.add(name, "mix", _find(saved.sheet.mix, "mix", saved, places), saved)
        if master:
            found.add(saved.sheet.master.name, "master", _master(saved), saved)
    found.need_sane()
    return Contents(list(found.items.values()), found.warnings)


class _Gathering:
    def __init__(self) -> None:
        self.items: dict[str, Item] = {}
        self.warnings: list[str] = []

    def add(self, name: str, kind: Kind, fact: FileFact, saved: SavedSheet) -> None:
        """Take a file in; what is there already, as the same, is there once."""
        if problem := name_problem(name):
            raise PackError(f"{saved.path}: {name!r} {problem}, and cannot be packed.")
        new = Item(fact.path, Member(name=name, kind=kind, bytes=fact.bytes, sha256=fact.sha256))
        old = self.items.setdefault(folded(name), new)
        if (old.member.name, old.member.sha256) != (name, fact.sha256):
            raise PackError(
                f"{old.source} and {fact.path} would both be {name!r} in the pack.",
                hint="pack their sheets into two files",
            )

    def need_sane(self) -> None:
        """Refuse what could not be unpacked."""
        names = [MANIFEST, *(item.member.name for item in self.items.values())]
        if problem := names_problem(names):
            raise PackError(f"This cannot be packed: {problem}.")
        if len(names) > MOST_MEMBERS:
            raise PackError(
                f"There are {len(names)} files to pack, where at most {MOST_MEMBERS} are allowed.",
                hint="pack the sheets into several files",
            )


def _name_of(saved: SavedSheet) -> str:
    name = str(printable(saved.path.name))
    return name if name.endswith(SUFFIX) else f"{name}{SUFFIX}"


def _find(wanted: MixSheet | FileSheet, kind: str, saved: SavedSheet, places: Places) -> FileFact:
    located = locate(wanted, saved, places)
    if located.path is None:
        raise PackError(
            f"{saved.path}: the {kind} {wanted.name} was not found: {wanted.bytes} bytes, sha256 "
            f"{wanted.sha256[:12]}, was {wanted.path}.",
            hint="say with --search in which folder it is",
        )
    if located.status == "differs":
        raise PackError(
            f"{located.path}: is not the {kind} {wanted.name} of {saved.path.name}, which has "
            f"sha256 {wanted.sha256[:12]}.",
            hint="say with --search in which folder the old one is",
        )
    return FileFact(located.path, wanted.bytes, wanted.sha256)


def _master(saved: SavedSheet) -> FileFact:
    """The master beside the sheet, if it has the samples that the sheet says."""
    from masterprint.files.pcm_hash import pcm_sha256

    path = saved.master
    if not path.is_file():
        raise PackError(f"{path}: the master is not beside its sheet.")
    try:
        found = pcm_sha256(path)
    except MasterprintError as error:
        raise PackError(f"The master cannot be packed: {error.message}") from error
    if found != saved.sheet.master.pcm_sha256:
        raise PackError(f"{path}: is not the master that {saved.path.name} describes.")
    return _look(path)


def _look(path: Path) -> FileFact:
    try:
        return look_at_file(path)
    except OSError as error:
        raise PackError(f"{path}: cannot be read: {error.strerror}.") from error
