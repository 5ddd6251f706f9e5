"""A farm: the connection to its scheduler, and who is there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from masterprint.batch.farm.quiet import be_quiet
from masterprint.batch.farm.reaching import CONNECT_S, need_scheduler
from masterprint.batch.farm.tags import is_ours
from masterprint.batch.farm.workers import FarmWorker, catalogue_of, described, need_able
from masterprint.errors import UsageError

if TYPE_CHECKING:
    from masterprint.batch.farm.pool import FarmPool
    from masterprint.plugins.catalogue import Catalogue
    from masterprint.rendering.job import RenderJob

ANSWER_S = 5.0


class Farm:
    """A connection to the scheduler of a cluster.

    Args:
        address: such as tcp://10.0.0.5:8786.
        most: tasks at a time; None for as many as there are workers.

    Raises:
        UsageError: Dask is not installed, or no scheduler answers there.
    """

    def __init__(self, address: str, most: int | None = None) -> None:
        need_scheduler(address)
        from distributed import Client

        be_quiet()
        self.address = address
        self._most = most
        try:
            self.client = Client(
                address, timeout=CONNECT_S, set_as_default=False, name="masterprint"
            )
        except (OSError, ValueError, TypeError) as error:
            raise UsageError(
                f"{address}: the connection to the scheduler was lost, just made."
            ) from error

    def close(self) -> None:
        """End the connection."""
        self.client.close(timeout=2.0)

    @property
    def is_connected(self) -> bool:
        """Whether the scheduler hears us at this moment."""
        return bool(self.client.status == "running")

    @property
    def is_lost(self) -> bool:
        """Whether the scheduler was lost, and could not be reached again for a while."""
        return self.client.status in ("closing", "closed")

    def live(self) -> dict[str, FarmWorker]:
        """Workers of ours by address, as the scheduler knows them at this moment.

        Raises:
            UsageError: it does not answer.
        """
        try:
            known = self.client.sync(
                self.client.scheduler.identity, n_workers=-1, callback_timeout=ANSWER_S
            )["workers"]
        except Exception as error:  # whatever Dask raises when nobody is there any more
            raise UsageError(
                f"{self.address}: the connection to the scheduler was lost."
            ) from error
        return {
            address: FarmWorker(
                address,
                str(each["name"]),
                frozenset(each["resources"]),
                float(each["last_seen"]),
            )
            for address, each in known.items()
            if is_ours(each["resources"])
        }

    @cached_property
    def workers(self) -> list[FarmWorker]:
        """All workers of ours, asked once what they are and have; by name."""
        from masterprint.batch.farm.hand import about_here

        live = self.live()
        said = self.ask(about_here, addresses=live)
        # One that went meanwhile has said that the connection is closed.
        gone = {
            address
            for address, answer in said.items()
            if isinstance(answer, OSError) and not isinstance(answer, TimeoutError)
        }
        found = [described(live[address], said[address]) for address in said.keys() - gone]
        return sorted(found, key=lambda worker: worker.name)

    @property
    def catalogue(self) -> Catalogue:
        """The plugins of all workers."""
        return catalogue_of(self.workers)

    def need_able(self, jobs: Sequence[RenderJob]) -> None:
        """Refuse jobs that no worker has the plugins for.

        Raises:
            UsageError: naming a mix and its plugins.
        """
        need_able(jobs, [worker for worker in self.workers if not worker.silent])

    def pool(self, tasks: int) -> FarmPool:
        """Its workers, for some tasks."""
        from masterprint.batch.farm.pool import FarmPool

        del tasks
        return FarmPool(self, self._most)

    def ask(
        self, function: Callable[..., Any], *arguments: Any, addresses: Iterable[str]
    ) -> dict[str, Any]:
        """What a function gives on each of some workers, or the exception in place of it.

        Each is asked by itself and has a limit, so that one that is frozen holds nobody up.
        """
        asked = list(addresses)

        async def one(address: str) -> Any:
            answer = self.client.run(function, *arguments, workers=[address], on_error="return")
            return (await asyncio.wait_for(answer, ANSWER_S))[address]

        async def all_of_them() -> list[Any]:
            return await asyncio.gather(*map(one, asked), return_exceptions=True)

        return dict(zip(asked, self.client.sync(all_of_them), strict=True))
