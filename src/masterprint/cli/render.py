"""`masterprint render`: masters from mixes."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from masterprint.rendering.engine import RenderResult

SAID_LINES = 3
"""Of what a plugin that failed has printed; JSON has more."""


def render(
    chain: Annotated[str, typer.Argument(help="Chain file, or the name of a ready-made chain.")],
    mixes: Annotated[list[Path], typer.Argument(metavar="MIX...", help="Audio files to master.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="Folder for the masters.")
    ],
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
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace masters that are there.")
    ] = False,
    jobs: Annotated[
        int | None, typer.Option("--jobs", "-j", min=1, max=64, help="Mixes at a time.")
    ] = None,
    timeout: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", min=0.1, help="For a mix that goes through plugins."),
    ] = None,
    trust_path: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Load this plugin file, too, though it is not scanned."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the results as JSON.")] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print errors and warnings only.")
    ] = False,
) -> None:
    """Master mixes through a chain; each becomes DIR/<name of the mix>.<format>."""
    from masterprint.batch.run import default_workers, run_all
    from masterprint.chain.library import find_chain
    from masterprint.cli.console import announce, clean, progress_bars
    from masterprint.rendering.engine import CORES_EACH, RenderResult, try_render
    from masterprint.rendering.job import plan
    from masterprint.rendering.progress import RenderProgress

    changes = {
        "format": file_format and file_format.lower(),
        "bit_depth": bit_depth and bit_depth.lower(),
        "sample_rate_hz": _whole(sample_rate),
        "dither": dither and dither.lower(),
        "dither_silence": dither_silence or None,
    }
    trusted = trust_path or []
    planned = plan(find_chain(chain), mixes, output, changes, overwrite, timeout, trusted)
    announce()
    followed = [RenderProgress() for _ in planned]
    results = [
        RenderResult(job.mix, job.master, "skipped", "interrupted before it was complete")
        for job in planned
    ]
    workers = jobs or default_workers(len(planned), CORES_EACH)
    try:
        with progress_bars([job.mix.name for job in planned], followed, not quiet):
            for index, result in run_all(
                planned, lambda index, job: try_render(job, followed[index]), workers
            ):
                results[index] = result
                if result.error:
                    print(f"masterprint: {clean(result.error)}", file=sys.stderr)
                for line in result.stderr.splitlines()[-SAID_LINES:]:
                    print(f"  the plugin said: {line}", file=sys.stderr)
    finally:
        tell(results, as_json, quiet)
    if any(result.status != "ok" for result in results):
        raise typer.Exit(1)


def tell(results: list[RenderResult], as_json: bool, quiet: bool) -> None:
    """Print the results as JSON or for people; what should be known in any case goes to stderr."""
    from masterprint.cli.console import clean, print_json

    if as_json:
        print_json([result.as_dict() for result in results])
    for result in results:
        if not (as_json or quiet):
            report(result)
        for warning in result.warnings:
            print(clean(f"masterprint: warning: {result.mix}: {warning}."), file=sys.stderr)


def report(result: RenderResult) -> None:
    """Before and after, and what the dynamics did, for people."""
    from masterprint.cli.console import print_columns
    from masterprint.rendering.engine import with_inner

    if result.before is None or result.after is None:
        return
    print_columns([("before", result.before), ("after", result.after)], str(result.mix.name))
    for stage in with_inner(result.stages):
        said = []
        if (gain_db := stage.get("input_gain_db", stage.get("gain_db"))) is not None:
            said.append(f"{gain_db:+.1f} dB of gain")
        if "max_gain_reduction_db" in stage:
            said.append(
                f"{stage['max_gain_reduction_db']:.1f} dB of gain reduction at most, "
                f"{stage['mean_gain_reduction_db']:.1f} dB on average"
            )
        if said:
            print(f"  {stage['label']}: {', '.join(said)}")
    speed = result.before.duration_s / result.seconds
    print(f"  {result.master}  ({result.seconds:.1f} s, {speed:.0f} times real time)\n")


def _whole(text: str | None) -> int | str | None:
    """A number where it is one; what else it may be is refused with the other settings."""
    return int(text) if text and re.fullmatch("[0-9]{1,9}", text) else text
