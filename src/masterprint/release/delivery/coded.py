"""What codecs have made of an album's tracks, for the delivery note."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from masterprint.codecs.formats import Format
from masterprint.codecs.round_trip import Encoded
from masterprint.release.delivery.base import Table, shown
from masterprint.release.printing import Printed

OVER_DB = 0.005
"""Less over a ceiling than this is not told: figures are to a hundredth."""


@dataclass(frozen=True)
class Coded:
    """A track in a format."""

    printed: Printed
    format: Format
    path: Path
    encoded: Encoded


def codec_table(coded: Sequence[Coded]) -> Table:
    """What each codec has made of the tracks; every file by itself is in the manifest."""
    by_format: dict[str, list[Coded]] = {}
    for each in coded:
        if not each.format.lossless:
            by_format.setdefault(each.format.label, []).append(each)
    rows = []
    for label, mine in by_format.items():
        highest = max(mine, key=lambda each: each.encoded.true_peak_dbtp or -999.0)
        rows.append(
            (
                label,
                shown(highest.encoded.true_peak_dbtp, 2),
                str(highest.printed.number),
                str(sum(each.encoded.clipped_samples for each in mine)),
                shown(-mine[0].encoded.gain_db, 2),
                "yes" if all(_in_place(each.encoded) for each in mine) else "no",
            )
        )
    columns = ("codec", "dBTP decoded", "in track", "clipped", "lowered by, dB", "gapless")
    return Table("After the codec", columns, rows)


def notes_on(coded: Sequence[Coded], ceiling_dbtp: float | None) -> list[str]:
    """What was lowered, and what is over the ceiling all the same."""
    found = []
    for each in coded:
        mates = sum(other.format == each.format for other in coded) - 1
        if each.encoded.passes > 1:
            alike = " The other tracks were lowered alike." if mates else ""
            found.append(f"{each.path.name}: {each.encoded.note}{alike}")
        elif not each.format.lossless and _is_over(each, ceiling_dbtp):
            found.append(f"{each.path.name}: {each.encoded.note}")
    over = [each for each in coded if each.format.lossless and _is_over(each, ceiling_dbtp)]
    if over:
        highest = max(each.encoded.true_peak_dbtp or 0.0 for each in over)
        found.append(
            f"Lossless files peak at up to {highest:.2f} dBTP, over the ceiling of "
            f"{ceiling_dbtp:g}: they hold what the masters hold; lower the ceiling of the chain."
        )
    return found


def _is_over(coded: Coded, ceiling_dbtp: float | None) -> bool:
    peak = coded.encoded.true_peak_dbtp
    return peak is not None and ceiling_dbtp is not None and peak > ceiling_dbtp + OVER_DB


def _in_place(encoded: Encoded) -> bool:
    """Whether a file decodes to the source's own length, and to its own place."""
    return not encoded.length_difference_frames and not encoded.offset_frames
