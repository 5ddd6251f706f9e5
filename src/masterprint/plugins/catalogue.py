"""The catalogue: which plugins this machine has, from the last scan. Only a cache, but a gate too.

A chain file may name a plugin; only the user's own scan lets one be loaded. The file is JSON in the
user data folder (`MASTERPRINT_HOME` overrides it), replaced as a whole, and simply made anew when
it is damaged.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from masterprint.errors import PluginError, UsageError
from masterprint.files.whole import locked, write_whole
from masterprint.plugins.bundle import look_at
from masterprint.plugins.identity import Plugin, same_name, version_key

VERSION = 1
MOST_BYTES = 512 << 20


@dataclass
class Entry:
    """What the scan knows of one plugin file.

    Attributes:
        path: the bundle or file.
        sha256: of the library in it.
        plugins: those in it that work.
        quarantine: why it is not to be loaded; None where all is well.
    """

    path: Path
    sha256: str
    plugins: list[Plugin] = field(default_factory=list)
    quarantine: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "path": str(self.path),
            "sha256": self.sha256,
            "quarantine": self.quarantine,
            "plugins": [plugin.as_dict() for plugin in self.plugins],
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Entry:
        """The entry of `as_dict`."""
        quarantine = data["quarantine"]
        return cls(
            Path(data["path"]),
            str(data["sha256"]),
            [Plugin.from_dict(each) for each in data["plugins"]],
            None if quarantine is None else str(quarantine),
        )


class Catalogue:
    """All entries, by path.

    Changes are made with `put` and `drop`, and only they are written by `save`: two scans at a time
    do not undo one another.

    Attributes:
        damaged: why the file on disk could not be used, if so.
    """

    def __init__(self, entries: dict[Path, Entry] | None = None, damaged: str | None = None):
        self.entries = entries or {}
        self.damaged = damaged
        self._changed: set[Path] = set()

    def put(self, entry: Entry) -> None:
        """Add an entry, or replace that of the same path."""
        self.entries[entry.path] = entry
        self._changed.add(entry.path)

    def drop(self, path: Path) -> None:
        """Forget an entry."""
        self.entries.pop(path, None)
        self._changed.add(path)

    def judge(self, plugin: Plugin, determinism: str) -> None:
        """Note whether a plugin repeats itself; recall sheets of renders with it will say so."""
        for entry in self:
            if plugin in entry.plugins:
                judged = replace(plugin, determinism=determinism)
                plugins = [judged if each == plugin else each for each in entry.plugins]
                self.put(replace(entry, plugins=plugins))

    @classmethod
    def load(cls) -> Catalogue:
        """The catalogue on disk; an empty one where there is none or it is damaged."""
        path = catalogue_file()
        try:
            if path.stat().st_size > MOST_BYTES:
                raise ValueError("it is too large")
            data = json.loads(path.read_bytes(), parse_constant=_no_number)
            if data["version"] != VERSION:
                raise ValueError(f"its version is {data['version']}, not {VERSION}")
            entries = [Entry.from_dict(each) for each in data["files"]]
        except FileNotFoundError:
            return cls()
        except OSError as error:
            raise UsageError(f"{path}: cannot be read: {error.strerror}.") from error
        except (
            ArithmeticError,
            AttributeError,
            LookupError,
            RecursionError,
            TypeError,
            ValueError,
        ) as error:
            return cls(damaged=f"{path}: is damaged ({type(error).__name__}: {error})")
        return cls({entry.path: entry for entry in entries})

    def save(self) -> None:
        """Write what has changed since it was loaded; the file is replaced whole or not at all."""
        path = catalogue_file()
        try:
            with locked(path.parent):
                known = Catalogue.load().entries
                for changed in self._changed:
                    if changed in self.entries:
                        known[changed] = self.entries[changed]
                    else:
                        known.pop(changed, None)
                files = [known[each].as_dict() for each in sorted(known)]
                data = {"version": VERSION, "files": files}
                write_whole(path, json.dumps(data, indent=1).encode())
            self._changed.clear()
        except OSError as error:
            raise UsageError(
                f"{path}: the catalogue cannot be written: {error.strerror}.",
                hint="set MASTERPRINT_HOME to a folder that you may write to",
            ) from error

    def __iter__(self) -> Iterator[Entry]:
        return (self.entries[path] for path in sorted(self.entries))

    @property
    def plugins(self) -> list[Plugin]:
        """All that may be loaded."""
        return [plugin for entry in self for plugin in entry.plugins]

    def named(self, name: str) -> list[Plugin]:
        """Plugins of a name, of "vendor name", of a class id or at a path; newest first."""
        path = Path(name).absolute()
        found = [
            plugin
            for plugin in self.plugins
            if same_name(plugin.name, name)
            or same_name(f"{plugin.vendor} {plugin.name}", name)
            or plugin.class_id.casefold() == name.casefold()
            or plugin.path == path
        ]
        return sorted(found, key=lambda plugin: version_key(plugin.version), reverse=True)


def need_unchanged(plugin: Plugin) -> None:
    """Raise an error where a plugin's library is gone or another than the scan saw."""
    if look_at(plugin.path).sha256() != plugin.binary_sha256:
        raise PluginError(
            f"{plugin.path}: has changed since it was scanned.",
            hint=f"scan it again: masterprint plugins scan {plugin.path.parent}",
        )


def _no_number(text: str) -> float:
    raise ValueError(f"it holds {text}")


def data_folder() -> Path:
    """Where Masterprint keeps what belongs to the user."""
    if home := os.environ.get("MASTERPRINT_HOME"):
        return Path(home)
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "Masterprint"
    share = os.environ.get("XDG_DATA_HOME")
    # By its specification a relative path there is to be ignored.
    own = Path(share) if share and Path(share).is_absolute() else Path.home() / ".local" / "share"
    return own / "masterprint"


def catalogue_file() -> Path:
    """The catalogue on disk."""
    return data_folder() / "plugins.json"
