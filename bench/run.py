"""Masterprint beside its peers, in turns, on this machine: `python bench/run.py --help`."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from comparisons import Bench
from findings import Findings
from machine import machine, tell_machine
from material import LONG, Material
from peers import PLUGINS, Peers, own_world
from process import Run, RunFailed, run_all
from rich.console import Console
from studies import studies
from study_table import Studied
from table import Result, as_data, as_table
from terms import Comparison, Contender, Study

HERE = Path(__file__).resolve().parent
HOME = HERE.parent / ".bench"
BUSY = 0.1
"""Processors in use by other programs above which the numbers are not to be trusted."""

console = Console(width=None if sys.stdout.isatty() else 120, highlight=False)


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


def make_material(material: Material, names: Iterable[str]) -> bool:
    """Have the files made by a process of their own; whether they are there."""
    missing = [name for name in names if not material.path(name).exists()]
    if missing:
        console.print(f"Synthesising {', '.join(missing)} ...", style="dim")
    command = [sys.executable, str(HERE / "material.py"), str(material.home), *names]
    return subprocess.run(command + ["--quick"] * material.quick, check=False).returncode == 0


def measure(comparison: Comparison, peers: Peers, material: Material) -> list[Result]:
    """All contenders of a comparison in turns, and what came out."""
    contenders = [comparison.ours, *comparison.others]
    reasons = {one.name: peers.missing.get(one.needs, "") for one in contenders}
    spare = shutil.disk_usage(material.home).free / 1e9
    if spare < comparison.spare_gigabytes:
        reasons[comparison.ours.name] = (
            f"needs {comparison.spare_gigabytes:.0f} GB of disk, {spare:.0f} GB are free"
        )
    elif comparison.material and not make_material(material, comparison.material):
        reasons[comparison.ours.name] = "its material could not be made"
    runs: dict[str, list[Run]] = {one.name: [] for one in contenders}
    for turn in range(0 if comparison.warm_up else 1, comparison.runs + 1):
        for one in contenders:
            if reasons[one.name] or reasons[comparison.ours.name]:
                continue
            which = f"run {turn} of {comparison.runs}" if turn else "warm-up"
            console.print(f"{comparison.name}: {one.name}, {which}", style="dim")
            try:
                done = run_once(one)
            except RunFailed as error:
                reasons[one.name] = str(error)
            else:
                runs[one.name] += [done] if turn else []
    return [Result(comparison, one, runs[one.name], reasons[one.name]) for one in contenders]


def run_once(one: Contender) -> Run:
    """One run that has to make what it is meant to make, from nothing."""
    for path in one.makes:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
    commands = [[str(word) for word in command] for command in one.commands]
    done = run_all(commands, own_world() if one.needs else os.environ)
    for path in one.makes:
        if not path.exists():
            raise RunFailed(f"{one.name} did not make {path.name}")
        path.unlink()
    if not one.times_itself:
        return done
    seconds = done.reported_seconds
    foreign = done.foreign_seconds * seconds / done.seconds
    return replace(done, seconds=seconds, foreign_seconds=foreign)


def look_at(study: Study, peers: Peers, material: Material) -> Studied:
    """Run a study, whose progress is shown as it goes."""

    def failed(reason: str) -> Studied:
        return Studied(study, Findings([], ""), reason)

    if study.material and not make_material(material, study.material):
        return failed("its material could not be made")
    output = ""
    for command in study.commands:
        words = [str(word) for word in command]
        world = own_world() if words[0] == str(peers.python) else os.environ
        try:
            done = subprocess.run(words, env=world, stdout=subprocess.PIPE, text=True, check=False)
        except OSError as error:
            return failed(f"{words[0]} does not start: {error.strerror}")
        if done.returncode:
            return failed(f"{Path(words[1]).name} exited with {done.returncode}")
        output = done.stdout
    return Studied(study, Findings.told(output))


def foreign_load(results: list[Result]) -> float:
    """How many processors other programs kept busy while ours and the peers ran."""
    runs = [run for one in results for run in one.runs]
    wall = sum(run.seconds for run in runs)
    return sum(run.foreign_seconds for run in runs) / wall if wall else 0.0


def main() -> int:
    given = arguments()
    material, peers = Material(HOME, given.quick), Peers(HOME)
    bench = Bench(masterprint_command(given.masterprint), peers.python, material)
    everything = [*bench.comparisons(), *studies(bench)]
    if given.list:
        for one in everything:
            console.print(f"{one.name:16}{one.title}")
        return 0
    if unknown := set(given.only or ()) - {one.name for one in everything}:
        console.print(f"No comparison is called {', '.join(unknown)}; --list tells their names.")
        return 2
    wanted = [one for one in everything if not given.only or one.name in given.only]
    chosen = [one for one in wanted if isinstance(one, Comparison)]
    to_study = [one for one in wanted if isinstance(one, Study)]
    runs = given.runs or (2 if given.quick else None)
    HOME.mkdir(exist_ok=True)
    needed = {other.needs for one in chosen for other in one.others if other.needs}
    peers.install(needed.union(*(one.needs for one in to_study)))
    if plugins := [path for name, path in PLUGINS.items() if name in peers.versions]:
        # A catalogue of the bench's own; what is unchanged is not loaded again.
        os.environ["MASTERPRINT_HOME"] = str(HOME / "home")
        folders = [str(path.parent) for path in plugins]
        scan = [*bench.masterprint, "plugins", "scan", "--only", "--timeout", "10", *folders]
        subprocess.run(scan, check=True, capture_output=True)
    results: list[Result] = []
    try:
        for one in chosen:
            asked = 1 if one.runs == 1 else runs or one.runs
            results += measure(replace(one, runs=asked), peers, material)
        studied = [look_at(one, peers, material) for one in to_study]
    finally:
        shutil.rmtree(bench.out, ignore_errors=True)
        material.path(LONG).unlink(missing_ok=True)
        for one in to_study:
            shutil.rmtree(bench.studies / one.name, ignore_errors=True)
        for partial in material.folder.glob("*.part"):
            partial.unlink()
    about = machine(peers)
    tell_machine(about)
    if results:
        console.print(as_table(results, given.quick))
    for one in studied:
        console.print(one.as_table())
    foreign = foreign_load(results)
    if foreign > BUSY:
        console.print(
            f"Other programs kept {foreign:.1f} processors busy meanwhile: run it again when they "
            "do not, and take no time from this table."
        )
    written = HOME / "results.json"
    data = {
        "machine": about,
        "quick": given.quick,
        "foreign_load": round(foreign, 3),
        "results": as_data(results),
        "studies": [one.as_data() for one in studied],
    }
    written.with_suffix(".part").write_text(json.dumps(data, indent=2) + "\n")
    written.with_suffix(".part").rename(written)
    return 1 if any(one.failed for one in [*results, *studied]) else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
