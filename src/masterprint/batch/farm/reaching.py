"""Whether there is a scheduler at an address, told in a bounded time."""

from __future__ import annotations

import asyncio
import re
from typing import Any

from masterprint.errors import UsageError

CONNECT_S = 5.0
ADDRESS = re.compile(r"((tcp|tls)://)?([^\s:/@\[\]]+|\[[0-9a-fA-F:.]+(%\w+)?\]):(?P<port>\d{1,5})")


def need_extra() -> None:
    """Refuse to go on without the packages that a farm needs.

    Raises:
        UsageError: they are not installed.
    """
    try:
        import distributed  # noqa: F401
    except ImportError as error:
        raise UsageError(
            "A farm needs Dask, which is not installed.",
            hint="pip install 'masterprint[farm]'",
        ) from error


def need_scheduler(address: str, within_s: float = CONNECT_S) -> None:
    """Refuse to go on unless a scheduler answers there.

    Dask itself waits without a limit for the first word of whatever has accepted its connection.

    Raises:
        UsageError: Dask is not installed, the address is none, or no scheduler answers in time.
    """
    need_extra()
    form = ADDRESS.fullmatch(address)
    if form is None or not 0 < int(form["port"]) < 65536:
        raise UsageError(
            f"{address!r} is not the address of a scheduler, which has a host and a port.",
            hint="write it as `masterprint farm scheduler` prints it, such as tcp://10.0.0.5:8786",
        )
    try:
        kind = asyncio.run(asyncio.wait_for(_kind(address, within_s), within_s))
    except Exception as error:  # whatever Dask makes of what a stranger says
        raise UsageError(
            f"{address}: no Dask scheduler answers there within {within_s:.0f} s.",
            hint="start one with `masterprint farm scheduler`, or compare the address with the one "
            "that it has printed",
        ) from error
    if kind != "Scheduler":
        raise UsageError(
            f"{address}: a {kind} of Dask answers there, where its scheduler is expected.",
            hint="take the address that `masterprint farm scheduler` has printed",
        )


async def _kind(address: str, within_s: float) -> str:
    from distributed.comm import connect
    from distributed.security import Security

    security = Security().get_connection_args("client")
    comm: Any = await connect(address, timeout=within_s, **security)
    try:
        await comm.write({"op": "identity", "reply": True})
        return str((await comm.read())["type"])
    finally:
        comm.abort()
