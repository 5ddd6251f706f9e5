"""`masterprint pack` and `unpack`: a session in one file, for another studio."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from masterprint.errors import PackError

FAILED = 1


def pack(
    sheets: Annotated[
        list[Path],
        typer.Argument(metavar="SHEET...", help="Recall sheets, or masters with one beside them."),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE.zip", help="The pack to write.")
    ],
    mix: Annotated[bool, typer.Option("--mix", help="Put the mixes in, too.")] = False,
    master: Annotated[bool, typer.Option("--master", help="Put the masters in, too.")] = False,
    audio: Annotated[bool, typer.Option("--audio", help="Both: mixes and masters.")] = False,
    search: Annotated[
        list[Path] | None,
        typer.Option(metavar="DIR", help="Where files and mixes may be, searched by hash."),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace FILE.zip.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what went in as JSON.")] = False,
) -> None:
    """Pack sessions: recall sheets with the plugin states, responses and references that they name.

    Every file is checked against its sheet first. Plugins stay where they are; mixes and masters
    go in on request.
    """
    from masterprint.cli.console import announce, clean, counting, print_json
    from masterprint.sheets.contents import gather_contents
    from masterprint.sheets.packing import need_place, write_pack
    from masterprint.sheets.places import Places

    places = Places(search or [])
    need_place(output, overwrite)
    announce()
    try:
        contents = gather_contents(sheets, mix=mix or audio, master=master or audio, places=places)
        with counting(len(contents.items), not as_json) as step:
            write_pack(contents, output, overwrite=overwrite, step=step)
    except PackError as error:
        _fail(error)
    members = [item.member for item in contents.items]
    size = output.stat().st_size
    for warning in contents.warnings:
        print(clean(f"masterprint: warning: {warning}."), file=sys.stderr)
    if as_json:
        print_json(
            {
                "pack": str(output),
                "bytes": size,
                "members": [member.model_dump() for member in members],
                "warnings": contents.warnings,
            }
        )
        return
    for member in members:
        print(clean(f"{member.kind:6} {member.name}"))
    print(clean(f"{output}: {len(members)} files, {size} bytes"))


def unpack(
    file: Annotated[Path, typer.Argument(metavar="FILE.zip", help="What pack has written.")],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="DIR", help="Where to; else a folder named like the pack."
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace files that are there.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what came out as JSON.")] = False,
) -> None:
    """Unpack a session. Nothing is written outside DIR, and nothing that is not as it was packed.

    Then `masterprint recall DIR/NAME.recall.yaml --mix FOLDER` makes its master again.
    """
    from masterprint.cli.console import clean, counting, print_json
    from masterprint.sheets.pack_reading import open_pack
    from masterprint.sheets.unpacking import unpack as unpack_to

    folder = output if output is not None else _default_folder(file)
    try:
        with open_pack(file) as opened:
            members = opened.members
            with counting(len(members), not as_json) as step:
                unpack_to(opened, folder, overwrite=overwrite, step=step)
    except PackError as error:
        _fail(error)
    if as_json:
        rows = [member.model_dump() | {"path": str(folder / member.name)} for member in members]
        print_json({"pack": str(file), "folder": str(folder), "members": rows})
        return
    for member in members:
        print(clean(f"{member.kind:6} {folder / member.name}"))
    print(clean(f"{folder}: {len(members)} files"))


def _default_folder(file: Path) -> Path:
    """In the present folder, whatever somebody has called his pack."""
    from masterprint.errors import UsageError

    name = file.stem
    if not name.strip(".") or file.suffix.lower() != ".zip":
        raise UsageError(f"{file}: gives no name for a folder.", hint="say -o DIR")
    return Path(name)


def _fail(error: PackError) -> NoReturn:
    from masterprint.cli.console import clean

    print(clean(f"masterprint: {error}"), file=sys.stderr)
    raise typer.Exit(FAILED)
