"""A task on its way to a cluster and back."""

from __future__ import annotations

import os
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from masterprint.batch.farm.sent import JobTask, Sent
from masterprint.batch.rendering import RenderTask
from masterprint.batch.workers import Heard, Unforeseen, Unplaced, WorkerDied
from masterprint.errors import UsageError

PATIENCE_S = 60.0
PATIENCE = "MASTERPRINT_FARM_PATIENCE_S"


def patience_s() -> float:
    """How long a job waits while no worker is there that could do it.

    Raises:
        UsageError: the environment says something else than a number.
    """
    text = os.environ.get(PATIENCE, "")
    try:
        return max(0.0, float(text)) if text else PATIENCE_S
    except ValueError:
        raise UsageError(f"{PATIENCE} is {text!r}, where seconds are expected.") from None


@dataclass(eq=False)
class Ticket:
    """A task on its way.

    Attributes:
        task: as it was handed to us.
        heard: told where it begins, and how far it is.
        key: what workers call it by.
        outcome: what whoever handed it to us waits for; who cancels it before a worker has begun
            it, withdraws it.
        sent: the same with its hashes.
        place: address of the worker that it was sent to, while it is there.
        cluster: its future on the cluster, while it is at a place.
        begun: whether it was begun at this place.
        attempts: names of the workers that have begun it.
    """

    task: JobTask
    heard: Heard
    key: str
    outcome: Future[dict[str, Any]] = field(default_factory=Future)
    sent: Sent | None = None
    place: str | None = None
    cluster: Future[dict[str, Any]] | None = None
    begun: bool = False
    attempts: list[str] = field(default_factory=list)

    @property
    def tags(self) -> frozenset[str]:
        """What a worker must offer to be given it."""
        assert self.sent is not None
        return self.sent.tags

    def begin(self, worker: str) -> None:
        """The worker that it was sent to has begun it; from now on it is not to be withdrawn."""
        if not (self.outcome.running() or self.outcome.set_running_or_notify_cancel()):
            return
        self.begun = True
        self.attempts.append(worker)
        self.heard({"begun": {"worker": worker, "attempt": len(self.attempts)}})

    def leave(self) -> None:
        """Be sent to nobody any more."""
        cluster, self.cluster, self.place, self.begun = self.cluster, None, None, False
        if cluster is not None:
            cluster.cancel()

    def settle(self, result: dict[str, Any] | None = None, error: Exception | None = None) -> None:
        """Tell whoever waits, if anybody still does."""
        with suppress(InvalidStateError):
            if error is not None:
                self.outcome.set_exception(error)
            else:
                self.outcome.set_result(result or {})

    def understood(self, said: dict[str, Any]) -> tuple[dict[str, Any] | None, Exception | None]:
        """Result or error, of what `hand.work` gave back."""
        if "died" in said:
            return None, WorkerDied(said["died"])
        if "unforeseen" in said:
            return None, Unforeseen(said["unforeseen"], said["traceback"])
        result = dict(said["result"])
        if isinstance(self.task, RenderTask):
            job = self.task.job
            result |= {"mix": str(job.mix), "master": str(job.master)}
            if result["status"] == "ok" and not Path(job.master).exists():
                result["warnings"] = [
                    *result["warnings"],
                    f"{job.master} is not to be seen from here yet: all machines have to share "
                    "its folder",
                ]
        return result, None

    def lost(self, address: str) -> Unplaced:
        """What to say where the scheduler at an address is gone."""
        if not self.begun:
            return Unplaced(
                f"was not begun: the connection to the scheduler at {address} was lost; --resume "
                "does it later"
            )
        return Unplaced(
            f"was lost with the connection to the scheduler at {address}; what its worker has "
            "completed meanwhile is there, and --resume does the rest"
        )

    def unplaced(self, seconds: float) -> Unplaced:
        """What to say where nobody could be waited for any longer."""
        what = "that has its plugins " if len(self.tags) > 1 else ""
        return Unplaced(
            f"waited {seconds:g} s for a worker {what}after the last one was lost, and none has "
            "come"
        )

    def dangerous(self) -> Unplaced:
        """What to say of a task whose workers end."""
        return Unplaced(
            f"was begun {len(self.attempts)} times ({', '.join(self.attempts)}), and each time its "
            "worker was lost with it; it is given up"
        )
