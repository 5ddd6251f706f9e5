"""`masterprint render`: masters from mixes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from masterprint.rendering.engine import RenderResult


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
        int | None, typer.Option(metavar="HZ", help="Rate of the masters.")
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
    as_json: Annotated[bool, typer.Option("--json", help="Print the results as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")] = False,
) -> None:
    """Master mixes through a chain; each becomes DIR/<name of the mix>.<format>."""
    from masterprint.batch.run import default_workers, run_all
    from masterprint.chain.library import find_chain
    from masterprint.cli.console import announce, print_json, progress_bars
    from masterprint.rendering.engine import CORES_EACH, try_render
    from masterprint.rendering.job import Overrides, plan
    from masterprint.rendering.progress import RenderProgress

    overrides = Overrides(
        file_format=_one_of(file_format, "--format", ("wav", "aiff", "flac")),
        bit_depth=_one_of(bit_depth, "--bit-depth", ("16", "24", "32f", "64f")),
        sample_rate_hz=sample_rate,
        dither=_one_of(dither, "--dither", ("none", "tpdf", "shaped")),
        dither_silence=dither_silence or None,
    )
    planned = plan(find_chain(chain), mixes, output, overrides, overwrite)
    announce()
    followed = [RenderProgress() for _ in planned]
    results: dict[int, RenderResult] = {}
    workers = jobs or default_workers(len(planned), CORES_EACH)
    with progress_bars([job.mix.name for job in planned], followed, not quiet):
        for index, result in run_all(
            planned, lambda index, job: try_render(job, followed[index]), workers
        ):
            results[index] = result
            if result.error:
                print(f"masterprint: {result.error}", file=sys.stderr)
    ordered = [results[index] for index in range(len(planned))]
    if as_json:
        print_json([result.as_dict() for result in ordered])
    elif not quiet:
        for result in ordered:
            report(result)
    if any(result.status != "ok" for result in ordered):
        raise typer.Exit(1)


def report(result: RenderResult) -> None:
    """Before and after, and what the dynamics did, for people."""
    from masterprint.cli.console import print_columns
    from masterprint.rendering.engine import with_inner

    if result.before is None or result.after is None:
        return
    print_columns([("before", result.before), ("after", result.after)], str(result.mix.name))
    for stage in with_inner(result.stages):
        if "max_gain_reduction_db" in stage:
            print(
                f"  {stage['label']}: {stage['max_gain_reduction_db']:.1f} dB of gain reduction "
                f"at most, {stage['mean_gain_reduction_db']:.1f} dB on average"
            )
    for warning in result.warnings:
        print(f"  Note: {warning}.")
    speed = result.before.duration_s / result.seconds
    print(f"  {result.master}  ({result.seconds:.1f} s, {speed:.0f} times real time)\n")


def _one_of(value: str | None, option: str, allowed: tuple[str, ...]) -> Any:
    if value is not None and value.lower() not in allowed:
        raise typer.BadParameter(
            f"found {value!r}; allowed: {', '.join(allowed)}", param_hint=option
        )
    return value if value is None else value.lower()
