"""The delivery note: one page that says what is in a delivery, as text and as HTML."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence
from html import escape
from pathlib import Path

from masterprint.codes import ean13
from masterprint.disc.layout import SAMPLE_RATE_HZ
from masterprint.release.album import AlbumModel
from masterprint.release.delivery.base import Delivery, Table
from masterprint.release.medium import clock
from masterprint.version import __version__

TEXT, PAGE = "delivery-note.txt", "delivery-note.html"
MOST_FILES = 20
WIDEST = 44
"""Characters of a column of the text; what is longer is cut, and whole in the HTML."""

SHORT = 14
"""Characters of a cell that is not broken in the HTML: a gain of so much to so much, an ISRC."""

_STYLE = """
@page { size: A4; margin: 12mm 15mm; }
body { font: 8.5pt/1.3 system-ui, sans-serif; color: #111; max-width: 180mm; margin: 0 auto; }
h1 { font-size: 15pt; margin: 0 0 1mm; }
h2 { font-size: 10pt; margin: 4mm 0 1mm; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .4mm 2mm .4mm 0; border-bottom: .2mm solid #ccc;
  vertical-align: top; overflow-wrap: break-word; }
th { font-weight: 600; white-space: nowrap; }
td.short { white-space: nowrap; }
ul { margin: 0; padding-left: 4mm; }
.files { columns: 2; margin: 0; }
footer { color: #666; margin-top: 5mm; font-size: 8pt; }
"""


def write_note(delivery: Delivery, files: Sequence[str]) -> None:
    """Write both forms of the note into a delivery.

    Args:
        delivery: whose.
        files: that are in it, by their paths.
    """
    head = [(name, text) for name, text in _head(delivery.model, delivery) if text]
    _write(delivery.folder / TEXT, _text(delivery, head, files))
    _write(delivery.folder / PAGE, _page(delivery, head, files))


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _head(model: AlbumModel, delivery: Delivery) -> list[tuple[str, str]]:
    album, timeline = delivery.workshop.album, delivery.workshop.layout.timeline
    hidden = sum(track.hidden for track in album.tracks)
    tracks = f"{max(album.numbers)}" + (f" and {hidden} hidden" if hidden else "")
    plays = clock(timeline.frames_at(SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ)
    return [
        ("Album", model.title),
        ("Artist", model.artist),
        ("Delivery", f"{delivery.name}: {delivery.profile.description}".rstrip(": ")),
        ("Label", model.label or ""),
        ("Catalogue number", model.catalog_number or ""),
        ("EAN / UPC", ean13(model.upc) if model.upc else ""),
        ("Year", model.year or ""),
        ("Tracks", f"{tracks}, {plays} in all"),
        ("Album loudness", _loudness(delivery)),
        *delivery.head,
    ]


def _loudness(delivery: Delivery) -> str:
    """Of the masters; nothing where what is delivered has another."""
    if delivery.profile.kind in ("vinyl", "cassette") or delivery.profile.target_lufs is not None:
        return ""
    comparison = delivery.workshop.comparison()
    if comparison.integrated_lufs is None:
        return ""
    return f"{comparison.integrated_lufs:.1f} LUFS, {comparison.true_peak_dbtp or 0.0:.2f} dBTP"


def _text(delivery: Delivery, head: list[tuple[str, str]], files: Sequence[str]) -> str:
    width = max(len(name) for name, _ in head)
    lines = [f"{name:<{width}}  {text}" for name, text in head]
    for table in delivery.tables:
        lines += ["", table.title, *_columns(table)]
    if delivery.notes:
        lines += ["", "Notes", *(f"- {note}" for note in delivery.notes)]
    lines += ["", f"Files ({len(files)}; sums are in the manifest)", *_listed(files)]
    lines += ["", f"Made by Masterprint {__version__}."]
    return "\n".join(lines) + "\n"


def _columns(table: Table) -> list[str]:
    rows = [table.columns, *table.rows]
    last = len(table.columns) - 1
    cut = [
        [cell if place == last else _cut(cell) for place, cell in enumerate(row)] for row in rows
    ]
    widths = [max(_width(row[place]) for row in cut) for place in range(len(table.columns))]
    return [
        "  ".join(
            cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in cut
    ]


def _width(text: str) -> int:
    """Columns that a text takes; East Asian letters take two, accents that stand apart none."""
    wide = sum(unicodedata.east_asian_width(each) in ("W", "F") for each in text)
    return len(text) + wide - sum(bool(unicodedata.combining(each)) for each in text)


def _listed(files: Sequence[str]) -> list[str]:
    """The files, or how many are in each folder where they would fill the page."""
    if len(files) <= MOST_FILES:
        return list(files)
    counts = Counter(Path(file).parent.as_posix() for file in files)
    return [f"{'here' if folder == '.' else folder}: {count}" for folder, count in counts.items()]


def _cell(text: str) -> str:
    """Figures stay in one line."""
    return f"{'<td class=short>' if len(text) <= SHORT else '<td>'}{escape(text)}"


def _cut(text: str) -> str:
    return text if len(text) <= WIDEST else text[: WIDEST - 1] + "…"


def _page(delivery: Delivery, head: list[tuple[str, str]], files: Sequence[str]) -> str:
    model = delivery.model
    title = escape(f"{model.title}: {delivery.name}")
    parts = [
        "<!DOCTYPE html>",
        f'<html lang="en"><meta charset="utf-8"><title>{title}</title>',
        f"<style>{_STYLE}</style>",
        f"<h1>{escape(model.title)}</h1>",
        "<table>",
        *(f"<tr><th>{escape(name)}<td>{escape(text)}" for name, text in head if name != "Album"),
        "</table>",
    ]
    for table in delivery.tables:
        parts += [f"<h2>{escape(table.title)}</h2>", "<table><tr>"]
        parts += [f"<th>{escape(column)}" for column in table.columns]
        for row in table.rows:
            parts.append("<tr>" + "".join(map(_cell, row)))
        parts.append("</table>")
    if delivery.notes:
        parts += [
            "<h2>Notes</h2><ul>",
            *(f"<li>{escape(note)}" for note in delivery.notes),
            "</ul>",
        ]
    parts += [f"<h2>Files</h2><p class=files>{'<br>'.join(map(escape, _listed(files)))}</p>"]
    parts += [f"<footer>Made by Masterprint {escape(__version__)}.</footer></html>"]
    return "\n".join(parts) + "\n"
