"""What many tests share: a short piece of music, and the command as a user runs it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from masterprint.demo.music import synthesise_mix
from masterprint.plugins.catalogue import Catalogue
from masterprint.plugins.scan import scan
from plugin_tools import SHARED, need_fixtures

ROOT = Path(__file__).parents[1]
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def music() -> np.ndarray:
    """Ten seconds of music, (2, frames) at 44.1 kHz."""
    return synthesise_mix(44100, 10.0)


@pytest.fixture
def mix(tmp_path: Path, music: np.ndarray) -> Path:
    """The music as a 24-bit WAV file."""
    path = tmp_path / "mix.wav"
    soundfile.write(path, np.round(music.T * 8388607).astype(np.int32) << 8, 44100, "PCM_24")
    return path


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run `masterprint ARGS` in an empty folder."""

    def command(*args: object, **options: object) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb"}
        return subprocess.run(
            [sys.executable, "-m", "masterprint", *map(str, args)],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
            **options,
        )

    return command


@pytest.fixture(autouse=True, scope="session")
def _nobodys_home_in_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nor does a fixture that is made before any test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MASTERPRINT_HOME", str(tmp_path_factory.getbasetemp() / "nobody"))
        yield


@pytest.fixture(autouse=True)
def _nobodys_home(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No test sees the plugins of whoever runs it."""
    monkeypatch.setenv("MASTERPRINT_HOME", str(tmp_path_factory.getbasetemp() / "nobody"))


@pytest.fixture(scope="session")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A MASTERPRINT_HOME whose catalogue has the fixture plugins; scanned once."""
    folder = need_fixtures()
    home = tmp_path_factory.mktemp("home")
    catalogue = Catalogue()
    for name in SHARED:
        found = scan(catalogue, folder / f"{name}.vst3")
        assert found.status == "scanned", (name, found.entry.quarantine)
    (home / "plugins.json").write_text(
        json.dumps({"version": 1, "files": [entry.as_dict() for entry in catalogue]})
    )
    return home


@pytest.fixture
def plugins(scanned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The fixture plugins catalogued, in a home of the test's own; its folder."""
    home = tmp_path / "home"
    shutil.copytree(scanned, home)
    monkeypatch.setenv("MASTERPRINT_HOME", str(home))
    return home
