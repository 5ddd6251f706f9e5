"""What was found for the loudness of an album, kept beside its masters.

It is a cache: damaged or lost, the album is listened to once more.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from masterprint.files.whole import write_whole

GAIN_FILE = "album-gain.json"
MOST_GAIN_FILE_BYTES = 1 << 20
KEPT = "kept from before; what all tracks together measure has not been looked at since"
MOST_DB = 200.0
"""No figure that was found is beyond: a file that says so, or says nan, is not ours."""


@dataclass(frozen=True)
class Known:
    """What was found for an album before.

    Attributes:
        gain_db, reached_lufs, note: as they were found.
        target_lufs: of all together.
        works: a hash for each mix and its chain, before the gain.
        working_db: gains at working levels, as `batch.album` names them.
    """

    gain_db: float
    target_lufs: float
    reached_lufs: float | None
    note: str | None
    works: tuple[str, ...]
    working_db: dict[str, float]

    def is_of(self, works: Sequence[str]) -> bool:
        """Whether it was found for these, in whatever order."""
        return sorted(self.works) == sorted(works)


def known_gain(folder: Path) -> Known | None:
    """What was found before; None where nothing was, or where it cannot be read."""
    try:
        with (folder / GAIN_FILE).open("rb") as file:
            data = json.loads(file.read(MOST_GAIN_FILE_BYTES))
        known = Known(
            float(data["gain_db"]),
            float(data["target_lufs"]),
            None if data["reached_lufs"] is None else float(data["reached_lufs"]),
            None if data["note"] is None else str(data["note"]),
            tuple(map(str, data["works"])),
            {str(name): float(gain) for name, gain in data["working_db"].items()},
        )
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        OverflowError,
        RecursionError,
    ):
        return None
    figures = [known.gain_db, known.target_lufs, known.reached_lufs or 0.0]
    figures += known.working_db.values()
    return known if all(abs(each) <= MOST_DB for each in figures) else None


def write_known_gain(folder: Path, known: Known) -> None:
    """Keep it in the folder of the masters. OSError passes."""
    data = {"masterprint_album_gain": 1, **asdict(known)}
    write_whole(folder / GAIN_FILE, (json.dumps(data, indent=2) + "\n").encode())
