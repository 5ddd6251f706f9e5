"""`--dask`: the farm that `render` and `batch` use in place of this machine."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from masterprint.cli.console import clean

if TYPE_CHECKING:
    from masterprint.batch.farm.cluster import Farm
    from masterprint.batch.farm.workers import FarmWorker
    from masterprint.batch.rendering import Pool
    from masterprint.plugins.catalogue import Catalogue
    from masterprint.rendering.job import RenderJob

Dask = Annotated[
    str | None,
    typer.Option(
        "--dask",
        metavar="ADDRESS",
        help="Render on the farm with this scheduler, such as tcp://10.0.0.5:8786.",
    ),
]


class Cluster:
    """A farm that is there, of this version, with all that it has."""

    def __init__(self, farm: Farm, workers: Sequence[FarmWorker], most: int | None) -> None:
        self._farm = farm
        self._workers = workers
        self._most = most

    @property
    def catalogue(self) -> Catalogue:
        """The plugins of its workers."""
        from masterprint.batch.farm.workers import catalogue_of

        return catalogue_of(self._workers)

    def need_able(self, jobs: Sequence[RenderJob]) -> None:
        """Refuse jobs that no worker has the plugins for."""
        from masterprint.batch.farm.workers import need_able

        need_able(jobs, self._workers)

    def pool(self, tasks: int) -> Pool:
        """Its workers, for some tasks."""
        from masterprint.batch.farm.pool import FarmPool

        del tasks
        return FarmPool(self._farm, self._most)


@contextmanager
def reached(
    address: str | None, trusted: Sequence[Path] | None, most: int | None
) -> Iterator[Cluster | None]:
    """The farm at an address, None where none is asked for. Doubts about it go to stderr.

    Raises:
        UsageError: it is not there, has no workers, or some of another version.
    """
    if address is None:
        yield None
        return
    from masterprint.batch.farm.cluster import Farm
    from masterprint.batch.farm.ticket import patience_s
    from masterprint.batch.farm.workers import differences, need_workers
    from masterprint.errors import UsageError

    if trusted:
        raise UsageError(
            "--trust-path is for plugins of this machine, and with --dask others render.",
            hint="scan the plugin on the workers that are to have it",
        )
    patience_s()
    farm = Farm(address)
    try:
        workers = farm.workers()
        need_workers(workers, address)
        for difference in differences(workers):
            print(clean(f"masterprint: warning: {difference}."), file=sys.stderr)
        yield Cluster(farm, workers, most)
    finally:
        farm.close()


def pool_maker(cluster: Cluster | None, cores: int) -> Callable[[int], Pool]:
    """What makes the workers for a number of tasks: of the cluster, else of this machine."""
    if cluster is not None:
        return cluster.pool
    from masterprint.batch.pool import LocalPool

    return lambda tasks: LocalPool(cores, tasks)
