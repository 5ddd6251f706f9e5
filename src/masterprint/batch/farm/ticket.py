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
from masterprint.batch.workers import Heard, Unforeseen, WorkerDied
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
        heard: told how far it is.
        outcome: what whoever handed it to us waits for.
        number: of it.
        sent: the same with its hashes.
        cluster: its future on the cluster, while it has one.
        on_trial: whether it was given up once.
    """

    task: JobTask
    heard: Heard
    number: int
    outcome: Future[dict[str, Any]] = field(default_factory=Future)
    sent: Sent | None = None
    cluster: Future[dict[str, Any]] | None = None
    on_trial: bool = False

    def settle(self, result: dict[str, Any] | None = None, error: Exception | None = None) -> None:
        """Tell whoever waits, if anybody still does."""
        with suppress(InvalidStateError):
            if error is not None:
                self.outcome.set_exception(error)
            else:
                self.outcome.set_result(result or {})

    def settle_as_said(self, said: dict[str, Any]) -> None:
        """Pass on what `hand.work` gave back."""
        if "died" in said:
            self.settle(error=WorkerDied(said["died"]))
        elif "unforeseen" in said:
            self.settle(error=Unforeseen(said["unforeseen"], said["traceback"]))
        else:
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
            self.settle(result=result)
