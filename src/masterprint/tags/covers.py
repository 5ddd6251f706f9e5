"""Cover pictures, judged by their bytes: JPEG (ITU-T T.81, B.1.1) and PNG (ISO/IEC 15948)."""

from __future__ import annotations

import struct
from pathlib import Path

from masterprint.errors import UsageError
from masterprint.tags.fields import Cover

MOST_BYTES = 10 << 20
"""FLAC's picture block ends at 16 MiB; players and shops give up earlier."""
MOST_PIXELS = 10000
"""Of width and of height."""

_PNG = b"\x89PNG\r\n\x1a\n"
_SIZES_STAND_IN = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
"""Markers SOF0 to SOF15; the three others in between are tables."""
_ALONE = {0x01, *range(0xD0, 0xD8)}
"""Markers without a length."""


def cover_of(path: Path) -> Cover:
    """The picture in a file.

    Raises:
        UsageError: it cannot be read, is neither JPEG nor PNG, or is none that players show.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{path}: the cover cannot be read: {error.strerror}.") from error
    try:
        return cover_from(data)
    except ValueError as error:
        raise UsageError(f"{path}: is no cover: {error}.") from error


def cover_from(data: bytes) -> Cover:
    """The picture in these bytes.

    Raises:
        ValueError: with what was found and what is expected.
    """
    if len(data) > MOST_BYTES:
        raise ValueError(f"it has more than {MOST_BYTES >> 20} MiB, which players do not show")
    if data.startswith(_PNG):
        width, height = _png_size(data)
        cover = Cover("image/png", data, width, height)
    elif data.startswith(b"\xff\xd8\xff"):
        width, height = _jpeg_size(data)
        cover = Cover("image/jpeg", data, width, height)
    else:
        raise ValueError("neither JPEG nor PNG is what it begins like; convert it to JPEG")
    if not (1 <= width <= MOST_PIXELS and 1 <= height <= MOST_PIXELS):
        raise ValueError(f"its size is {width} x {height}; allowed: 1 to {MOST_PIXELS} pixels each")
    return cover


def cover_in(data: bytes) -> Cover | None:
    """The picture that a file holds as its cover; None where it is not one that is understood."""
    try:
        return cover_from(data)
    except ValueError:
        return None


def _png_size(data: bytes) -> tuple[int, int]:
    if data[12:16] != b"IHDR" or len(data) < 33 or b"IEND" not in data[-64:]:
        raise ValueError("the PNG is damaged or cut short")
    width, height = struct.unpack(">II", data[16:24])
    return width, height


def _jpeg_size(data: bytes) -> tuple[int, int]:
    """From the start of frame, before which segments with their lengths stand."""
    place = 2
    while place + 9 < len(data) and data[place] == 0xFF:
        marker = data[place + 1]
        if marker == 0xFF:  # fill bytes
            place += 1
        elif marker in _ALONE:
            place += 2
        elif marker in _SIZES_STAND_IN:
            height, width, components = struct.unpack(">HHB", data[place + 5 : place + 10])
            if components == 4:
                raise ValueError("it is a CMYK JPEG, which players do not show; convert it to RGB")
            if data.rfind(b"\xff\xd9") < place:
                break
            return width, height
        else:
            place += 2 + max(2, int.from_bytes(data[place + 2 : place + 4], "big"))
    raise ValueError("the JPEG is damaged or cut short")
