"""`masterprint tag`: what files say of themselves, read and written."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from masterprint.tags.applying import Wanted
    from masterprint.tags.fields import Tags
    from masterprint.tags.files import Contents

BEXT = "bext."
Changes = tuple["Tags", dict[str, str], frozenset[str]]


def tag(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Audio files.")],
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="A field and what it is to say, as title=Shore."
        ),
    ] = None,
    remove: Annotated[
        list[str] | None, typer.Option("--remove", metavar="KEY", help="A field to be taken out.")
    ] = None,
    cover: Annotated[
        Path | None, typer.Option("--cover", metavar="FILE", help="JPEG or PNG for the front.")
    ] = None,
    album: Annotated[
        Path | None,
        typer.Option("--from", metavar="ALBUM", help="Say what an album file says of each track."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what files say as JSON.")] = False,
) -> None:
    """Read and write titles, codes, credits and covers of audio files; the audio stays as it is.

    Without --set, --remove, --cover and --from, prints what each file says. Files are replaced
    whole.
    """
    from masterprint.tags.applying import apply_each

    changes = _asked_for(settings or [], remove or [], cover)
    errors: dict[Path, str] = {}
    wanted = _wanted(list(dict.fromkeys(files)), changes, album)
    if wanted is not None:
        for each, error in apply_each(wanted):
            if error is not None:
                errors[each.file] = str(error)
            elif not as_json:
                print(_told(each))
    rows = []
    for file in files if as_json or wanted is None else []:
        rows.append(_row(file, errors, show=not as_json))
    for error_text in errors.values():
        from masterprint.cli.console import clean

        print(f"masterprint: {clean(error_text)}", file=sys.stderr)
    if as_json:
        from masterprint.cli.console import print_json

        print_json(rows)
    if errors:
        raise typer.Exit(1)


def _wanted(files: list[Path], changes: Changes | None, album: Path | None) -> list[Wanted] | None:
    """What each file is to say: as an album has it, and over that what is set; None for nothing."""
    from dataclasses import fields, replace

    from masterprint.tags.applying import Wanted

    if album is None:
        return None if changes is None else [Wanted(file, *changes) for file in files]
    from masterprint.release.labelling import tags_from
    from masterprint.release.loading import load_album
    from masterprint.tags.fields import Tags

    own, bext, gone = changes or (Tags(), {}, frozenset())
    over = {
        each.name: value for each in fields(own) if (value := getattr(own, each.name)) is not None
    }
    over |= dict.fromkeys(gone & set(Tags.__dataclass_fields__))
    return [
        Wanted(file, replace(tags, **over), bext, gone)
        for file, tags in tags_from(load_album(album), files).items()
    ]


def _asked_for(settings: list[str], remove: list[str], cover: Path | None) -> Changes | None:
    """The tags, fields of bext and removals that options ask for; None where they ask nothing.

    Raises:
        UsageError: with all that is wrong, a line each.
    """
    from masterprint.chain.wording import guess
    from masterprint.errors import UsageError
    from masterprint.tags.bext import BEXT_FIELDS, Bext
    from masterprint.tags.covers import cover_of
    from masterprint.tags.fields import Tags
    from masterprint.tags.files import REMOVABLE
    from masterprint.tags.values import TYPED, bext_with, fields_of

    keys = [*TYPED, *(f"{BEXT}{name}" for name in BEXT_FIELDS)]
    values: dict[str, Any] = {}
    bext: dict[str, str] = {}
    problems: list[str] = []
    for setting in settings:
        key, equals, text = setting.partition("=")
        key = key.strip().lower()
        try:
            if not equals:
                raise ValueError("is no KEY=VALUE, such as title=Shore")
            if key == "cover":
                raise ValueError("is no text; use --cover FILE")
            if key not in keys:
                raise ValueError(f"there is no such field{guess(key, keys)}")
            name = key.removeprefix(BEXT)
            if key.startswith(BEXT):
                bext_with(Bext(), {name: text})
                new: dict[str, Any] = {name: text}
                known: dict[str, Any] = bext
            else:
                new, known = fields_of(key, text), values
            if again := [each for each in new if each in known]:
                raise ValueError(f"{again[0]} is given twice")
            known |= new
        except ValueError as error:
            problems.append(f"--set {setting}: {str(error).removeprefix(f'{key[5:]}: ')}")
    gone = set()
    for name in remove:
        key = name.strip().lower()
        if key not in REMOVABLE:
            problems.append(f"--remove {name}: there is no such field{guess(key, [*REMOVABLE])}")
        elif key in values or (key == "bext" and bext) or (key == "cover" and cover):
            problems.append(f"--remove {name}: is to be set and removed at once")
        gone.add(key)
    if cover is not None:
        try:
            values["cover"] = cover_of(cover)
        except UsageError as error:
            problems.append(f"--cover {error}")
    if problems:
        raise UsageError("\n".join(each if each[-1] in ".?" else f"{each}." for each in problems))
    return (Tags(**values), bext, frozenset(gone)) if values or bext or gone else None


def _row(file: Path, errors: dict[Path, str], show: bool) -> dict[str, Any]:
    """What a file says, printed or as data; what goes wrong is put with the errors."""
    from dataclasses import asdict

    from masterprint.errors import MasterprintError
    from masterprint.tags.files import read_contents

    if file in errors:
        return {"file": str(file), "error": errors[file]}
    try:
        contents = read_contents(file)
    except MasterprintError as error:
        errors[file] = str(error)
        return {"file": str(file), "error": str(error)}
    if show:
        _show(file, contents)
    row: dict[str, Any] = {"file": str(file)}
    row |= {"container": contents.container, "tags": contents.tags.as_dict()}
    if (wav := contents.wav) is not None:
        row |= {
            "bext": None if wav.bext is None else asdict(wav.bext),
            "ixml": wav.ixml,
            "chunks": list(wav.chunks),
            "unknown_chunks": list(wav.unknown),
            "trailing_bytes": wav.trailing_bytes,
        }
    return row


def _told(wanted: Wanted) -> str:
    """What was done to a file, for people."""
    from masterprint.cli.console import clean

    fields = [name for name, value in wanted.tags.as_dict().items() if value is not None]
    fields += [f"{BEXT}{name}" for name in wanted.bext]
    parts = ["wrote " + ", ".join(fields)] if fields else []
    parts += ["removed " + ", ".join(sorted(wanted.remove))] if wanted.remove else []
    return clean(f"{wanted.file}: {'; '.join(parts)}")


def _show(file: Path, contents: Contents) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from masterprint.cli.console import clean

    # Text and not a string, in which "[take]" would be taken for markup.
    title = Text(clean(f"{file} ({contents.container})"))
    table = Table(title=title, title_justify="left", title_style="bold", show_header=False)
    table.add_column("", no_wrap=True)
    table.add_column("", overflow="fold")
    rows = _shown(contents)
    for name, text in rows:
        table.add_row(name, Text(clean(text)))
    Console().print(table if rows else Text.assemble(title, ": says nothing of itself"))


def _shown(contents: Contents) -> list[tuple[str, str]]:
    """The fields that say something, as text."""
    from masterprint.tags.bext import BEXT_FIELDS, LOUDNESS

    tags = contents.tags
    rows = []
    for name, value in tags.as_dict().items():
        if value is None:
            continue
        if name == "cover":
            size = f"{value['width']} x {value['height']}, {value['bytes']} bytes"
            rows.append((name, f"{value['mime']}, {size}"))
        elif name == "gain":
            said = (f"{key} {figure:g}" for key, figure in value.items() if figure is not None)
            rows.append((name, ", ".join(said)))
        else:
            rows.append((name, str(value)))
    if (wav := contents.wav) is not None:
        for name in BEXT_FIELDS if wav.bext is not None else ():
            value = getattr(wav.bext, name)
            if value not in ("", None) and not (name == "time_reference" and value == 0):
                rows.append((f"{BEXT}{name}", f"{value:.2f}" if name in LOUDNESS else str(value)))
        rows.append(("chunks", ", ".join(wav.chunks)))
        if wav.trailing_bytes:
            rows.append(("", f"{wav.trailing_bytes} bytes behind the last chunk, kept as they are"))
    return rows
