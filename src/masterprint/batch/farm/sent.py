"""A task as it travels to a worker of a cluster, with hashes of all that it is to read there."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from masterprint.batch.farm.tags import needed
from masterprint.chain.copies import with_copies
from masterprint.errors import AudioFileError, MasterprintError, PluginError, UsageError
from masterprint.plugins.catalogue import Catalogue
from masterprint.plugins.identity import Plugin
from masterprint.rendering.done import why_render
from masterprint.rendering.job import RenderJob
from masterprint.rendering.progress import RenderProgress
from masterprint.rendering.result import RenderResult
from masterprint.sheets.ingredients import FileFact, look_at_mix, need_as_planned
from masterprint.sheets.sheet import sheet_path
from masterprint.stages.base import all_stages
from masterprint.stages.beside import StageWithFiles
from masterprint.version import __version__


class JobTask(Protocol):
    """A task that is about a render job."""

    @property
    def job(self) -> RenderJob:
        """The job."""

    @property
    def limit_s(self) -> float:
        """Seconds after which it is ended."""

    def run(self, progress: RenderProgress) -> dict[str, Any]:
        """Do it."""

    def failed(self, text: str) -> dict[str, Any]:
        """The result where it could not even be begun."""


@dataclass(frozen=True)
class Sent:
    """A task for a worker that shares our storage, but not our memory or our plugins.

    Attributes:
        task: with paths that hold from any folder.
        mix: as it is seen where the task comes from.
        version: of Masterprint there.
        sheet_sha256: of the recall sheet that was there before; None where there was none.
        renders: whether the task makes the job's master.
        worker: name of the worker that has it.
    """

    task: Any
    mix: FileFact
    version: str
    sheet_sha256: str | None
    renders: bool
    worker: str = "?"

    @property
    def limit_s(self) -> float:
        """That of the task."""
        limit_s: float = self.task.limit_s
        return limit_s

    @property
    def tags(self) -> frozenset[str]:
        """What a worker must offer to be given it."""
        return tags_of(self.task.job)

    def run(self, progress: RenderProgress) -> dict[str, Any]:
        """Do it on this machine, once all is found to be the same here."""
        try:
            job = self._here()
            if self.renders and (done := self._done_before(job)) is not None:
                return done.as_dict()
        except MasterprintError as error:
            failed: dict[str, Any] = self.task.failed(str(error))
            return failed
        result: dict[str, Any] = replace(self.task, job=job).run(progress)
        if not (self.renders and result["status"] == "failed"):
            return result
        # Another attempt, whose worker was only out of sight, may have come first.
        done = self._done_before(job)
        return result if done is None else done.as_dict()

    def _here(self) -> RenderJob:
        """The job with this machine's copies of its plugins, or an error where anything differs."""
        job: RenderJob = self.task.job
        if self.version != __version__:
            raise UsageError(
                f"{job.mix}: the worker {self.worker} has Masterprint {__version__} where the job "
                f"comes from {self.version}.",
                hint="install the same version on all machines, and start the workers again",
            )
        self._need_same_mix(job.mix)
        if not job.master.parent.is_dir():
            raise UsageError(
                f"{job.master.parent}: there is no such folder on the worker {self.worker}.",
                hint="all machines have to see the storage under the same path",
            )
        job = self._with_own_plugins(job)
        try:
            need_as_planned(job.ingredients)
        except MasterprintError as error:
            error.message = f"on the worker {self.worker}: {error.message}"
            raise
        return job

    def _need_same_mix(self, path: Path) -> None:
        try:
            found = look_at_mix(path)
        except AudioFileError as error:
            error.message = f"{error.message.rstrip('.')}, on the worker {self.worker}."
            error.hint = "all machines have to see the storage under the same path"
            raise
        if found.sha256 != self.mix.sha256:
            raise AudioFileError(
                f"{path}: the worker {self.worker} sees another file there ({found.bytes} bytes, "
                f"{found.sha256[:12]}) than the one that was sent ({self.mix.bytes} bytes, "
                f"{self.mix.sha256[:12]}).",
                hint="it was changed meanwhile, or the storage is not the same one",
            )

    def _with_own_plugins(self, job: RenderJob) -> RenderJob:
        facts = job.ingredients.plugins
        if not any(fact.plugin for fact in facts):
            return job
        here = {_identity(plugin): plugin for plugin in Catalogue.load().plugins}

        def copy_of(plugin: Plugin) -> Plugin:
            own = here.get(_identity(plugin))
            if own is None:
                raise PluginError(
                    f"{job.mix}: the worker {self.worker} does not have {plugin.title} with the "
                    f"hash {plugin.binary_sha256[:12]}, or not any more.",
                    hint="scan its plugins again, and start the worker again",
                )
            return own

        own = tuple(
            replace(fact, plugin=copy_of(fact.plugin)) if fact.plugin else fact for fact in facts
        )
        ingredients = replace(job.ingredients, plugins=own)
        return replace(job, chain=with_copies(job.chain, copy_of), ingredients=ingredients)

    def _done_before(self, job: RenderJob) -> RenderResult | None:
        """What an earlier attempt has made, whose worker was lost before it could say so."""
        now = _sheet_sha256(job)
        if now is None or now == self.sheet_sha256 or why_render(job) is not None:
            return None
        return RenderResult.of_sheet(job, "ok")


def sent(task: JobTask, renders: bool) -> Sent:
    """A task made ready to be sent off; reads the whole mix.

    Raises:
        AudioFileError: the mix cannot be read.
    """
    job = task.job
    for stage in all_stages(job.chain.stages):
        if isinstance(stage, StageWithFiles):
            stage.keep_folder()
    files = {
        name: replace(fact, path=fact.path.absolute())
        for name, fact in job.ingredients.files.items()
    }
    job = replace(
        job,
        mix=job.mix.absolute(),
        master=job.master.absolute(),
        mix_later=job.mix_later and job.mix_later.absolute(),
        ingredients=replace(job.ingredients, files=files),
    )
    before = _sheet_sha256(job) if renders else None
    there: Any = replace(task, job=job)  # type: ignore[type-var]
    return Sent(there, look_at_mix(task.job.mix), __version__, before, renders)


def tags_of(job: RenderJob) -> frozenset[str]:
    """What a worker must offer to be given a job."""
    return needed(fact.plugin for fact in job.ingredients.plugins if fact.plugin)


def _identity(plugin: Plugin) -> tuple[str, str]:
    return plugin.class_id.casefold(), plugin.binary_sha256


def _sheet_sha256(job: RenderJob) -> str | None:
    try:
        return hashlib.sha256(sheet_path(job.master).read_bytes()).hexdigest()
    except OSError:
        return None
