"""How much of planted damage is undone: `restoration.py FOLDER [--quick] MASTERPRINT...`.

The figures are improvements over the damaged programme in dB: of the signal to distortion ratio,
and of the log-spectral distance to what the programme was. Everybody gets the same file of floats,
and writes floats. What comes out late is moved to where it fits best before it is judged.
"""

from __future__ import annotations

import argparse
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile
from damage import RATE, STAGES, Case, cases, write
from findings import Figure, Finding, Findings, progress
from scipy import signal as sps

from programmes import Audio, log_spectral_distance_db, sdr_db

OURS = "masterprint"
MEASURES = ("SDR", "LSD")
NOTCHES = ",".join(f"bandreject=f={50 * n}:width_type=h:w=2" for n in range(1, 21))
FFMPEG = {
    "clicks": ("adeclick", "adeclick=arorder=8:threshold=4:overlap=90:method=save"),
    "crackle": ("adeclick", "adeclick=arorder=8:threshold=4:overlap=90:method=save"),
    "clipping": ("adeclip", "adeclip=overlap=90:method=save"),
    "hiss": ("afftdn", "afftdn=noise_floor={}:noise_reduction=20"),
    "hum": (NOTCHES,),
}
"""With its defaults, and set to what there is: told the level of the hiss, for one."""


def masterprint(command: list[str], damage: str, todo: list[Case], folder: Path) -> str:
    """Render all of a kind of damage through the stage for it; why that failed, if it did."""
    stage = STAGES[damage]
    if subprocess.run([*command, "stages", stage], capture_output=True, check=False).returncode:
        return "stage not there"
    chain = folder / f"{stage}.yaml"
    chain.write_text(f"masterprint: 1\nstages: [{{{stage}: {{}}}}]\nmaster: {{bit_depth: 32f}}\n")
    files = [str(folder / f"{case.stem}.wav") for case in todo]
    words = ["render", str(chain), *files, "-o", str(folder / OURS), "--overwrite", "--quiet"]
    done = subprocess.run([*command, *words], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stderr.strip().splitlines()[-1]


def ffmpeg(filters: str) -> Callable[[Case, Path], Audio]:
    """Files through filters of ffmpeg."""

    def run(case: Case, file: Path) -> Audio:
        out = file.with_suffix(".ffmpeg.wav")
        words = ["ffmpeg", "-v", "error", "-y", "-i", file, "-af", filters.format(*case.severity)]
        subprocess.run([*words, "-c:a", "pcm_f32le", out], check=True)
        return read(out)

    return run


def noisereduce(stationary: bool, told: bool = False) -> Callable[[Case, Path], Audio]:
    """Arrays through noisereduce, which may be given two seconds of the noise alone."""

    def run(case: Case, file: Path) -> Audio:
        import noisereduce as package

        noise = (case.damaged - case.truth)[:, : 2 * RATE] if told else None
        return np.asarray(
            package.reduce_noise(y=read(file), sr=RATE, stationary=stationary, y_noise=noise)
        )

    return run


def peers_for(damage: str) -> dict[str, Callable[[Case, Path], Audio]]:
    """Who else is asked, by column."""
    names = ("ffmpeg", "ffmpeg, set to it")
    found = {name: ffmpeg(words) for name, words in zip(names, FFMPEG[damage], strict=False)}
    if damage == "hiss":
        found["noisereduce, stationary"] = noisereduce(True)
        found["noisereduce, moving"] = noisereduce(False)
        found["noisereduce, told noise"] = noisereduce(True, told=True)
    return found


def read(path: Path) -> Audio:
    return np.asarray(soundfile.read(path, always_2d=True)[0].T)


def in_place(found: Audio, truth: Audio) -> Audio:
    """As long as the truth, and moved by whole frames to where it fits best."""
    frames = truth.shape[1]
    met = sum(sps.fftconvolve(a, b[::-1]) for a, b in zip(found, truth, strict=True))
    late = int(np.argmax(met)) - (frames - 1)
    moved = np.pad(found[:, max(0, late) :], ((0, 0), (max(0, -late), 0)))[:, :frames]
    return np.pad(moved, ((0, 0), (0, frames - moved.shape[1])))


def judged(case: Case, found: Audio) -> list[float]:
    """SDR and log-spectral distance."""
    return [sdr_db(case.truth, found), log_spectral_distance_db(case.truth, found, RATE)]


def finding(case: Case, folder: Path, not_run: str) -> Finding:
    """A row: how each of them did."""
    progress(f"restoration: {case.name}, {case.programme}")
    file = folder / f"{case.stem}.wav"
    before = judged(case, case.damaged)
    figures: dict[str, Figure] = {"damaged": [round(value, 2) for value in before]}

    def better(found: Audio) -> list[float]:
        sdr, distance = judged(case, in_place(found, case.truth))
        return [round(sdr - before[0], 2), round(before[1] - distance, 2)]

    figures[OURS] = "-" if not_run else better(read(folder / OURS / file.name))
    others = {}
    for name, run in peers_for(case.damage).items():
        try:
            figures[name] = others[name] = better(run(case, file))
        except (OSError, ImportError, subprocess.CalledProcessError) as error:
            figures[name] = type(error).__name__
    said = verdict(case, figures[OURS], [*others.values()])
    return Finding(f"  {case.programme}", figures, said, not_run, case.name)


def verdict(case: Case, ours: Figure, others: list[list[float]]) -> str:
    """Whether ours is ahead of every other one; in what it is not."""
    if not isinstance(ours, list) or case.damage == "hum" or not others:
        return ""
    behind = [
        measure
        for measure, one, rest in zip(MEASURES, ours, zip(*others, strict=True), strict=True)
        if one <= max(rest)
    ]
    if len(behind) == len(MEASURES):
        return "BEHIND"
    return f"BEHIND in {behind[0]}" if behind else "ok"


def summary(rows: list[Finding]) -> str:
    """How often ours is ahead."""
    said = [row.verdict for row in rows if row.verdict]
    both = said.count("ok")
    sdr, lsd = (both + said.count(f"BEHIND in {other}") for other in ("LSD", "SDR"))
    return (
        f"SDR/log-spectral distance, in dB. Ahead of every peer in both on {both} of "
        f"{len(said)} rows, in SDR on {sdr}, in log-spectral distance on {lsd}, in neither on "
        f"{said.count('BEHIND')}."
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("masterprint", nargs=argparse.REMAINDER)
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for damage in STAGES:
        todo = list(cases(damage, given.quick))
        for case in todo:
            write(given.folder / f"{case.stem}.wav", case.damaged)
        progress(f"restoration: {OURS}, {STAGES[damage]}")
        not_run = masterprint(given.masterprint, damage, todo, given.folder)
        rows += [finding(case, given.folder, not_run) for case in todo]
    Findings(rows, summary(rows)).tell()


if __name__ == "__main__":
    main()
