"""What the bench is run on: mixes synthesised once and kept in `.bench/`.

Run as a program of its own, `material.py FOLDER NAME...`, so that the runner never holds audio: the
peak memory that the system reports for a child begins at what its parent holds.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path

LONG = "long"
BLOCK_FRAMES = 1 << 18


@dataclass(frozen=True)
class Sound:
    """A file to be made: of its own, or by repeating another one until it is long enough."""

    duration_s: float
    gain_db: float = 0.0
    sample_rate_hz: int = 44100
    repeats: str | None = None

    @property
    def megabytes(self) -> float:
        """Size of the file: stereo, 24 bit."""
        return self.duration_s * self.sample_rate_hz * 6 / 1e6


FULL = {
    "mix-1": Sound(180, 0.0),
    "mix-2": Sound(234, -3.0),
    "mix-3": Sound(285, 2.0),
    "mix-4": Sound(420, -1.0),
    "six-minutes": Sound(360, 1.0),
    "short": Sound(180, 0.0, 96000),
    "tiny": Sound(0.5, repeats="mix-1"),
    LONG: Sound(3 * 3600, 0.0, 96000, repeats="short"),
}
QUICK = {
    "mix-1": Sound(20, 0.0),
    "mix-2": Sound(25, -3.0),
    "mix-3": Sound(30, 2.0),
    "six-minutes": Sound(60, 1.0),
    "short": Sound(30, 0.0, 96000),
    "tiny": Sound(0.5, repeats="mix-1"),
    LONG: Sound(600, 0.0, 96000, repeats="short"),
}


@dataclass(frozen=True)
class Material:
    """The files of a full or of a quick run."""

    home: Path
    quick: bool

    @property
    def sounds(self) -> dict[str, Sound]:
        """What there is, by name."""
        return QUICK if self.quick else FULL

    @property
    def folder(self) -> Path:
        """Where the files are."""
        return self.home / ("material-quick" if self.quick else "material")

    def path(self, name: str) -> Path:
        """The file of a name."""
        return self.folder / f"{name}.wav"

    @property
    def album(self) -> list[str]:
        """The names of the mixes that are done as a set."""
        return [
            name
            for name, sound in self.sounds.items()
            if sound.sample_rate_hz == 44100 and sound.duration_s > 1.0
        ]

    def jobs_file(self, mix: str, count: int) -> Path:
        """A jobs file that renders a mix so many times, each under a name of its own."""
        path = self.folder / f"{mix}-{count}.yaml"
        self.folder.mkdir(parents=True, exist_ok=True)
        rows = (f"  - {{mix: {mix}.wav, name: {mix}-{n:03}}}" for n in range(count))
        path.write_text("\n".join(["masterprint_batch: 1", "chain: streaming", "jobs:", *rows]))
        return path


def make(material: Material, names: list[str]) -> None:
    """Synthesise what is not there yet; nothing carries its final name before it is complete."""
    _discard_what_another_synthesiser_made(material.folder)
    for name in names:
        sound, path = material.sounds[name], material.path(name)
        if sound.repeats is not None and not material.path(sound.repeats).exists():
            make(material, [sound.repeats])
        if path.exists():
            continue
        partial = path.with_suffix(".part")
        if sound.repeats is None:
            _synthesise(sound, partial)
        else:
            _repeat(sound, material.path(sound.repeats), partial)
        partial.rename(path)


def _discard_what_another_synthesiser_made(folder: Path) -> None:
    spec = importlib.util.find_spec("masterprint.demo.music")
    if spec is None or spec.origin is None:
        raise SystemExit("masterprint.demo.music is not there: install masterprint first.")
    digest = hashlib.sha256()
    for source in (Path(spec.origin), Path(__file__)):
        digest.update(source.read_bytes())
    stamp = folder / "made-by"
    if stamp.exists() and stamp.read_text() == digest.hexdigest():
        return
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.wav"):
        old.unlink()
    stamp.write_text(digest.hexdigest())


def _synthesise(sound: Sound, path: Path) -> None:
    import soundfile

    from masterprint.demo.music import synthesise_mix

    mix = synthesise_mix(sound.sample_rate_hz, sound.duration_s)
    mix *= 10 ** (sound.gain_db / 20)
    soundfile.write(path, mix.T, sound.sample_rate_hz, subtype="PCM_24", format="WAV")


def _repeat(sound: Sound, source: Path, path: Path) -> None:
    import soundfile

    left = round(sound.duration_s * sound.sample_rate_hz)
    with soundfile.SoundFile(
        path, "w", sound.sample_rate_hz, 2, subtype="PCM_24", format="RF64"
    ) as out:
        while left:
            for block in soundfile.blocks(source, BLOCK_FRAMES, dtype="int32", frames=left):
                out.write(block)
                left -= len(block)


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the files that the bench is run on.")
    parser.add_argument("home", type=Path)
    parser.add_argument("names", nargs="+")
    parser.add_argument("--quick", action="store_true")
    given = parser.parse_args()
    make(Material(given.home, given.quick), given.names)


if __name__ == "__main__":
    main()
