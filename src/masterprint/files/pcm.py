"""The shortest way into a WAV or RF64 file of integers: where its samples lie, and taking them.

Libsndfile has looked at the file before; this only saves its conversion, which costs more than the
meters do. Whatever is out of the ordinary is left to it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from masterprint.files.kernels import unpack_16_bit, unpack_24_bit, unpack_32_bit
from masterprint.signal import Block

UNPACK: dict[int, Callable[[NDArray[np.uint8], Block], None]] = {
    2: unpack_16_bit,
    3: unpack_24_bit,
    4: unpack_32_bit,
}
MOST_CHUNKS = 1000
UNKNOWN_SIZE = 0xFFFFFFFF
"""What stands in a chunk whose size is told elsewhere (RF64), or was not known yet."""


class Pcm(NamedTuple):
    """Interleaved little-endian integers in a file.

    Attributes:
        offset: of the first sample, in bytes.
        sample_bytes: 2, 3 or 4.
        channels, frames: as in the file's header.
    """

    offset: int
    sample_bytes: int
    channels: int
    frames: int

    def blocks(self, path: Path, block_frames: int) -> Iterator[Block]:
        """The samples as float64, shape (channels, frames); fewer if the file ends early."""
        frame_bytes = self.channels * self.sample_bytes
        unpack = UNPACK[self.sample_bytes]
        packed = np.empty(block_frames * frame_bytes, np.uint8)
        left = self.frames
        with path.open("rb", buffering=0) as file:
            file.seek(self.offset)
            while left:
                wanted = min(block_frames, left) * frame_bytes
                got = 0
                while got < wanted and (more := file.readinto(packed[got:wanted].data)):
                    got += more
                frames = got // frame_bytes
                if not frames:
                    return
                block = np.empty((self.channels, frames))
                unpack(packed[: frames * frame_bytes], block)
                left -= frames
                yield block


def find_pcm(path: Path, channels: int, frames: int, bits: int) -> Pcm | None:
    """Where the samples of a WAV or RF64 file lie; None where libsndfile had better read them."""
    if bits not in (16, 24, 32):
        return None
    with path.open("rb") as file:
        riff, _, wave = struct.unpack("<4sI4s", file.read(12).ljust(12, b"\0"))
        if riff not in (b"RIFF", b"RF64") or wave != b"WAVE":
            return None
        usual = False
        for _ in range(MOST_CHUNKS):
            head = file.read(8)
            if len(head) < 8:
                return None
            name, size = struct.unpack("<4sI", head)
            if name == b"data":
                offset = file.tell()
                held = path.stat().st_size - offset
                if size < UNKNOWN_SIZE:
                    held = min(size, held)
                if usual and held >= frames * channels * (bits // 8):
                    return Pcm(offset, bits // 8, channels, frames)
                return None
            if name == b"fmt " and size >= 16:
                fmt = file.read(16)
                if len(fmt) < 16:
                    return None
                _, wide, _, _, align, depth = struct.unpack("<HHIIHH", fmt)
                usual = (wide, align, depth) == (channels, channels * bits // 8, bits)
                size -= 16
            file.seek(size + size % 2, 1)
    return None
