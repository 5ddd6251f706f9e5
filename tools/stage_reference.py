"""Write docs/stages.md from the stages' models."""

from __future__ import annotations

import inspect
from pathlib import Path

from masterprint.stages.describe import Setting, settings_of
from masterprint.stages.eq import Band
from masterprint.stages.registry import BUILT_IN

COMMON = ("on", "mix", "bypass", "label")


def rows(settings: list[Setting]) -> list[str]:
    """A Markdown table of settings."""
    lines = ["| setting | unit | allowed | default | what for |", "| --- | --- | --- | --- | --- |"]
    for setting in settings:
        default = "(needed)" if setting.required else shown(setting.default)
        cells = [f"`{setting.name}`", setting.unit, setting.allowed, default, setting.description]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def shown(value: object) -> str:
    """A default as a chain file would write it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float | int) else str(value)


def reference() -> str:
    """The whole page."""
    lines = [
        "# Stages",
        "",
        "Made from the models by `make docs`; `masterprint stages NAME` shows the same.",
        "",
        "## Common settings",
        "",
        *rows([s for s in settings_of(BUILT_IN["gain"]) if s.name in COMMON]),
    ]
    for name, kind in BUILT_IN.items():
        lines += ["", f"## `{name}`", "", inspect.cleandoc(kind.__doc__ or ""), ""]
        lines += rows(settings_of(kind, common=False))
        if name == "eq":
            lines += ["", "Each of `bands`:", "", *rows(settings_of(Band))]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    Path(__file__).parents[1].joinpath("docs", "stages.md").write_text(
        reference(), encoding="utf-8"
    )
