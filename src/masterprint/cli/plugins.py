"""`masterprint plugins`: find what is installed, look at it, and try it out."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from masterprint.plugins.catalogue import Catalogue
    from masterprint.plugins.identity import Plugin

app = typer.Typer(help="Find, show and check plugins.", no_args_is_help=True)

SAVING_SHARE = 10
"""A scan writes down what it has found as often as takes a tenth of its time."""

Json = Annotated[bool, typer.Option("--json", help="Print as JSON.")]
Name = Annotated[str, typer.Argument(help="Name, 'vendor name', class id, or path of a plugin.")]


@app.command("scan")
def scan(
    folders: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[DIR...]", help="Folders or plugin files besides the usual ones."),
    ] = None,
    only: Annotated[
        bool, typer.Option("--only", help="Leave out the system's usual folders.")
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Load files again that have not changed.")
    ] = False,
    timeout: Annotated[
        float, typer.Option(metavar="SECONDS", min=1, max=3600, help="For each step of a file.")
    ] = 30.0,
    as_json: Json = False,
) -> None:
    """Look for plugins and write down which there are. Each is loaded in a process of its own."""
    from masterprint.cli.console import clean, counting, print_json
    from masterprint.errors import UsageError
    from masterprint.plugins import scan as scanning
    from masterprint.plugins.bundle import find_bundles, standard_folders
    from masterprint.plugins.catalogue import Catalogue

    given = folders or []
    for folder in given:
        if not folder.exists():
            raise UsageError(f"{folder}: there is no such folder or plugin file.")
    places = given if only else [*standard_folders(), *given]
    catalogue = Catalogue.load()
    if catalogue.damaged:
        print(f"masterprint: {catalogue.damaged}; it is made anew.", file=sys.stderr)
    due = _saved(catalogue)  # before any work: is it possible at all?
    files = list(find_bundles(places))
    gone = scanning.forget_missing(catalogue, places)
    rows: list[dict[str, Any]] = []
    try:
        with counting(len(files), not as_json) as count:
            for file in files:
                if time.monotonic() >= due:  # what was found survives whatever comes
                    due = _saved(catalogue)
                count(file.name)
                found = scanning.scan(catalogue, file, timeout, again)
                entry = found.entry
                rows.append(entry.as_dict() | {"status": found.status})
                if found.status == "quarantined" and not as_json:
                    print(clean(f"{entry.path}: {entry.quarantine}"), file=sys.stderr)
    finally:
        catalogue.save()  # what was found before Ctrl-C need not be found again
    if as_json:
        print_json(rows)
        return
    plugins = sum(len(row["plugins"]) for row in rows)
    quarantined = sum(row["quarantine"] is not None for row in rows)
    same = sum(row["status"] == "unchanged" for row in rows)
    said = [_count(plugins, "plugin")]
    said += [f"{quarantined} in quarantine"] if quarantined else []
    said += [f"{same} unchanged since the last scan"] if same else []
    said += [f"{len(gone)} gone and forgotten"] if gone else []
    print(f"{_count(len(rows), 'file')}: {', '.join(said)}")
    if not rows:
        print(clean(f"Looked in {', '.join(map(str, places))}"))


@app.command("list")
def list_plugins(as_json: Json = False) -> None:
    """List what the last scan found, and what is in quarantine."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from masterprint.cli.console import clean, print_json

    catalogue = _catalogue()
    if as_json:
        print_json(
            {
                "plugins": [plugin.as_dict(parameters=False) for plugin in catalogue.plugins],
                "quarantine": [
                    {"path": str(entry.path), "reason": entry.quarantine}
                    for entry in catalogue
                    if entry.quarantine
                ],
            }
        )
        return
    if not catalogue.entries:
        print("No plugins yet: masterprint plugins scan")
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("name", "vendor", "version", "format", "channels", "latency"):
        table.add_column(heading)
    for plugin in sorted(catalogue.plugins, key=lambda each: (each.vendor, each.name)):
        channels = ", ".join(map(str, plugin.channels)) if plugin.is_effect else "instrument"
        cells = (plugin.name, plugin.vendor, plugin.version, plugin.format, channels)
        latency = str(plugin.latency_frames) if plugin.is_effect else ""
        table.add_row(*(Text(clean(cell)) for cell in cells), latency)
    Console().print(table)
    for entry in catalogue:
        if entry.quarantine:
            print(clean(f"in quarantine: {entry.path}: {entry.quarantine}"))


