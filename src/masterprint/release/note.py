"""The delivery note: one page that says what is in a delivery, as text and as HTML."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from html import escape
from pathlib import Path

from masterprint.codes import ean13
from masterprint.release.album import AlbumModel
from masterprint.release.delivery.base import Delivery, Table
from masterprint.version import __version__

TEXT, PAGE = "delivery-note.txt", "delivery-note.html"
MOST_FILES = 20
WIDEST = 44
"""Characters of a column of the text; what is longer is cut, and whole in the HTML."""

_STYLE = """
@page { size: A4; margin: 15mm; }
body { font: 9.5pt/1.35 system-ui, sans-serif; color: #111; max-width: 180mm; margin: 0 auto; }
h1 { font-size: 15pt; margin: 0 0 1mm; }
h2 { font-size: 10.5pt; margin: 5mm 0 1mm; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .6mm 2mm .6mm 0; border-bottom: .2mm solid #ccc;
  vertical-align: top; overflow-wrap: anywhere; }
th { font-weight: 600; }
li { margin: .5mm 0; }
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
    comparison = delivery.workshop.comparison()
    loudness = (
        "" if comparison.integrated_lufs is None
        else f"{comparison.integrated_lufs:.1f} LUFS, {comparison.true_peak_dbtp or 0.0:.2f} dBTP"
    )  # fmt: skip
    return [
        ("Album", model.title),
        ("Artist", model.artist),
        ("Delivery", f"{delivery.name}: {delivery.profile.description}".rstrip(": ")),
        ("Label", model.label or ""),
        ("Catalogue number", model.catalog_number or ""),
        ("EAN / UPC", ean13(model.upc) if model.upc else ""),
        ("Year", model.year or ""),
        ("Album loudness", loudness),
    ]


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
    widths = [max(len(row[place]) for row in cut) for place in range(len(table.columns))]
    return [
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cut
    ]


def _listed(files: Sequence[str]) -> list[str]:
    """The files, or how many are in each folder where they would fill the page."""
    if len(files) <= MOST_FILES:
        return list(files)
    counts = Counter(Path(file).parent.as_posix() for file in files)
    return [f"{'here' if folder == '.' else folder}: {count}" for folder, count in counts.items()]


def _cut(text: str) -> str:
    return text if len(text) <= WIDEST else text[: WIDEST - 1] + "…"


def _page(delivery: Delivery, head: list[tuple[str, str]], files: Sequence[str]) -> str:
    model = delivery.model
    parts = [
        "<!DOCTYPE html>",
        f'<html lang="en"><meta charset="utf-8"><title>{escape(model.title)}</title>',
        f"<style>{_STYLE}</style>",
        f"<h1>{escape(model.title)}</h1>",
        "<table>",
        *(f"<tr><th>{escape(name)}<td>{escape(text)}" for name, text in head),
        "</table>",
    ]
    for table in delivery.tables:
        parts += [f"<h2>{escape(table.title)}</h2>", "<table><tr>"]
        parts += [f"<th>{escape(column)}" for column in table.columns]
        for row in table.rows:
            parts.append("<tr>" + "".join(f"<td>{escape(cell)}" for cell in row))
        parts.append("</table>")
    if delivery.notes:
        parts += [
            "<h2>Notes</h2><ul>",
            *(f"<li>{escape(note)}" for note in delivery.notes),
            "</ul>",
        ]
    parts += [f"<h2>Files</h2><p>{'<br>'.join(map(escape, _listed(files)))}</p>"]
    parts += [f"<footer>Made by Masterprint {escape(__version__)}.</footer></html>"]
    return "\n".join(parts) + "\n"
