"""An album whose masters are rendered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from album_tools import project_of, write_album
from masterprint.release.workshop import Workshop


@pytest.fixture
def workshop(tmp_path: Path) -> Iterator[Callable[..., Workshop]]:
    """Makes an album file of tracks, renders it and opens a workshop of it."""
    with ExitStack() as stack:

        def made(tracks: list[dict[str, Any]], **album: Any) -> Workshop:
            project = project_of(write_album(tmp_path / "album", tracks, **album))
            return stack.enter_context(project.workshop())

        yield made
