"""The cluster: reaching its scheduler, and asking who is there."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator

from masterprint.batch.farm.reaching import CONNECT_S, need_scheduler
from masterprint.batch.farm.tags import is_ours
from masterprint.batch.farm.workers import FarmWorker, described
from masterprint.errors import UsageError


class Farm:
    """A connection to the scheduler of a cluster.

    Args:
        address: such as tcp://10.0.0.5:8786.

    Raises:
        UsageError: Dask is not installed, or no scheduler answers there.
    """

    def __init__(self, address: str) -> None:
        need_scheduler(address)
        from distributed import Client

        _be_quiet()
        self.address = address
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
            UsageError: the connection is lost.
        """
        try:
            known = self.client.scheduler_info(n_workers=-1)["workers"]
        except Exception as error:  # whatever Dask raises when nobody is there any more
            raise UsageError(
                f"{self.address}: the connection to the scheduler was lost."
            ) from error
        return {
            address: FarmWorker(
                address, str(each["name"]), int(each["nthreads"]), frozenset(each["resources"])
            )
            for address, each in known.items()
            if is_ours(each["resources"])
        }

    def workers(self) -> list[FarmWorker]:
        """All workers of ours, asked what they are and have; by name."""
        from masterprint.batch.farm.hand import about_here

        live = self.live()
        said = self.client.run(about_here, workers=list(live), on_error="return") if live else {}
        # One that went meanwhile has said nothing, or that the connection is closed.
        there = {
            address: answer for address, answer in said.items() if not isinstance(answer, OSError)
        }
        found = [described(live[address], answer) for address, answer in there.items()]
        return sorted(found, key=lambda worker: worker.name)


def _be_quiet() -> None:
    """Dask tells of lost connections on the terminal; we say what matters of it ourselves."""
    for logger in _loggers():
        logger.handlers[:] = [logging.NullHandler()]
        logger.setLevel(logging.CRITICAL + 1)
        logger.propagate = False
    warnings.filterwarnings("ignore", module="distributed")


def _loggers() -> Iterator[logging.Logger]:
    for name in (*logging.root.manager.loggerDict, "asyncio"):
        if name.split(".")[0] in ("distributed", "tornado", "bokeh", "asyncio"):
            yield logging.getLogger(name)
