"""Starting workers and a scheduler on this machine."""

from __future__ import annotations

import asyncio
import logging
import platform
import signal
from collections.abc import Callable
from typing import Any

from masterprint.batch.farm.reaching import need_extra, need_scheduler
from masterprint.batch.farm.tags import offered
from masterprint.errors import UsageError
from masterprint.plugins.catalogue import Catalogue

JOINING_S = 10.0
CLOSING_S = 5.0


def serve_tasks(
    address: str,
    workers: int,
    name: str | None,
    say: Callable[[str], None],
    host: str | None = None,
) -> bool:
    """Do the farm's jobs until SIGINT or SIGTERM, each worker in a process of its own.

    Each does one job at a time, so that what ends a worker's process was that job.

    Args:
        address: of the scheduler.
        workers: how many processes.
        name: what they are called, followed by a number; None for this machine's name.
        say: told what is going on.
        host: the address to listen on; None for that from which the scheduler is reached. Who can
            reach a worker can have it do anything.

    Returns:
        Whether it was told to end; False where the scheduler is gone, or has ended the workers.

    Raises:
        UsageError: no scheduler answers.
    """
    need_scheduler(address, JOINING_S)
    tags = offered(Catalogue.load())
    called = name or platform.node() or "worker"
    return asyncio.run(_serve_tasks(address, workers, called, tags, say, host))


async def _serve_tasks(
    address: str,
    workers: int,
    name: str,
    tags: dict[str, float],
    say: Callable[[str], None],
    host: str | None,
) -> bool:
    from distributed import Nanny
    from distributed.comm.addressing import get_address_host
    from distributed.utils import get_ip

    _warnings_only()
    over = _until_told()
    try:
        # Without one, a worker would listen on every network of its machine.
        host = host or get_ip(get_address_host(address))
        nannies = [
            Nanny(
                address,
                host=host,
                nthreads=1,
                name=f"{name}-{number}",
                resources=tags,
                memory_limit=0,  # what needs memory are the children, which Dask does not see
                dashboard=False,
                silence_logs=logging.WARNING,
                death_timeout=JOINING_S,
            )
            for number in range(1, workers + 1)
        ]
        await asyncio.gather(*nannies)
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        raise UsageError(f"{address}: the workers cannot join the scheduler: {error}.") from error
    say(f"{workers} worker{'s' * (workers > 1)} of {name} at {address}, {len(tags) - 1} plugins")
    stop: asyncio.Future[bool] = asyncio.ensure_future(over.wait())
    gone = asyncio.ensure_future(_all_finished(nannies))
    await asyncio.wait({stop, gone}, return_when=asyncio.FIRST_COMPLETED)
    await asyncio.gather(
        *(nanny.close(timeout=CLOSING_S) for nanny in nannies), return_exceptions=True
    )
    stop.cancel()
    gone.cancel()
    return over.is_set()


async def _all_finished(nannies: list[Any]) -> bool:
    await asyncio.gather(*(nanny.finished() for nanny in nannies))
    return True


def serve_schedule(host: str, port: int, say: Callable[[str], None]) -> None:
    """Be the scheduler until SIGINT or SIGTERM.

    Args:
        host: the address to listen on.
        port: 0 for any that is free.
        say: told the address.

    Raises:
        UsageError: it cannot listen there.
    """
    need_extra()
    asyncio.run(_serve_schedule(host, port, say))


async def _serve_schedule(host: str, port: int, say: Callable[[str], None]) -> None:
    from distributed import Scheduler

    _warnings_only()
    over = _until_told()
    try:
        scheduler: Any = await Scheduler(
            host=host, port=port, dashboard=False, dashboard_address=f"{host}:0"
        )
    except (OSError, ValueError) as error:
        raise UsageError(f"{host}:{port}: the scheduler cannot listen there: {error}.") from error
    say(str(scheduler.address))
    await over.wait()
    await scheduler.close()


def _until_told() -> asyncio.Event:
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, over.set)
    return over


def _warnings_only() -> None:
    """Here whoever looks after the machine reads along, so Dask may say what is wrong."""
    for name in ("distributed", "distributed.worker", "distributed.nanny", "distributed.scheduler"):
        logging.getLogger(name).setLevel(logging.WARNING)
