"""Capturing a plugin's settings: a state file beside the chain file, and the stage naming it."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from masterprint.chain.editing import insert_stage, set_settings
from masterprint.chain.loading import load_chain, parse_chain
from masterprint.chain.model import Chain
from masterprint.chain.plugins import plugin_stages
from masterprint.chain.yaml_source import Place, path_text
from masterprint.errors import PluginError, UsageError
from masterprint.plugins.host import Died, Host, Refused
from masterprint.plugins.identity import Plugin as Installed
from masterprint.plugins.identity import same_name
from masterprint.plugins.parameters import Value
from masterprint.plugins.state import give_state, read_state, state_name, take_state
from masterprint.stages.plugin import Plugin

STATES = "states"
RATE_HZ = 44100
EDITOR_S = 24 * 3600.0


@dataclass(frozen=True)
class Captured:
    """What was written: where in the chain, which state file, and whether the stage is new."""

    place: str
    state: Path | None
    is_new: bool
    note: str | None


def capture(
    installed: Installed,
    chain_file: Path,
    *,
    at: int | None = None,
    label: str | None = None,
    preset: Path | None = None,
    values: Mapping[str, Value] | None = None,
    editor: bool = False,
) -> Captured:
    """Bring a plugin to its settings and write them into a chain file, made where it is missing.

    Args:
        installed: the plugin.
        chain_file: where the stage goes; its state goes into the folder `states` beside it.
        at: position from 1: a stage of this plugin that is there is updated, otherwise one is put
            before it. By default the plugin's only stage, or a new one at the end of the chain,
            before what holds its ceiling.
        label: of the stage to be updated, or of the new one.
        preset: a `.vstpreset` file to begin with, instead of the stage's present state.
        values: parameters to be set then.
        editor: whether to open the plugin's window and take what is set there.

    Raises:
        PluginError: the plugin does not load or does not take its settings.
        ChainError: the chain file is not valid.
        UsageError: it is not clear which stage is meant, or a file cannot be written.
    """
    if editor:
        _need_display()
    text, chain = _read(chain_file)
    place = _find(chain, installed, at, label)
    stage = None if place is None else _stage_at(chain, place)
    begin = None
    if preset is not None:
        begin = read_state(preset, installed.format, installed.class_id)
    elif stage is not None and stage.state is not None:
        path = stage.path_of(stage.state)
        begin = read_state(path, installed.format, installed.class_id)
    given = dict(values or {})
    kept = dict(stage.parameters) if stage is not None and preset is None else {}
    try:
        state, note = _proof(installed, _settled(installed, begin, kept | given, editor))
    except (Died, Refused) as error:
        raise PluginError(f"{installed.title}: {error.message}.", hint=error.hint) from error

    settings: dict[str, Any] = {
        "name": installed.name,
        "vendor": installed.vendor,
        "format": installed.format,
        "class_id": installed.class_id,
        "version": installed.version,
        "binary_sha256": installed.binary_sha256,
    }
    state_file = None
    if state is not None:
        name = state_name(installed.name, state, installed.format)
        state_file = chain_file.parent / STATES / name
        settings["state"] = f"{STATES}/{name}"
    elif kept | given:
        settings["parameters"] = kept | given
    if place is None:
        if label is not None:
            settings["label"] = label
        index = _index(chain, at)
        text = insert_stage(text, index, Plugin.stage_name, settings)
        place = ("stages", index, Plugin.stage_name)
    else:
        assert stage is not None
        text = set_settings(text, place, settings)
        # What the state holds now must not be overridden by what stands in the file from before.
        overridden = {key: given.get(key, old) for key, old in stage.parameters.items()}
        if preset is not None or editor:
            overridden = {}
        if state is not None and overridden != stage.parameters:
            text = set_settings(text, place, {"parameters": overridden})
    parse_chain(text, str(chain_file))  # whatever was written must be a chain
    if state is not None and state_file is not None:
        _write(state_file, state)
    _write(chain_file, text.encode("utf-8"))
    load_chain(chain_file)
    return Captured(path_text(place), state_file, stage is None, note)


def _settled(
    installed: Installed, begin: bytes | None, values: Mapping[str, Value], editor: bool
) -> bytes:
    """The state of the plugin after all that was asked for."""
    with Host() as host:
        _load(host, installed)
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
        return take_state(host, installed.format)


def _proof(installed: Installed, state: bytes) -> tuple[bytes | None, str | None]:
    """The state, if a fresh process takes it, and what is to be said of it."""
    with Host() as host:
        _load(host, installed)
        try:
            return state, give_state(host, state, installed.format)
        except Refused:
            return None, "it refuses its own state, so that only parameters are kept"


def _load(host: Host, installed: Installed) -> None:
    path = str(installed.path)
    host.ask("load", path=path, name=installed.name, format=installed.format)
    channels = max(installed.channels, default=2)
    host.ask("prepare", rate=RATE_HZ, channels=channels, block_frames=512)


def _read(chain_file: Path) -> tuple[str, Chain]:
    """The text of a chain file, and the chain; of a new one where there is none."""
    if not chain_file.exists():
        if chain_file.suffix.lower() not in (".yaml", ".yml"):
            raise UsageError(
                f"{chain_file}: there is no such chain file, and a new one ends in .yaml."
            )
        text = f"masterprint: 1\nname: {chain_file.stem}\nstages: []\n"
        return text, parse_chain(text, str(chain_file))
    chain = load_chain(chain_file)
    with chain_file.open(encoding="utf-8", newline="") as file:  # its own line ends
        return file.read(), chain


def _find(chain: Chain, installed: Installed, at: int | None, label: str | None) -> Place | None:
    """The stage that is to be updated; None where a new one is to be made."""
    stages = list(plugin_stages(chain.stages))
    if label is not None:
        named = [(place, stage) for place, stage in stages if stage.label == label]
        if len(named) > 1:
            raise UsageError(f"{len(named)} stages have the label {label!r}: use --at.")
        for place, stage in named:
            if not _is_of(stage, installed):
                raise UsageError(
                    f"{path_text(place)} with the label {label!r} is {stage.name!r}, "
                    f"not {installed.name!r}."
                )
        return named[0][0] if named else None
    if at is not None:
        if not 1 <= at <= len(chain.stages) + 1:
            raise UsageError(
                f"There is no place {at}: the chain has {len(chain.stages)} stages, so that 1 to "
                f"{len(chain.stages) + 1} are possible."
            )
        place = ("stages", at - 1, Plugin.stage_name)
        return next((p for p, s in stages if p == place and _is_of(s, installed)), None)
    own = [place for place, stage in stages if _is_of(stage, installed)]
    if len(own) > 1:
        places = ", ".join(map(path_text, own))
        raise UsageError(
            f"{installed.name!r} is in this chain {len(own)} times ({places}).",
            hint="say which with --at, counted from 1, or with --label",
        )
    return own[0] if own else None


def _is_of(stage: Plugin, installed: Installed) -> bool:
    return (stage.class_id or "").casefold() == installed.class_id.casefold() or (
        same_name(stage.name, installed.name)
        and (not stage.vendor or same_name(stage.vendor, installed.vendor))
    )


def _stage_at(chain: Chain, place: Place) -> Plugin:
    return next(stage for p, stage in plugin_stages(chain.stages) if p == place)


def _index(chain: Chain, at: int | None) -> int:
    if at is not None:
        return at - 1
    count = len(chain.stages)
    return count - 1 if count and chain.stages[-1].holds_ceiling else count


def _write(path: Path, data: bytes) -> None:
    """Write a file, whole or not at all."""
    try:
        if path.exists() and path.read_bytes() == data:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask()
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".masterprint-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(name).chmod(mode)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror}.") from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _need_display() -> None:
    if sys.platform == "linux" and not os.environ.get("DISPLAY"):
        raise UsageError(
            "There is no display here, so that the plugin's window cannot be opened.",
            hint="set it with --set or --preset, or capture on a machine with a display and copy "
            "the chain file with its states",
        )
