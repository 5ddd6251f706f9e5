"""`match` beside matchering on three pairs: `matching.py [--quick] FOLDER MASTERPRINT...`.

Each brings a mix to the sound of a reference and writes 24 bit: Masterprint by `match` as it is
without settings, and a `limiter` with a ceiling of -1 dBTP, matchering as its README shows it, with
its own limiter.

The distance of a master to its reference is the RMS difference in dB of their long-term spectra by
thirds of an octave from 31.5 Hz to 16 kHz (Welch's method over the whole programmes), of mid and
side alike, behind the one gain that makes the mean of all these differences zero. Bands in which
the reference has nothing do not count.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
from pathlib import Path

import numpy as np
import pyloudnorm
import soundfile
from damage import RATE
from findings import Figure, Finding, Findings, progress
from numpy.typing import NDArray
from process import Run, RunFailed, run_all
from scipy import signal as sps

import programmes
from programmes import Audio

HERE = Path(__file__).resolve().parent
CEILING_DBTP = -1.0
READING_DB = 0.05
"""How far a true-peak reading may be off."""
SHARE = 0.1
"""Of matchering's time."""
LEAST_DB = -70.0
"""Against the loudest: a band of the reference with less has no music in it."""
CENTRES_HZ = 1000.0 * 10.0 ** (np.arange(-15, 13) / 10.0)
CHAIN = f"""masterprint: 1
stages:
  - match: {{reference: reference.wav}}
  - limiter: {{ceiling_dbtp: {CEILING_DBTP}}}
"""


def coloured(audio: Audio, tone_db: dict[float, float], side_db: float) -> Audio:
    """Another tone, in straight lines of dB over log frequency, and a stronger or weaker side."""
    hz = np.fft.rfftfreq(audio.shape[1], 1 / RATE)
    points = np.log(list(tone_db))
    gain_db = np.interp(np.log(np.maximum(hz, 1.0)), points, list(tone_db.values()))
    toned = np.fft.irfft(np.fft.rfft(audio) * 10 ** (gain_db / 20), audio.shape[1])
    mid, side = toned.sum(axis=0) / 2, np.diff(toned, axis=0)[0] / 2 * 10 ** (side_db / 20)
    return np.stack([mid - side, mid + side])


def levelled(audio: Audio, gain_db: float) -> Audio:
    """At a peak of -1 dBFS and then louder, rounded off by as much as it takes."""
    return np.asarray(0.89 * np.tanh(audio / np.abs(audio).max() * 10 ** (gain_db / 20)))


def pairs(seconds: float) -> dict[str, tuple[Audio, Audio]]:
    """Mixes, and masters of music of the same kind that they are to sound like."""
    song, other = np.split(programmes.dense(RATE, 2 * seconds), 2, axis=1)
    guitar, strings = np.split(programmes.acoustic(RATE, 80.0), 2, axis=1)
    times = round(seconds / 40)
    guitar, strings = np.tile(guitar, times), np.tile(strings, times)
    return {
        "dull and narrow to bright, wide and loud": (
            levelled(coloured(song, {100: 1, 1000: 0, 6000: -3, 14000: -4}, -4.0), -6.0),
            levelled(coloured(other, {60: 0, 400: -1, 3000: 1, 10000: 3}, 1.0), 8.0),
        ),
        "acoustic, thin and close to warm and roomy": (
            levelled(coloured(guitar, {80: -4, 250: -3, 1000: 0, 5000: 2}, -3.0), -3.0),
            levelled(coloured(strings, {80: 0, 250: 1, 2000: 0, 8000: -1}, 1.0), 2.0),
        ),
        "muddy demo to a clear band with guitars": (
            levelled(coloured(other, {80: 1, 250: 4, 600: 1, 3000: -2, 9000: -3}, 0.0), -2.0),
            levelled(coloured(song + 0.5 * strings, {60: 1, 300: -1, 8000: 2}, 2.0), 5.0),
        ),
    }


