"""The recall sheet of a master: its content, and reading one that may come from a stranger."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationError

from masterprint.chain.difference import are_entries
from masterprint.chain.yaml_source import NOT_PRINTABLE, Limits, read_yaml
from masterprint.errors import SheetError
from masterprint.sheets.ingredients import Used
from masterprint.sheets.seal import is_ours, is_untouched
from masterprint.stages.base import Settings

SUFFIX = ".recall.yaml"
LONGEST_NAME = 255 - len(SUFFIX)
LIMITS = Limits(most_bytes=4 << 20, most_depth=200, most_values=300_000)
MOST_SHOWN = 5

Hash = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
AudioHash = Annotated[str, Field(pattern="^[0-9a-f]{32}$")]
Count = Annotated[int, Field(ge=0)]
Texts = Annotated[dict[str, str], Field(max_length=100)]


def _file_name(name: str) -> str:
    if name in ("", ".", "..") or Path(name).name != name or len(os.fsencode(name)) > LONGEST_NAME:
        raise ValueError("is no name of a file")
    return name


def _shaped(settings: dict[str, Any]) -> dict[str, Any]:
    if not are_entries(settings.get("stages")):
        raise ValueError("holds no list of stages")
    return settings


class MixSheet(Settings):
    """The mix: its name, where it was as seen from the sheet, and what was in it."""

    name: str
    path: str
    path_hex: Annotated[str, Field(pattern="^([0-9a-f]{2})+$")] | None = None
    bytes: Count
    sha256: Hash
    pcm_sha256: Hash
    format: str
    sample_rate_hz: Count
    channels: Count
    frames: Count


class MasterSheet(Settings):
    """The master, which lies beside its sheet.

    `replaces` is the hash of the one that was there before: where a render is killed at the last
    moment, the new sheet lies beside the old master.
    """

    name: Annotated[str, AfterValidator(_file_name)]
    pcm_sha256: Hash
    sample_rate_hz: Count
    channels: Count
    frames: Count
    clipped_samples: Count
    dither_seed: Annotated[str, Field(pattern="^[0-9a-f]{16}$")] | None
    replaces: Hash | None = None


class ChainSheet(Settings):
    """The chain: its file's name, and every setting of it."""

    name: str
    file: str | None
    settings: Annotated[dict[str, Any], AfterValidator(_shaped)]


class FileSheet(Settings):
    """A file that the chain names, and where it was as seen from the sheet."""

    name: str
    path: str
    bytes: Count
    sha256: Hash


class PluginSheet(Settings):
    """A plugin stage: what it came to where the master was made."""

    place: str
    title: str
    used: Used
    name: str | None = None
    vendor: str | None = None
    format: str | None = None
    class_id: str | None = None
    version: str | None = None
    binary_sha256: Hash | None = None
    state_sha256: Hash | None = None
    determinism: str | None = None


class StageSheet(Settings):
    """What a stage did; `details` is its report."""

    stage: str
    label: str
    bypass: bool = False
    peak_dbfs: float | None
    rms_dbfs: float | None
    audio_xxh3: AudioHash
    details: dict[str, Any] = Field(default_factory=dict)


class Sheet(Settings):
    """All of it. Paths have / and are hints only: what is at their end counts by its hash."""

    masterprint_recall: Literal[1]
    date: str
    seconds: float
    work_sha256: Hash
    mix: MixSheet
    master: MasterSheet
    chain: ChainSheet
    files: list[FileSheet]
    plugins: list[PluginSheet]
    stages: list[StageSheet]
    before: dict[str, Any]
    after: dict[str, Any]
    warnings: list[str]
    block_frames: Count
    versions: Texts
    machine: Annotated[dict[str, str | int], Field(max_length=100)]


class SavedSheet(Settings):
    """A sheet as it was found in a file.

    Attributes:
        path: of the file.
        sheet: its content.
        is_untouched: whether it is as it was written.
        is_ours: whether this user's Masterprint wrote it.
    """

    path: Path
    sheet: Sheet
    is_untouched: bool
    is_ours: bool

    @property
    def folder(self) -> Path:
        """Where it lies, and its master beside it."""
        return self.path.parent

    @property
    def master(self) -> Path:
        """Its master: of the sheet's own name, if there is one; else of the name that it tells."""
        own = self.folder / self.path.name.removesuffix(SUFFIX)
        # The name that it tells is without bytes that no text can hold.
        told = self.sheet.master.name
        same = NOT_PRINTABLE.sub("\N{REPLACEMENT CHARACTER}", own.name) == told
        return own if same or os.path.isfile(own) else self.folder / told  # noqa: PTH113


def sheet_path(master: Path) -> Path:
    """Where the sheet of a master lies."""
    return master.with_name(master.name + SUFFIX)


def load_sheet(path: Path) -> SavedSheet:
    """Read a recall sheet; of a master, the one beside it.

    Raises:
        SheetError: it is missing, or is none.
    """
    if path.name and not path.name.endswith(SUFFIX) and sheet_path(path).is_file():
        path = sheet_path(path)
    elif path.suffix.lower() not in (".yaml", ".yml") and path.is_file():
        raise SheetError(f"{path}: has no recall sheet beside it, {sheet_path(path).name}.")
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise SheetError(
                f"{path}: is a folder, pipe or device, where a recall sheet is expected."
            )
        source = read_yaml(path, LIMITS)
    except FileNotFoundError as error:
        raise SheetError(f"{path}: there is no such recall sheet.") from error
    except OSError as error:
        raise SheetError(f"{path}: cannot be read: {error.strerror}.") from error
    if source.problems:
        first = source.problems[0]
        place = f"{first.path}: " if first.path else ""
        raise SheetError(f"{path}:{first.line}:{first.column}: {place}{first.message}.")
    data = source.data
    if not isinstance(data, dict) or "masterprint_recall" not in data:
        raise SheetError(f"{path}: is no recall sheet, which begins with `masterprint_recall: 1`.")
    if data["masterprint_recall"] != 1:
        raise SheetError(
            f"{path}: has version {str(data['masterprint_recall'])[:20]} of the format, where 1 is "
            "known.",
            hint="update Masterprint",
        )
    seal = data.pop("seal", None)
    marks = seal if isinstance(seal, dict) else {}
    marks = {key: value for key, value in marks.items() if isinstance(value, str)}
    try:
        sheet = Sheet.model_validate(data)
    except ValidationError as error:
        found = []
        for detail in error.errors(include_url=False)[:MOST_SHOWN]:
            place = ".".join(map(str, detail["loc"]))
            found.append(f"{place}: {detail['msg'].lower()}")
        raise SheetError(f"{path}: is damaged: {'; '.join(found)}.") from error
    return SavedSheet(
        path=path, sheet=sheet, is_untouched=is_untouched(data, marks), is_ours=is_ours(data, marks)
    )
