"""Other people's tools, which say what they find in our files."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
WHY = ROOT / ".fixtures" / "TOOLS-WHY.txt"


def ask(tool: str, *args: object, check: bool = True) -> str:
    """What a tool prints, on both streams; the test is skipped where it is not there."""
    if shutil.which(tool) is None:
        why = WHY.read_text().strip() if WHY.exists() else "run tools/install-test-tools .fixtures"
        if os.environ.get("CI"):
            pytest.fail(f"{tool} is not installed: {why}")
        pytest.skip(f"{tool} is not installed: {why}")
    done = subprocess.run(
        [tool, *map(str, args)], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0 or not check, f"{tool}: {done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def ffprobe(path: Path) -> dict[str, Any]:
    """Streams and format with their tags."""
    said = ask("ffprobe", "-v", "error", "-of", "json", "-show_format", "-show_streams", path)
    found: dict[str, Any] = json.loads(said)
    return found


def exiftool(path: Path) -> dict[str, Any]:
    """Everything that it knows, by group and name, such as "RIFF:Title"."""
    (found,) = json.loads(ask("exiftool", "-json", "-G0", "-a", path))
    return dict(found)


def mediainfo(path: Path) -> dict[str, Any]:
    """The general track and the audio track, one over the other, with what it calls extra."""
    tracks = json.loads(ask("mediainfo", "--Output=JSON", path))["media"]["track"]
    found: dict[str, Any] = {}
    for track in tracks:
        found |= track | track.get("extra", {})
    return found
