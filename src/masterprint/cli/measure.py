"""`masterprint measure`: loudness, true peak and the rest."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer


def measure(
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="FILE...", help="Audio files to measure.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
    dual_mono: Annotated[
        bool, typer.Option("--dual-mono", help="Count mono as played by two loudspeakers.")
    ] = False,
    compliance: Annotated[
        bool, typer.Option("--compliance", help="Measure the EBU Tech 3341 and 3342 test signals.")
    ] = False,
    jobs: Annotated[
        int | None, typer.Option("--jobs", "-j", min=1, max=64, help="Files at a time.")
    ] = None,
) -> None:
    """Measure loudness (BS.1770-5, EBU R 128), true peak, dynamics, offset and correlation."""
    if compliance:
        _compliance(as_json)
        return
    if not files:
        raise typer.BadParameter("name at least one file, or use --compliance", param_hint="FILE")
    _measure(files, as_json, dual_mono, jobs)


def _measure(files: list[Path], as_json: bool, dual_mono: bool, jobs: int | None) -> None:
    from masterprint.batch.run import default_workers, run_all
    from masterprint.cli.console import announce, print_columns, print_json
    from masterprint.errors import MasterprintError
    from masterprint.metering.measurement import Measurement
    from masterprint.rendering.listening import measure_file
    from masterprint.rendering.needs import need_file

    for file in files:
        need_file(file)
    announce()

    def work(index: int, file: Path) -> Measurement | str:
        del index
        try:
            return measure_file(file, dual_mono)
        except MasterprintError as error:
            return str(error)

    found: dict[int, Measurement | str] = {}
    for index, result in run_all(files, work, jobs or default_workers(len(files))):
        found[index] = result
        if isinstance(result, str):
            print(f"masterprint: {result}", file=sys.stderr)
    rows: list[dict[str, Any]] = []
    for index, file in enumerate(files):
        result = found[index]
        if isinstance(result, str):
            rows.append({"file": str(file), "error": result})
            continue
        rows.append({"file": str(file)} | result.as_dict())
        if not as_json:
            size = f"{result.duration_s:.1f} s, {result.sample_rate_hz} Hz, {result.channels} ch"
            print_columns([(size, result)], str(file))
            for key, reason in result.notes.items():
                print(f"  {key}: {reason}")
    if as_json:
        print_json(rows)
    if any("error" in row for row in rows):
        raise typer.Exit(1)


def _compliance(as_json: bool) -> None:
    from masterprint.cli.console import announce, print_json
    from masterprint.metering.compliance import COMPLIANCE_RATES_HZ, run_compliance

    announce()
    results = [(rate, result) for rate in COMPLIANCE_RATES_HZ for result in run_compliance(rate)]
    passed = all(result.passed for _, result in results)
    if as_json:
        print_json(
            [
                {
                    "sample_rate_hz": rate,
                    "case": result.case,
                    "figure": result.figure,
                    "expected": result.expected,
                    "tolerance": [result.low, result.high],
                    "measured": round(result.measured, 3),
                    "passed": result.passed,
                }
                for rate, result in results
            ]
        )
    else:
        from rich.console import Console
        from rich.table import Table

        table = Table(title="EBU Tech 3341 and 3342, synthesised", title_justify="left")
        for heading in ("Hz", "case", "figure", "expected", "tolerance", "measured", ""):
            table.add_column(heading, justify="left" if heading in ("case", "figure") else "right")
        for rate, result in results:
            tolerance = f"{result.low:+g} / {result.high:+g}"
            table.add_row(
                str(rate),
                result.case,
                result.figure,
                f"{result.expected:.1f}",
                tolerance,
                f"{result.measured:.3f}",
                "pass" if result.passed else "[bold red]FAIL[/]",
            )
        Console().print(table)
        count = sum(result.passed for _, result in results)
        print(
            f"{count} of {len(results)} pass. 3341-7 and -8 (3342-5 and -6) are recorded "
            "programmes and cannot be synthesised."
        )
    if not passed:
        raise typer.Exit(1)
