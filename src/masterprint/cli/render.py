"""`masterprint render`: masters from mixes."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated

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
    Timeout,
    TrustPath,
)


def render(
    chain: Annotated[str, typer.Argument(help="Chain file, or the name of a ready-made chain.")],
    mixes: Annotated[
        list[Path], typer.Argument(metavar="MIX...", help="Audio files to master, or folders.")
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="Folder for the masters.")
    ],
    recursive: Annotated[
        bool,
        typer.Option("--recursive", "-r", help="Folders in folders, too; the tree is kept."),
    ] = False,
    file_format: Annotated[
        str | None, typer.Option("--format", help="wav, aiff or flac; else as the chain says.")
    ] = None,
    bit_depth: Annotated[str | None, typer.Option(help="16, 24, 32f or 64f.")] = None,
    sample_rate: Annotated[
        str | None, typer.Option(metavar="HZ", help="Rate of the masters, such as 44100.")
    ] = None,
    dither: Annotated[str | None, typer.Option(help="none, tpdf or shaped.")] = None,
    dither_silence: Annotated[
        bool, typer.Option("--dither-silence", help="Dither digital silence, too.")
    ] = False,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="Another setting, as maximizer.ceiling_dbtp=-1.5."
        ),
    ] = None,
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
    """Master mixes through a chain; each becomes DIR/<name of the mix>.<format>.

    Beside each master lies its recall sheet. Of several mixes, Ctrl-C lets those that are being
    rendered come to their end; a second one stops them.
    """
    if len(mixes) > 1 or os.path.isdir(mixes[0]):  # noqa: PTH112 - what cannot be reached is none
        begin_workers(jobs, unless=dry_run or dask is not None)
    from masterprint.batch.gather import gather
    from masterprint.chain.library import find_chain
    from masterprint.chain.overrides import setting_from
    from masterprint.cli.bulk import do_all, matched
    from masterprint.cli.cluster import reached
    from masterprint.cli.telling import tell_plan
    from masterprint.plugins.host import start_ahead
    from masterprint.rendering.planning import (
        Wish,
        need_file,
        plan_all,
        prepare,
        processes_of,
    )

    changes = {
        "format": file_format and file_format.lower(),
        "bit_depth": bit_depth and bit_depth.lower(),
        "sample_rate_hz": _whole(sample_rate),
        "dither": dither and dither.lower(),
        "dither_silence": dither_silence or None,
    }
    wanted = dict(map(setting_from, settings or []))
    with reached(dask, trust_path, jobs) as cluster:
        prepared = prepare(
            find_chain(chain),
            changes,
            wanted,
            timeout,
            trust_path or [],
            Path(chain).name,
            cluster.catalogue if cluster else None,
        )
        wishes = []
        for mix, folder in gather(mixes, output, recursive):
            need_file(mix)
            wishes.append(Wish(prepared, mix, output / folder / f"{mix.stem}{prepared.extension}"))
        planned = plan_all(wishes, overwrite, timeout, resume, make_folders=not dry_run)
        if cluster is not None:
            cluster.need_able(planned)
        planned = matched(planned, match_loudness, jobs, as_json, quiet, cluster)
        if dry_run:
            tell_plan(planned, as_json)
            return
        if len(planned) == 1 and cluster is None:
            start_ahead(processes_of(prepared))
        do_all(planned, cores=jobs, as_json=as_json, quiet=quiet, log_file=log, cluster=cluster)


def _whole(text: str | None) -> int | str | None:
    """A number where it is one; what else it may be is refused with the other settings."""
    return int(text) if text and re.fullmatch("[0-9]{1,9}", text) else text
