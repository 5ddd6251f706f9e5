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
    """List the workers of a farm, with their versions and plugins."""
    from contextlib import closing

    from masterprint.batch.farm.cluster import Farm
    from masterprint.cli.console import print_json

    with closing(Farm(address)) as farm:
        workers = farm.workers
    if as_json:
        print_json([worker.as_dict() for worker in workers])
    else:
        _list(workers)


def _list(workers: list[FarmWorker]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from masterprint.batch.farm.workers import doubts
    from masterprint.cli.console import clean

    table = Table(box=None, pad_edge=False)
    table.add_column("worker", overflow="fold")
    table.add_column("machine", overflow="fold")
    table.add_column("cores", justify="right")
    table.add_column("version")
    table.add_column("plugins", overflow="fold")
    for each in workers:
        names = sorted({f"{plugin.name} {plugin.version}".rstrip() for plugin in each.plugins})
        table.add_row(
            Text(clean(each.name)),
            Text(clean(each.host)),
            str(each.cores or "-"),
            Text(clean(each.versions.get("masterprint", each.problem or "-"))),
            Text(clean(", ".join(names) or "-")),
        )
    if workers:
        Console().print(table)
    print(f"{len(workers)} worker{'s' * (len(workers) != 1)} of Masterprint")
    for doubt in doubts(workers):
        print(clean(f"warning: {doubt}"))
