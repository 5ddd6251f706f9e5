"""`masterprint demo`: a mix made from nothing, mastered."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer


def demo(
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="Folder for mix and master.")
    ] = Path("masterprint-demo"),
    chain: Annotated[str, typer.Option(help="Chain file or ready-made chain.")] = "streaming",
    seconds: Annotated[float, typer.Option(min=5, max=600, help="Length of the mix.")] = 60.0,
) -> None:
    """Synthesise a minute of music, master it, and show before and after."""
    from masterprint.chain.library import find_chain
    from masterprint.chain.picture import picture
    from masterprint.cli.console import announce, progress_bars
    from masterprint.cli.telling import report, warn
    from masterprint.demo.music import synthesise_mix
    from masterprint.files.formats import MasterFormat
    from masterprint.files.writing import write_master
    from masterprint.rendering.engine import render_job
    from masterprint.rendering.job import IfThere
    from masterprint.rendering.planning import Wish, plan_all, prepare
    from masterprint.rendering.progress import RenderProgress
    from masterprint.signal import Signal

    rate = 44100
    mix = output / "mix" / "low-tide.wav"
    found = find_chain(chain)
    mix.parent.mkdir(parents=True, exist_ok=True)
    announce()
    print(f"Synthesising {seconds:g} s of music ...", flush=True)
    signal = Signal.of(synthesise_mix(rate, seconds), rate)
    write_master(signal, mix, MasterFormat(), overwrite=True)
    print(f"Mastering it through {found.name!r}:\n\n{picture(found)}\n", flush=True)
    prepared = prepare(found, file=chain)
    master = output / "master" / f"{mix.stem}{prepared.extension}"
    (job,) = plan_all([Wish(prepared, mix, master)], IfThere.REPLACE)
    progress = RenderProgress()
    with progress_bars([mix.name], [progress], True):
        result = render_job(job, progress)
    report(result)
    warn(result.mix, result.warnings)
    print(f"The mix:    {mix}\nThe master: {result.master}")
    before = result.before.integrated_lufs if result.before else None
    after = result.after.integrated_lufs if result.after else None
    if before is not None and after is not None:
        print(f"To compare them at one loudness, play the master {after - before:.1f} dB lower.")
    print(f"Your own: {_as_typed()} render {chain} YOUR-MIX.wav -o masters")


def _as_typed() -> str:
    """The command, with its folder where the shell does not find it without."""
    typed = sys.argv[0]
    found = shutil.which("masterprint")
    if Path(typed).name != "masterprint" or (found and Path(found).samefile(typed)):
        return "masterprint"
    return typed
