"""WAV as Masterprint writes it, growing into RF64 when it passes 4 GiB.

A 28-byte JUNK chunk stands where RF64 needs its ds64 chunk (EBU Tech 3306), but only in files that
may come near 4 GiB: the others have the plain 44-byte header that every tool of the last thirty
years reads. Stereo and mono integers are format tag 1; float is tag 3; more than two channels are
WAVE_FORMAT_EXTENSIBLE.
"""

from __future__ import annotations

import struct
from typing import Any, Protocol

RIFF_LIMIT = 0xFFFFFFFF
NEAR_LIMIT = RIFF_LIMIT - (1 << 20)
CHANNEL_MASKS = {1: 0x4, 2: 0x3, 3: 0x7, 4: 0x33, 5: 0x37, 6: 0x3F, 7: 0x13F, 8: 0x63F}
GUID_TAIL = bytes.fromhex("000000001000800000aa00389b71")


class BinaryOut(Protocol):
    """What a writer needs of a file."""

    def write(self, data: Any, /) -> int: ...
    def seek(self, offset: int, /) -> int: ...
    def flush(self) -> None: ...


class WavWriter:
    """Writes a header, then interleaved little-endian audio, then the header again with sizes.

    Args:
        file: open for binary writing, at its start.
        frames: how many are expected, None if unknown.
        limit: size in bytes from which the file is RF64; for tests.
    """

    def __init__(
        self,
        file: BinaryOut,
        sample_rate_hz: int,
        channels: int,
        bits: int,
        is_float: bool,
        frames: int | None,
        limit: int = RIFF_LIMIT,
    ) -> None:
        self._file = file
        self._rate = sample_rate_hz
        self._channels = channels
        self._bits = bits
        self._tag = 3 if is_float else 1
        self._limit = limit
        self._bytes = 0
        expected = None if frames is None else frames * self._frame_bytes
        near = limit - (RIFF_LIMIT - NEAR_LIMIT)
        self._may_grow = expected is None or expected > near
        file.write(self._header())

    @property
    def _frame_bytes(self) -> int:
        return self._channels * self._bits // 8

    def write(self, data: memoryview | bytes) -> None:
        """Add interleaved audio."""
        self._file.write(data)
        self._bytes += len(data)

    def finish(self) -> None:
        """Pad the data chunk to an even length and write the sizes."""
        if self._bytes % 2:
            self._file.write(b"\0")
        self._file.seek(0)
        self._file.write(self._header())
        self._file.flush()

    def _header(self) -> bytes:
        fmt = self._fmt()
        frames = self._bytes // self._frame_bytes
        fact = struct.pack("<4sII", b"fact", 4, min(frames, RIFF_LIMIT)) if self._tag == 3 else b""
        data_bytes = self._bytes + self._bytes % 2
        spare = 36 if self._may_grow else 0
        riff_bytes = 4 + spare + len(fmt) + len(fact) + 8 + data_bytes
        if self._may_grow and riff_bytes + 8 > self._limit:
            head = struct.pack("<4sI4s", b"RF64", RIFF_LIMIT, b"WAVE")
            size = struct.pack("<4sIQQQI", b"ds64", 28, riff_bytes, self._bytes, frames, 0)
            return head + size + fmt + fact + struct.pack("<4sI", b"data", RIFF_LIMIT)
        head = struct.pack("<4sI4s", b"RIFF", riff_bytes, b"WAVE")
        junk = struct.pack("<4sI28x", b"JUNK", 28) if self._may_grow else b""
        return head + junk + fmt + fact + struct.pack("<4sI", b"data", self._bytes)

    def _fmt(self) -> bytes:
        common = (
            self._channels,
            self._rate,
            self._rate * self._frame_bytes,
            self._frame_bytes,
            self._bits,
        )
        if self._channels <= 2:
            if self._tag == 1:
                return struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, *common)
            return struct.pack("<4sIHHIIHHH", b"fmt ", 18, 3, *common, 0)
        mask = CHANNEL_MASKS.get(self._channels, 0)
        extension = struct.pack("<HHIH", 22, self._bits, mask, self._tag) + GUID_TAIL
        return struct.pack("<4sIHHIIHH", b"fmt ", 40, 0xFFFE, *common) + extension
