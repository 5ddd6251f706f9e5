"""What tests of a farm share: some mixes, and one farm that each leaves as it has found it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from farm_tools import FarmProcesses, farm


@pytest.fixture(scope="session")
def studio(tmp_path_factory: pytest.TempPathFactory, music: np.ndarray) -> Path:
    """A folder with eight mixes of 40 seconds, all different."""
    folder = tmp_path_factory.mktemp("studio")
    for number in range(8):
        audio = np.tile(np.roll(music, 1000 * number, axis=1), 4).T
        soundfile.write(folder / f"mix-{number}.wav", audio, 44100, "PCM_16")
    return folder


@pytest.fixture(scope="session")
def long(studio: Path, music: np.ndarray) -> Path:
    """Ten minutes of music, on which a worker is busy for a while."""
    path = studio / "long.wav"
    soundfile.write(path, np.tile(music, 60).T, 44100, "PCM_16")
    return path


@pytest.fixture(scope="session")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FarmProcesses]:
    """A farm of two workers without plugins."""
    folder = tmp_path_factory.mktemp("farm")
    environment = {
        "MASTERPRINT_HOME": str(folder / "nobody"),
        "DASK_DISTRIBUTED__SCHEDULER__EVENTS_CLEANUP_DELAY": "1s",
    }
    with farm(folder, "one", "two", **environment) as processes:
        yield processes
