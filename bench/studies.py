"""What is looked at by other figures than time and memory: `studies` is the list."""

from __future__ import annotations

import sys
from pathlib import Path

from comparisons import Bench
from terms import Study

HERE = Path(__file__).resolve().parent


def studies(bench: Bench) -> list[Study]:
    """All of them, in the order of their tables."""
    quick = ["--quick"] * bench.material.quick
    folder = bench.studies
    damaged = folder / "stages"

    def beside(name: str, title: str, *needs: str) -> Study:
        script = [bench.peer_python, HERE / f"{name}.py", *quick, folder / name]
        return Study(name, title, [[*script, *bench.masterprint]], needs)

    return [
        beside("restoration", "Damage undone", "scipy", "ffmpeg", "noisereduce"),
        beside("matching", "A reference matched", "scipy", "pyloudnorm", "matchering"),
        Study(
            "stages",
            "Stages on one core",
            [
                [bench.peer_python, HERE / "damage.py", damaged, "20" if quick else "60"],
                [sys.executable, HERE / "stages.py", bench.material.folder, damaged],
            ],
            ("scipy",),
            ("mix-1", "mix-2"),
        ),
    ]
