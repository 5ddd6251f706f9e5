"""`masterprint ddp`: what is in a DDP set or behind a cue sheet, and whether it agrees."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from masterprint.disc.sources import DiscSource


def ddp(
    source: Annotated[
        Path, typer.Argument(metavar="SET", help="A folder with a DDP set, or a cue sheet.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print all of it as JSON.")] = False,
    extract: Annotated[
        bool, typer.Option("--extract", help="Write the tracks as WAV files, bit for bit.")
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="DIR", help="Where the tracks go."),
    ] = None,
) -> None:
    """Read a DDP set or a cue sheet: tracks, times, codes, CD-Text, checksums, Red Book rules.

    Exit code 1 if something in it does not agree.
    """
    from masterprint.cli.console import print_json
    from masterprint.disc.extraction import extract_tracks
    from masterprint.disc.sources import read_disc
    from masterprint.errors import UsageError

    if extract != (output is not None):
        raise typer.BadParameter("--extract and -o DIR go together", param_hint="--extract")
    found = read_disc(source)
    written: list[Path] = []
    if output is not None:
        if found.programme is None:
            raise UsageError(f"{source}: has no audio that could be extracted.")
        written = extract_tracks(found.disc, found.programme, output)
    if as_json:
        print_json(found.as_dict() | {"written": [str(path) for path in written]})
    else:
        _tell(found, written)
    if found.problems:
        raise typer.Exit(1)


def _tell(found: DiscSource, written: list[Path]) -> None:
    from masterprint.cli.console import clean
    from masterprint.disc.pq_sheet import pq_sheet_text

    _, _, sheet = pq_sheet_text(found.disc).partition("\n\n")
    print(clean(sheet))
    if found.ddp is not None:
        print(f"Image: {clean(found.ddp.files['image'])}, {found.ddp.image.sectors} sectors")
        print(f"  MD5 {found.ddp.image.md5}")
        packs = found.ddp.cdtext.packs if found.ddp.cdtext else 0
        print(f"CD-Text: {packs} packs" if packs else "CD-Text: none")
        if found.ddp.master_id:
            print(f"Master ID: {clean(found.ddp.master_id)}")
        agreeing = sum(agrees for _, agrees in found.ddp.checksums)
        total = len(found.ddp.checksums)
        print(f"Checksums: {agreeing} of {total} agree" if total else "Checksums: none in the set")
    for note in found.notes:
        print(f"Note: {clean(note)}")
    for path in written:
        print(f"Written: {clean(str(path))}")
    for problem in found.problems:
        print(f"masterprint: {clean(problem)}", file=sys.stderr)
    if not found.problems:
        print("Everything agrees.")
