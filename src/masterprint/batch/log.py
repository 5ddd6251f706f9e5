"""A log for machines: one JSON object a line, one line an event."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from masterprint.errors import UsageError

EVENTS = {
    "ok": "rendered",
    "unchanged": "done_already",
    "failed": "failed",
    "skipped": "not_done",
}
"""What a result is as an event."""


class EventLog:
    """Lines at the end of a file; each is on disk before the next thing is done.

    Args:
        path: of the file; None for no log.

    Raises:
        UsageError: it cannot be written.
    """

    def __init__(self, path: Path | None) -> None:
        self._file: IO[bytes] | None = None
        self.failed: str | None = None
        if path is not None:
            try:
                if path.is_file() and path.open("rb").read(1) not in (b"", b"{"):
                    raise UsageError(
                        f"{path}: is there already and is no log, whose lines begin with {{.",
                        hint="choose another name",
                    )
                self._file = path.open("ab", buffering=0)
            except OSError as error:
                raise UsageError(f"{path}: the log cannot be written: {error.strerror}.") from error

    def write(self, event: str, **data: Any) -> None:
        """Add an event. A full disk ends the log, not the work; `failed` then says why."""
        if self._file is None:
            return
        time = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        line = json.dumps({"time": time, "event": event, **data}, ensure_ascii=False)
        try:
            self._file.write(line.encode("utf-8", "backslashreplace") + b"\n")
        except OSError as error:
            self.failed = error.strerror or str(error)
            self.close()

    def close(self) -> None:
        """No more events."""
        if self._file is not None:
            self._file.close()
            self._file = None
