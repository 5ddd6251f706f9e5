"""The programs that Masterprint is measured beside: installed by the bench, apart from Masterprint.

Python packages go into a virtual environment of their own, `.bench/venv`; ffmpeg and sox are
Debian's. What cannot be installed is reported with its reason, and the bench goes on without it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

PACKAGES = (
    "pedalboard",
    "pyloudnorm",
    "matchering",
    "libsonare",
    "loudness",
    "noisereduce",
    "scipy",
)
TOOLS = ("ffmpeg", "sox")
PLUGINS = {"zam-plugins": Path("/usr/lib/vst3/ZamCompX2.vst3")}
"""Debian's package, and a file that is there when it is."""
ALSO_NEEDED = ("numpy", "soundfile")  # by the scripts themselves
INSTALL_LIMIT_S = 900
ASK_VERSION = "import sys, importlib.metadata as m; print(m.version(sys.argv[1]))"


class Peers:
    """What is there to be measured beside, and why the rest is not.

    Attributes:
        python: the interpreter that has the packages.
        versions: of every peer that is there.
        missing: why a peer is not there, by name.
    """

    def __init__(self, home: Path) -> None:
        self._venv = home / "venv"
        self.python = self._venv / "bin" / "python"
        self.versions: dict[str, str] = {}
        self.missing: dict[str, str] = {}

    def install(self, names: Iterable[str]) -> None:
        """Bring what is not there yet."""
        names = set(names)
        if PLUGINS.keys() & names:
            names.add("pedalboard")
        self._install_tools([tool for tool in (*TOOLS, *PLUGINS) if tool in names])
        packages = [package for package in PACKAGES if package in names]
        if not packages or not self._make_venv(packages):
            return
        for package in (*ALSO_NEEDED, *packages):
            if not self._version_of(package):
                print(f"Installing {package} ...", file=sys.stderr)
                self._pip_install(package)
            if version := self._version_of(package):
                self.versions[package] = version

    def _make_venv(self, packages: list[str]) -> bool:
        if self.python.exists():
            return True
        reason = _failure([sys.executable, "-m", "venv", str(self._venv)])
        if reason:
            self.missing |= dict.fromkeys(packages, f"no virtual environment: {reason}")
        return not reason

    def _pip_install(self, package: str) -> None:
        pip = [str(self.python), "-m", "pip", "--disable-pip-version-check", "--no-input"]
        if reason := _failure([*pip, "install", "--quiet", package]):
            self.missing[package] = f"pip install {package}: {reason}"

    def _version_of(self, package: str) -> str:
        return _output([str(self.python), "-c", ASK_VERSION, package])

    def _install_tools(self, wanted: list[str]) -> None:
        absent = [tool for tool in wanted if not _is_there(tool)]
        reason = ""
        if absent and os.geteuid() == 0 and shutil.which("apt-get"):
            print(f"Installing {' and '.join(absent)} ...", file=sys.stderr)
            install = ["apt-get", "install", "-y", *absent]
            reason = _failure(install)
            if reason and not _failure(["apt-get", "update"]):
                reason = _failure(install)
        for tool in wanted:
            if not _is_there(tool):
                self.missing[tool] = reason or f"not installed; as root: apt-get install {tool}"
            else:
                self.versions[tool] = _tool_version(tool)


def _is_there(tool: str) -> bool:
    return PLUGINS[tool].exists() if tool in PLUGINS else shutil.which(tool) is not None


def _tool_version(tool: str) -> str:
    if tool in PLUGINS:
        return _output(["dpkg-query", "--show", "--showformat=${Version}", tool])
    said = _output([tool, "-version" if tool == "ffmpeg" else "--version"])
    words = said.splitlines()[0].split() if said else []
    return words[2] if tool == "ffmpeg" and len(words) > 2 else " ".join(words[-1:])


def _output(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=own_world())
    return done.stdout.strip() if done.returncode == 0 else ""


def _failure(command: list[str]) -> str:
    """Run it; the last line of its complaint where it fails, and nothing where it works."""
    environment = own_world() | {"DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            timeout=INSTALL_LIMIT_S,
            env=environment,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if done.returncode == 0:
        return ""
    said = (done.stderr.strip() or done.stdout.strip()).splitlines()
    return said[-1] if said else f"exit {done.returncode}"


def own_world() -> dict[str, str]:
    """The environment of a peer: this one, without what belongs to Masterprint's Python."""
    return {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
