"""Master a synthesised album to everything that is sold:

    python examples/album/run.py [FOLDER]

makes the mixes and a cover in FOLDER (masterprint-album unless told otherwise), puts `album.yaml`
beside them, and runs `masterprint album deliver FOLDER/album.yaml`.
"""

import shutil
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np

from masterprint.demo.music import synthesise_mix
from masterprint.files.formats import MasterFormat
from masterprint.files.writing import write_master
from masterprint.signal import Signal

RATE = 48000
HERE = Path(__file__).parent


def write_mix(path, audio):
    path.parent.mkdir(parents=True, exist_ok=True)
    write_master(Signal.of(audio, RATE), path, MasterFormat(), overwrite=True)


def music_box(seconds):
    """A few plucked sines, soft and slow: what is hidden at the end."""
    t = np.arange(round(seconds * RATE)) / RATE
    audio = np.zeros((2, len(t)))
    for number, key in enumerate((76, 79, 84, 83, 79, 76, 72, 74)):
        begin = number * seconds / 9
        since = np.maximum(t - begin, 0.0)
        tone = np.sin(2 * np.pi * 440 * 2 ** ((key - 69) / 12) * since) * np.exp(-2.5 * since)
        pan = 0.5 + 0.3 * np.sin(number)
        audio += 0.15 * np.stack([np.sqrt(1 - pan) * tone, np.sqrt(pan) * tone])
    return audio


def write_cover(path, size=600):
    """A PNG of the sea at low tide: sky, water, sand."""
    y, x = np.mgrid[0:size, 0:size] / size
    wave = 0.55 + 0.02 * np.sin(9 * x)
    sky = np.stack([90 + 130 * y, 130 + 90 * y, 190 + 20 * y], axis=2)
    sea = np.stack([30 + 30 * y, 90 + 40 * y, 120 + 20 * y], axis=2)
    sand = np.stack([200 - 40 * y, 180 - 40 * y, 140 - 30 * y], axis=2)
    picture = np.where((y < wave)[..., None], sky, np.where((y < 0.75)[..., None], sea, sand))
    rows = np.concatenate([np.zeros((size, 1, 3)), picture], axis=1).astype(np.uint8)
    raw = b"".join(b"\0" + row[1:].tobytes() for row in rows)
    parts = [(b"IHDR", struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0))]
    parts += [(b"IDAT", zlib.compress(raw, 9)), (b"IEND", b"")]
    chunks = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunks)


def make(folder):
    """Mixes, cover and album file."""
    mixes = folder / "mixes"
    write_mix(mixes / "shore.wav", synthesise_mix(RATE, 16.0))
    # One performance, cut in two where the second song begins: in the middle of its sound.
    medley = 0.7 * synthesise_mix(RATE, 27.0)
    cut = 13 * RATE + 77
    write_mix(mixes / "undertow.wav", medley[:, :cut])
    write_mix(mixes / "ebb.wav", medley[:, cut:])
    write_mix(mixes / "secret.wav", music_box(9.0))
    write_cover(folder / "cover.png")
    shutil.copyfile(HERE / "album.yaml", folder / "album.yaml")


def main():
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "masterprint-album")
    make(folder)
    command = [sys.executable, "-m", "masterprint", "album", "deliver", str(folder / "album.yaml")]
    raise SystemExit(subprocess.run(command, check=False).returncode)


if __name__ == "__main__":
    main()
