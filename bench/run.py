"""Masterprint beside its peers, in turns, on this machine: `python bench/run.py --help`."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from comparisons import Bench
from material import LONG, Material
from peers import Peers, own_world
from process import Run, RunFailed, run_all
from rich.console import Console
from table import Result, as_data, as_table
from terms import Comparison, Contender

HERE = Path(__file__).resolve().parent
HOME = HERE.parent / ".bench"
BUSY = 0.5
"""A load average at which other programs distort what is measured."""

console = Console()


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Measure Masterprint beside other programs, in turns, and print one table."
    )
    parser.add_argument("--quick", action="store_true", help="short material and two runs each")
    parser.add_argument("--only", action="append", metavar="NAME", help="this comparison; repeat")
    parser.add_argument("--runs", type=int, metavar="N", help="runs of each contender")
    parser.add_argument("--list", action="store_true", help="the names of the comparisons")
    parser.add_argument(
        "--masterprint",
        default=os.environ.get("BENCH_MASTERPRINT"),
        metavar="COMMAND",
        help="how to start Masterprint, also from BENCH_MASTERPRINT; "
        "else the one that belongs to this Python",
    )
    given = parser.parse_args()
    if given.runs is not None and given.runs < 1:
        parser.error("--runs must be at least 1")
    return given


def masterprint_command(given: str | None) -> list[str]:
    """How to start Masterprint."""
    if given:
        return shlex.split(given)
    beside = Path(sys.executable).with_name("masterprint")
    return [str(beside)] if beside.exists() else [sys.executable, "-m", "masterprint"]


def make_material(material: Material, names: Iterable[str]) -> None:
    """Have the files made by a process of their own."""
    missing = [name for name in names if not material.path(name).exists()]
    if missing:
        console.print(f"Synthesising {', '.join(missing)} ...", style="dim")
    command = [sys.executable, str(HERE / "material.py"), str(material.home), *names]
    subprocess.run(command + ["--quick"] * material.quick, check=True)


def measure(comparison: Comparison, peers: Peers, material: Material) -> list[Result]:
    """All contenders of a comparison in turns, and what came out."""
    contenders = [comparison.ours, *comparison.others]
    reasons = {one.name: peers.missing.get(one.needs, "") for one in contenders}
    spare = shutil.disk_usage(material.home).free / 1e9
    if spare < comparison.spare_gigabytes:
        reasons[comparison.ours.name] = (
            f"needs {comparison.spare_gigabytes:.0f} GB of disk, {spare:.0f} GB are free"
        )
    elif comparison.material:
        make_material(material, comparison.material)
    runs: dict[str, list[Run]] = {one.name: [] for one in contenders}
    for turn in range(-1 if comparison.warm_up else 0, comparison.runs):
        for one in contenders:
            if reasons[one.name] or reasons[comparison.ours.name]:
                continue
            console.print(f"{comparison.name}: {one.name}, {_turn(turn)}", style="dim")
            commands = one.commands if turn >= 0 else one.commands[:1]
            try:
                done = _run_once(replace(one, commands=commands, makes=one.makes[: len(commands) if one.needs else None]))
            except RunFailed as error:
                reasons[one.name] = str(error)
            else:
                if turn >= 0:
                    runs[one.name].append(done)
    return [Result(comparison, one, runs[one.name], reasons[one.name]) for one in contenders]
