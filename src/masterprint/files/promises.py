"""What the header of an audio file promises, and whether the file keeps it."""

from __future__ import annotations

import re
from pathlib import Path

from masterprint.errors import AudioFileError

# What libsndfile's log says of a file that is shorter than its header promises.
_SHORT_CHUNK = re.compile(
    r"^\s*(?:data|SSND|riff|Data [Ss]ize)\s*: (\d+) \(should be (\d+)\)", re.M
)
_SHORT_RF64 = re.compile(r"Calculated frame count (\d+) does not match .* chunk of (\d+)")
_UNFINISHED_OGG = re.compile("Last page lacks an end-of-stream bit|Junk after the last page")
_STREAMED_SIZES = (0, 0x7FFFFFFF, 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF)
"""Sizes that programs write into a header when they do not know yet: not a promise."""
_UNKNOWN_FRAMES = (1 << 63) - 1
"""What libsndfile says of a FLAC stream whose header does not tell its length."""


def check_whole(path: Path, log: str) -> None:
    """Raise an error where libsndfile has noted, on opening, that a file is cut short."""
    held = promised = 0
    if (short := _SHORT_CHUNK.search(log)) and int(short[1]) not in _STREAMED_SIZES:
        promised, held = int(short[1]), int(short[2])
    elif short := _SHORT_RF64.search(log):
        held, promised = int(short[1]), int(short[2])
    if promised > held:
        unit = "frames" if short and short.re is _SHORT_RF64 else "bytes"
        raise AudioFileError(
            f"{path}: ends early: its header promises {promised} {unit} of audio, it holds {held}.",
            hint="the file is cut short: get it again from its source",
        )
    if _UNFINISHED_OGG.search(log):
        raise AudioFileError(
            f"{path}: ends early: its last Ogg page is not the end of the stream.",
            hint="the file is cut short: get it again from its source",
        )


def tells_length(path: Path, container: str, frames: int) -> bool:
    """Whether the number of frames that libsndfile gives is the header's, and not a guess.

    An MP3 tells it in a header (Xing, Info, VBRI) in its first frame, behind the ID3v2 tag if
    there is one.
    """
    if container not in ("MP3", "MPEG"):
        return frames != _UNKNOWN_FRAMES
    with path.open("rb") as file:
        tag = file.read(10)
        size = 0
        if tag[:3] == b"ID3":
            for seven_bits in tag[6:]:
                size = size << 7 | seven_bits
            size += 10
        file.seek(size)
        first = file.read(2048)
    return any(mark in first for mark in (b"Xing", b"Info", b"VBRI"))
