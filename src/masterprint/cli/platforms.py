"""`masterprint platforms`: where music goes, what is asked there, how well that is known."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from masterprint.release.platforms import Platforms, Service
    from masterprint.release.profiles import Deliverable

SHORT_GAINS = {"down": "down", "both": "both", "up_with_headroom": "headroom", "none": "-"}
SHORT_ALBUMS = {"album": "whole", "loudest_track": "loudest", "track": "tracks", "unknown": "?"}
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
    """List what services ask for and do, and what can be delivered; or all that is known of one."""
    from masterprint.cli.console import print_json
    from masterprint.release.platforms import load_platforms

    found = load_platforms(own)
    services, deliverables = list(found.services), list(found.deliverables)
    if name is not None:
        deliverables = [each for each in deliverables if each == name.strip().lower()]
        services = [found.find(name)[0]] if found.has(name) or not deliverables else []
    if as_json:
        plain = [{"name": n} | found.deliverables[n].model_dump() for n in deliverables]
        print_json({"services": found.as_dict(services), "deliverables": plain})
    elif name is None:
        _print_all(found)
    else:
        for key in services:
            _print_one(key, found.services[key], str(found.files[key]))
        for key in deliverables:
            _print_deliverable(key, found.deliverables[key])


def _print_all(found: Platforms) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from masterprint.cli.console import clean

    table = Table(box=None, pad_edge=False)
    table.add_column("platform", no_wrap=True)  # has to be typed as it is
    table.add_column("LUFS", justify="right", no_wrap=True)
    table.add_column("dBTP", justify="right", no_wrap=True)
    for heading in ("turns", "albums", "evidence", "checked"):
        table.add_column(heading, no_wrap=True)
    for name, service in found.services.items():
        style = "bold red" if service.evidence == "contradictory" else ""
        table.add_row(
            Text(name),
            _level(service.target_lufs),
            _level(service.max_true_peak_dbtp),
            SHORT_GAINS[service.gain],
            "-" if service.gain == "none" else SHORT_ALBUMS[service.album],
            Text(EVIDENCE[service.evidence], style=style),
            Text(clean(service.checked)),
        )
    Console().print(table)
    print()
    table = Table(box=None, pad_edge=False)
    table.add_column("deliverable", no_wrap=True)
    table.add_column("what")
    for name, each in found.deliverables.items():
        table.add_row(Text(name), Text(clean(each.description)))
    Console().print(table)
    print("\nServices change these without notice. `masterprint platforms NAME` tells the source.")


def _print_one(name: str, service: Service, file: str) -> None:
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
    _print_rows(f"{service.title} ({name})", rows)


def _print_deliverable(name: str, profile: Deliverable) -> None:
    from masterprint.codecs.formats import FORMATS

    tracks = profile.kind == "tracks"
    _print_rows(
        f"Deliverable {name}",
        [
            ("what", profile.description),
            ("kind", profile.kind),
            ("formats", ", ".join(FORMATS[each].label for each in profile.formats if tracks)),
            ("rate", _with(profile.sample_rate_hz, "Hz")),
            ("target", _with(profile.target_lufs, "LUFS")),
            ("ceiling", _with(profile.ceiling_dbtp, "dBTP")),
            ("services", ", ".join(profile.services)),
            ("source", profile.source),
            ("checked", profile.checked),
            ("evidence", profile.evidence),
        ],
    )


def _print_rows(title: str, rows: list[tuple[str, str]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from masterprint.cli.console import clean

    table = Table(
        title=Text(clean(title)),
        title_justify="left",
        title_style="bold",
        show_header=False,
        box=None,
        pad_edge=False,
    )
    table.add_column("", no_wrap=True)
    table.add_column("", overflow="fold")  # addresses are to be whole
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
