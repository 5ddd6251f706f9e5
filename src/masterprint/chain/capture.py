"""Capturing a plugin's settings: a state file beside the chain file, and the stage naming it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from masterprint.chain.editing import insert_stage, scalar, set_settings
from masterprint.chain.loading import load_chain, parse_chain
from masterprint.chain.model import Chain
from masterprint.chain.plugins import plugin_stages
from masterprint.chain.yaml_source import Place, parse_yaml, stage_text
from masterprint.errors import UsageError
from masterprint.files.whole import locked, write_whole
from masterprint.plugins.identity import Plugin as Installed
from masterprint.plugins.identity import same_name
from masterprint.plugins.parameters import Value
from masterprint.plugins.session import need_display, proven, settled
from masterprint.plugins.state import read_state, state_name
from masterprint.stages.beside import within
from masterprint.stages.plugin import Plugin

STATES = "states"
BOM = "\ufeff"


@dataclass(frozen=True)
class Captured:
    """What was written.

    Attributes:
        place: of the stage in the chain file.
        state: the state file; None for a plugin that keeps none.
        is_new: whether the stage is new.
        note: what is to be said of the state.
        changes: every parameter that is not at its default, as the plugin shows it.
    """

    place: Place
    state: Path | None
    is_new: bool
    note: str | None
    changes: list[str]


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
        need_display()
    file = Path(os.path.realpath(chain_file))  # not a link to it
    _, chain = _read(file, chain_file)
    stage, _ = _find(chain, installed, at, label)
    begin = None
    if preset is not None:
        begin = read_state(preset, installed.format, installed.class_id)
    elif stage is not None and stage.state is not None:
        begin = read_state(stage.path_of(stage.state), installed.format, installed.class_id)
    given = dict(values or {})
    renewed, others = _renewed(stage if preset is None else None, installed, given)
    taken, parameters = settled(installed, begin, renewed | others, editor)
    state, note = proven(installed, taken)

    state_file = None
    if state is not None:
        name = state_name(installed.name, state, installed.format)
        state_file = file.parent / STATES / name
        if not within(file.parent, state_file):
            raise UsageError(f"{file.parent / STATES}: is a link that leads out of its folder.")
    try:
        with locked(file.parent):
            # Read again: somebody may have captured another stage meanwhile.
            text, chain = _read(file, chain_file)
            bom = BOM if text.startswith(BOM) else ""  # which the parser does not count
            text = text.removeprefix(BOM)
            meant = parse_yaml(text).data
            stage, place = _find(chain, installed, at, label)
            settings: dict[str, Any] = dict(installed.identity)
            if state_file is not None:
                settings["state"] = f"{STATES}/{state_file.name}"
            if stage is None:
                settings |= {"label": label} if label is not None else {}
                settings |= {"parameters": given} if state is None and given else {}
                text = insert_stage(text, int(place[1]), Plugin.stage_name, settings)
                meant["stages"] = list(meant.get("stages") or [])
                meant["stages"].insert(int(place[1]), {Plugin.stage_name: settings})
            else:
                text = set_settings(text, place, settings)
                anew = preset is not None or editor
                renewed, others = _renewed(None if anew else stage, installed, given)
                wanted = renewed | (others if state is None else {})
                text = _with_parameters(text, place, stage, wanted)
                at_place = _at(meant, place)
                at_place |= settings
                if wanted or stage.parameters:
                    at_place["parameters"] = wanted
            if parse_yaml(text).data != meant:
                raise UsageError(
                    f"{chain_file}: is written in a way that cannot be edited in place.",
                    hint="write each stage and each of its settings on a line of its own",
                )
            parse_chain(text, str(chain_file))
            if state is not None and state_file is not None:
                _write(state_file, state)
            _write(file, (bom + text).encode("utf-8"))
    except OSError as error:
        raise UsageError(f"{chain_file}: cannot be written: {error.strerror}.") from error
    before = {each["index"]: each["text"] for each in installed.parameters}
    moved = [
        each
        for each in parameters
        if each["automatable"] and each["text"] != before.get(each["index"])
    ]
    changes = [
        f"{each['name']}: {before.get(each['index'])} -> {each['text']} {each['unit']}".rstrip()
        for each in moved
    ]
    return Captured(place, state_file, stage is None, note, changes)


def _renewed(
    stage: Plugin | None, installed: Installed, given: Mapping[str, Value]
) -> tuple[dict[str, Value], dict[str, Value]]:
    """What a stage sets after its state, with what is given in its place; and what else is given.

    What stands in the chain file must not undo what the state holds.
    """
    renewed: dict[str, Value] = dict(stage.parameters) if stage is not None else {}
    own = {_index_of(installed, key): key for key in renewed}
    others: dict[str, Value] = {}
    for key, value in given.items():
        if (known := own.get(_index_of(installed, key))) is not None:
            renewed[known] = value
        else:
            others[key] = value
    return renewed, others


def _index_of(installed: Installed, key: str) -> int | str:
    """The index of a parameter by its name or index; the key itself where it is not known."""
    named = installed.parameters_named(key)
    return int(named[0]["index"]) if len(named) == 1 else key


def _with_parameters(text: str, place: Place, stage: Plugin, wanted: Mapping[str, Value]) -> str:
    """The text with these parameters under `parameters`, each in the line where it stands."""
    if stage.parameters.keys() <= wanted.keys() and stage.parameters:
        return set_settings(text, (*place, "parameters"), wanted)
    if wanted or stage.parameters:
        return set_settings(text, place, {"parameters": dict(wanted)})
    return text


def _at(data: Any, place: Place) -> dict[str, Any]:
    for part in place:
        data = data[part]
    found: dict[str, Any] = data
    return found


def _read(file: Path, named: Path) -> tuple[str, Chain]:
    """The text of a chain file, and the chain; of a new one where there is none."""
    if not file.exists():
        if file.suffix.lower() not in (".yaml", ".yml"):
            raise UsageError(f"{named}: there is no such chain file, and a new one ends in .yaml.")
        text = f"masterprint: 1\nname: {scalar(file.stem)}\nstages: []\n"
        return text, parse_chain(text, str(named))
    chain = load_chain(named)
    with file.open(encoding="utf-8", newline="") as source:  # its own line ends
        return source.read(), chain


def _find(
    chain: Chain, installed: Installed, at: int | None, label: str | None
) -> tuple[Plugin | None, Place]:
    """The stage that is to be updated and its place; or None, and the place of a new one."""
    stages = list(plugin_stages(chain.stages))
    new: Place = ("stages", _index(chain, at), Plugin.stage_name)
    if label is not None:
        named = [(stage, place) for place, stage in stages if stage.label == label]
        if len(named) > 1:
            raise UsageError(f"{len(named)} stages have the label {label!r}: use --at.")
        for stage, place in named:
            if not _is_of(stage, installed):
                raise UsageError(
                    f"The stage with the label {label!r}, {stage_text(place)}, is {stage.name!r}, "
                    f"not {installed.name!r}."
                )
        return named[0] if named else (None, new)
    own = [(stage, place) for place, stage in stages if _is_of(stage, installed)]
    if at is not None:
        if not 1 <= at <= len(chain.stages) + 1:
            raise UsageError(
                f"There is no place {at}: the chain has {len(chain.stages)} stages, so that 1 to "
                f"{len(chain.stages) + 1} are possible."
            )
        return next(((stage, place) for stage, place in own if place == new), (None, new))
    if len(own) > 1:
        places = ", ".join(stage_text(place) for _, place in own)
        raise UsageError(
            f"{installed.name!r} is in this chain {len(own)} times ({places}).",
            hint="say which with --at, counted from 1, or with --label",
        )
    return own[0] if own else (None, new)


def _is_of(stage: Plugin, installed: Installed) -> bool:
    return (stage.class_id or "").casefold() == installed.class_id.casefold() or (
        same_name(stage.name, installed.name)
        and (not stage.vendor or same_name(stage.vendor, installed.vendor))
    )


def _index(chain: Chain, at: int | None) -> int:
    if at is not None:
        return at - 1
    count = len(chain.stages)
    return count - 1 if count and chain.stages[-1].holds_ceiling else count


def _write(path: Path, data: bytes) -> None:
    try:
        if not path.exists() or path.read_bytes() != data:
            write_whole(path, data)
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror}.") from error
