"""`masterprint farm`: start the machines of a farm, and see what they have."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from masterprint.batch.farm.workers import FarmWorker

app = typer.Typer(help="Render on several machines, over Dask.", no_args_is_help=True)

Address = Annotated[
    str, typer.Argument(metavar="ADDRESS", help="Of the scheduler, such as tcp://10.0.0.5:8786.")
]


@app.command("scheduler")
def scheduler(
    host: Annotated[str, typer.Option(metavar="IP", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 for any that is free.")] = 8786,
) -> None:
    """Start a scheduler, which hands jobs to workers; it prints its address.

    It trusts everyone who can reach it: listen on the studio's network only. `dask scheduler` does,
    too, and has more options.
    """
    from masterprint.batch.farm.serving import serve_schedule

    serve_schedule(host, port, lambda text: print(text, flush=True))


@app.command("worker")
def worker(
    address: Address,
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", "-j", min=1, max=256, metavar="N", help="Else one for each core."),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="What it is called; else the name of this machine.")
    ] = None,
    host: Annotated[
        str | None,
        typer.Option(metavar="IP", help="Address to listen on; else as it reaches the scheduler."),
    ] = None,
) -> None:
    """Let this machine do a farm's jobs with its own plugins, until Ctrl-C.

    It offers the plugins that were found by the last `masterprint plugins scan` before it started.
    """
    from masterprint.batch.farm.serving import serve_tasks

    number = jobs or os.cpu_count() or 1
    if not serve_tasks(address, number, name, lambda text: print(text, flush=True), host):
        print(
            f"masterprint: {address}: the scheduler is gone, and so is the work.", file=sys.stderr
        )
        raise typer.Exit(1)


@app.command("status")
def status(
    address: Address,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """List the workers of a farm by machine, with their versions and plugins."""
    from contextlib import closing

    from masterprint.batch.farm.cluster import Farm
    from masterprint.cli.console import print_json

    with closing(Farm(address)) as farm:
        workers = farm.workers
    if as_json:
        print_json([worker.as_dict() for worker in workers])
    else:
        show(workers)


def show(workers: list[FarmWorker]) -> None:
    """A line for all workers of a machine that are alike, and what each set of plugins holds."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from masterprint.batch.farm.workers import doubts, listed
    from masterprint.cli.console import clean

    groups: dict[tuple[str, ...], list[FarmWorker]] = {}
    sets: dict[str, int] = {}
    for worker in workers:
        names = _names(worker)
        held = f"set {sets.setdefault(names, len(sets) + 1)}" if names else "-"
        said = worker.problem or worker.versions.get("masterprint", "-")
        machine = worker.host or worker.address.rpartition("/")[2].rpartition(":")[0]
        groups.setdefault((machine, str(worker.cores or "-"), said, held), []).append(worker)

    table = Table(box=None, pad_edge=False)
    table.add_column("machine", overflow="fold")
    table.add_column("cores", justify="right")
    table.add_column("version", overflow="fold")
    table.add_column("plugins")
    table.add_column("workers", justify="right")
    table.add_column("", overflow="fold")
    for (machine, cores, said, held), those in sorted(groups.items()):
        who = listed([each.name for each in those])
        cells = (machine, cores, said, held, str(len(those)), who)
        table.add_row(*(Text(clean(cell)) for cell in cells))
    if workers:
        Console().print(table)
    for names, number in sets.items():
        print(clean(f"set {number}: {names}"))
    machines = len({worker.host for worker in workers if worker.host})
    print(f"{_counted(len(workers), 'worker')} of Masterprint on {_counted(machines, 'machine')}")
    for doubt in doubts(workers):
        print(clean(f"warning: {doubt}"))


def _names(worker: FarmWorker) -> str:
    """The plugins that it holds, with the hash that tells two builds of one version apart."""
    return ", ".join(
        sorted(
            f"{plugin.name} {plugin.version} ({plugin.binary_sha256[:12]})"
            for plugin in worker.plugins
        )
    )


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"
