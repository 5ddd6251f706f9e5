"""Discs for tests, plain and awkward, and their audio."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from masterprint.disc.layout import Disc, DiscTrack

PLAIN = Disc(
    sectors=2025,
    tracks=(
        DiscTrack(0, "Shore", "The Example", isrc="GBAYE2600001"),
        DiscTrack(600, "Undertow", "The Example", isrc="GBAYE2600002", pregap=525),
        DiscTrack(1200, "Ebb", "The Example & Guest", isrc="GBAYE2600003", copy_permitted=True),
    ),
    title="Low Tide",
    performer="The Example",
    upc="4006381333931",
    catalog_number="EX-001",
    genre="Alternative",
)
HIDDEN = Disc(
    sectors=1500,
    tracks=(
        DiscTrack(
            450, "Grüße aus Köln", "Motörhead", isrc="DEA122600001", pregap=0, songwriter="Zoë"
        ),
        DiscTrack(900, 'The "Best" One', "Björk", pregap=800, songwriter="Jean-Noël"),
    ),
    title="Umlaute: äöüÄÖÜß",
    performer="Ænima ÿ",
    songwriter="Various",
    composer="À la carte",
    upc="036000291452",
    language="de",
)
BARE = Disc(sectors=900, tracks=(DiscTrack(0), DiscTrack(300), DiscTrack(600)))
MANY = Disc(
    sectors=99 * 300,
    tracks=tuple(
        DiscTrack(n * 300, f"Track {n + 1}", "P", isrc=f"GBAYE26{n:05d}") for n in range(99)
    ),
    title="All of them",
    performer="P",
)
DISCS = {"plain": PLAIN, "hidden": HIDDEN, "bare": BARE, "many": MANY}


def audio_of(disc: Disc, seed: int = 1) -> np.ndarray:
    """Noise in 16 bits, shape (2, frames), as long as the disc."""
    shape = (2, disc.sectors * 588)
    return np.random.default_rng(seed).integers(-32768, 32768, shape, dtype=np.int16)


def blocks_of(audio: np.ndarray, size: int = 44000) -> Iterator[np.ndarray]:
    for start in range(0, audio.shape[1], size):
        yield audio[:, start : start + size]


def write_wav(path: Path, audio: np.ndarray) -> None:
    """A plain WAV file of 16 bits, written here, not by the code under test."""
    data = audio.T.astype("<i2").tobytes()
    head = (b"RIFF", 36 + len(data), b"WAVE", b"fmt ", 16, 1, 2, 44100, 176400, 4, 16)
    path.write_bytes(
        struct.pack("<4sI4s4sIHHIIHH", *head) + struct.pack("<4sI", b"data", len(data)) + data
    )


def write_silent_wav(path: Path, disc: Disc) -> None:
    """One that takes no room on the disk, however long."""
    size = disc.sectors * 2352
    head = (b"RIFF", 36 + size, b"WAVE", b"fmt ", 16, 1, 2, 44100, 176400, 4, 16)
    with path.open("wb") as file:
        file.write(struct.pack("<4sI4s4sIHHIIHH", *head) + struct.pack("<4sI", b"data", size))
        file.truncate(44 + size)
