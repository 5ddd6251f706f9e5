"""Recalls as tasks: a whole archive proven, or rendered again with other settings."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from masterprint.batch.workers import Unforeseen, WorkerDied
from masterprint.chain.model import Chain
from masterprint.errors import MasterprintError, UsageError
from masterprint.files.formats import FileFormat
from masterprint.rendering.progress import RenderProgress
from masterprint.rendering.recall import HowToRecall, new_name, recall, rerender
from masterprint.rendering.recalled import Recalled
from masterprint.report import reported
from masterprint.sheets.listing import find_sheets
from masterprint.sheets.places import Places
from masterprint.sheets.sheet import SUFFIX, load_sheet, sheet_path
from masterprint.stages.beside import within


@dataclass(frozen=True)
class RecallTask:
    """A recall for a worker; see `recall` and `rerender`.

    Attributes:
        sheet: the recall sheet.
        how: what is the same for all.
        folder: where the new master is to be kept; None to compare only.
        chain, settings: other ones, if either is given.
        chain_file: name of the other chain's file.
        places: where mixes and files may be.
        instead: whether a file in `places` may stand for the mix.
    """

    sheet: Path
    how: HowToRecall
    folder: Path | None = None
    chain: Chain | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    chain_file: str | None = None
    places: tuple[Path, ...] = ()
    instead: bool = False
    limit_s: float = math.inf

    def run(self, progress: RenderProgress) -> dict[str, Any]:
        """Do it; the result as plain data, with `verdict` failed where it is none."""
        try:
            saved = load_sheet(self.sheet)
            places = _places(self.places, self.instead)
            if self.chain is None and not self.settings:
                return recall(saved, self.how, self.folder, places, progress).as_dict()
            return rerender(
                saved,
                self.chain,
                self.settings,
                self.how,
                self.folder,
                places,
                self.chain_file,
                progress,
            ).as_dict()
        except MasterprintError as error:
            return failed(self.sheet, str(error))


@lru_cache(maxsize=1)
def _places(given: tuple[Path, ...], instead: bool) -> Places:
    """Kept in a worker, which serves one command: it walks folders once, and hashes files once."""
    return Places(given, instead)


def failed(sheet: Path, reason: str) -> dict[str, Any]:
    """The result of a recall that came to nothing."""
    return Recalled(sheet, "failed", [], reason=reason).as_dict()


def skipped(sheet: Path) -> dict[str, Any]:
    """The result of one that Ctrl-C came before."""
    reason = "interrupted before it was complete"
    return Recalled(sheet, "skipped", [], reason=reason).as_dict()


def doubt(result: dict[str, Any]) -> Literal["", "edited", "foreign"]:
    """Whether the sheet is not as it was written, or not sealed by this user."""
    for each in result.get("ingredients", []):
        if each["kind"] == "sheet" and each["status"] == "differs":
            return "edited"
        if each["kind"] == "sheet" and each["text"]:
            return "foreign"
    return ""


def result_of(task: RecallTask, future: Future[dict[str, Any]]) -> dict[str, Any]:
    """What came of a task, also where its worker died."""
    try:
        return future.result()
    except WorkerDied as error:
        return failed(task.sheet, f"the process that recalled it {error}.")
    except Unforeseen as error:
        return failed(task.sheet, reported(str(error), error.traceback))


def gather_sheets(
    given: Sequence[Path], output: Path | None, complain: Callable[[str], None]
) -> list[tuple[Path, Path]]:
    """Every sheet once, with its folder relative to the folder that was given, if it was in one.

    Args:
        given: sheets, masters, and folders of them.
        output: left out where it lies in one of these folders.
        complain: is told what could not be read.

    Raises:
        UsageError: a folder holds none.
    """
    found: dict[str, tuple[Path, Path]] = {}
    for path in given:
        if not os.path.isdir(path):  # noqa: PTH112 - what cannot be reached is none
            beside = path if path.name.endswith(SUFFIX) else sheet_path(path)
            key = beside if os.path.isfile(beside) else path  # noqa: PTH113
            found.setdefault(os.path.realpath(key), (key, Path()))
            continue
        sheets = [Path(each) for each in sorted(find_sheets(path, complain))]
        if output is not None and not within(output, path):
            sheets = [sheet for sheet in sheets if not within(output, sheet)]
        if not sheets:
            raise UsageError(f"{path}: no recall sheet is in this folder.")
        for sheet in sheets:
            place = (sheet, sheet.parent.relative_to(path))
            found.setdefault(os.path.realpath(sheet), place)
    return list(found.values())


def need_own_names(
    found: Sequence[tuple[Path, Path]], output: Path, file_format: FileFormat | None
) -> None:
    """Refuse sheets of which two would become one master.

    Args:
        found: as `gather_sheets` gave them.
        output: folder of the new masters.
        file_format: of all of them; None where each keeps its own.

    Raises:
        UsageError: naming the two.
    """
    taken: dict[str, Path] = {}
    for sheet, folder in found:
        master = output / folder / new_name(sheet, file_format)
        other = taken.setdefault(str(master).casefold(), sheet)
        if other is not sheet:
            raise UsageError(
                f"{master}: would be made of {other} and {sheet} both.",
                hint="recall them into different folders",
            )
