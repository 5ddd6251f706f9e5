"""What the header of an audio file promises, and whether the file keeps it."""

from __future__ import annotations

import re
from pathlib import Path

from masterprint.errors import AudioFileError, CutShortError
from masterprint.files.mpeg import walk_mpeg

# What libsndfile's log says of a file that is shorter than its header promises.
_SHORT_CHUNK = re.compile(
    r"^\s*(?:data|SSND|riff|Data [Ss]ize)\s*: (\d+) \(should be (\d+)\)", re.M
)
_SHORT_RF64 = re.compile(r"Calculated frame count (\d+) does not match .* chunk of (\d+)")
_UNFINISHED_OGG = re.compile("Last page lacks an end-of-stream bit|Junk after the last page")
_STREAMED_SIZES = (
    range(1),
    range(0x7F000000 - 4096, 0x7F000000 + 4096),
    range(0x7FFFF000 - 4096, 0x80000000),
    range(0xFFFFF000, 0x100000000),
    range(0xFFFFFFFFFFFFFFFF, 0x10000000000000000),
)
"""Sizes that programs write into a header when they do not know yet: not a promise."""
MPEG_FRAME = 1152
_UNKNOWN_FRAMES = (1 << 63) - 1
"""What libsndfile says of a FLAC stream whose header does not tell its length."""


def is_no_promise(size: int) -> bool:
    """Whether a size is one that stands for a size which was not known."""
    return any(size in sizes for sizes in _STREAMED_SIZES)


def check_whole(path: Path, log: str) -> None:
    """Raise an error where libsndfile has noted, on opening, that a file is cut short."""
    held = promised = 0
    if short := _SHORT_CHUNK.search(log):
        promised, held = int(short[1]), int(short[2])
        if is_no_promise(promised):
            return
    elif short := _SHORT_RF64.search(log):
        held, promised = int(short[1]), int(short[2])
    if promised > held:
        unit = "frames" if short and short.re is _SHORT_RF64 else "bytes"
        raise CutShortError(
            f"{path}: ends early: its header promises {promised} {unit} of audio, it holds {held}.",
            hint="the file is cut short: get it again from its source",
        )
    if _UNFINISHED_OGG.search(log):
        raise CutShortError(
            f"{path}: ends early: its last Ogg page is not the end of the stream.",
            hint="the file is cut short: get it again from its source",
        )


def length_told(path: Path, container: str, frames: int) -> int | None:
    """The number of frames that libsndfile gives; None where no header tells it.

    Raises:
        AudioFileError: libsndfile has guessed less than there is, and would stop there.
    """
    if container not in ("MP3", "MPEG"):
        return None if frames == _UNKNOWN_FRAMES else frames
    stream = walk_mpeg(path)
    if stream.told:
        return frames
    # A header that tells nothing may be in a frame of its own, which is no audio.
    if frames + MPEG_FRAME < stream.samples:
        raise AudioFileError(
            f"{path}: no header tells its length, which would be taken for {frames} frames where "
            f"there are {stream.samples}.",
            hint="convert it to WAV with another program first",
        )
    return None
