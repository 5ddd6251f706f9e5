"""`masterprint recall`: make a master again, and prove that it is the same."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from masterprint.metering.measurement import Measurement
    from masterprint.rendering.recall import Recalled

SAID = {
    "identical": "identical",
    "within": "within the tolerance",
    "different": "DIFFERENT",
    "impossible": "IMPOSSIBLE",
    "changed": "rendered with other settings",
}
FAILED, IMPOSSIBLE = 1, 2


def recall(
    sheet: Annotated[Path, typer.Argument(metavar="SHEET", help="Recall sheet of a master.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="DIR", help="Keep the new master in this folder."),
    ] = None,
    mix: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="PATH",
            help="Where mix and state files may be: a folder, searched by hash; or the mix itself.",
        ),
    ] = None,
    chain: Annotated[
        str | None, typer.Option(metavar="CHAIN", help="Another chain for the same mix.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Such as maximizer.ceiling_dbtp=-1.5."),
    ] = None,
    tolerance_db: Annotated[
        float,
        typer.Option(metavar="DBFS", max=0, help="Residual peak that still counts as the same."),
    ] = -90.0,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a file in DIR.")] = False,
    timeout: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", min=0.1, help="For a mix that goes through plugins."),
    ] = None,
    trust_path: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Load this plugin file, too, though it is not scanned."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Make a master again from its recall sheet: is it the same?

    Every ingredient is checked first. Ends with 0 where the master is identical or within the
    tolerance, 1 where it is different, 2 where something is missing. With --chain or --set the same
    mix goes through other settings, and what that changes is shown.
    """
    from masterprint.chain.library import find_chain
    from masterprint.chain.overrides import setting_from
    from masterprint.cli.console import announce, progress_bars
    from masterprint.rendering.progress import RenderProgress
    from masterprint.rendering.recall import recall as recall_sheet
    from masterprint.rendering.recall import rerender
    from masterprint.sheets.sheet import load_sheet

    saved = load_sheet(sheet)
    progress = RenderProgress()
    places, trusted = mix or [], trust_path or []
    announce()
    with progress_bars([saved.sheet.mix.name], [progress], not as_json):
        if chain is not None or settings:
            result = rerender(
                saved,
                None if chain is None else find_chain(chain),
                dict(map(setting_from, settings or [])),
                folder=output,
                places=places,
                chain_file=None if chain is None else Path(chain).name,
                trusted=trusted,
                overwrite=overwrite,
                timeout_s=timeout,
                progress=progress,
            )
        else:
            result = recall_sheet(
                saved,
                folder=output,
                places=places,
                tolerance_db=tolerance_db,
                trusted=trusted,
                overwrite=overwrite,
                timeout_s=timeout,
                progress=progress,
            )
    _tell(result, as_json)
    if result.verdict == "impossible":
        raise typer.Exit(IMPOSSIBLE)
    if result.verdict == "different":
        raise typer.Exit(FAILED)


def _tell(result: Recalled, as_json: bool) -> None:
    from masterprint.cli.console import clean, print_json

    if as_json:
        print_json(result.as_dict())
    else:
        for each in result.ingredients:
            if each.status != "same":
                name = each.kind if each.name in ("", each.kind) else f"{each.kind} {each.name}"
                print(clean(f"{each.status:8} {name}: {each.text}"))
        same = sum(each.status == "same" for each in result.ingredients)
        print(f"{'same':8} {same} of {len(result.ingredients)} ingredients")
        for change in result.settings:
            print(clean(f"{change}"))
        if result.verdict == "changed" and result.after is not None:
            _compare(result.before, result.after)
        print(clean(_sentence(result)))
        if result.master is not None:
            print(clean(f"  {result.master}"))
    for warning in result.warnings:
        print(clean(f"masterprint: warning: {warning}."), file=sys.stderr)


def _sentence(result: Recalled) -> str:
    said = f"{SAID[result.verdict]}: {result.reason}"
    if result.verdict in ("within", "different") and result.residual_rms_dbfs is not None:
        said += (
            f"; the residual peaks at {result.residual_peak_dbfs:.1f} dBFS, "
            f"RMS {result.residual_rms_dbfs:.1f} dBFS"
        )
    return said


def _compare(before: dict[str, object], after: Measurement) -> None:
    """Each figure of the old master and the new one, and what it moved by."""
    from rich.console import Console
    from rich.table import Table

    from masterprint.cli.console import FIGURES, shown

    table = Table()
    table.add_column("")
    for heading in ("old", "new", "change"):
        table.add_column(heading, justify="right")
    table.add_column("", style="dim")
    for key, name, unit, digits in FIGURES:
        old, new = before.get(key), getattr(after, key)
        was = float(old) if isinstance(old, float | int) else None
        moved = None if was is None or new is None else new - was
        change = "" if moved is None or not round(moved, digits) else f"{moved:+.{digits}f}"
        table.add_row(name, shown(was, digits), shown(new, digits), change, unit)
    Console().print(table)
