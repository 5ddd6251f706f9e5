"""What tests of bulk work share: many short mixes, and what is in an output folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import soundfile

RATE = 44100
CHAIN = "masterprint: 1\nstages:\n  - gain: {gain_db: -3}\n  - limiter: {}\n"


def write_mixes(folder: Path, count: int, seconds: float = 0.5, level: float = 0.4) -> list[Path]:
    """So many mixes of noise, each another one."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number in range(count):
        audio = np.random.default_rng(number).uniform(-level, level, (round(seconds * RATE), 2))
        path = folder / f"{number:02}.wav"
        soundfile.write(path, audio, RATE, "PCM_24")
        paths.append(path)
    return paths


def write_chain(path: Path, text: str = CHAIN) -> Path:
    """A chain file."""
    path.write_text(text)
    return path


def masters(folder: Path) -> dict[str, bytes]:
    """Every file below a folder with its bytes, but hidden ones and sheets, which have dates."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if not path.name.startswith(".")
        and path.is_file()
        and not path.name.endswith(".recall.yaml")
    }


def start(folder: Path, *arguments: object, before: tuple[str, ...] = ()) -> subprocess.Popen[str]:
    """`masterprint ARGUMENTS` in a folder, to be waited for; heeds Ctrl-C wherever it runs."""
    program = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler);"
        "import masterprint.cli.app as app; app.main()"
    )
    return subprocess.Popen(
        [*before, sys.executable, "-c", program, *map(str, arguments)],
        cwd=folder,
        env=os.environ | {"COLUMNS": "120", "NO_COLOR": "1", "TERM": "dumb"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def events(log: Path) -> list[dict]:
    """The lines of a log."""
    return [json.loads(line) for line in log.read_text().splitlines()]
