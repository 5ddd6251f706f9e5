"""Results of any number of jobs, kept on disk until they are asked for in order."""

from __future__ import annotations

import json
import tempfile
from array import array
from collections.abc import Iterator
from typing import Any

from masterprint.errors import MasterprintError
from masterprint.scratch import scratch_folder

NONE = -1


class Spool:
    """Plain data by index; memory holds eight bytes of each.

    Args:
        count: how many there may be.
    """

    def __init__(self, count: int) -> None:
        self._places = array("q", [NONE]) * count
        self._file = tempfile.TemporaryFile(dir=scratch_folder())  # noqa: SIM115 - see `close`

    def put(self, index: int, data: dict[str, Any]) -> None:
        """Keep the data of an index.

        Raises:
            MasterprintError: there is no room for it.
        """
        try:
            self._places[index] = self._file.seek(0, 2)
            self._file.write(json.dumps(data).encode() + b"\n")
        except OSError as error:
            raise MasterprintError(
                f"Scratch space in {scratch_folder()} cannot be written: {error.strerror}.",
                hint="free some space there, or set TMPDIR to a folder on a larger disk",
            ) from error

    def __iter__(self) -> Iterator[tuple[int, dict[str, Any] | None]]:
        """Every index in order, with its data or None."""
        for index, place in enumerate(self._places):
            if place == NONE:
                yield index, None
                continue
            self._file.seek(place)
            yield index, json.loads(self._file.readline())

    def close(self) -> None:
        """Give the space back."""
        self._file.close()
