"""The ready-made chains that come with Masterprint."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from masterprint.chain.loading import load_chain
from masterprint.chain.model import Chain


def chains_folder() -> Path:
    """Where the ready-made chains are: in the package, or beside it in a checkout."""
    packaged = Path(str(resources.files("masterprint"))) / "chains"
    return packaged if packaged.is_dir() else Path(__file__).parents[3] / "chains"


def shipped_chains() -> dict[str, Path]:
    """Ready-made chains by name."""
    return {path.stem: path for path in sorted(chains_folder().glob("*.yaml"))}


def find_chain(name: str | Path) -> Chain:
    """The chain in a file, or the ready-made one of a name such as "streaming"."""
    path = Path(name)
    if path.suffix or _is_file(path):
        return load_chain(path)
    return load_chain(shipped_chains().get(str(name), path))


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # whatever it is, `load_chain` says why it cannot be read
        return False
