"""What there is to say of an album, for people and as JSON."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import typer

from masterprint.cli.console import clean, print_json

if TYPE_CHECKING:
    from masterprint.release.checking import Checked
    from masterprint.release.delivering import Delivered
    from masterprint.release.loading import Album
    from masterprint.release.project import Project
    from masterprint.release.timeline import Timeline

STATUSES = {"ok": "made", "unchanged": "done already", "failed": "failed"}


def warn_of(album: Album, warnings: Iterable[str]) -> None:
    """What somebody should look at, on standard error."""
    for text in warnings:
        print(clean(f"masterprint: warning: {album.file}: {text}."), file=sys.stderr)


def tell_check(album: Album, checked: Checked, as_json: bool) -> None:
    """The timeline of an album that can be made, and what is doubtful."""
    rows = timeline_rows(album, checked.timeline)
    if as_json:
        print_json({"album": str(album.file), "warnings": checked.warnings, "timeline": rows})
        return
    _tell_timeline(rows)
    for text in checked.warnings:
        print(clean(f"  {text}"))
    print(clean(f"{album.file}: can be made, for {', '.join(album.model.deliver)}."))


def tell_plan(project: Project, names: Sequence[str] | None, as_json: bool) -> None:
    """What would be rendered and delivered, and why; nothing is done.

    What hangs on a gain that has to be listened for would be done `perhaps`.
    """
    from masterprint.errors import MasterprintError
    from masterprint.rendering.done import need_ours, why_render

    rows = []
    for job, doubt in project.settle_from_before():
        try:
            why = why_render(job)
            if why is not None:
                need_ours(job, why)
            would = "render" if why is not None else "perhaps" if doubt else "done"
            why = why or doubt
        except MasterprintError as error:
            why, would = str(error), "fail"
        rows.append({"would": would, "master": str(job.master), "why": why or "made of the same"})
    stopped = any(row["would"] == "fail" for row in rows)
    for name in names or []:
        folder = project.folder / name
        try:
            reason = project.why_deliver(name)
            doubt = project.doubt_of(name)
            would = "deliver" if reason is not None else "perhaps" if doubt else "done"
            reason = reason or doubt
            if stopped:
                would, reason = "fail", "nothing is delivered where a master cannot be rendered"
        except MasterprintError as error:
            reason, would = str(error), "fail"
        rows.append({"would": would, "folder": str(folder), "why": reason or "made of the same"})
    timeline = timeline_rows(project.album, project.checked.timeline)
    if as_json:
        print_json({"timeline": timeline, "would": rows})
    else:
        _tell_timeline(timeline)
        for row in rows:
            place = row.get("master") or row.get("folder")
            print(clean(f"{row['would']:8} {place}: {row['why']}"))
    if any(row["would"] == "fail" for row in rows):
        raise typer.Exit(1)


def tell_sequence(found: Delivered, as_json: bool, quiet: bool) -> None:
    """The album as a whole and beside one another its tracks."""
    if as_json:
        print_json(found.as_dict())
        return
    if quiet:
        return
    print(clean((found.folder / "delivery-note.txt").read_text(encoding="utf-8")))
    print(clean(f"{found.folder}: {STATUSES[found.status]}."))


def tell_delivered(found: Sequence[Delivered], as_json: bool, quiet: bool) -> None:
    """Every deliverable with what should be known of it."""
    if as_json:
        print_json([each.as_dict() for each in found])
    for each in found:
        if each.error is not None:
            print(clean(f"masterprint: {each.name}: {each.error}"), file=sys.stderr)
        elif not (quiet or as_json):
            count = f"{len(each.files)} files"
            print(clean(f"{each.name:10} {STATUSES[each.status]}: {each.folder} ({count})"))
            for note in each.notes:
                print(clean(f"           {note}"))


def tell_undelivered(project: Project, names: Sequence[str]) -> None:
    """As JSON, what was not begun because a track could not be rendered."""
    text = "not begun, because a track was not rendered"
    rows = [
        {"deliverable": name, "folder": str(project.folder / name), "status": "failed",
         "error": text, "files": [], "notes": []}
        for name in names
    ]  # fmt: skip
    print_json(rows)


def timeline_rows(album: Album, timeline: Timeline | None) -> list[dict[str, Any]]:
    """Where every track lies, as the lengths of the mixes have it."""
    if timeline is None:
        return []
    return [
        {
            "track": album.numbers[index],
            "hidden": album.tracks[index].hidden,
            "title": album.tracks[index].title,
            "begin_s": round(float(begin / 44100), 3),
            "length_s": round(float((end - begin) / 44100), 3),
        }
        for index, begin, end in timeline.placed_at(44100)
    ]


def _tell_timeline(rows: Sequence[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for heading in ("", "title", "begins", "length"):
        table.add_column(heading, justify="left" if heading == "title" else "right")
    for row in rows:
        number = "hidden" if row["hidden"] else str(row["track"])
        times = (_clock(row["begin_s"]), _clock(row["length_s"]))
        table.add_row(number, Text(clean(row["title"])), *times)
    Console().print(table)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(seconds, 60.0)
    return f"{int(minutes)}:{rest:04.1f}"
