"""`masterprint platforms`: where music goes, what is asked there, how well that is known."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from masterprint.release.platforms import Platforms, Service

GAINS = {
    "down": "down only",
    "both": "up and down",
    "up_with_headroom": "down, up to headroom",
    "none": "none",
}
ALBUMS = {
    "album": "as a whole",
    "loudest_track": "by its loudest track",
    "track": "track by track",
    "unknown": "not known",
}
EVIDENCE = {
    "official": "official",
    "trade_press": "trade press",
    "measured": "measured",
    "expert": "expert",
    "contradictory": "CONTRADICTORY",
}


def platforms(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="One platform, with all that is known.")
    ] = None,
    own: Annotated[
        Path | None,
        typer.Option("--platforms", metavar="FILE", help="Your own table, which adds to ours."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """List what services ask for and do, or all that is known of one: targets, codecs, source."""
    from masterprint.cli.console import print_json
    from masterprint.release.platforms import load_platforms

    found = load_platforms(own)
    if name is not None:
        key, service = found.find(name)
        if as_json:
            print_json(found.as_dict([key]))
        else:
            _print_one(key, service, str(found.files[key]))
    elif as_json:
        print_json(found.as_dict())
    else:
        _print_all(found)


def _print_all(found: Platforms) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from masterprint.cli.console import clean

    table = Table(box=box.SIMPLE, pad_edge=False)
    table.add_column("platform", no_wrap=True)  # has to be typed as it is
    table.add_column("LUFS", justify="right")
    table.add_column("dBTP", justify="right")
    for heading in ("gain", "albums", "evidence", "checked"):
        table.add_column(heading, no_wrap=heading in ("evidence", "checked"))
    for name, service in found.services.items():
        style = "bold red" if service.evidence == "contradictory" else ""
        table.add_row(
            Text(name),
            _level(service.target_lufs),
            _level(service.max_true_peak_dbtp),
            GAINS[service.gain],
            "-" if service.gain == "none" else ALBUMS[service.album],
            Text(EVIDENCE[service.evidence], style=style),
            Text(clean(service.checked)),
        )
    Console().print(table)
    print("Services change these without notice. `masterprint platforms NAME` tells the source.")


def _print_one(name: str, service: Service, file: str) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from masterprint.cli.console import clean
    from masterprint.codecs.formats import FORMATS

    rows: list[tuple[str, str]] = [
        ("also", ", ".join(service.aliases)),
        ("target", _with(service.target_lufs, "LUFS", service.tolerance_lu)),
        ("target of albums", _with(service.album_target_lufs, "LUFS")),
        ("loudest 3 s", _with(service.max_short_term_lufs, "LUFS at most")),
        ("true peak", _with(service.max_true_peak_dbtp, "dBTP at most")),
        ("if louder", _with(service.loud_true_peak_dbtp, "dBTP at most")),
        ("gain", GAINS[service.gain]),
        ("headroom", _with(service.headroom_dbtp, "dBTP")),
        ("limiter", _with(service.limiter_dbfs, "dBFS")),
        ("albums", "" if service.gain == "none" else ALBUMS[service.album]),
        ("plays", ", ".join(FORMATS[each].label for each in service.codecs)),
        ("deliver", service.deliver),
        ("notes", service.notes),
        ("source", service.source),
        ("checked", service.checked),
        ("evidence", EVIDENCE[service.evidence]),
        ("from", file),
    ]
    table = Table(
        title=Text(f"{clean(service.title)} ({name})"),
        title_justify="left",
        title_style="bold",
        show_header=False,
        box=None,
        pad_edge=False,
    )
    for heading, text in rows:
        if text:
            table.add_row(heading, Text(clean(text)))
    Console().print(table)


def _level(value: float | None) -> str:
    return "-" if value is None else f"{value:g}"


def _with(value: float | None, unit: str, tolerance: float | None = None) -> str:
    if value is None:
        return ""
    return f"{value:g} {unit}" + ("" if tolerance is None else f", within {tolerance:g}")
