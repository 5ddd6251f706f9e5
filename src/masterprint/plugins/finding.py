"""Which of the catalogued plugins a chain file means."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from masterprint.errors import PluginError
from masterprint.plugins.catalogue import Catalogue
from masterprint.plugins.identity import Format, Plugin, same_name, version_key


@dataclass(frozen=True)
class Wanted:
    """A plugin as a chain file names it; what is empty or None is not known there."""

    name: str
    vendor: str = ""
    format: Format | None = None
    class_id: str | None = None
    version: str | None = None
    binary_sha256: str | None = None

    @property
    def title(self) -> str:
        """Such as "'Pro-Q 3' by FabFilter (vst3)"."""
        by = f" by {self.vendor}" if self.vendor else ""
        return f"{self.name!r}{by}" + (f" ({self.format})" if self.format else "")


class Missing(PluginError):
    """The catalogue does not have what is wanted; `message` says what is known instead."""


@dataclass(frozen=True)
class Found:
    """The plugin, and in what it differs from the one that was captured (empty if in nothing)."""

    plugin: Plugin
    changes: tuple[str, ...] = ()


def find(catalogue: Catalogue, wanted: Wanted) -> Found:
    """The plugin that is wanted: by class id first, then by name and vendor.

    Of several versions the captured one, else the newest; of several copies the same binary first.

    Raises:
        Missing: there is none, it is in quarantine, or the name does not tell which of several.
    """
    effects = [plugin for plugin in catalogue.plugins if plugin.is_effect]
    suited = [plugin for plugin in effects if wanted.format in (None, plugin.format)]
    class_id = (wanted.class_id or "").casefold()
    matching = [plugin for plugin in suited if class_id and plugin.class_id.casefold() == class_id]
    if not matching:
        matching = [
            plugin
            for plugin in suited
            if same_name(plugin.name, wanted.name)
            and (not wanted.vendor or same_name(plugin.vendor, wanted.vendor))
        ]
    if not matching:
        raise Missing(_why_missing(catalogue, wanted))
    vendors = sorted({plugin.vendor for plugin in matching})
    if len({plugin.class_id.casefold() for plugin in matching}) > 1 and len(vendors) > 1:
        raise Missing(f"is the name of plugins by {' and by '.join(vendors)}: set its vendor")
    best = max(
        matching,
        key=lambda plugin: (
            plugin.version == wanted.version,
            plugin.binary_sha256 == wanted.binary_sha256,
            plugin.format == "vst3",
            version_key(plugin.version),
        ),
    )
    return Found(best, tuple(_changes(best, wanted)))


def _changes(plugin: Plugin, wanted: Wanted) -> list[str]:
    found = []
    if wanted.class_id and plugin.class_id.casefold() != wanted.class_id.casefold():
        found.append(f"its class id is {plugin.class_id}, captured with {wanted.class_id}")
    if wanted.version and plugin.version != wanted.version:
        found.append(f"its version is {plugin.version}, captured with {wanted.version}")
    elif wanted.binary_sha256 and plugin.binary_sha256 != wanted.binary_sha256:
        found.append(
            f"its binary has the hash {plugin.binary_sha256[:12]}, captured with "
            f"{wanted.binary_sha256[:12]}"
        )
    return found


def _why_missing(catalogue: Catalogue, wanted: Wanted) -> str:
    for entry in catalogue:
        if entry.quarantine and same_name(entry.path.stem, wanted.name):
            return f"is in quarantine: {entry.path.name} {entry.quarantine}"
    named = [plugin for plugin in catalogue.plugins if same_name(plugin.name, wanted.name)]
    for plugin in named:
        if not plugin.is_effect:
            return "is an instrument, where an effect is expected"
        if wanted.format not in (None, plugin.format):
            return f"is here as {plugin.format} only"
        return f"is here, but by {plugin.vendor}"
    names = {plugin.name: plugin for plugin in catalogue.plugins if plugin.is_effect}
    near = difflib.get_close_matches(wanted.name, names, 1, cutoff=0.6)
    if wanted.class_id:
        return "is not in the catalogue: it was removed, or not scanned"
    if near:
        return f"is not in the catalogue (did you mean {near[0]!r} by {names[near[0]].vendor}?)"
    return (
        "is not in the catalogue"
        if catalogue.entries
        else "is not in the catalogue, which is empty"
    )
