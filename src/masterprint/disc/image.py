"""IMAGE.DAT: the whole disc as raw audio, in sectors of 2352 bytes (588 stereo samples).

16-bit signed, little-endian, left and right by turns, no header. It begins with the first pregap; a
last sector that is not full is filled up with silence.
"""

from __future__ import annotations

import hashlib
import os
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from masterprint.disc.layout import FIRST_PREGAP_SECTORS, FRAMES_PER_SECTOR, SECTORS_PER_S
from masterprint.errors import AudioFileError, UsageError
from masterprint.files.unfinished import hidden_part
from masterprint.files.whole import locked

FRAME_BYTES = 4
SECTOR_BYTES = FRAMES_PER_SECTOR * FRAME_BYTES
LARGEST_BLOCK = 1 << 18
BLOCK_BYTES = 1 << 20
MOST_SECTORS = 100 * 60 * SECTORS_PER_S


@dataclass(frozen=True)
class ImageFacts:
    """What is in an image.

    Attributes:
        sectors: how many, with the silence at the beginning.
        md5, sha1, sha256: in lower-case hexadecimal.
        crc32: as zlib has it.
        lead_is_silent: whether its first 2 s are digital silence.
    """

    sectors: int
    md5: str
    sha1: str
    sha256: str
    crc32: int
    lead_is_silent: bool = True

    @property
    def size_bytes(self) -> int:
        """Of the file."""
        return self.sectors * SECTOR_BYTES

    def digest(self, method: str) -> str:
        """By the name of the method, as `checksums` has them."""
        return {
            "CRC-32": f"{self.crc32:08x}",
            "MD5": self.md5,
            "SHA-1": self.sha1,
            "SHA-256": self.sha256,
        }[method]


class Hasher:
    """Takes all of an image in pieces of bytes, and knows its facts in the end."""

    def __init__(self) -> None:
        self._md5 = hashlib.md5()
        self._sha1 = hashlib.sha1()
        self._sha256 = hashlib.sha256()
        self._crc32 = 0
        self._silent = True
        self.bytes = 0

    def feed(self, piece: memoryview | bytes) -> None:
        """Add a piece."""
        self._md5.update(piece)
        self._sha1.update(piece)
        self._sha256.update(piece)
        self._crc32 = zlib.crc32(piece, self._crc32)
        left = FIRST_PREGAP_SECTORS * SECTOR_BYTES - self.bytes
        if left > 0 and any(bytes(piece[:left])):
            self._silent = False
        self.bytes += len(piece)

    def facts(self) -> ImageFacts:
        """Of all that was fed."""
        return ImageFacts(
            -(-self.bytes // SECTOR_BYTES),
            self._md5.hexdigest(),
            self._sha1.hexdigest(),
            self._sha256.hexdigest(),
            self._crc32,
            self._silent,
        )


def write_image(
    path: Path,
    lead_sectors: int,
    blocks: Iterable[NDArray[Any]],
    *,
    sectors: int | None = None,
) -> ImageFacts:
    """Write an image, under a hidden name until it is whole.

    Args:
        path: where; nothing may be there yet, and its folder must exist.
        lead_sectors: silence before the programme: `Disc.lead_sectors`.
        blocks: the programme as whole numbers of 16 bits, each of shape (2, frames).
        sectors: how long it has to be, without the silence before it: `Disc.sectors`.

    Raises:
        AudioFileError: the disk is full or the folder read-only; the programme is not as long as
            it has to be, or not of 16 bits and two channels.
        UsageError: something of that name is there.
    """
    hasher = Hasher()
    try:
        with hidden_part(path.parent) as part:
            with part.open("wb") as file:
                for piece in _padded(lead_sectors, blocks):
                    file.write(piece)
                    hasher.feed(piece)
                file.flush()
                os.fsync(file.fileno())
            facts = hasher.facts()
            if sectors is not None and facts.sectors != lead_sectors + sectors:
                raise AudioFileError(
                    f"{path}: the programme has {facts.sectors - lead_sectors} sectors, where the "
                    f"layout of the disc has {sectors}."
                )
            with locked(path.parent):
                if path.exists():
                    raise UsageError(
                        f"{path}: is there already; it was left as it is.",
                        hint="choose another folder, or move it away",
                    )
                part.replace(path)
    except OSError as error:
        raise AudioFileError(f"{path}: cannot be written: {error.strerror}.") from error
    return facts


def _padded(lead_sectors: int, blocks: Iterable[NDArray[Any]]) -> Iterator[memoryview]:
    silence = memoryview(bytes(SECTOR_BYTES))
    for _ in range(lead_sectors):
        yield silence
    frames = 0
    for block in blocks:
        for piece in _interleaved(block):
            frames += len(piece) // FRAME_BYTES
            yield piece
    if over := frames % FRAMES_PER_SECTOR:
        yield silence[: (FRAMES_PER_SECTOR - over) * FRAME_BYTES]


def _interleaved(block: NDArray[Any]) -> Iterator[memoryview]:
    if block.ndim != 2 or block.shape[0] != 2 or block.dtype.kind != "i":
        raise AudioFileError(
            f"A block of shape {block.shape} and type {block.dtype}; a disc takes whole numbers of "
            "16 bits in two channels."
        )
    for start in range(0, block.shape[1], LARGEST_BLOCK):
        piece = block[:, start : start + LARGEST_BLOCK]
        if piece.size and (piece.min() < -32768 or piece.max() > 32767):
            raise AudioFileError("A sample is beyond 16 bits, where the disc takes no more.")
        words = np.ascontiguousarray(piece.T, dtype="<i2")
        yield words.view(np.uint8).reshape(-1).data


def hashed(path: Path) -> tuple[ImageFacts, int]:
    """The facts of a file that is there, and its size in bytes.

    Raises:
        UsageError: it is longer than 100 minutes.
        AudioFileError: it cannot be read.
    """
    hasher = Hasher()
    try:
        with path.open("rb") as file:
            while piece := file.read(BLOCK_BYTES):
                hasher.feed(piece)
                if hasher.bytes > MOST_SECTORS * SECTOR_BYTES:
                    raise UsageError(
                        f"{path}: is longer than 100 minutes, which no disc can address."
                    )
    except OSError as error:
        raise AudioFileError(f"{path}: cannot be read: {error.strerror}.") from error
    return hasher.facts(), hasher.bytes
