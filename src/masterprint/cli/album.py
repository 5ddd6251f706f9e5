"""`masterprint album`: an album checked, rendered, laid out and delivered from one file."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from masterprint.cli.album_telling import (
    tell_check,
    tell_delivered,
    tell_plan,
    tell_sequence,
    tell_undelivered,
    warn_of,
)
from masterprint.cli.bulk import begin_workers, cores_of
from masterprint.cli.options import AsJson, DryRun, Jobs, Quiet, Timeout, TrustPath

if TYPE_CHECKING:
    from masterprint.release.loading import Album
    from masterprint.release.platforms import Platforms
    from masterprint.release.project import Project

app = typer.Typer(
    no_args_is_help=True,
    help="Albums: from mixes to everything that is sold.",
)

AlbumFile = Annotated[Path, typer.Argument(metavar="ALBUM", help="Album file (YAML).")]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output", "-o", metavar="DIR", help="Folder for it all; else release/<name> beside it."
    ),
]
OwnPlatforms = Annotated[
    Path | None,
    typer.Option("--platforms", metavar="FILE", help="Platforms and deliverables of your own."),
]
KeepGain = Annotated[
    bool,
    typer.Option("--keep-gain", help="Leave the album's gain as it was found before."),
]
Replace = Annotated[
    bool, typer.Option("--overwrite", help="Replace what is there, whoever has changed it.")
]


@app.command()
def check(album: AlbumFile, platforms: OwnPlatforms = None, as_json: AsJson = False) -> None:
    """Say everything that is wrong with an album, and what somebody should look at."""
    from masterprint.release.checking import check_album

    loaded, known = _loaded(album, platforms)
    tell_check(loaded, check_album(loaded, known.deliverables), as_json)


@app.command()
def render(
    album: AlbumFile,
    output: Output = None,
    overwrite: Replace = False,
    keep_gain: KeepGain = False,
    dry_run: DryRun = False,
    jobs: Jobs = None,
    timeout: Timeout = None,
    trust_path: TrustPath = None,
    platforms: OwnPlatforms = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Master the tracks of an album; what has not changed is not rendered again."""
    begin_workers(jobs, unless=dry_run)
    loaded, known = _loaded(album, platforms)
    project = _project(loaded, known, output, overwrite, timeout, trust_path, dry_run, keep_gain)
    if dry_run:
        tell_plan(project, None, as_json)
        return
    _render(project, jobs, as_json, quiet)


@app.command()
def sequence(
    album: AlbumFile,
    output: Output = None,
    overwrite: Replace = False,
    keep_gain: KeepGain = False,
    dry_run: DryRun = False,
    jobs: Jobs = None,
    timeout: Timeout = None,
    trust_path: TrustPath = None,
    platforms: OwnPlatforms = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Put the album together as one file, to be listened to, and measure how its tracks compare."""
    from masterprint.release.project import SEQUENCE

    begin_workers(jobs, unless=dry_run)
    loaded, known = _loaded(album, platforms)
    names = [SEQUENCE]
    project = _project(
        loaded, known, output, overwrite, timeout, trust_path, dry_run, keep_gain, names
    )
    if dry_run:
        tell_plan(project, names, as_json)
        return
    _render_first(project, names, jobs, as_json, quiet)
    with _saying(as_json or quiet) as say, project.workshop(say) as workshop:
        found = project.deliver(workshop, SEQUENCE)
    tell_sequence(found, as_json, quiet)


@app.command()
def deliver(
    album: AlbumFile,
    output: Output = None,
    only: Annotated[
        str | None,
        typer.Option(metavar="NAME,...", help="Of the album's deliverables, only these."),
    ] = None,
    overwrite: Replace = False,
    keep_gain: KeepGain = False,
    dry_run: DryRun = False,
    jobs: Jobs = None,
    timeout: Timeout = None,
    trust_path: TrustPath = None,
    platforms: OwnPlatforms = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Make everything that the album file asks for, each in a folder of its own."""
    from masterprint.release.project import wanted

    begin_workers(jobs, unless=dry_run)
    loaded, known = _loaded(album, platforms)
    chosen = None if only is None else [each.strip() for each in only.split(",") if each.strip()]
    names = wanted(loaded, chosen)
    project = _project(
        loaded, known, output, overwrite, timeout, trust_path, dry_run, keep_gain, names
    )
    if dry_run:
        tell_plan(project, names, as_json)
        return
    _render_first(project, names, jobs, as_json, quiet)
    with _saying(as_json or quiet) as say:
        found = list(project.deliver_all(names, say))
    tell_delivered(found, as_json, quiet)
    if any(each.status == "failed" for each in found):
        raise typer.Exit(1)


def _loaded(album: Path, own: Path | None) -> tuple[Album, Platforms]:
    from masterprint.release.loading import load_album
    from masterprint.release.platforms import load_platforms

    return load_album(album), load_platforms(own)


def _project(
    loaded: Album,
    known: Platforms,
    output: Path | None,
    overwrite: bool,
    timeout: float | None,
    trusted: list[Path] | None,
    dry_run: bool,
    keep_gain: bool,
    names: list[str] | None = None,
) -> Project:
    from masterprint.release.checking import check_album
    from masterprint.release.project import Project

    checked = check_album(loaded, known.deliverables)
    warn_of(loaded, checked.warnings)
    files = trusted or []
    return Project.of(
        loaded, known, checked, output, overwrite, timeout, files, not dry_run, names, keep_gain
    )


def _render(project: Project, jobs: int | None, as_json: bool, quiet: bool) -> None:
    """Settle the gain and render what has changed; ends the command where a track fails."""
    from masterprint.batch.pool import LocalPool
    from masterprint.cli.bulk import How, carry_out
    from masterprint.cli.console import clean, counting
    from masterprint.cli.interrupt import Interruption

    cores = cores_of(jobs)

    def told() -> None:
        print("masterprint: stopping; nothing has been rendered yet.", file=sys.stderr)

    with (
        counting(len(project.jobs), not (as_json or quiet)) as count,
        Interruption(told) as interruption,
    ):
        matched = project.settle(
            lambda tasks: LocalPool(cores, tasks), count, lambda: interruption.asked
        )
    for each in matched:
        if each.note or not quiet:
            text = f"{each.folder.name}: {each.gain_db:+.2f} dB for all"
            if each.reached_lufs is not None:
                text += f", together {each.reached_lufs:.2f} LUFS"
            if each.note and each.reached_lufs is not None:
                text += f" instead of {each.target_lufs:g}"
            note = f": {each.note}" if each.note else ""
            print(clean(f"masterprint: {text}{note}"), file=sys.stderr)
    carry_out(project.jobs, How.of(jobs, None, False, as_json, quiet, None, None))


def _render_first(
    project: Project, names: list[str], jobs: int | None, as_json: bool, quiet: bool
) -> None:
    """The masters, before what is made of them; where one fails, JSON still names every one."""
    try:
        _render(project, jobs, False, as_json or quiet)
    except typer.Exit:
        if as_json:
            tell_undelivered(project, names)
        raise


@contextmanager
def _saying(silent: bool) -> Iterator[Callable[[str], None]]:
    """What tells on a terminal what is being worked on, in one line that is replaced."""
    if silent or not sys.stderr.isatty():
        yield lambda text: None
        return
    from rich.console import Console
    from rich.text import Text

    from masterprint.cli.console import clean

    with Console(stderr=True).status("") as status:
        yield lambda text: status.update(Text(clean(text)))
