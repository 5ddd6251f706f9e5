"""What tests of albums share: short mixes whose samples are known, and album files of them."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import yaml

from masterprint.batch.pool import LocalPool
from masterprint.release.checking import check_album
from masterprint.release.loading import load_album
from masterprint.release.platforms import load_platforms
from masterprint.release.project import Project
from masterprint.rendering.engine import try_render

ROOT = Path(__file__).parents[1]
PLAIN = "masterprint: 1\nname: plain\nstages:\n  - gain: {gain_db: 0}\nmaster: {dither: none}\n"
"""A chain that changes nothing: the master is the mix."""
HELD = "masterprint: 1\nname: held\nstages:\n  - limiter: {ceiling_dbtp: -1}\n"


def write_wav(path: Path, audio: np.ndarray, rate: int = 44100, subtype: str = "PCM_24") -> Path:
    """An array of shape (channels, frames) as a file, on the grid of its integers."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scale = 1 << (23 if subtype == "PCM_24" else 15)
    words = np.round(audio.T * scale).astype(np.int32) << (8 if subtype == "PCM_24" else 16)
    soundfile.write(path, words, rate, subtype)
    return path


def noise(seed: int, seconds: float, rate: int = 44100, level: float = 0.3) -> np.ndarray:
    """Stereo noise, shape (2, frames)."""
    frames = round(seconds * rate)
    return np.random.default_rng(seed).uniform(-level, level, (2, frames))


def write_album(folder: Path, tracks: list[dict[str, Any]], **album: Any) -> Path:
    """An album file in a folder, with the chains `plain.yaml` and `held.yaml`.

    Args:
        folder: where it goes.
        tracks: of the album; `audio` and `rate` of one become its mix.
        album: everything else, over what is usual here.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "plain.yaml").write_text(PLAIN)
    (folder / "held.yaml").write_text(HELD)
    entries = []
    for number, track in enumerate(tracks, 1):
        entry = {"mix": f"mixes/{number:02}.wav", "title": f"Track {number}"} | track
        if "audio" in entry:
            rate = entry.pop("rate", 44100)
            write_wav(folder / entry["mix"], entry.pop("audio"), rate)
        entries.append(entry)
    data = {
        "masterprint_album": 1,
        "title": "Low Tide",
        "artist": "The Example",
        "chain": "plain.yaml",
        "loudness": {"mode": "none"},
        "tracks": entries,
        **album,
    }
    path = folder / "album.yaml"
    path.write_text(yaml.safe_dump(data, allow_unicode=True, sort_keys=False))
    return path


def read(path: Path) -> np.ndarray:
    """A file as float64, shape (channels, frames)."""
    audio, _ = soundfile.read(path, always_2d=True)
    return np.ascontiguousarray(audio.T)


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


def example_release(tmp_path_factory: Any) -> Path:
    """The example album, delivered as its README says: made once, whoever asks first.

    Several processes may run tests at a time; they share it.
    """
    root = tmp_path_factory.getbasetemp()
    root = root.parent if os.environ.get("PYTEST_XDIST_WORKER") else root
    folder = root / "example-album"
    with (root / "example-album.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "DONE").exists():
            done = subprocess.run(
                [sys.executable, ROOT / "examples" / "album" / "run.py", folder],
                capture_output=True,
                text=True,
                check=False,
                timeout=280,
            )
            assert done.returncode == 0, done.stderr
            (folder / "DONE").write_text(done.stdout)
    return folder
