"""`masterprint batch`: masters from a list."""

from __future__ import annotations

import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from masterprint.cli.bulk import begin_workers
from masterprint.cli.cluster import Dask
from masterprint.cli.options import (
    AsJson,
    DryRun,
    Jobs,
    Log,
    MatchLoudness,
    Overwrite,
    Quiet,
    Resume,
    Set,
    Timeout,
    TrustPath,
)

if TYPE_CHECKING:
    from masterprint.batch.jobs_file import Row
    from masterprint.plugins.catalogue import Catalogue
    from masterprint.rendering.planning import PreparedChain, Wish


def batch(
    jobs_file: Annotated[
        Path, typer.Argument(metavar="JOBS", help="YAML or CSV: mix, chain, output, settings.")
    ],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="DIR", help="For rows that name no folder."),
    ] = None,
    settings: Set = None,
    overwrite: Overwrite = False,
    resume: Resume = False,
    match_loudness: MatchLoudness = None,
    dry_run: DryRun = False,
    jobs: Jobs = None,
    dask: Dask = None,
    timeout: Timeout = None,
    trust_path: TrustPath = None,
    log: Log = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Render what a jobs file lists; a row that fails leaves the others alone.

    A mistake in the file or in a chain is told before anything is begun.
    """
    begin_workers(jobs, unless=dry_run or dask is not None)
    from masterprint.batch.jobs_file import read_jobs
    from masterprint.chain.overrides import setting_from
    from masterprint.cli.bulk import How, carry_out
    from masterprint.cli.cluster import reached
    from masterprint.rendering.job import IfThere
    from masterprint.rendering.planning import plan_all

    rows = read_jobs(jobs_file)
    wanted = dict(map(setting_from, settings or []))
    with reached(dask, trust_path, jobs) as farm:
        catalogue = farm.catalogue if farm else None
        wishes = _wishes(jobs_file, rows, output, wanted, timeout, trust_path or [], catalogue)
        planned = plan_all(wishes, IfThere.of(overwrite, resume), timeout, make_folders=not dry_run)
        if farm is not None:
            farm.need_able(planned)
        carry_out(planned, How.of(jobs, match_loudness, dry_run, as_json, quiet, log, farm))


def _wishes(
    jobs_file: Path,
    rows: list[Row],
    output: Path | None,
    settings: dict[str, Any],
    timeout_s: float | None,
    trusted: list[Path],
    elsewhere: Catalogue | None,
) -> list[Wish]:
    """Each chain is read and bound once for all rows that use it alike; all errors at once."""
    from masterprint.chain.library import find_chain
    from masterprint.chain.yaml_source import MOST_PROBLEMS
    from masterprint.errors import MasterprintError, UsageError, first_of
    from masterprint.rendering.planning import Wish, prepare
    from masterprint.stages.beside import within

    known: dict[str, PreparedChain | None] = {}
    problems: dict[str, list[str]] = {}  # the rows of each
    wishes = []
    allowed = [jobs_file.parent, *([output] if output else [])]
    for row in rows:
        key = repr((row.chain, row.changes, row.settings))
        if key not in known:
            try:
                _need_no_pipe(Path(row.chain))
                chain = find_chain(row.chain)
                changed = row.settings | settings
                name = Path(row.chain).name
                known[key] = prepare(
                    chain, row.changes, changed, timeout_s, trusted, name, elsewhere
                )
            except MasterprintError as error:
                known[key] = None
                problems.setdefault(str(error), []).append(row.place)
        folder = row.output or output
        if folder is None:
            problem = "no output folder is named, here or in the file or with -o."
            problems.setdefault(problem, []).append(row.place)
        elif not any(within(place, folder) for place in allowed):
            # The list may be a stranger's.
            places = " and ".join(map(str, allowed))
            problem = (
                f"{folder}: is an output folder outside of {places}; rows write there and in the "
                "folder that -o names."
            )
            problems.setdefault(problem, []).append(row.place)
        prepared = known[key]
        if prepared is not None and folder is not None:
            master = folder / f"{row.name}{prepared.extension}"
            wishes.append(Wish(prepared, row.mix, master))
    if problems:
        said = [f"{_told(rows)}: {problem}" for problem, rows in problems.items()]
        raise UsageError(first_of(said, MOST_PROBLEMS))
    return wishes


def _told(rows: list[str]) -> str:
    """The first row of a mistake, and how many others have made it, too."""
    more = len(rows) - 1
    return rows[0] + (f" and {more} more row{'s' * (more > 1)}" if more else "")


def _need_no_pipe(chain: Path) -> None:
    """Refuse what may never come to an end; the list may be a stranger's."""
    from masterprint.errors import UsageError

    with suppress(OSError, ValueError):  # reading it will say so
        if not stat.S_ISREG(chain.stat().st_mode):
            raise UsageError(
                f"{chain}: is a folder, pipe or device, where a chain file is expected."
            )
