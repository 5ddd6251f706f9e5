"""Sessions of the past: recall sheets below a folder, a few figures of each, found by words."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from masterprint.errors import SheetError
from masterprint.sheets.pack_format import folded
from masterprint.sheets.sheet import LIMITS, SUFFIX, Sheet, load_sheet


@dataclass(frozen=True, slots=True)
class PluginUsed:
    """A plugin of a session; `used` is plugin, or what took its place."""

    name: str
    vendor: str | None
    version: str | None
    used: str

    def as_dict(self) -> dict[str, str | None]:
        """Plain data for JSON."""
        return {
            "name": self.name,
            "vendor": self.vendor,
            "version": self.version,
            "used": self.used,
        }


@dataclass(frozen=True, slots=True)
class Session:
    """A recall sheet in a row. Loudness and true peak are those of the master."""

    date: str
    sheet: str
    mix: str
    master: str
    chain: str
    chain_file: str | None
    plugins: tuple[PluginUsed, ...]
    integrated_lufs: float | None
    true_peak_dbtp: float | None

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "date": self.date,
            "sheet": self.sheet,
            "mix": self.mix,
            "master": self.master,
            "chain": self.chain,
            "chain_file": self.chain_file,
            "plugins": [plugin.as_dict() for plugin in self.plugins],
            "integrated_lufs": self.integrated_lufs,
            "true_peak_dbtp": self.true_peak_dbtp,
        }


class Wanted:
    """Words to look for. All have to be somewhere in a sheet, in upper or lower case.

    Where: names of mix, master, chain, chain file, and of files that the chain names; names,
    vendors and titles of plugins; kinds and labels of stages; and the date, from its beginning.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = [folded(text) for text in texts]
        # A text with spaces may be broken over lines, and a quote may be doubled: look for what
        # lies between them.
        self._pieces = {piece for text in self._texts for piece in re.split(r"[\s'\"]+", text)}

    def may_be_in(self, raw: bytes) -> bool:
        """Whether it is worth parsing these bytes of a sheet. Where in doubt it is."""
        if not self._texts or b"\\" in raw:  # escapes may spell anything
            return True
        try:
            text = folded(raw.decode())
        except UnicodeDecodeError:
            return True
        return all(piece in text for piece in self._pieces)

    def is_in(self, sheet: Sheet) -> bool:
        """Whether all of it is in a sheet."""
        texts = [sheet.mix.name, sheet.master.name, sheet.chain.name, sheet.chain.file]
        texts += [file.name for file in sheet.files]
        for plugin in sheet.plugins:
            texts += [plugin.name, plugin.vendor, plugin.title]
        for stage in sheet.stages:
            texts += [stage.stage, stage.label]
        places = [folded(text) for text in texts if text]
        date = folded(sheet.date)
        return all(
            date.startswith(text) or any(text in place for place in places) for text in self._texts
        )


def find_sheets(folder: Path, complain: Callable[[str], None]) -> list[str]:
    """Paths of the recall sheets below a folder, in no order. Links are not followed.

    Args:
        folder: where to look, at any depth.
        complain: is told which folders could not be read.
    """
    found = []

    def unreadable(error: OSError) -> None:
        complain(f"{error.filename}: cannot be read: {error.strerror}.")

    for place, _, names in os.walk(folder, onerror=unreadable):
        for name in names:
            if name.endswith(SUFFIX):
                path = f"{place}{os.sep}{name}"  # a Path of each would take ten times the memory
                try:
                    if stat.S_ISREG(os.lstat(path).st_mode):  # neither a link nor a pipe
                        found.append(path)
                except OSError as error:
                    unreadable(error)
    return found


def read_session(path: str, wanted: Wanted) -> Session | None:
    """The row of a sheet; None if it is not wanted.

    Raises:
        SheetError: it cannot be read.
    """
    try:
        with Path(path).open("rb") as file:
            raw = file.read(LIMITS.most_bytes + 1)
    except OSError as error:
        raise SheetError(f"{path}: cannot be read: {error.strerror}.") from error
    if not wanted.may_be_in(raw):
        return None
    sheet = load_sheet(Path(path)).sheet
    return _session(path, sheet) if wanted.is_in(sheet) else None


def _session(path: str, sheet: Sheet) -> Session:
    plugins = tuple(
        PluginUsed(plugin.name or plugin.title, plugin.vendor, plugin.version, plugin.used)
        for plugin in sheet.plugins
    )
    return Session(
        date=sheet.date,
        sheet=str(Path(path)),
        mix=sheet.mix.name,
        master=sheet.master.name,
        chain=sheet.chain.name,
        chain_file=sheet.chain.file,
        plugins=plugins,
        integrated_lufs=_figure(sheet, "integrated_lufs"),
        true_peak_dbtp=_figure(sheet, "true_peak_dbtp"),
    )


def _figure(sheet: Sheet, key: str) -> float | None:
    """A measurement of the master; None where it is undefined, or a stranger wrote something."""
    value = sheet.after.get(key)
    return float(value) if isinstance(value, int | float) else None
