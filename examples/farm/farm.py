"""A farm on one machine: python examples/farm/farm.py

Starts a scheduler and two workers as processes of their own, renders a batch on them with
`masterprint batch --dask`, renders it once more without, and compares the masters. On several
machines the commands are the same; docs/farm.md tells what else they need.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import soundfile

from masterprint.demo.music import synthesise_mix
from masterprint.files.pcm_hash import pcm_sha256

MASTERPRINT = [sys.executable, "-m", "masterprint"]
MIXES = 4


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="masterprint-farm-") as name:
        folder = Path(name)
        jobs = write_batch(folder)
        with workers("red", "blue") as address:
            print(f"scheduler: {address}", flush=True)
            run("farm", "status", address)
            run("batch", jobs, "-o", folder / "farm", "--dask", address)
        run("batch", jobs, "-o", folder / "local", "--quiet")
        differing = compare(folder)
    if differing:
        sys.exit(f"{differing} of {MIXES} masters differ")
    print(f"All {MIXES} masters of the farm are those of a local render.")


def write_batch(folder: Path) -> Path:
    """Some short mixes, and the list of what is to become of them."""
    rows = []
    for number in range(1, MIXES + 1):
        mix = folder / f"mix-{number}.wav"
        soundfile.write(mix, synthesise_mix(44100, 8.0 + number).T, 44100, "PCM_24")
        rows.append(f"  - {{mix: {mix.name}}}\n")
    jobs = folder / "jobs.yaml"
    jobs.write_text(f"masterprint_batch: 1\nchain: streaming\njobs:\n{''.join(rows)}")
    return jobs


@contextmanager
def workers(*names: str) -> Iterator[str]:
    """A scheduler and workers of these names on this machine; its address."""
    processes = []

    def start(*arguments: str) -> str:
        command = [*MASTERPRINT, "farm", *arguments]
        processes.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        line = processes[-1].stdout.readline().strip()
        if not line:
            sys.exit(f"{' '.join(command)} has ended")
        return line

    try:
        address = start("scheduler", "--port", "0")
        for name in names:
            start("worker", address, "--jobs", "1", "--name", name)
        yield address
    finally:
        for process in reversed(processes):  # the scheduler last
            process.terminate()
            process.wait()


def run(*arguments: object) -> None:
    done = subprocess.run([*MASTERPRINT, *map(str, arguments)], check=False)
    if done.returncode != 0:
        sys.exit(done.returncode)


def compare(folder: Path) -> int:
    """A line for each master; how many differ."""
    differing = 0
    print(f"\n{'master':12} {'samples, sha256':16} same as local")
    for master in sorted((folder / "farm").glob("*.wav")):
        there, here = pcm_sha256(master), pcm_sha256(folder / "local" / master.name)
        differing += there != here
        level_db = 20 * np.log10(np.abs(soundfile.read(master)[0]).max())
        verdict = "yes" if there == here else "NO"
        print(f"{master.name:12} {there[:16]} {verdict}  (peak {level_db:.1f} dBFS)")
    return differing


if __name__ == "__main__":
    main()
