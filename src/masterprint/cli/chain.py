"""`masterprint chain`: check, show, copy and pin chains, and the schema of chain files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from masterprint.chain.model import Chain

CHAIN_SUFFIXES = (".yaml", ".yml")

app = typer.Typer(help="Check, show, copy and pin chain files.", no_args_is_help=True)


@app.command("check")
def check(
    chains: Annotated[list[Path], typer.Argument(metavar="CHAIN...", help="Chain files.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Check chain files; every problem is named with its line.

    Exit code 2 where a file is wrong, 1 where it is right and this machine lacks a plugin for it.
    """
    from masterprint.chain.library import find_chain
    from masterprint.chain.loading import ChainFileError
    from masterprint.chain.plugins import plugin_notes
    from masterprint.cli.console import clean, print_json
    from masterprint.errors import ChainError

    rows: list[dict[str, Any]] = []
    for name in chains:
        row: dict[str, Any] = {"chain": str(name), "ok": True, "problems": []}
        try:
            chain = find_chain(name)
            row["name"] = chain.name
            row["plugins"] = plugin_notes(chain)
            row["can_render_here"] = _can_render(chain, name)
            if not as_json:
                count = len(chain.stages)
                verdict = "ok" if row["can_render_here"] else "valid, but not to be rendered here"
                print(f"{name}: {verdict}, {count} {'stage' if count == 1 else 'stages'}")
                for note in row["plugins"]:
                    print(f"  {clean(note)}")
        except ChainFileError as error:
            row["ok"] = False
            row["problems"] = [vars(problem) for problem in error.problems]
            print(error, file=sys.stderr)
        except ChainError as error:
            row["ok"] = False
            row["problems"] = [{"line": None, "column": None, "path": "", "message": str(error)}]
            print(error, file=sys.stderr)
        rows.append(row)
    if as_json:
        print_json(rows)
    if not all(row["ok"] for row in rows):
        raise typer.Exit(2)
    if not all(row["can_render_here"] for row in rows):
        raise typer.Exit(1)


def _can_render(chain: Chain, name: Path) -> bool:
    """Whether this machine has what the chain needs; if not, it is said."""
    from masterprint.chain.plugins import with_plugins
    from masterprint.cli.console import clean
    from masterprint.errors import PluginError

    try:
        with_plugins(chain)
    except PluginError as error:
        print(clean(f"{name}: {error}"), file=sys.stderr)
        return False
    return True


@app.command("show")
def show(
    chain: Annotated[str, typer.Argument(help="Chain file, or the name of a ready-made chain.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the chain as JSON.")] = False,
) -> None:
    """Show a chain: a picture of its flow, and every setting with its default filled in."""
    import yaml

    from masterprint.chain.library import find_chain
    from masterprint.chain.picture import picture
    from masterprint.cli.console import print_json

    found = find_chain(chain)
    resolved = found.as_dict(resolved=True)
    if as_json:
        print_json(resolved)
        return
    print(found.name or chain)
    if found.description:
        print(found.description)
    print(f"\n{picture(found)}\n\nEvery setting, defaults included:\n")
    print(yaml.safe_dump(resolved, sort_keys=False, allow_unicode=True).rstrip())


