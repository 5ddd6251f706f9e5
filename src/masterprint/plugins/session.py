"""A session with one plugin: bring it to its settings, take its state, and prove that it holds."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from masterprint.errors import PluginError, UsageError
from masterprint.plugins.host import LOAD_S, Died, Host, Refused
from masterprint.plugins.identity import Plugin
from masterprint.plugins.parameters import Value
from masterprint.plugins.state import give_state, take_state

RATE_HZ = 44100
BLOCK_FRAMES = 512
EDITOR_S = 24 * 3600.0


@contextmanager
def opened(
    installed: Plugin, limit_s: float = LOAD_S, block_frames: int = BLOCK_FRAMES
) -> Iterator[Host]:
    """A fresh process with the plugin loaded and prepared.

    Raises:
        PluginError: it does not load, or what is done with it fails; the plugin is named.
    """
    try:
        with Host() as host:
            host.ask(
                "load",
                max(limit_s, 5 * installed.load_s),  # minutes in the scan are minutes again
                path=str(installed.path),
                name=installed.name,
                format=installed.format,
            )
            channels = max(installed.channels, default=2)
            shape = {"rate": RATE_HZ, "channels": channels, "block_frames": block_frames}
            host.ask("prepare", limit_s, **shape)
            yield host
    except (Died, Refused) as error:
        raise PluginError(f"{installed.title}: {error.message}.", hint=error.hint) from error


def settled(
    installed: Plugin, begin: bytes | None, values: Mapping[str, Value], editor: bool
) -> tuple[bytes, list[dict[str, Any]]]:
    """The state of the plugin after all that was asked for, and its parameters then."""
    with opened(installed) as host:
        if begin is not None:
            give_state(host, begin, installed.format)
        if values:
            host.ask("set", values=dict(values))
        if editor:
            try:
                host.ask("editor", EDITOR_S)
            except Died as error:
                error.hint = (
                    "its window could not be shown: a bare X server, such as Xvfb, needs a window "
                    "manager and xsettingsd, which desktops have"
                )
                raise
        parameters = host.ask("describe")["parameters"]
        return take_state(host, installed.format), list(parameters)


def seen_in_state(installed: Plugin, state: bytes) -> list[dict[str, Any]]:
    """The parameters as a plugin shows them in a state."""
    with opened(installed) as host:
        give_state(host, state, installed.format)
        return list(host.ask("describe")["parameters"])


def proven(installed: Plugin, state: bytes) -> tuple[bytes | None, str | None]:
    """The state, if a fresh process takes it, and what is to be said of it."""
    with opened(installed) as host:
        try:
            return state, give_state(host, state, installed.format)
        except Refused:
            return None, "it refuses its own state, so that only parameters are kept"


def need_display() -> None:
    """Raise an error where no window can be shown."""
    if sys.platform == "linux" and not os.environ.get("DISPLAY"):
        raise UsageError(
            "There is no display here, so that the plugin's window cannot be opened.",
            hint="set it with --set or --preset, or capture on a machine with a display and copy "
            "the chain file with its states",
        )
