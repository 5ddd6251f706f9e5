"""The workers of a farm: what each is and has, and whether they suit the jobs and one another."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from masterprint.batch.farm.sent import tags_of
from masterprint.batch.farm.tags import version_tag
from masterprint.errors import UsageError
from masterprint.plugins.catalogue import Catalogue, Entry
from masterprint.plugins.identity import Plugin
from masterprint.rendering.job import RenderJob
from masterprint.version import __version__

TOUCHING = ("python", "numpy", "numba", "llvmlite", "soxr", "pedalboard", "libsndfile")
"""Versions of these may decide on the last bits of a master."""
MOST_NAMED = 4


@dataclass(frozen=True)
class FarmWorker:
    """A worker of the farm.

    Attributes:
        address, name: as the scheduler knows it.
        threads: how many tasks it does at a time.
        tags: what it offers.
        host, cores: its machine.
        versions: of Masterprint and all that touches samples; empty where it did not say.
        entries: of its catalogue.
        problem: why it did not say.
    """

    address: str
    name: str
    threads: int
    tags: frozenset[str]
    host: str = ""
    cores: int = 0
    versions: dict[str, str] = field(default_factory=dict)
    entries: tuple[Entry, ...] = ()
    problem: str | None = None

    @property
    def plugins(self) -> list[Plugin]:
        """Effects that it holds."""
        return [each for entry in self.entries for each in entry.plugins if each.is_effect]

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "name": self.name,
            "address": self.address,
            "host": self.host,
            "cores": self.cores,
            "at_a_time": self.threads,
            "versions": self.versions,
            "plugins": [plugin.identity for plugin in self.plugins],
            "problem": self.problem,
        }


def described(worker: FarmWorker, said: Any) -> FarmWorker:
    """A worker with what `hand.about_here` said there, or why that is not known."""
    identity = (worker.address, worker.name, worker.threads, worker.tags)
    if not isinstance(said, dict):
        return FarmWorker(*identity, problem=f"{type(said).__name__}: {said}")
    try:
        return FarmWorker(
            *identity,
            host=str(said["host"]),
            cores=int(said["cores"]),
            versions={str(key): str(value) for key, value in said["versions"].items()},
            entries=tuple(Entry.from_dict(each) for each in said["plugins"]),
        )
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        return FarmWorker(*identity, problem=f"{type(error).__name__}: {error}")


def need_workers(workers: Sequence[FarmWorker], address: str) -> None:
    """Refuse a farm without workers, or with some of another version.

    Raises:
        UsageError: naming them.
    """
    if not workers:
        raise UsageError(
            f"{address}: the scheduler has no workers of Masterprint.",
            hint=f"start some: masterprint farm worker {address}",
        )
    mute = [worker for worker in workers if worker.problem]
    if mute:
        raise UsageError(
            f"The worker {mute[0].name} does not answer as Masterprint {__version__} does "
            f"({mute[0].problem}).",
            hint="install the same version there, and start it again",
        )
    others = [
        f"{worker.name} has {worker.versions['masterprint']}"
        for worker in workers
        if version_tag() not in worker.tags or worker.versions["masterprint"] != __version__
    ]
    if others:
        raise UsageError(
            f"This is Masterprint {__version__}, but of the workers {_listed(others)}.",
            hint="install the same version on all machines, and start the workers again",
        )


def differences(workers: Sequence[FarmWorker]) -> list[str]:
    """Versions in which workers differ so that their masters may, in the last bits."""
    found = []
    for package in TOUCHING:
        who: dict[str, list[str]] = defaultdict(list)
        for worker in workers:
            who[worker.versions.get(package, "missing")].append(worker.name)
        if len(who) > 1:
            said = ", ".join(f"{version} on {_listed(names)}" for version, names in who.items())
            found.append(f"{package} is {said}: masters may differ in their last bits")
    return found


def catalogue_of(workers: Sequence[FarmWorker]) -> Catalogue:
    """The plugins of all workers as one catalogue. Its paths are those of their machines."""
    entries = (entry for worker in workers for entry in worker.entries)
    # One path may be another plugin on another machine, so the key is not the path alone.
    return Catalogue({Path(entry.sha256) / entry.path.name: entry for entry in entries})


def need_able(jobs: Sequence[RenderJob], workers: Sequence[FarmWorker]) -> None:
    """Refuse jobs for which no worker has all the plugins.

    Raises:
        UsageError: naming a mix and its plugins.
    """
    able: dict[frozenset[str], bool] = {}
    for job in jobs:
        tags = tags_of(job)
        if tags not in able:
            able[tags] = any(tags <= worker.tags for worker in workers)
        if not able[tags]:
            plugins = [fact.plugin for fact in job.ingredients.plugins if fact.plugin]
            titles = " and ".join(f"{each.title} ({each.binary_sha256[:12]})" for each in plugins)
            raise UsageError(
                f"{job.mix}: no worker has all that its chain needs: {titles}.",
                hint="`masterprint farm status` shows who has what; a worker that was scanned "
                "after it was started has to be started again",
            )


def _listed(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
