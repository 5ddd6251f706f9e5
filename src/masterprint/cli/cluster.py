"""`--dask`: the farm that `render` and `batch` use in place of this machine."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from masterprint.cli.console import clean

if TYPE_CHECKING:
    from masterprint.batch.farm.cluster import Farm
    from masterprint.batch.rendering import Pool

Dask = Annotated[
    str | None,
    typer.Option(
        "--dask",
        metavar="ADDRESS",
        help="Render on the farm with this scheduler, such as tcp://10.0.0.5:8786.",
    ),
]


@contextmanager
def reached(
    address: str | None, trusted: Sequence[Path] | None, most: int | None
) -> Iterator[Farm | None]:
    """The farm at an address, None where none is asked for. Doubts about it go to stderr.

    Raises:
        UsageError: it is not there, has no workers, or some of another version.
    """
    if address is None:
        yield None
        return
    from masterprint.batch.farm.cluster import Farm
    from masterprint.batch.farm.ticket import patience_s
    from masterprint.batch.farm.workers import doubts, need_workers
    from masterprint.errors import UsageError

    if trusted:
        raise UsageError(
            "--trust-path is for plugins of this machine, and with --dask others render.",
            hint="scan the plugin on the workers that are to have it",
        )
    patience_s()
    with closing(Farm(address, most)) as farm:
        need_workers(farm.workers, address)
        for doubt in doubts(farm.workers):
            print(clean(f"masterprint: warning: {doubt}."), file=sys.stderr)
        yield farm


def pool_maker(farm: Farm | None, cores: int) -> Callable[[int], Pool]:
    """What makes the workers for a number of tasks: of the farm, else of this machine."""
    if farm is not None:
        return farm.pool
    from masterprint.batch.pool import LocalPool

    return lambda tasks: LocalPool(cores, tasks)