@app.command("show")
def show(
    name: Name,
    state: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Show the parameters in this state.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show a plugin: identity, latency, and every parameter with its range and text."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from masterprint.cli.console import clean, print_json

    found = need_plugins(_catalogue(), name)
    if state is not None:
        found = [_in_state(found[0], state)]
    if as_json:
        print_json([plugin.as_dict() for plugin in found])
        return
    console = Console()
    for plugin in found:
        print(clean(f"{plugin.name} {plugin.version}, {plugin.vendor}, {plugin.format}"))
        print(clean(f"class id  {plugin.class_id}"))
        print(clean(f"path      {plugin.path}"))
        print(f"binary    sha256 {plugin.binary_sha256}")
        channels = " or ".join(map(str, plugin.channels)) if plugin.is_effect else "an instrument"
        print(f"channels  {channels}\nlatency   {plugin.latency_frames} frames\n")
        table = Table(box=None, pad_edge=False)
        now = "by default" if state is None else "in this state"
        for heading in ("#", "parameter", "unit", "range or values", now, "to be set"):
            table.add_column(heading, overflow="fold")
        for each in plugin.parameters:
            low_high = "{:g} to {:g}".format(*each["range"]) if each["range"] else ""
            allowed = ", ".join(each["values"] or []) or low_high
            automatable = "yes" if each["automatable"] else "no"
            cells = (str(each["index"]), each["name"], each["unit"], allowed, each["text"])
            table.add_row(*(Text(clean(cell)) for cell in (*cells, automatable)))
        console.print(table)


@app.command("forget")
def forget(
    name: Annotated[str | None, typer.Argument(help="Name, class id or path.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Forget all.")] = False,
) -> None:
    """Take plugins out of the catalogue; the files stay where they are."""
    from masterprint.cli.console import clean
    from masterprint.errors import UsageError
    from masterprint.plugins.catalogue import Catalogue

    catalogue = Catalogue.load()
    if everything == bool(name):
        raise UsageError("Say which plugin is to be forgotten, or --all.")
    paths = list(catalogue.entries)
    if name is not None:
        asked = Path(name).absolute()
        paths = [path for path in paths if path == asked or path.is_relative_to(asked)]
        paths = paths or [plugin.path for plugin in need_plugins(catalogue, name)]
    for path in dict.fromkeys(paths):
        catalogue.drop(path)
        print(clean(f"forgotten: {path}"))
    catalogue.save()


@app.command("check")
def check(
    name: Name,
    state: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A .vstpreset to check it in.")
    ] = None,
    timeout: Annotated[
        float, typer.Option(metavar="SECONDS", min=1, max=3600, help="For each of its answers.")
    ] = 60.0,
    as_json: Json = False,
) -> None:
    """Try a plugin out in fresh processes: state, determinism, latency, sound, layouts, speed."""
    from masterprint.cli.console import clean, counting, print_json
    from masterprint.errors import MasterprintError
    from masterprint.plugins.catalogue import need_unchanged
    from masterprint.plugins.check import CHECKS, check_plugin
    from masterprint.plugins.state import read_state

    catalogue = _catalogue()
    plugin = need_plugins(catalogue, name)[0]
    need_unchanged(plugin)
    data = None if state is None else read_state(state, plugin.format, plugin.class_id)
    results = []
    title = clean(f"{plugin.name} {plugin.version}, {plugin.vendor}")
    if not as_json:
        print(title)
    with counting(len(CHECKS), not as_json) as count:
        for result in check_plugin(plugin, data, timeout, count):
            results.append(result)
            if not as_json:
                print(f"  {result.verdict:8} {result.check:12} {clean(result.text)}", flush=True)
    for result in results:
        if result.check == "determinism" and result.verdict != plugin.determinism:
            try:
                catalogue.judge(plugin, result.verdict)
                catalogue.save()
            except MasterprintError as error:
                print(f"masterprint: {clean(str(error))}", file=sys.stderr)
    verdicts = [result.verdict for result in results]
    worst = next((each for each in ("fail", "warning") if each in verdicts), "ok")
    if as_json:
        identity = plugin.as_dict(parameters=False)
        checks = [vars(result) for result in results]
        print_json({"plugin": identity, "verdict": worst, "checks": checks})
    else:
        print(f"{worst}: {title}")
    if worst == "fail":
        raise typer.Exit(1)


def _in_state(plugin: Plugin, state: Path) -> Plugin:
    """The plugin with its parameters as they are in the state of a file."""
    from dataclasses import replace

    from masterprint.plugins.catalogue import need_unchanged
    from masterprint.plugins.session import seen_in_state
    from masterprint.plugins.state import read_state

    need_unchanged(plugin)
    data = read_state(state, plugin.format, plugin.class_id)
    return replace(plugin, parameters=tuple(seen_in_state(plugin, data)))


def need_plugins(catalogue: Catalogue, name: str) -> list[Plugin]:
    """Catalogued plugins of a name, newest first, or an error that says what there is instead."""
    from masterprint.errors import UsageError
    from masterprint.plugins.finding import Missing, Wanted, find

    if found := catalogue.named(name):
        return found
    for entry in catalogue:
        if entry.quarantine and name in (entry.path.stem, str(entry.path)):
            raise UsageError(
                f"{entry.path}: is in quarantine: {entry.quarantine}.",
                hint="try it alone, with more time: masterprint plugins scan --only --again "
                f"--timeout 300 '{entry.path}'",
            )
    try:
        return [find(catalogue, Wanted(name)).plugin]
    except Missing as error:
        raise UsageError(
            f"Plugin {name!r} {error.message}.",
            hint="see masterprint plugins list; masterprint plugins scan looks for new ones",
        ) from error


def _saved(catalogue: Catalogue) -> float:
    """Save it; when to do so again."""
    began = time.monotonic()
    catalogue.save()
    now = time.monotonic()
    return now + SAVING_SHARE * (now - began)


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _catalogue() -> Catalogue:
    from masterprint.plugins.catalogue import Catalogue

    catalogue = Catalogue.load()
    if catalogue.damaged:
        print(
            f"masterprint: {catalogue.damaged}; make it anew with masterprint plugins scan.",
            file=sys.stderr,
        )
    return catalogue
