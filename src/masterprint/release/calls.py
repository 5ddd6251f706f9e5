"""What scripts call for albums: the same work as `masterprint album`."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from masterprint.batch.pool import LocalPool
from masterprint.batch.rendering import render_many
from masterprint.errors import MasterprintError
from masterprint.release.checking import check_album
from masterprint.release.delivering import Delivered
from masterprint.release.loading import Album, load_album
from masterprint.release.platforms import load_platforms
from masterprint.release.project import Project, wanted
from masterprint.rendering.result import RenderResult


def render_album(
    album: str | Path,
    folder: str | Path | None = None,
    *,
    jobs: int | None = None,
    overwrite: bool = False,
    keep_gain: bool = False,
    timeout_s: float | None = None,
    trusted: Sequence[str | Path] = (),
    platforms: str | Path | None = None,
) -> list[RenderResult]:
    """Master the tracks of an album, as `masterprint album render` does; in order.

    Args:
        album: an album file.
        folder: for everything that is made; by default release/<name of the file> beside it.
        jobs: how many tracks at a time, each on a core of its own; all cores by default.
        overwrite: replace masters that somebody has changed, too.
        keep_gain: leave the album's gain as it was found before, whatever has changed.
        timeout_s, trusted: as for `render`.
        platforms: a file with deliverables of your own.

    Raises:
        MasterprintError: the album cannot be made; nothing was begun.
    """
    loaded = load_album(album)
    return _rendered(
        _project(loaded, folder, overwrite, keep_gain, timeout_s, trusted, platforms), jobs
    )


def deliver_album(
    album: str | Path,
    folder: str | Path | None = None,
    *,
    only: Sequence[str] | None = None,
    jobs: int | None = None,
    overwrite: bool = False,
    keep_gain: bool = False,
    timeout_s: float | None = None,
    trusted: Sequence[str | Path] = (),
    platforms: str | Path | None = None,
) -> Iterator[Delivered]:
    """Make what an album file asks for, as `masterprint album deliver` does; as it is done.

    What goes wrong with one deliverable is in its result, and the others go on.

    Args:
        only: of the album's deliverables, these.
        album, folder, jobs, overwrite, keep_gain, timeout_s, trusted, platforms: as for
            `render_album`.

    Raises:
        MasterprintError: the album cannot be made, or a track cannot be rendered.
    """
    loaded = load_album(album)
    names = wanted(loaded, [only] if isinstance(only, str) else only)
    project = _project(loaded, folder, overwrite, keep_gain, timeout_s, trusted, platforms, names)
    failed = [result for result in _rendered(project, jobs) if result.error is not None]
    if failed:
        raise MasterprintError("\n".join(str(result.error) for result in failed))
    return project.deliver_all(names)


def _project(
    loaded: Album,
    folder: str | Path | None,
    overwrite: bool,
    keep_gain: bool,
    timeout_s: float | None,
    trusted: Sequence[str | Path],
    platforms: str | Path | None,
    names: Sequence[str] | None = None,
) -> Project:
    known = load_platforms(None if platforms is None else Path(platforms))
    checked = check_album(loaded, known.deliverables)
    place = None if folder is None else Path(folder)
    files = [Path(file) for file in trusted]
    return Project.of(
        loaded,
        known,
        checked,
        place,
        overwrite,
        timeout_s,
        files,
        names=names,
        keeps_gain=keep_gain,
    )


def _rendered(project: Project, jobs: int | None) -> list[RenderResult]:
    cores = jobs or os.cpu_count() or 1
    project.settle(lambda tasks: LocalPool(cores, tasks))
    found = dict(render_many(project.jobs, cores))
    return [found[index] for index in range(len(project.jobs))]
