"""The workers of a farm: what each is and has, and whether they suit the jobs and one another."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
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
        tags: what it offers.
        heard_at: when the scheduler last heard of it, by its clock.
        host, cores: its machine.
        versions: of Masterprint and all that touches samples; empty where it did not say.
        entries: of its catalogue.
        problem: why it did not say.
        silent: whether it said nothing at all, as one that is frozen.
    """

    address: str
    name: str
    tags: frozenset[str]
    heard_at: float = 0.0
    host: str = ""
    cores: int = 0
    versions: dict[str, str] = field(default_factory=dict)
    entries: tuple[Entry, ...] = ()
    problem: str | None = None
    silent: bool = False

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
            "versions": self.versions,
            "plugins": [plugin.identity for plugin in self.plugins],
            "problem": self.problem,
        }


def described(worker: FarmWorker, said: Any) -> FarmWorker:
    """A worker with what `hand.about_here` said there, or why that is not known."""
    if isinstance(said, TimeoutError):
        return replace(worker, problem="does not answer", silent=True)
    if not isinstance(said, dict):
        return replace(worker, problem=f"{type(said).__name__}: {said}")
    try:
        return replace(
            worker,
            host=str(said["host"]),
            cores=int(said["cores"]),
            versions={str(key): str(value) for key, value in said["versions"].items()},
            entries=tuple(Entry.from_dict(each) for each in said["plugins"]),
        )
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        return replace(worker, problem=f"{type(error).__name__}: {error}")


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
    awake = [worker for worker in workers if not worker.silent]
    if not awake:
        raise UsageError(
            f"{address}: of {len(workers)} workers of Masterprint, none answers.",
            hint="see whether their machines are frozen, and start them again",
        )
    strange = [worker for worker in awake if worker.problem]
    if strange:
        raise UsageError(
            f"The worker {strange[0].name} does not answer as Masterprint {__version__} does "
            f"({strange[0].problem}).",
            hint="install the same version there, and start it again",
        )
    others = [
        f"{worker.name} has {worker.versions['masterprint']}"
        for worker in awake
        if version_tag() not in worker.tags or worker.versions["masterprint"] != __version__
    ]
    if others:
        raise UsageError(
            f"This is Masterprint {__version__}, but of the workers {listed(others)}.",
            hint="install the same version on all machines, and start the workers again",
        )


def doubts(workers: Sequence[FarmWorker]) -> list[str]:
    """What whoever renders on these should know: who is silent, and whose last bits may differ."""
    found = []
    if silent := [worker.name for worker in workers if worker.silent]:
        found.append(f"{listed(silent)} did not answer and will be given nothing to do")
    for package in TOUCHING:
        who: dict[str, list[str]] = defaultdict(list)
        for worker in workers:
            if worker.problem:
                continue
            who[worker.versions.get(package, "missing")].append(worker.name)
        if len(who) > 1:
            said = ", ".join(f"{version} on {listed(names)}" for version, names in who.items())
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


def listed(names: Sequence[str]) -> str:
    """The first few of some names, and how many there are besides."""
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
