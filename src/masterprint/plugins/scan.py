"""Scanning: every plugin file is loaded once, in a process of its own, and its plugins noted."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from masterprint.errors import PluginError
from masterprint.plugins.bundle import Bundle, look_at, unresolved_libraries
from masterprint.plugins.catalogue import Catalogue, Entry
from masterprint.plugins.host import DID_NOT_LOAD, Died, Host, Refused
from masterprint.plugins.identity import Plugin

SCAN_S = 30.0
MOST_PLUGINS = 256


@dataclass(frozen=True)
class Scanned:
    """What became of one file: `entry` says it; `unchanged` ones were not loaded again."""

    entry: Entry
    status: Literal["scanned", "unchanged", "quarantined"]


def scan(catalogue: Catalogue, path: Path, limit_s: float = SCAN_S, again: bool = False) -> Scanned:
    """Bring the catalogue up to date with one plugin file.

    Args:
        catalogue: what is known; changed here, saved by the caller.
        path: a plugin file, as `find_bundles` gives them.
        limit_s: seconds that each step with it may take.
        again: load it even where it is unchanged, such as one in quarantine.
    """
    known = None if again else catalogue.entries.get(path)
    try:
        bundle = look_at(path)
        sha256 = bundle.sha256()
    except PluginError as error:
        entry = Entry(path, "", quarantine=_about(error.message, path))
    except OSError as error:
        entry = Entry(path, "", quarantine=f"cannot be read: {error.strerror}")
    else:
        if known and known.sha256 == sha256:
            return Scanned(known, "unchanged")
        entry = scan_file(bundle, sha256, limit_s)
    catalogue.put(entry)
    return Scanned(entry, "quarantined" if entry.quarantine else "scanned")


def scan_file(bundle: Bundle, sha256: str, limit_s: float) -> Entry:
    """Load what is in a file and describe it; whatever goes wrong is a reason for quarantine."""
    entry = Entry(bundle.path, sha256)
    missing = unresolved_libraries(bundle.binary)
    if missing:
        entry.quarantine = f"needs {', '.join(missing)}, which this system does not have"
        return entry
    doing = "opening its file"
    path = str(bundle.path)
    try:
        with Host() as host:
            names = host.ask("names", limit_s, path=path, format=bundle.format)["names"]
            if not names:
                entry.quarantine = "holds no plugin"
            for name in names[:MOST_PLUGINS]:
                doing = f"loading {name!r}"
                began = time.perf_counter()
                told = host.ask("load", limit_s, path=path, name=name, format=bundle.format)
                told["load_s"] = round(time.perf_counter() - began, 3)
                doing = f"describing {name!r}"
                # An instrument takes no audio.
                told |= host.ask("layouts", limit_s) if told["is_effect"] else {"channels": []}
                told |= host.ask("describe", limit_s)
                entry.plugins.append(_plugin(bundle, sha256, told))
    except (Died, Refused) as error:
        entry.plugins.clear()
        why = _why(bundle, limit_s) if error.message == DID_NOT_LOAD else ""
        entry.quarantine = f"{error.message} while {doing}" + (f": {why}" if why else "")
    return entry


def _plugin(bundle: Bundle, sha256: str, told: dict[str, Any]) -> Plugin:
    return Plugin(
        format=bundle.format,
        name=told["name"],
        vendor=told["vendor"],
        version=told["version"],
        class_id=told["class_id"],
        path=bundle.path,
        binary_sha256=sha256,
        is_effect=told["is_effect"],
        channels=tuple(told["channels"]),
        latency_frames=told["latency"],
        load_s=told["load_s"],
        parameters=tuple(told["parameters"]),
    )


def forget_missing(catalogue: Catalogue, places: Sequence[Path]) -> list[Path]:
    """Drop entries whose file is gone from places that are there to be looked into."""
    gone = [
        path
        for path in catalogue.entries
        if not path.exists()
        and any(path.is_relative_to(p.absolute()) for p in places if p.is_dir())
    ]
    for path in gone:
        catalogue.drop(path)
    return gone


def trusted(file: Path, limit_s: float = SCAN_S) -> Entry:
    """The entry of one file that the user trusts for this run; nothing is written down.

    Raises:
        PluginError: it is no plugin for this system, or does not load.
    """
    bundle = look_at(file.absolute())
    entry = scan_file(bundle, bundle.sha256(), limit_s)
    if entry.quarantine:
        raise PluginError(f"{file}: {entry.quarantine}.")
    return entry


def _why(bundle: Bundle, limit_s: float) -> str:
    """What the linker says of a library that did not load."""
    if bundle.format != "vst3":
        return ""
    try:
        with Host() as host:
            return str(host.ask("why", limit_s, binary=str(bundle.binary))["why"])
    except (Died, Refused) as error:
        return error.message


def _about(message: str, path: Path) -> str:
    return message.removeprefix(f"{path}: ").rstrip(".")
