"""Programmes and the damage of time, with what they were before: `damage.py FOLDER SECONDS`.

The programmes are those of the tests, which need SciPy: this runs in the peers' Python. Run as a
program, it leaves a dense mix with each kind of damage in a folder, for whoever times stages on it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]

import numpy as np  # noqa: E402
import soundfile  # noqa: E402

import programmes  # noqa: E402 - of the tests
from programmes import Audio  # noqa: E402

RATE = 44100
PROGRAMMES = ("dense", "acoustic", "speech", "castanets")
SEVERITIES = {
    "clicks": ((1, 24), (5, 18), (20, 6), (20, 18)),
    "crackle": ((100, 0), (100, 10), (1000, 10)),
    "clipping": ((1,), (3,), (6,), (10,)),
    "hiss": ((-70,), (-60,), (-50,), (-40,)),
    "hum": ((-50,), (-30,)),
}
WORDS = {
    "clicks": "{}/s, {} dB",
    "crackle": "{}/s, {} dB",
    "clipping": "{} dB over",
    "hiss": "{} dBFS",
    "hum": "{} dBFS",
}
STAGES = {
    "clicks": "declick",
    "crackle": "decrackle",
    "clipping": "declip",
    "hiss": "denoise",
    "hum": "dehum",
}
WORST = {
    "clicks": (20, 18),
    "crackle": (1000, 10),
    "clipping": (10,),
    "hiss": (-40,),
    "hum": (-30,),
}


@dataclass(frozen=True)
class Case:
    """A damaged programme, and what it was before; both of shape (2, frames)."""

    programme: str
    damage: str
    severity: tuple[int, ...]
    truth: Audio = field(repr=False)
    damaged: Audio = field(repr=False)

    @property
    def name(self) -> str:
        """What was done to the programme."""
        return f"{self.damage}, {WORDS[self.damage].format(*self.severity)}"

    @property
    def stem(self) -> str:
        """For files."""
        return "_".join(map(str, (self.damage, *self.severity, self.programme)))


def damaged(audio: Audio, damage: str, severity: tuple[int, ...]) -> tuple[Audio, Audio]:
    """What the programme was, at the level that it then has, and what has become of it."""
    if damage == "clipping":
        cut, gain = programmes.clipped(audio, *severity)
        return gain * audio, cut
    if damage == "clicks":
        return audio, programmes.with_clicks(audio, *severity, RATE)[0]
    if damage == "crackle":
        return audio, programmes.with_crackle(audio, *severity, RATE)
    if damage == "hiss":
        return audio, programmes.with_hiss(audio, *severity, RATE)
    return audio, programmes.with_hum(audio, *severity, RATE)


def cases(damage: str, quick: bool) -> Iterator[Case]:
    """Every programme at every severity of a kind of damage; of a quick run, every other one."""
    whole = {
        programme: getattr(programmes, programme)(RATE, 10.0 if quick else 20.0)
        for programme in PROGRAMMES[:: 1 + quick]
    }
    for severity in SEVERITIES[damage][:: 1 + quick]:
        for programme, audio in whole.items():
            yield Case(programme, damage, severity, *damaged(audio, damage, severity))


def write(path: Path, audio: Audio) -> None:
    """A file of floats, in which nothing is rounded off or cut off."""
    soundfile.write(path, audio.T, RATE, subtype="FLOAT", format="WAV")


def main() -> None:
    folder, seconds = Path(sys.argv[1]), float(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    audio = programmes.dense(RATE, seconds)
    write(folder / "dc.wav", audio + np.array([[0.01], [-0.02]]))
    for damage, severity in WORST.items():
        write(folder / f"{STAGES[damage]}.wav", damaged(audio, damage, severity)[1])


if __name__ == "__main__":
    main()