def third_octaves_db(audio: Audio) -> NDArray[np.float64]:
    """Power of mid and side by thirds of an octave."""
    mid_side = np.stack([audio.sum(axis=0), audio[0] - audio[1]])
    hz, density = sps.welch(mid_side, RATE, "hann", 16384)
    edges = CENTRES_HZ[:, None] * 10.0 ** (np.array([-1, 1]) / 20.0)
    bands = [density[:, (hz >= low) & (hz < high)].sum(axis=1) for low, high in edges]
    return np.asarray(10 * np.log10(np.maximum(np.array(bands), 1e-20)))


def distance_db(master: Audio, reference: Audio) -> float:
    """How far the spectra lie apart; see above."""
    wanted = third_octaves_db(reference)
    apart = third_octaves_db(master) - wanted
    return float(np.std(apart[wanted > wanted.max() + LEAST_DB]))


def true_peak_dbtp(audio: Audio) -> float:
    """The largest magnitude at eight times the rate."""
    finer = max(float(np.abs(sps.resample_poly(row, 8, 1)).max()) for row in audio)
    return 20 * np.log10(finer)


def read(path: Path) -> Audio:
    return np.asarray(soundfile.read(path, always_2d=True)[0].T)


def write(path: Path, audio: Audio) -> Path:
    soundfile.write(path, audio.T, RATE, subtype="PCM_24")
    return path


def lufs(audio: Audio) -> float:
    """Integrated loudness, by pyloudnorm."""
    return float(pyloudnorm.Meter(RATE).integrated_loudness(audio.T))


def timed(commands: dict[str, list[str]], runs: int) -> dict[str, list[Run]]:
    """All in turns, so many runs of each behind one that does not count."""
    found: dict[str, list[Run]] = {name: [] for name in commands}
    for turn in range(runs + 1):
        for name, words in commands.items():
            progress(f"matching: {name}, {f'run {turn} of {runs}' if turn else 'warm-up'}")
            done = run_all([words], os.environ)
            found[name] += [done] if turn else []
    return found


def finding(name: str, pair: tuple[Audio, Audio], given: argparse.Namespace) -> Finding:
    """A row: ours beside theirs."""
    progress(f"matching: {name}")
    folder: Path = given.folder
    files = [
        write(folder / f"{which}.wav", x)
        for which, x in zip(("mix", "reference"), pair, strict=True)
    ]
    chain = folder / "match.yaml"
    chain.write_text(CHAIN)
    made = {"masterprint": folder / "masters" / "mix.wav", "matchering": folder / "theirs.wav"}
    render = ["render", chain, files[0], "-o", folder / "masters", "--overwrite", "--quiet"]
    script = [sys.executable, HERE / "peer_matchering.py", *files, made["matchering"]]
    commands = {"masterprint": [*given.masterprint, *render], "matchering": script}
    try:
        runs = timed(
            {who: [str(word) for word in words] for who, words in commands.items()},
            1 if given.quick else 3,
        )
    except RunFailed as error:
        return Finding("", {}, not_run=str(error), group=name)
    mix, reference = pair
    masters = [read(path) for path in made.values()]
    apart = [distance_db(master, reference) for master in masters]
    peaks = [true_peak_dbtp(master) for master in masters]
    seconds = [statistics.median(run.seconds for run in runs[who]) for who in made]
    missed = {
        "distance": apart[0] >= apart[1],
        "ceiling": peaks[0] > CEILING_DBTP + READING_DB,
        "time": seconds[0] > SHARE * seconds[1],
    }
    figures: dict[str, Figure] = {
        "dB apart, before": distance_db(mix, reference),
        "dB apart": apart,
        "LU off": [lufs(master) - lufs(reference) for master in masters],
        "dBTP": peaks,
        "seconds": seconds,
        "seconds, of CPU": [
            statistics.median(run.cpu_seconds for run in runs[who]) for who in made
        ],
    }
    verdict = ", ".join(word for word, missing in missed.items() if missing)
    return Finding("", figures, f"MISS: {verdict}" if verdict else "ok", group=name)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("masterprint", nargs=argparse.REMAINDER)
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    todo = pairs(40.0 if given.quick else 200.0)
    rows = [finding(name, pair, given) for name, pair in todo.items()]
    said = (
        "Masterprint/matchering. Wanted: nearer to the reference, a true peak of at most "
        f"{CEILING_DBTP:g} dB, {SHARE:g} of its time."
    )
    Findings(rows, said, 2).tell()


if __name__ == "__main__":
    main()