@app.command("pin")
def pin(
    sheet: Annotated[
        Path, typer.Argument(metavar="SHEET", help="A recall sheet, or the master beside it.")
    ],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="CHAIN.yaml", help="Chain file to be written."),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a file there.")] = False,
) -> None:
    """Write a render's chain with what its stages found in the mix as plain settings.

    A maximizer becomes the limiter with the gain that it found, a match its equalisers: what they
    decided can be seen and changed, and is the same on any mix. Other stages stay as they were.
    Comments of the chain file are not in its sheet, so they are not written.
    """
    import yaml

    from masterprint.chain.loading import ChainFileError, parse_chain
    from masterprint.chain.pinning import pinned_stages
    from masterprint.cli.console import clean
    from masterprint.errors import UsageError
    from masterprint.sheets.sheet import load_sheet

    saved = load_sheet(sheet)
    settings = saved.sheet.chain.settings
    reports = [each.details for each in saved.sheet.stages if each.stage != "conversion"]
    if len(reports) != len(settings["stages"]):
        raise UsageError(f"{saved.path}: tells of other stages than its chain has.")
    try:
        stages, said = pinned_stages(settings["stages"], reports)
        data = {"masterprint": 1} | settings | {"stages": stages}
        # What holds nothing else stands on a line: a stage, a band of an equaliser.
        text = yaml.safe_dump(
            data, sort_keys=False, allow_unicode=True, default_flow_style=None, width=100
        )
        chain = parse_chain(text, f"{saved.path}, pinned")
    except ChainFileError as error:
        first = error.problems[0]
        raise UsageError(
            f"{saved.path}: cannot be pinned: {first.path}: {first.message}."
        ) from error
    except ValueError as error:
        raise UsageError(f"{saved.path}: cannot be pinned: {error}.") from error
    for line in said or ["there is nothing to be pinned"]:
        print(clean(f"masterprint: {line}"), file=sys.stderr)
    if not saved.is_untouched:
        note = "was edited after it was written: what its stages found may be something else"
        print(clean(f"masterprint: warning: {saved.path}: {note}"), file=sys.stderr)
    for name in _files_missing(chain, output.parent) if output else []:
        note = f"names {name}, which has to lie beside it as it did beside the first chain"
        print(clean(f"masterprint: warning: {output}: {note}"), file=sys.stderr)
    if output is None:
        print(text.rstrip())
        return
    _write_chain(output, text.encode(), overwrite)


def _write_chain(place: Path, data: bytes, overwrite: bool) -> None:
    from masterprint.errors import UsageError
    from masterprint.files.whole import write_whole
    from masterprint.sheets.sheet import SUFFIX

    if place.suffix.lower() not in CHAIN_SUFFIXES or place.name.endswith(SUFFIX):
        raise UsageError(f"{place}: is no name of a chain file, which ends with .yaml.")
    if place.exists() and not overwrite:
        raise UsageError(f"{place}: exists already.", hint="replace it with --overwrite")
    try:
        write_whole(place, data)
    except OSError as error:
        raise UsageError(f"{place}: cannot be written: {error.strerror}.") from error


def _files_missing(chain: Chain, folder: Path) -> list[str]:
    """Files that a chain names and that are not in a folder."""
    from masterprint.stages.base import all_stages
    from masterprint.stages.beside import StageWithFiles

    stages = [each for each in all_stages(chain.stages) if isinstance(each, StageWithFiles)]
    names = {getattr(stage, setting) for stage in stages for setting in stage.file_settings}
    return sorted(name for name in names if name is not None and not (folder / name).is_file())


@app.command("copy")
def copy(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A ready-made chain.")],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="PLACE", help="Folder, or a file ending in .yaml."),
    ] = Path(),
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a file there.")] = False,
) -> None:
    """Copy a ready-made chain, comments and all, to make it your own."""
    from masterprint.chain.library import shipped_chains
    from masterprint.cli.console import clean
    from masterprint.errors import UsageError

    chains = shipped_chains()
    if name not in chains:
        raise UsageError(
            f"No ready-made chain is called {name!r}.", hint=f"there are {', '.join(chains)}"
        )
    is_file = output.suffix.lower() in CHAIN_SUFFIXES
    place = output if is_file else output / f"{name}.yaml"
    _write_chain(place, chains[name].read_bytes(), overwrite)
    print(clean(str(place)))


@app.command("schema")
def schema() -> None:
    """Print the JSON Schema of chain files, for editors."""
    from masterprint.chain.schema import chain_schema
    from masterprint.cli.console import print_json

    print_json(chain_schema())


@app.command("list")
def ready_made() -> None:
    """List the ready-made chains."""
    from masterprint.chain.library import shipped_chains
    from masterprint.chain.loading import load_chain

    for name, path in shipped_chains().items():
        print(f"{name:20} {load_chain(path).description}")
