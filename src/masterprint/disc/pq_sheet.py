"""The PQ sheet: what is on the disc and where, for the plant and for people, to be printed.

Times count from the beginning of the disc, as the subcode has them: index 1 of track 1 stands at
00:02:00 where nothing is hidden before it. As text of fixed width, or as one page of HTML without
scripts or other files.
"""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from masterprint.codes import ean13, isrc_shown
from masterprint.disc.layout import Disc, timecode, with_lead

WIDTH = 100
_STYLE = """
@page { size: A4; margin: 15mm }
body { font: 10pt/1.35 "Helvetica Neue", Arial, sans-serif; color: #000; margin: 1.5em auto;
  max-width: 180mm }
h1 { font-size: 15pt; margin: 0 }
p { margin: 0 0 .8em }
table { border-collapse: collapse; width: 100%; margin: .8em 0; font-size: 9pt }
th, td { text-align: left; padding: .25em .6em .25em 0; border-bottom: .3pt solid #999;
  vertical-align: top }
th { border-bottom: .8pt solid #000 }
tr { break-inside: avoid }
.time { font-family: "DejaVu Sans Mono", Consolas, monospace; white-space: nowrap }
.small { font-family: "DejaVu Sans Mono", Consolas, monospace; font-size: 7.5pt;
  overflow-wrap: anywhere }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1em 1em; margin: .8em 0 }
dt { color: #444 }
dd { margin: 0 }
"""


@dataclass(frozen=True)
class _Row:
    number: str
    title: str
    performer: str
    isrc: str
    flags: str
    index0: str
    index1: str
    length: str
    pause: str
    indexes: str = ""


def pq_sheet_text(disc: Disc, checksums: Mapping[str, str] | None = None) -> str:
    """The sheet as text, at most 100 characters wide, each track on two lines.

    Args:
        disc: what is on it.
        checksums: MD5 by file name.
    """
    return "\n".join(line.rstrip() for line in _text_lines(disc, checksums or {})) + "\n"


def pq_sheet_html(disc: Disc, checksums: Mapping[str, str] | None = None) -> str:
    """The sheet as one page of HTML that prints on A4.

    Args:
        disc: what is on it.
        checksums: MD5 by file name.
    """
    title = html.escape(_printable(disc.title) or "PQ sheet")
    parts = [
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">',
        f"<title>PQ sheet: {title}</title><style>{_STYLE}</style></head><body>",
        f"<h1>{title}</h1><p>{html.escape(_printable(disc.performer))}</p><dl>",
        *(f"<dt>{name}</dt><dd>{html.escape(value)}</dd>" for name, value in _facts(disc)),
        "</dl><table><thead><tr>",
        *(f"<th>{name}</th>" for name in ("No", "Title", "ISRC", "Index 0", "Index 1")),
        *(f"<th>{name}</th>" for name in ("Length", "Pause", "Flags")),
        "</tr></thead><tbody>",
        *map(_html_row, _rows(disc)),
        "</tbody></table><p>Times: minutes, seconds, frames of 1/75 s, from the beginning of the "
        "disc.</p>",
    ]
    if checksums:
        parts.append("<table><thead><tr><th>File</th><th>MD5</th></tr></thead><tbody>")
        for name, digest in checksums.items():
            cells = (html.escape(_printable(text)) for text in (name, digest))
            parts.append("<tr><td>{}</td><td class=small>{}</td></tr>".format(*cells))
        parts.append("</tbody></table>")
    return "\n".join([*parts, "</body></html>\n"])


def _facts(disc: Disc) -> Iterator[tuple[str, str]]:
    yield "UPC/EAN", ean13(disc.upc) if disc.upc else "none"
    yield "Catalogue number", _printable(disc.catalog_number or "none")
    yield "Tracks", str(len(disc.tracks))
    yield "Total time", timecode(disc.sectors - (disc.tracks[0].start if disc.tracks else 0))
    if disc.tracks and disc.tracks[0].start:
        yield "Hidden before track 1", timecode(disc.tracks[0].start)
    yield "Lead-out", timecode(disc.sectors + disc.lead_sectors)


