"""What a render ran on: versions of everything that touches samples, and the machine."""

from __future__ import annotations

import os
import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from masterprint.version import __version__

PACKAGES = ("numpy", "numba", "llvmlite", "scipy", "soxr", "pedalboard", "soundfile")


@cache
def versions() -> dict[str, str]:
    """Of Masterprint, Python and the libraries; what is not installed is left out."""
    found = {"masterprint": __version__, "python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    import soundfile

    found["libsndfile"] = str(soundfile.__libsndfile_version__)
    return found


@cache
def machine() -> dict[str, str | int]:
    """Operating system and processor; nothing that names the machine or its owner."""
    return {
        "system": f"{platform.system()} {platform.release()}",
        "architecture": platform.machine(),
        "cpu": _cpu(),
        "cores": os.cpu_count() or 1,
    }


def _cpu() -> str:
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8", errors="replace") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:  # not on Linux
        pass
    return platform.processor() or platform.machine()
