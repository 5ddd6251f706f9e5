"""Starting workers and a scheduler on this machine."""

from __future__ import annotations

import asyncio
import platform
import signal
from collections.abc import Callable
from typing import Any

from masterprint.batch.farm.quiet import be_quiet
from masterprint.batch.farm.reaching import need_extra, need_scheduler
from masterprint.batch.farm.tags import offered
from masterprint.errors import UsageError
from masterprint.files.unfinished import working_folder
from masterprint.plugins.catalogue import Catalogue

JOINING_S = 10.0
CLOSING_S = 5.0
LOOKING_S = 1.0
FORGETTING = "1 minute"
"""How long a scheduler keeps what was told to a client that is gone; else it is an hour."""


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
    with working_folder() as folder:  # where Dask may keep its files
        return asyncio.run(_serve_tasks(address, workers, called, tags, say, host, str(folder)))


async def _serve_tasks(
    address: str,
    workers: int,
    name: str,
    tags: dict[str, float],
    say: Callable[[str], None],
    host: str | None,
    folder: str,
) -> bool:
    from distributed import Nanny
    from distributed.comm.addressing import get_address_host
    from distributed.utils import get_ip

    level = be_quiet()
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
                local_directory=folder,
                preload="masterprint.batch.farm.hand",
                silence_logs=level,  # until that module is there
                death_timeout=JOINING_S,
            )
            for number in range(1, workers + 1)
        ]
        await asyncio.gather(*nannies)
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        raise UsageError(f"{address}: the workers cannot join the scheduler: {error}.") from error
    held = len(tags) - 1
    said = f"{workers} worker{'s' * (workers > 1)} of {name} at {address}"
    say(f"{said}, {held} plugin{'s' * (held != 1)}")
    stop = asyncio.ensure_future(over.wait())
    gone = asyncio.ensure_future(_all_finished(nannies))
    restarts = asyncio.ensure_future(_tell_restarts(nannies, say))
    await asyncio.wait({stop, gone}, return_when=asyncio.FIRST_COMPLETED)
    for task in (stop, gone, restarts):
        task.cancel()
    await asyncio.gather(
        *(nanny.close(timeout=CLOSING_S) for nanny in nannies), return_exceptions=True
    )
    return over.is_set()


async def _all_finished(nannies: list[Any]) -> None:
    await asyncio.gather(*(nanny.finished() for nanny in nannies))


async def _tell_restarts(nannies: list[Any], say: Callable[[str], None]) -> None:
    """A worker's process that ends is started again by Dask, which tells of it in its own words."""
    pids = [nanny.pid for nanny in nannies]
    while True:
        await asyncio.sleep(LOOKING_S)
        for number, nanny in enumerate(nannies):
            if nanny.pid not in (None, pids[number]):
                pids[number] = nanny.pid
                say(f"{nanny.name} had ended, and was started again")


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
    with working_folder() as folder:
        asyncio.run(_serve_schedule(host, port, say, str(folder)))


async def _serve_schedule(host: str, port: int, say: Callable[[str], None], folder: str) -> None:
    import dask.config
    from distributed import Scheduler

    be_quiet()
    dask.config.update_defaults(
        {"distributed": {"scheduler": {"events-cleanup-delay": FORGETTING}}}
    )
    over = _until_told()
    try:
        scheduler: Any = await Scheduler(
            host=host,
            port=port,
            dashboard=False,
            dashboard_address=f"{host}:0",
            local_directory=folder,
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
