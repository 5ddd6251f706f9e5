"""A hash of the samples themselves, whatever container, tags and chunks they lie among.

It is SHA-256 over the samples as a WAV file of that encoding holds them: interleaved,
little-endian, signed integers or IEEE floats, without a header. So a WAV, an AIFF and a FLAC of one
master share it, and anybody can check it: `ffmpeg -i master.wav -f s24le - | sha256sum`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np

from masterprint.files.kernels import pack_integers
from masterprint.files.reading import AudioFile, open_audio
from masterprint.signal import Block

Encoding = Literal["s8", "s16", "s24", "s32", "f32", "f64"]


def encoding_of(file: AudioFile) -> Encoding:
    """How the samples of a file are counted: lossy ones as 32-bit floats, 20 bits as 24."""
    if file.bits is not None:
        sizes: dict[int, Encoding] = {8: "s8", 16: "s16", 24: "s24", 32: "s32"}
        return sizes[-(-file.bits // 8) * 8]
    return "f64" if file.format.endswith(" DOUBLE") else "f32"


class PcmHash:
    """Takes blocks of shape (channels, frames), full scale at 1.0, as they pass.

    Args:
        encoding: of the file that they come from; they lie on its grid.
    """

    def __init__(self, encoding: Encoding) -> None:
        self._bytes = int(encoding[1:]) // 8
        self._is_float = encoding.startswith("f")
        self._hash = hashlib.sha256()

    def feed(self, block: Block) -> None:
        """Add a block."""
        if self._is_float:
            words = np.ascontiguousarray(block.T, dtype=f"<f{self._bytes}")
            self._hash.update(words.view(np.uint8).reshape(-1).data)
        else:
            packed = np.empty(block.size * self._bytes, np.uint8)
            pack_integers(block, 2.0 ** (8 * self._bytes - 1), packed)
            self._hash.update(packed.data)

    def passing(self, blocks: Iterator[Block]) -> Iterator[Block]:
        """The same blocks, hashed."""
        for block in blocks:
            self.feed(block)
            yield block

    def hexdigest(self) -> str:
        """Of all that was fed."""
        return self._hash.hexdigest()


def pcm_sha256(path: Path) -> str:
    """The hash of a whole file's samples.

    Raises:
        AudioFileError: it cannot be read.
        SignalError: a sample is NaN or infinite.
    """
    file = open_audio(path)
    found = PcmHash(encoding_of(file))
    for block in file.signal().blocks:
        found.feed(block)
    return found.hexdigest()
