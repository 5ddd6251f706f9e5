"""MPEG audio frame by frame: how long an MP3 is whose header does not tell.

A stream is frames of a constant number of samples, each with a header of four bytes from which its
length in bytes follows (ISO/IEC 11172-3, 2.4.2.3; 13818-3 for the lower rates).
"""

from __future__ import annotations

import mmap
from pathlib import Path
from typing import NamedTuple

KILOBITS = {
    # (version is 1, layer): by index, 0 is free format
    (True, 1): (0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
RATES_HZ = (44100, 48000, 32000)
RATE_DIVISORS = {3: 1, 2: 2, 0: 4}
"""By version: 1, 2 and 2.5."""


class MpegFrame(NamedTuple):
    """What the header of a frame says: its bytes, its samples, and where a Xing header would be."""

    size: int
    samples: int
    xing_at: int


class MpegStream(NamedTuple):
    """A walk through a file.

    Attributes:
        samples: per channel, in all frames that are there as a whole; not counted where told.
        told: whether a header (Xing, Info, VBRI) in the first frame gives their number.
    """

    samples: int
    told: bool


def walk_mpeg(path: Path) -> MpegStream:
    """Count the samples of an MPEG audio file that does not tell them."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        place = _behind_tag(data)
        samples, first = 0, True
        while place < len(data) - 4:
            frame = _frame_at(data, place)
            if frame is None or (first and _frame_at(data, place + frame.size) is None):
                place += 1  # padding behind a tag, a tag at the end, or damage: look further
                continue
            if first and _tells(data, place, frame):
                return MpegStream(0, told=True)
            first = False
            if place + frame.size <= len(data):
                samples += frame.samples
            place += frame.size
    return MpegStream(samples, told=False)


def _behind_tag(data: mmap.mmap) -> int:
    """Where audio begins: after the ID3v2 tag, whose size has seven bits in each byte."""
    if data[:3] != b"ID3":
        return 0
    size = 0
    for seven_bits in data[6:10]:
        size = size << 7 | seven_bits
    return size + 10


def _frame_at(data: mmap.mmap, place: int) -> MpegFrame | None:
    word = int.from_bytes(data[place : place + 4], "big")
    version, layer = word >> 19 & 3, 4 - (word >> 17 & 3)
    bitrate, rate, padding = word >> 12 & 15, word >> 10 & 3, word >> 9 & 1
    if word >> 21 != 0x7FF or version == 1 or layer == 4 or bitrate in (0, 15) or rate == 3:
        return None
    rate_hz = RATES_HZ[rate] // RATE_DIVISORS[version]
    bits = KILOBITS[version == 3, layer][bitrate] * 1000
    samples = 384 if layer == 1 else 576 if layer == 3 and version != 3 else 1152
    slot = 4 if layer == 1 else 1
    size = (samples * bits // (8 * slot * rate_hz) + padding) * slot
    mono = word >> 6 & 3 == 3
    side = (17 if mono else 32) if version == 3 else (9 if mono else 17)
    return MpegFrame(size, samples, 4 + side)


def _tells(data: mmap.mmap, place: int, frame: MpegFrame) -> bool:
    xing = data[place + frame.xing_at : place + frame.xing_at + 8]
    if xing[:4] in (b"Xing", b"Info"):
        return bool(xing[7] & 1)  # a flag says that the number of frames follows
    return data[place + 36 : place + 40] == b"VBRI"
