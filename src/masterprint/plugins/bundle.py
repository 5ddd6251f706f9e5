"""A plugin's file, looked at before anything in it runs: does it suit this system at all?"""

from __future__ import annotations

import hashlib
import platform
import re
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from masterprint.errors import PluginError
from masterprint.plugins.identity import Format

LOOK_S = 20.0
_ELF_MACHINES = {3: "i386", 40: "arm", 62: "x86_64", 183: "aarch64", 243: "riscv64"}
_ENDINGS: dict[str, Format] = {".vst3": "vst3", ".component": "au"}


@dataclass(frozen=True)
class Bundle:
    """A plugin's file or folder, and the library in it that this system would load."""

    path: Path
    format: Format
    binary: Path

    def sha256(self) -> str:
        """Hash of the library."""
        with self.binary.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


def standard_folders() -> list[Path]:
    """Where plugins are installed on this system, by the VST3 and Audio Unit conventions."""
    home = Path.home()
    if sys.platform == "darwin":
        audio = [home / "Library/Audio/Plug-Ins", Path("/Library/Audio/Plug-Ins")]
        return [root / kind for root in audio for kind in ("VST3", "Components")]
    return [home / ".vst3", Path("/usr/lib/vst3"), Path("/usr/local/lib/vst3")]


def find_bundles(places: Iterable[Path]) -> Iterator[Path]:
    """Every plugin file or bundle at or under these places, each once, links followed once."""
    seen: set[Path] = set()

    def look(place: Path, depth: int) -> Iterator[Path]:
        try:
            real = place.resolve()
        except (OSError, RuntimeError):  # a link to itself: `look_at` will say so
            real = place.absolute()
        if real in seen or depth > 8:
            return
        seen.add(real)
        if place.suffix.lower() in _ENDINGS:
            yield place.absolute()
        elif _is_folder(place):
            try:
                inside = sorted(place.iterdir())
            except OSError:  # a folder that may not be read holds nothing for us
                return
            for each in inside:
                if _is_folder(each) or each.suffix.lower() in _ENDINGS:
                    yield from look(each, depth + 1)

    for place in places:
        yield from look(place, 0)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # behind what may not be entered
        return False


def look_at(path: Path) -> Bundle:
    """The bundle at a path.

    Raises:
        PluginError: it is no plugin for this system and CPU; the message says what it is instead.
    """
    kind = _ENDINGS.get(path.suffix.lower())
    if kind is None:
        raise PluginError(
            f"{path}: is not a plugin that Masterprint hosts: .vst3"
            + (" or .component" if sys.platform == "darwin" else "")
            + " is expected.",
            hint="VST2 (.so, .vst, .dll), AAX and LV2 plugins are not hosted: install the VST3",
        )
    if not path.exists():
        raise PluginError(f"{path}: there is no such plugin file.")
    if kind == "au" and sys.platform != "darwin":
        raise PluginError(f"{path}: is an Audio Unit, which runs on macOS only.")
    binary = path if path.is_file() else _library_in(path)
    _check_library(path, binary)
    return Bundle(path.absolute(), kind, binary)


def _library_in(path: Path) -> Path:
    contents = path / "Contents"
    if not contents.is_dir():
        raise PluginError(f"{path}: is an empty or unfinished bundle: it has no folder Contents.")
    if sys.platform == "darwin":
        folder, names = contents / "MacOS", [path.stem]
    else:
        folder, names = contents / f"{platform.machine()}-linux", [f"{path.stem}.so"]
        if not folder.is_dir() and platform.machine() == "aarch64":  # as some packages name it
            folder = contents / "armv8l-linux"
    if not folder.is_dir():
        others = sorted(each.name for each in contents.iterdir() if each.is_dir())
        others = [name for name in others if "-" in name or name == "MacOS"]
        found = f"holds {', '.join(others)}" if others else "holds no library at all"
        raise PluginError(
            f"{path}: is not built for this system: it {found}, where {folder.name} is expected.",
            hint="install the build for this system and processor",
        )
    for name in names:
        if (folder / name).is_file():
            return folder / name
    inside = [each for each in sorted(folder.iterdir()) if each.is_file()]
    if sys.platform == "darwin" and len(inside) == 1:  # named in Info.plist
        return inside[0]
    held = ", ".join(each.name for each in inside[:5]) or "nothing"
    raise PluginError(
        f"{path}: its library {folder.name}/{names[0]} is missing (there is {held}).",
        hint="a bundle and its library have one name: was it renamed?",
    )


def _check_library(path: Path, binary: Path) -> None:
    try:
        with binary.open("rb") as file:
            head = file.read(20)
    except OSError as error:
        raise PluginError(f"{path}: cannot be read: {error.strerror}.") from error
    if sys.platform == "darwin":
        return
    if head[:4] != b"\x7fELF" or len(head) < 20:
        what = "a Windows library" if head[:2] == b"MZ" else "no library"
        raise PluginError(f"{path}: {binary.name} is {what}, where a Linux library is expected.")
    (machine,) = struct.unpack("<H" if head[5] == 1 else ">H", head[18:20])
    found = _ELF_MACHINES.get(machine, f"machine {machine}")
    if found != platform.machine():
        raise PluginError(
            f"{path}: is built for {found}, where {platform.machine()} is expected.",
            hint="install the build for this processor",
        )


def unresolved_libraries(binary: Path) -> list[str]:
    """Libraries that a library needs and the system does not have, as the linker tells."""
    ldd = shutil.which("ldd")
    if ldd is None:
        return []
    try:
        done = subprocess.run(
            [ldd, str(binary)],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=LOOK_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return []
    return sorted(set(re.findall(r"^\s*(\S+) => not found", done.stdout, re.M)))
