"""`masterprint sessions`: what did I use on that."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from masterprint.sheets.listing import Session
    from masterprint.stages.base import Stage

AIMS = ("target_lufs", "ceiling_dbtp")
FAILED = 1
DAY = len("2026-11-21")


def sessions(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where recall sheets are.")],
    find: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TEXT",
            help="Only those with TEXT in a name of mix, master, chain, reference or other file, "
            "plugin, vendor or stage, or at the beginning of the date (as 2026-11). Of several, "
            "all must fit.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the list as JSON.")] = False,
) -> None:
    """List the recall sheets below a folder by date, with mix, chain, plugins and loudness.

    Where one is found, its chain is shown.
    """
    from masterprint.cli.console import clean, counting, print_json_rows
    from masterprint.errors import SheetError, UsageError
    from masterprint.sheets.listing import Wanted, find_sheets, read_session

    if not folder.is_dir():
        what = "is a file, where a folder is expected" if folder.exists() else "no such folder"
        raise UsageError(f"{folder}: {what}.")

    def complain(text: str) -> None:
        print(clean(f"masterprint: {text}"), file=sys.stderr)

    wanted = Wanted(find or [])
    paths = find_sheets(folder, complain)
    rows: list[Session] = []
    damaged: list[str] = []
    with counting(len(paths), not as_json) as step:
        for path in paths:
            step(path)
            try:
                row = read_session(path, wanted)
            except SheetError as error:
                damaged.append(error.message)
                continue
            if row is not None:
                rows.append(row)
    rows.sort(key=lambda row: (row.date, row.sheet))
    for text in damaged:
        complain(text)
    if as_json:
        print_json_rows(row.as_dict() for row in rows)
    else:
        _tell(rows, len(paths), folder)
    if paths and len(damaged) == len(paths):
        raise typer.Exit(FAILED)


def _tell(rows: list[Session], count: int, folder: Path) -> None:
    from masterprint.cli.console import clean, shown

    for row in rows:
        level = f"{shown(row.integrated_lufs, 1):>6} LUFS {shown(row.true_peak_dbtp, 2):>7} dBTP"
        print(clean(f"{row.date[:DAY]} {level}  {row.mix}: {_made_with(row)}"))
        print(clean(f"{'':{DAY}} {row.sheet}"))
    sheets = "1 recall sheet" if count == 1 else f"{count} recall sheets"
    if not count:
        print(clean(f"There are no recall sheets below {folder}."))
    elif len(rows) < count:
        print(f"{len(rows)} of {sheets}")
    else:
        print(sheets)
    if len(rows) == 1:
        _tell_chain(Path(rows[0].sheet))


def _made_with(row: Session) -> str:
    """The chain and its plugins."""
    chain = row.chain or row.chain_file or "a chain without a name"
    if row.chain and row.chain_file:
        chain = f"{row.chain} ({row.chain_file})"
    plugins = []
    for plugin in row.plugins:
        text = f"{plugin.name} {plugin.version or ''}".strip()
        plugins.append(text if plugin.used == "plugin" else f"{text} [{plugin.used} in its place]")
    return "; ".join([chain, *plugins])


def _aims(stage: Stage) -> dict[str, Any]:
    """What everybody asks for first, told even where it is a default."""
    return {key: getattr(stage, key) for key in AIMS if key in type(stage).model_fields}


def _tell_chain(path: Path) -> None:
    """The chain as a picture, with what is not a default."""
    from pydantic import ValidationError

    from masterprint.chain.model import Chain
    from masterprint.chain.picture import picture
    from masterprint.cli.console import clean
    from masterprint.sheets.sheet import load_sheet

    try:
        chain = Chain.model_validate(load_sheet(path).sheet.chain.settings)
        plain = chain.model_dump(mode="json", exclude_defaults=True, exclude={"stages"})
        plain["stages"] = [
            {stage.stage_name: stage.model_dump(mode="json", exclude_defaults=True) | _aims(stage)}
            for stage in chain.stages
        ]
        print(f"\n{clean(picture(Chain.model_validate(plain)))}")
    except ValidationError:  # a sheet of another version, whose stages are others
        print("\nIts chain has settings that this version does not know.")
