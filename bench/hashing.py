"""Render one mix on one processor; `--without stages` or `--without all` spares it hashes."""

import sys
from pathlib import Path
from types import SimpleNamespace

import xxhash
from one_thread import keep_to_one_processor, report


class NoHash:
    """Takes anything, at no cost; `digits` long."""

    def __init__(self, digits: int) -> None:
        self.digits = digits

    def update(self, data: object) -> None:
        """Leave it."""

    def digest(self) -> bytes:
        """Nothing."""
        return b""

    def hexdigest(self) -> str:
        """What looks like a hash."""
        return "0" * self.digits


keep_to_one_processor()
import masterprint  # noqa: E402 - after that
from masterprint.ahead import use_threads  # noqa: E402
from masterprint.files import writing  # noqa: E402
from masterprint.files.pcm_hash import PcmHash  # noqa: E402
from masterprint.sheets import ingredients  # noqa: E402

use_threads(False)
mix, folder = Path(sys.argv[1]), Path(sys.argv[2])
spared = sys.argv[4:]
if spared:
    xxhash.xxh3_128 = lambda *data: NoHash(32)
if spared == ["all"]:
    # In these modules alone: Numba knows its compiled kernels by hashes, too.
    writing.hashlib = ingredients.hashlib = SimpleNamespace(sha256=lambda *data: NoHash(64))
    PcmHash.feed = lambda self, block: None


def render() -> None:
    """The same master, again and again."""
    masterprint.render("streaming", mix, folder, overwrite=True)


report(render, render)
