"""What the numbers depend on: the machine, and the versions of what ran on it."""

from __future__ import annotations

import os
import platform
from pathlib import Path

from peers import Peers


def machine(peers: Peers) -> dict[str, object]:
    """What the numbers depend on."""
    processor = platform.processor() or platform.machine()
    about = Path("/proc/cpuinfo")
    if about.exists():
        models = [line for line in about.read_text().splitlines() if line.startswith("model name")]
        processor = models[0].partition(":")[2].strip() if models else processor
    return {
        "processor": processor,
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "peers": peers.versions,
        "missing": peers.missing,
    }


def tell_machine(about: dict[str, object]) -> None:
    """What the table was measured on, and what is not in it."""
    print(
        f"{about['processor']}, {about['cores']} cores, Python {about['python']}, {about['system']}"
    )
    for key in ("peers", "missing"):
        said = about[key]
        if isinstance(said, dict) and said:
            label = "Peers" if key == "peers" else "Not there"
            print(f"{label}: {', '.join(f'{k} {v}' for k, v in said.items())}")
