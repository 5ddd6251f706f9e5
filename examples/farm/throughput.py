"""How much a farm gets done: python examples/farm/throughput.py [MIX.wav ...]

Renders mixes through the chain `streaming` with one worker and with two, each with one core, and
prints what docs/farm.md has as a table. Without arguments it makes eight mixes of three minutes.
Runs on one machine, so it says nothing of a network.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import soundfile
from farm import MASTERPRINT, workers

from masterprint.demo.music import synthesise_mix

CHAIN = "streaming"
MINUTES, MIXES = 3, 8
CATALOGUE_MINUTES = 1000 * 45


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="masterprint-farm-") as name:
        folder = Path(name)
        mixes = [Path(each) for each in sys.argv[1:]] or make_mixes(folder)
        minutes = sum(soundfile.info(mix).duration for mix in mixes) / 60
        print("| workers | mixes/min | times real time | core-hours for 1000 albums |")
        print("| ---: | ---: | ---: | ---: |")
        for names in (["red"], ["red", "blue"]):
            with workers(*names) as address:
                # What a worker does only once, such as starting its process, is done before.
                render(mixes[: len(names)], folder / "warm", address)
                seconds = render(mixes, folder / "out", address)
            speed = minutes * 60 / seconds
            core_hours = len(names) * CATALOGUE_MINUTES / 60 / speed
            print(
                f"| {len(names)} | {len(mixes) * 60 / seconds:.1f} | {speed:.0f} "
                f"| {core_hours:.1f} |",
                flush=True,
            )
        read = sum(mix.stat().st_size for mix in mixes) / minutes / 1e6
        written = sum(each.stat().st_size for each in (folder / "out").iterdir())
        print(
            f"\nRead per minute of audio: {read:.1f} MB, written: {written / minutes / 1e6:.1f} MB"
        )


def make_mixes(folder: Path) -> list[Path]:
    song = np.tile(synthesise_mix(44100, 30.0), (1, 2 * MINUTES))
    mixes = []
    for number in range(MIXES):
        mixes.append(folder / f"mix-{number}.wav")
        rolled = np.roll(song, 44100 * number, axis=1)
        soundfile.write(mixes[-1], rolled.T, 44100, "PCM_24")
    return mixes


def render(mixes: list[Path], output: Path, address: str) -> float:
    """Seconds from the first job to the last, by the log of the batch."""
    log = output.with_suffix(".jsonl")
    command = ["render", CHAIN, *mixes, "-o", output, "--dask", address]
    shutil.rmtree(output, ignore_errors=True)
    command += ["--log", log, "--quiet"]
    subprocess.run([*MASTERPRINT, *map(str, command)], check=True)
    return float(json.loads(log.read_text().splitlines()[-1])["seconds"])


if __name__ == "__main__":
    main()
