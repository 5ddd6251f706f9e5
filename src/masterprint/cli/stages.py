"""`masterprint stages`: what there is, and how it is set."""

from __future__ import annotations

import difflib
import inspect
from typing import Annotated, Any

import typer


def stages(
    name: Annotated[str | None, typer.Argument(help="One stage, with all its settings.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """List the stages, or show the settings of one: units, ranges, defaults."""
    from masterprint.cli.console import print_json
    from masterprint.errors import UsageError
    from masterprint.stages.describe import settings_of
    from masterprint.stages.registry import find_stage, stage_names

    names = stage_names() if name is None else [name]
    kinds = [(each, find_stage(each)) for each in names]
    for each, kind in kinds:
        if kind is None:
            near = difflib.get_close_matches(each, stage_names(), 1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(stage_names())}"
            raise UsageError(f"There is no stage {each!r}.", hint=hint)
    if as_json:
        print_json(
            [
                {
                    "stage": each,
                    "description": _text(kind),
                    "settings": [vars(setting) for setting in settings_of(kind)],
                }
                for each, kind in kinds
                if kind is not None
            ]
        )
        return
    for each, kind in kinds:
        assert kind is not None
        if name is None:
            own = ", ".join(setting.name for setting in settings_of(kind, common=False))
            print(f"{each:12} {_text(kind).splitlines()[0]}\n{'':12} {own}")
        else:
            _print_one(each, kind)


def _text(kind: Any) -> str:
    return inspect.cleandoc(kind.__doc__ or "")


def _print_one(name: str, kind: Any) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from masterprint.stages.describe import Setting, settings_of
    from masterprint.stages.eq import Band

    def table(settings: list[Setting]) -> Table:
        made = Table(box=box.SIMPLE, pad_edge=False)
        made.add_column("setting", no_wrap=True)  # has to be typed as it is
        for heading in ("allowed", "default", "what for"):
            made.add_column(heading)
        for setting in settings:
            default = "(needed)" if setting.required else _plain(setting.default)
            allowed = setting.allowed_with_unit.replace("a number from ", "")
            made.add_row(setting.name, allowed, default, setting.description)
        return made

    console = Console()
    paragraphs = [" ".join(part.split()) for part in _text(kind).split("\n\n")]
    console.print("\n\n".join([name, *paragraphs]), highlight=False, markup=False)
    console.print(table(settings_of(kind)))
    if name == "eq":
        console.print("Each of bands:")
        console.print(table(settings_of(Band)))


def _plain(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float | int) else str(value)
