"""An album whose masters are rendered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from album_tools import write_album
from masterprint.batch.pool import LocalPool
from masterprint.release.checking import check_album
from masterprint.release.loading import load_album
from masterprint.release.platforms import load_platforms
from masterprint.release.project import Project
from masterprint.release.workshop import Workshop
from masterprint.rendering.engine import try_render


def project_of(path: Path, folder: Path | None = None, **more: Any) -> Project:
    """An album file with its masters rendered."""
    album, platforms = load_album(path), load_platforms()
    project = Project.of(
        album, platforms, check_album(album, platforms.deliverables), folder, **more
    )
    project.settle(lambda tasks: LocalPool(2, tasks))
    for job in project.jobs:
        result = try_render(job)
        assert result.status in ("ok", "unchanged"), result.error
    return project


@pytest.fixture
def workshop(tmp_path: Path) -> Iterator[Callable[..., Workshop]]:
    """Makes an album file of tracks, renders it and opens a workshop of it."""
    with ExitStack() as stack:

        def made(tracks: list[dict[str, Any]], **album: Any) -> Workshop:
            project = project_of(write_album(tmp_path / "album", tracks, **album))
            return stack.enter_context(project.workshop())

        yield made
