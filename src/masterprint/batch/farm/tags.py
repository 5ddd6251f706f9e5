"""Resource tags: what a worker offers and a job needs, in the words of Dask's scheduler.

A worker has one of each for every task that it does at a time. The version is among them, so that a
worker of another version that joins later is never given a job of ours.
"""

from __future__ import annotations

from collections.abc import Iterable

from masterprint.plugins.catalogue import Catalogue
from masterprint.plugins.identity import Plugin
from masterprint.version import __version__

DIGITS = 16
"""Of a plugin's hash; which library it is, the worker itself compares in full."""
OURS = "masterprint-"
"""What the tag of every worker of ours begins with."""


def version_tag(version: str = __version__) -> str:
    """What workers of a version of Masterprint offer."""
    return f"{OURS}{version}"


def plugin_tag(plugin: Plugin) -> str:
    """What workers that hold exactly this plugin offer."""
    return f"plugin-{plugin.class_id.casefold()}-{plugin.binary_sha256[:DIGITS]}"


def offered(catalogue: Catalogue) -> dict[str, float]:
    """The resources of a worker on this machine."""
    effects = (plugin for plugin in catalogue.plugins if plugin.is_effect)
    return {version_tag(): 1.0} | {plugin_tag(plugin): 1.0 for plugin in effects}


def needed(plugins: Iterable[Plugin]) -> frozenset[str]:
    """The tags of a job that goes through these plugins."""
    return frozenset({version_tag(), *map(plugin_tag, plugins)})


def is_ours(tags: Iterable[str]) -> bool:
    """Whether a worker with these tags is one of Masterprint's, of whatever version."""
    return any(tag.startswith(OURS) for tag in tags)