def _rows(disc: Disc) -> Iterator[_Row]:
    whole = with_lead(disc)
    for number, track in whole.numbered():
        # Index 0 of track 1 stands where the disc begins, whatever the pause.
        index0 = 0 if number == 1 else track.pregap
        end = whole.tracks[number].begins if number < len(whole.tracks) else whole.sectors
        yield _Row(
            number=f"{number:02d}",
            title=_printable(track.title),
            performer=_printable(track.performer),
            isrc=isrc_shown(track.isrc) if track.isrc else "",
            flags=" ".join(["DCP"] * track.copy_permitted + ["PRE"] * track.pre_emphasis),
            index0="" if index0 is None else timecode(index0),
            index1=timecode(track.start),
            length=timecode(end - track.start),
            pause="" if index0 is None else timecode(track.start - index0),
            indexes=", ".join(
                f"index {index} at {timecode(place)}"
                for index, place in enumerate(track.indexes, 2)
            ),
        )
    yield _Row("AA", "Lead-out", "", "", "", "", timecode(whole.sectors), "", "")


def _text_lines(disc: Disc, checksums: Mapping[str, str]) -> Iterator[str]:
    yield "PQ SHEET"
    yield ""
    yield from _wrapped("Title", _printable(disc.title))
    yield from _wrapped("Performer", _printable(disc.performer))
    for name, value in _facts(disc):
        yield from _wrapped(name, value)
    yield ""
    heading = "No  Index 0   Index 1   Length    Pause     ISRC             Flags    "
    yield heading + "Title / Performer"
    yield "-" * WIDTH
    room = WIDTH - len(heading)
    for row in _rows(disc):
        first = (
            f"{row.number:<4}{row.index0:<10}{row.index1:<10}{row.length:<10}{row.pause:<10}"
            f"{row.isrc:<17}{row.flags:<9}"
        )
        titles = list(_broken(row.title, room))
        yield first + (titles[0] if titles else "")
        for text in [*titles[1:], *_broken(row.performer, room)]:
            yield " " * len(heading) + text
        for text in _broken(row.indexes, WIDTH - 4):
            yield "    " + text
    yield "-" * WIDTH
    yield "Times: minutes:seconds:frames of 1/75 s, from the beginning of the disc."
    if checksums:
        yield ""
        yield "MD5"
        for name, digest in checksums.items():
            yield f"{_printable(digest)}  {_printable(name)}"


def _html_row(row: _Row) -> str:
    title = html.escape(row.title)
    if row.performer:
        title += f"<br>{html.escape(row.performer)}"
    if row.indexes:
        title += f"<br><span class=small>{row.indexes}</span>"
    times = [row.index0, row.index1, row.length, row.pause]
    cells = "".join(f"<td class=time>{time}</td>" for time in times)
    return (
        f"<tr><td>{row.number}</td><td>{title}</td><td class=time>{html.escape(row.isrc)}</td>"
        f"{cells}<td>{row.flags}</td></tr>"
    )


def _wrapped(name: str, text: str) -> Iterator[str]:
    for number, piece in enumerate(_broken(text, WIDTH - 23)):
        yield f"{name if number == 0 else '':<23}{piece}"


def _broken(text: str, width: int) -> Iterator[str]:
    """A text in lines of at most so many columns; East Asian letters take two."""
    line, columns = "", 0
    for character in text:
        size = _columns(character)
        if columns + size > width:
            space = line.rfind(" ")
            kept = line[:space] if space > 0 else line
            yield kept
            line = line[space + 1 :] if space > 0 else ""
            columns = sum(map(_columns, line))
        line += character
        columns += size
    if line:
        yield line


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


def _printable(text: str) -> str:
    """Without what would break a line or steer a terminal."""
    return "".join(c if c.isprintable() else " " for c in text)
