"""`masterprint null`: what is left when one file is taken off another."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from masterprint.rendering.null_result import NullResult


def null(
    a: Annotated[Path, typer.Argument(metavar="A", help="The file to compare with.")],
    b: Annotated[Path, typer.Argument(metavar="B", help="The file that is compared.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
    align: Annotated[
        bool,
        typer.Option(
            "--align/--as-they-lie", help="Look for offset, polarity and gain, or take none."
        ),
    ] = True,
) -> None:
    """Null test: take B off A, and say what is left. Exit code 1 if they are different."""
    from masterprint.cli.console import announce, counting, print_json
    from masterprint.rendering.needs import need_file
    from masterprint.rendering.null import PASSES, null_files

    for file in (a, b):
        need_file(file)
    announce()
    with counting(PASSES, show=True) as step:
        result = null_files(a, b, align=align, step=step)
    if as_json:
        print_json(result.as_dict())
    else:
        tell(result)
    if result.verdict == "different":
        raise typer.Exit(1)


def tell(result: NullResult) -> None:
    """The sentence, then the figures, for people."""
    from masterprint.cli.console import clean

    print(clean(f"A: {result.a}\nB: {result.b}\n"))
    print(result.sentence)
    for note in result.notes:
        print(f"  {note}")
    if result.residual_at_own_level.peak_dbfs is not None:
        print()
        print_residual(result)


def print_residual(result: NullResult) -> None:
    """The residual with and without the gain, and by octave beside the programme."""
    from rich.console import Console
    from rich.table import Table

    from masterprint.cli.console import shown

    table = Table()
    table.add_column("Residual")
    both = {"gain taken out": result.residual, "at its own level": result.residual_at_own_level}
    if result.gain_db is None:
        both = {"as they are": result.residual}
    for heading in both:
        table.add_column(heading, justify="right")
    table.add_column("", style="dim")
    for key, name, unit, digits in [
        ("peak_dbfs", "Peak", "dBFS", 1),
        ("peak_at_s", "Peak at", "s of A", 3),
        ("rms_dbfs", "RMS", "dBFS", 1),
        ("integrated_lufs", "Loudness", "LUFS", 1),
        ("null_depth_db", "Null depth", "dB re A", 1),
    ]:
        table.add_row(name, *(shown(getattr(one, key), digits) for one in both.values()), unit)
    bands = Table()
    for heading in ("Octave Hz", "A dBFS", "residual dBFS", "depth dB"):
        bands.add_column(heading, justify="right")
    for band in result.bands:
        programme, left = band.programme_rms_dbfs, band.residual_rms_dbfs
        depth = None if programme is None or left is None else left - programme
        bands.add_row(f"{band.centre_hz:g}", shown(programme, 1), shown(left, 1), shown(depth, 1))
    console = Console()
    console.print(table)
    console.print(bands)
