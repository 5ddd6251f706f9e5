"""`masterprint capture`: a plugin's settings into a chain file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from masterprint.plugins.parameters import Value


def capture(
    plugin: Annotated[str, typer.Argument(help="Name, 'vendor name', class id, or path.")],
    into: Annotated[Path, typer.Option(metavar="CHAIN", help="Chain file; made if missing.")],
    at: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            help="Update the plugin at this place, or insert it there.",
        ),
    ] = None,
    label: Annotated[str | None, typer.Option(help="Label of the stage.")] = None,
    preset: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Begin with this .vstpreset.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Set a parameter, by name or index."),
    ] = None,
    editor: Annotated[bool, typer.Option("--editor", help="Open the plugin's window.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Write a plugin's settings into a chain file: its stage, and a state file beside it."""
    from masterprint.chain import capture as capturing
    from masterprint.chain.capture import STATES
    from masterprint.chain.yaml_source import path_text, stage_text
    from masterprint.cli.console import clean, print_json
    from masterprint.cli.plugins import need_plugins
    from masterprint.plugins.catalogue import Catalogue, need_unchanged

    catalogue = Catalogue.load()
    installed = need_plugins(catalogue, plugin)[0]
    need_unchanged(installed)
    done = capturing.capture(
        installed,
        into,
        at=at,
        label=label,
        preset=preset,
        values=dict(_pair(text) for text in settings or []),
        editor=editor,
    )
    if as_json:
        print_json(
            {
                "chain": str(into),
                "place": path_text(done.place),
                "new": done.is_new,
                "state": None if done.state is None else str(done.state),
                "note": done.note,
                "not_at_default": done.changes,
                "plugin": installed.as_dict(parameters=False),
            }
        )
        return
    what = "new" if done.is_new else "updated"
    named = clean(f"{installed.name} {installed.version}")
    print(f"{clean(str(into))}: {stage_text(done.place)} ({what}): {named}")
    for change in done.changes:
        print(f"  {clean(change)}")
    if done.state is not None:
        print(f"  {STATES}/{done.state.name}")
    if done.note:
        print(f"note: {done.note}")


def _pair(text: str) -> tuple[str, Value]:
    """NAME=VALUE; a number is a number, true and false are switches, all else is text."""
    from masterprint.errors import UsageError

    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise UsageError(f"--set {text!r}: NAME=VALUE is expected, such as --set Gain=-1.5.")
    value = value.strip()
    if value.lower() in ("true", "false"):
        return name.strip(), value.lower() == "true"
    if re.fullmatch(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?", value):
        return name.strip(), float(value)
    return name.strip(), value
