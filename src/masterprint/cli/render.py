"""`masterprint render`: masters from mixes."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from masterprint.cli.bulk import begin_workers
from masterprint.cli.cluster import Dask
from masterprint.cli.options import (
    AsJson,
    BitDepth,
    Dither,
    DitherSilence,
    DryRun,
    Format,
    Jobs,
    Log,
    MatchLoudness,
    Overwrite,
    Quiet,
    Resume,
    SampleRate,
    Set,
    Timeout,
    TrustPath,
    master_changes,
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
    file_format: Format = None,
    bit_depth: BitDepth = None,
    sample_rate: SampleRate = None,
    dither: Dither = None,
    dither_silence: DitherSilence = False,
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
    """Master mixes through a chain; each becomes DIR/<name of the mix>.<format>.

    Beside each master lies its recall sheet. Of several mixes, Ctrl-C lets those that are being
    rendered come to their end; a second one stops them.
    """
    if len(mixes) > 1 or os.path.isdir(mixes[0]):  # noqa: PTH112 - what cannot be reached is none
        begin_workers(jobs, unless=dry_run or dask is not None)
    from masterprint.batch.gather import gather
    from masterprint.chain.library import find_chain
    from masterprint.chain.overrides import setting_from
    from masterprint.cli.bulk import How, carry_out
    from masterprint.cli.cluster import reached
    from masterprint.cli.console import clean
    from masterprint.plugins.host import start_ahead
    from masterprint.rendering.job import IfThere
    from masterprint.rendering.planning import (
        Wish,
        plan_all,
        prepare,
        processes_of,
    )

    def say(text: str) -> None:
        print(clean(f"masterprint: {text}"), file=sys.stderr)

    changes = master_changes(file_format, bit_depth, sample_rate, dither, dither_silence)
    wanted = dict(map(setting_from, settings or []))
    with reached(dask, trust_path, jobs) as farm:
        prepared = prepare(
            find_chain(chain),
            changes,
            wanted,
            timeout,
            trust_path or [],
            Path(chain).name,
            farm.catalogue if farm else None,
        )
        wishes = []
        for mix, folder in gather(mixes, output, recursive, say):
            wishes.append(Wish(prepared, mix, output / folder / f"{mix.stem}{prepared.extension}"))
        planned = plan_all(wishes, IfThere.of(overwrite, resume), timeout, make_folders=not dry_run)
        if farm is not None:
            farm.need_able(planned)
        if len(planned) == 1 and farm is None and not dry_run:
            start_ahead(processes_of(prepared))
        carry_out(planned, How.of(jobs, match_loudness, dry_run, as_json, quiet, log, farm))
