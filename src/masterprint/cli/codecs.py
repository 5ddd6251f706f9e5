"""`masterprint codecs`: what will happen to this master, service by service and codec by codec."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from masterprint.codecs.table import CodecTable
    from masterprint.release.platforms import Service

USUAL = "spotify, apple-music, youtube, tidal, amazon-music, deezer, soundcloud, bandcamp"


def codecs(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Masters.")],
    wanted: Annotated[
        str,
        typer.Option("--for", metavar="NAMES", help="Platforms, with commas between."),
    ] = USUAL,
    own: Annotated[
        Path | None,
        typer.Option("--platforms", metavar="FILE", help="Your own table, which adds to ours."),
    ] = None,
    jobs: Annotated[
        int | None, typer.Option("--jobs", "-j", min=1, max=64, help="Codecs at a time.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Tell what services will do to a master: gain, peaks after each codec, a safe ceiling."""
    import os

    from masterprint.cli.console import announce, counting, print_json
    from masterprint.codecs.formats import FORMATS
    from masterprint.codecs.table import codec_table
    from masterprint.errors import MasterprintError, UsageError
    from masterprint.release.platforms import load_platforms
    from masterprint.rendering.needs import need_file

    known = load_platforms(own)
    services = dict(known.find(name) for name in wanted.split(",") if name.strip())
    if not services:
        raise UsageError("--for names no platform.", hint="such as --for spotify,apple")
    for file in files:
        need_file(file)
    announce()
    played = {name for one in services.values() for name in one.codecs}
    formats = [name for name in FORMATS if name in played]
    rows: list[dict[str, Any]] = []
    with counting(len(files) * (1 + len(formats)), not as_json) as begun:
        tables: list[CodecTable | str] = []
        for file in files:
            try:
                tables.append(
                    codec_table(file, formats, workers=jobs or os.cpu_count() or 1, begun=begun)
                )
            except MasterprintError as error:
                tables.append(str(error))
    for file, table in zip(files, tables, strict=True):
        if isinstance(table, str):
            print(f"masterprint: {table}", file=sys.stderr)
            rows.append({"file": str(file), "error": table})
            continue
        rows.append({"file": str(file)} | _as_dict(table, services))
        if not as_json:
            _print(str(file), table, services)
    if as_json:
        print_json(rows)
    if any("error" in row for row in rows) or any(
        row["failed"] for one in rows for row in one.get("codecs", [])
    ):
        raise typer.Exit(1)


def _as_dict(table: CodecTable, services: dict[str, Service]) -> dict[str, Any]:
    from masterprint.release.advice import advice, safe_ceiling_dbtp
    from masterprint.release.outlook import outlook

    measured = table.measurement
    return {
        "measurement": measured.as_dict(),
        "codecs": [row.as_dict() for row in table.rows.values()],
        "services": [
            {
                "name": name,
                "title": service.title,
                "evidence": service.evidence,
                "limit_dbtp": service.peak_limit_dbtp(measured.integrated_lufs),
                "codecs": service.codecs,
                "safe_ceiling_dbtp": _rounded(safe_ceiling_dbtp(table, service)),
                "advice": advice(table, service),
            }
            | outlook(measured, service).as_dict()
            for name, service in services.items()
        ],
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1) + 0.0


def _print(file: str, table: CodecTable, services: dict[str, Service]) -> None:
    from rich.console import Console
    from rich.text import Text

    from masterprint.cli.console import clean, shown
    from masterprint.release.advice import advice
    from masterprint.release.outlook import outlook

    measured = table.measurement
    console = Console()
    loudness, peak = shown(measured.integrated_lufs, 1), shown(measured.true_peak_dbtp, 2)
    console.print(Text(f"{clean(file)}: {loudness} LUFS, {peak} dBTP", style="bold"))
    if any(not row.lossless for row in table.rows.values()):
        console.print(_codecs_table(table, services))
        for failed in dict.fromkeys(row.failed for row in table.rows.values() if row.failed):
            console.print(Text(clean(failed)), soft_wrap=True)
    for service in services.values():
        said = outlook(measured, service)
        mark = " (sources contradict one another)" if service.evidence == "contradictory" else ""
        console.print(Text(f"{clean(service.title)}{mark}", style="bold"))
        heard = said.track.why
        if said.track.gain_db and said.track.integrated_lufs is not None:
            heard += f": heard at {said.track.integrated_lufs:.1f} LUFS"
        remarks = (f"{each}." for each in said.remarks)
        for sentence in (f"{heard}.", *remarks, advice(table, service)):
            console.print(Text(f"  {sentence[0].upper()}{sentence[1:]}"), soft_wrap=True)
    console.print()


def _codecs_table(table: CodecTable, services: dict[str, Service]) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from masterprint.cli.console import shown

    made = Table(box=box.SIMPLE, pad_edge=False)
    made.add_column("codec", no_wrap=True)
    for heading in ("dBTP", "change", "clipped", "kbit/s"):
        made.add_column(heading, justify="right")
    made.add_column("played by")
    for name, row in table.rows.items():
        if row.lossless:
            continue
        by = ", ".join(each for each, service in services.items() if name in service.codecs)
        if row.failed:
            made.add_row(row.label, "-", "-", "-", "-", by)
            continue
        loud = row.true_peak_dbtp is not None and row.true_peak_dbtp > 0
        made.add_row(
            row.label,
            Text(shown(row.true_peak_dbtp, 2), style="bold red" if loud else ""),
            "-" if row.change_db is None else f"{row.change_db:+.2f}",
            str(row.clipped_samples),
            shown(row.kbps, 0),
            by,
        )
    return made
