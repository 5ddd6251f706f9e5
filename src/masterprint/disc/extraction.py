"""Taking the tracks out of an image, bit for bit.

A track goes from its index 1 to that of the next, its neighbour's pause included, as discs are
ripped everywhere. What is hidden before track 1 becomes a file 00. So the files, one after another,
are the programme, sample for sample; the silence before it (`lead_sectors`) is not in them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from masterprint.disc.image import FRAME_BYTES, SECTOR_BYTES
from masterprint.disc.layout import SAMPLE_RATE_HZ, Disc
from masterprint.errors import AudioFileError, UsageError
from masterprint.files.pcm import find_pcm
from masterprint.files.reading import open_audio
from masterprint.files.unfinished import hidden_part
from masterprint.files.wav import WavWriter
from masterprint.files.whole import locked

BLOCK_BYTES = 1 << 20
MOST_NAME_BYTES = 120


@dataclass(frozen=True)
class Programme:
    """Where the samples of a programme lie.

    Attributes:
        path: of the file.
        offset_bytes: where it begins in there.
        size_bytes: of all of it: 4 bytes for a frame of 16 bits and two channels.
    """

    path: Path
    offset_bytes: int
    size_bytes: int

    @property
    def sectors(self) -> int:
        """How many it takes; the last may not be full."""
        return -(-self.size_bytes // SECTOR_BYTES)


def raw_programme(path: Path, lead_sectors: int) -> Programme:
    """The programme in an image of raw audio.

    Raises:
        AudioFileError: the file cannot be read.
    """
    try:
        size = path.stat().st_size
    except OSError as error:
        raise AudioFileError(f"{path}: cannot be read: {error.strerror}.") from error
    offset = lead_sectors * SECTOR_BYTES
    return Programme(path, offset, max(0, size - offset) // FRAME_BYTES * FRAME_BYTES)


def wav_programme(path: Path) -> Programme:
    """The programme in a WAV file.

    Raises:
        AudioFileError: the file cannot be read, or is not as a disc has it.
    """
    file = open_audio(path)
    pcm = None
    if (file.sample_rate_hz, file.channels, file.bits) == (SAMPLE_RATE_HZ, 2, 16):
        pcm = file.frames and find_pcm(path, 2, file.frames, 16)
    if not pcm:
        raise AudioFileError(
            f"{path}: is {file.format} at {file.sample_rate_hz} Hz with {file.channels} channels; "
            "a WAV file of 16 bits at 44100 Hz with 2 channels is expected."
        )
    return Programme(path, pcm.offset, pcm.frames * FRAME_BYTES)


def extract_tracks(disc: Disc, programme: Programme, folder: Path) -> list[Path]:
    """Write each track as a WAV file of 16 bits at 44.1 kHz; nothing is ever replaced.

    Raises:
        UsageError: a file of one of the names is there already.
        AudioFileError: the image ends too early, or the folder cannot be written to.
    """
    pieces = list(_pieces(disc, programme.size_bytes))
    paths = [folder / name for name, _, _ in pieces]
    for path, (name, start, end) in zip(paths, pieces, strict=True):
        _need_free(path)
        if start >= end:
            raise AudioFileError(
                f"{programme.path}: ends before {name} begins; nothing was written."
            )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, (_, start, end) in zip(paths, pieces, strict=True):
            _write(path, programme, start, end)
    except OSError as error:
        place = error.filename or folder
        raise AudioFileError(f"{place}: cannot be read or written: {error.strerror}.") from error
    return paths


def _pieces(disc: Disc, size_bytes: int) -> Iterator[tuple[str, int, int]]:
    """Names and extents in bytes."""
    first = disc.tracks[0].start
    if first > 0:
        yield "00 Hidden.wav", 0, min(first * SECTOR_BYTES, size_bytes)
    for number, track in disc.numbered():
        last = number == len(disc.tracks)
        end = size_bytes if last else min(disc.end_of(number) * SECTOR_BYTES, size_bytes)
        yield _file_name(number, track.title), track.start * SECTOR_BYTES, end


def _file_name(number: int, title: str) -> str:
    plain = re.sub(r'[/\\:*?"<>|]', "-", title)
    plain = "".join(c for c in plain if c.isprintable()).strip(" .")
    plain = plain.encode("utf-8")[:MOST_NAME_BYTES].decode("utf-8", "ignore").rstrip(" .")
    return f"{number:02d} {plain or 'Track'}.wav"


def _write(path: Path, programme: Programme, start: int, end: int) -> None:
    with hidden_part(path.parent) as part:
        with part.open("wb") as file, programme.path.open("rb") as source:
            wav = WavWriter(file, SAMPLE_RATE_HZ, 2, 16, False, (end - start) // FRAME_BYTES)
            source.seek(programme.offset_bytes + start)
            left = end - start
            while left:
                piece = source.read(min(left, BLOCK_BYTES))
                if not piece:
                    raise AudioFileError(f"{programme.path}: became shorter while it was read.")
                wav.write(piece)
                left -= len(piece)
            wav.finish()
            os.fsync(file.fileno())
        with locked(path.parent):
            _need_free(path)
            part.replace(path)


def _need_free(path: Path) -> None:
    if path.exists():
        raise UsageError(
            f"{path}: is there already; it was left as it is.",
            hint="choose another folder with -o",
        )
