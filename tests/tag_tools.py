"""Files that say something of themselves, and what they are to say."""

from __future__ import annotations

import functools
import hashlib
import struct
import subprocess
import tempfile
import zlib
from pathlib import Path

from masterprint.tags.bext import Bext, coding_history_line
from masterprint.tags.covers import cover_from
from masterprint.tags.fields import ReplayGain, Tags
from other_tools import ask

ENCODERS = {
    "wav": ("-c:a", "pcm_s24le"),
    "aiff": ("-c:a", "pcm_s24be"),
    "flac": (),
    "mp3": ("-c:a", "libmp3lame", "-id3v2_version", "0"),
    "ogg": ("-c:a", "libvorbis"),
    "opus": ("-c:a", "libopus", "-b:a", "96k"),
    "m4a": ("-c:a", "aac"),
    "alac.m4a": ("-c:a", "alac"),
}
LOSSLESS = ("wav", "aiff", "flac")


def png(width: int, height: int) -> bytes:
    """A black picture."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(b"".join(b"\0" + bytes(3 * width) for _ in range(height)))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        (chunk(b"IHDR", header), chunk(b"IDAT", rows), chunk(b"IEND", b""))
    )


FULL = Tags(
    title="潮の満ち引き – Ebb",  # noqa: RUF001
    artist="Ødegård – Ebbe & Flut",  # noqa: RUF001
    album_artist="Various / Divers",
    album="Low Tide",
    track=3,
    tracks=12,
    disc=1,
    discs=2,
    year="2026-05-31",
    genre="Alternative",
    isrc="GBAYE2600001",
    upc="036000291452",
    catalog_number="EX-001",
    label="Example Records",
    copyright="2026 Example Records",
    phonogram="2026 Ödland Musik",
    composer="Zoë Åkesson",
    publisher="Example Songs <Ltd>",
    iswc="T0345246801",
    comment="From tape;\nsecond line",
    language="nor",
    cover=cover_from(png(64, 48)),
    gain=ReplayGain(-7.89, 0.988553, -8.5, 0.99),
)
BEXT = Bext(
    description="Ebb by Odegard",
    originator="Example Mastering",
    originator_reference="NOXXX123",
    date="2026-05-31",
    time="18:30:00",
    time_reference=(1 << 32) + 5,
    umid="0a" * 32,
    integrated_lufs=-14.02,
    loudness_range_lu=6.1,
    true_peak_dbtp=-1.0,
    max_momentary_lufs=-9.5,
    max_short_term_lufs=-11.25,
    coding_history=coding_history_line(44100, 24, 2, "Masterprint"),
)


@functools.cache
def encoded(kind: str) -> bytes:
    """A second of noise in a container, without tags."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"noise.{kind.rpartition('.')[2]}"
        noise = "anoisesrc=d=1:a=0.5:seed=1:r=44100,aformat=channel_layouts=stereo"
        quiet = ("-v", "error", "-f", "lavfi", "-i", noise, "-map_metadata", "-1")
        ask("ffmpeg", *quiet, "-fflags", "+bitexact", *ENCODERS[kind], path)
        return path.read_bytes()


def made(folder: Path, kind: str) -> Path:
    """The same as a file."""
    path = folder / f"noise.{kind}"
    path.write_bytes(encoded(kind))
    return path


def packets_md5(path: Path) -> str:
    """Of the encoded audio, as ffmpeg takes it out of its container."""
    return ask("ffmpeg", "-v", "error", "-i", path, "-map", "0:a", "-c", "copy", "-f", "md5", "-")


def chunk(name: bytes, data: bytes) -> bytes:
    """A chunk of RIFF with its padding."""
    return struct.pack("<4sI", name, len(data)) + data + bytes(len(data) % 2)


FMT = chunk(b"fmt ", struct.pack("<HHIIHH", 1, 1, 44100, 88200, 2, 16))


def riff(*chunks: bytes, kind: bytes = b"RIFF", size: int | None = None) -> bytes:
    """A WAV file of such chunks."""
    body = b"WAVE" + b"".join(chunks)
    return struct.pack("<4sI", kind, len(body) if size is None else size) + body


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def picture(path: Path, kind: str, *options: str) -> Path:
    """A real picture, made by ffmpeg."""
    made_of = ["-f", "lavfi", "-i", "testsrc=s=80x60", "-frames:v", "1", *options]
    subprocess.run(["ffmpeg", "-v", "error", "-y", *made_of, path], check=True)
    return path
