"""Scratch: blocks that wait for a partner, or to be played again, in memory and then on disk."""

from __future__ import annotations

import os
import tempfile
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from masterprint.errors import MasterprintError

MEMORY_BYTES = 32 << 20
"""What one Scratch holds in memory before further blocks go to disk."""
MORE_SCRATCH = "free some space there, or set TMPDIR to a folder on a larger disk"


class _Stored(NamedTuple):
    """A block on disk."""

    offset: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]


class Scratch:
    """Blocks in order, to be taken once (`take`) or played any number of times (`replay`).

    Holds up to 32 MiB in memory; what comes after goes to a nameless file in the scratch folder
    (`TMPDIR`, else the system's disk-backed temporary folder), which vanishes with the process.
    """

    def __init__(self, memory_bytes: int = MEMORY_BYTES) -> None:
        self._memory_bytes = memory_bytes
        self._held_bytes = 0
        self._items: deque[NDArray[Any] | _Stored] = deque()
        self._file: IO[bytes] | None = None
        self._end = 0

    def __len__(self) -> int:
        return len(self._items)

    def append(self, block: NDArray[Any]) -> None:
        """Add a block of shape (channels, frames) at the end."""
        if self._held_bytes + block.nbytes <= self._memory_bytes:
            # A view may keep a much larger array alive: what waits here owns just its own samples.
            self._items.append(block if block.base is None else block.copy())
            self._held_bytes += block.nbytes
            return
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(  # noqa: SIM115 - closed in `close`
                    dir=scratch_folder(), buffering=0
                )
            data = np.ascontiguousarray(block).view(np.uint8).reshape(-1).data
            written = 0
            while written < len(data):
                written += os.pwrite(self._file.fileno(), data[written:], self._end + written)
        except OSError as error:
            raise MasterprintError(
                f"Scratch space in {scratch_folder()} cannot be written: {error.strerror}.",
                hint=MORE_SCRATCH,
            ) from error
        self._items.append(_Stored(self._end, block.shape, block.dtype))
        self._end += block.nbytes

    def take(self) -> NDArray[Any]:
        """The oldest block, which is then forgotten."""
        item = self._items.popleft()
        if isinstance(item, np.ndarray):
            self._held_bytes -= item.nbytes
            return item
        block = self._load(item)
        if not self._items and self._file is not None:
            self._file.truncate(0)
            self._end = 0
        return block

    def replay(self) -> Iterator[NDArray[Any]]:
        """All blocks from the first, as often as wanted."""
        for item in self._items:
            yield item if isinstance(item, np.ndarray) else self._load(item)

    def close(self) -> None:
        """Forget everything and give the disk space back."""
        self._items.clear()
        self._held_bytes = self._end = 0
        if self._file is not None:
            self._file.close()
            self._file = None

    def _load(self, item: _Stored) -> NDArray[Any]:
        assert self._file is not None
        block = np.empty(item.shape, item.dtype)
        view = block.view(np.uint8).reshape(-1).data
        read = 0
        while read < len(view):
            read += os.preadv(self._file.fileno(), [view[read:]], item.offset + read)
        return block


def scratch_folder() -> Path:
    """Where scratch goes: TMPDIR if set, else /var/tmp (on disk) before /tmp (often in memory)."""
    if "TMPDIR" not in os.environ:
        on_disk = Path("/var/tmp")
        if os.access(on_disk, os.W_OK):
            return on_disk
    return Path(tempfile.gettempdir())
