"""Writing a WAV file again with other chunks, and its audio as it is.

Every chunk that is not to be changed is copied byte for byte, in its order; so is what stands
behind the last chunk. New metadata stands right before the audio, where readers of streams look
for it, but `id3 ` at the end, where players do. A file that would pass 4 GiB becomes RF64: its ds64
takes the place of a JUNK chunk that was kept for it, if there is one.
"""

from __future__ import annotations

import errno
import struct
from collections.abc import Mapping
from typing import BinaryIO

from masterprint.tags.replacing import COPY_BYTES
from masterprint.tags.riff import UNKNOWN_SIZE, Chunk, Riff

LIMIT = UNKNOWN_SIZE
ORDER = (b"bext", b"iXML", b"axml", b"LIST INFO")
"""Of what is new before the audio."""
LAST = b"id3 "
ROOM = (b"JUNK", b"junk")
ROOM_BYTES = 28
Piece = Chunk | tuple[bytes, bytes]
"""What a new file consists of: a chunk of the old one, or an id and its data."""


def rewrite(
    riff: Riff, changes: Mapping[bytes, bytes | None], out: BinaryIO, limit: int = LIMIT
) -> None:
    """Write a file with other chunks.

    Args:
        riff: the old file.
        changes: by key (see `Chunk.key`), what chunks are to hold; None takes them out. All chunks
            of that key become one.
        out: open for binary writing, at its start.
        limit: largest size that a RIFF header may give; for tests.

    OSError passes; it is also raised where the old file has become shorter meanwhile.
    """
    pieces = _plan(riff, changes)
    body = 4 + sum(_padded(_size(piece)) + 8 for piece in pieces)
    if riff.kind == b"RIFF" and body <= limit:
        out.write(struct.pack("<4sI4s", b"RIFF", body, b"WAVE"))
    else:
        kind = b"RF64" if riff.kind == b"RIFF" else riff.kind
        pieces = _without_room(pieces) if riff.kind == b"RIFF" else pieces
        out.write(struct.pack("<4sI4s", kind, UNKNOWN_SIZE, b"WAVE") + _sizes(riff, pieces, limit))
    audio = riff.audio
    large = riff.kind != b"RIFF" or body > limit
    with riff.path.open("rb") as source:
        for piece in pieces:
            size = _size(piece)
            hidden = large and (piece == audio or size >= limit)
            name = piece.id if isinstance(piece, Chunk) else piece[0]
            out.write(struct.pack("<4sI", name, UNKNOWN_SIZE if hidden else size))
            if isinstance(piece, Chunk):
                _copy(source, piece.offset, size, out)
            else:
                out.write(piece[1])
            if size % 2:
                out.write(b"\0")
        _copy(source, riff.end, riff.file_size - riff.end, out)


def _plan(riff: Riff, changes: Mapping[bytes, bytes | None]) -> list[Piece]:
    """What the new file consists of, without ds64."""
    new = {key: _new(key, data) for key, data in changes.items() if data is not None}
    last = [new.pop(LAST)] if LAST in new else []
    before = [new.pop(key) for key in ORDER if key in new] + list(new.values())
    pieces: list[Piece] = []
    audio = riff.audio
    for chunk in riff.chunks:
        if chunk == audio:
            pieces += before
        if chunk.key not in changes and not (chunk.id == b"ds64" and riff.kind != b"RIFF"):
            pieces.append(chunk)
    return pieces + last


def _new(key: bytes, data: bytes) -> tuple[bytes, bytes]:
    return (b"LIST", key[5:] + data) if key.startswith(b"LIST ") else (key, data)


def _without_room(pieces: list[Piece]) -> list[Piece]:
    first = pieces[0]
    is_room = isinstance(first, Chunk) and first.id in ROOM and first.size >= ROOM_BYTES
    return pieces[1:] if is_room else pieces


def _sizes(riff: Riff, pieces: list[Piece], limit: int) -> bytes:
    """The ds64 chunk, with its header."""
    audio = riff.audio
    table = [
        (piece.id, piece.size)
        for piece in pieces
        if isinstance(piece, Chunk) and piece != audio and piece.size >= limit
    ]
    size = 28 + 12 * len(table)
    body = 4 + 8 + size + sum(_padded(_size(piece)) + 8 for piece in pieces)
    frames = _frames(riff) if riff.frames is None else riff.frames
    return struct.pack("<4sIQQQI", b"ds64", size, body, audio.size, frames, len(table)) + b"".join(
        struct.pack("<4sQ", *entry) for entry in table
    )


def _frames(riff: Riff) -> int:
    """From the number of bytes that a frame takes, or that `fact` tells where frames are packed."""
    fact = riff.first(b"fact")
    fmt = riff.first(b"fmt ") or b""
    is_pcm = fmt[:2] in (b"\x01\0", b"\x03\0", b"\xfe\xff")
    if fact is not None and len(fact) >= 4 and not is_pcm:
        return int.from_bytes(fact[:4], "little")
    return riff.audio.size // max(1, int.from_bytes(fmt[12:14], "little"))


def _size(piece: Piece) -> int:
    return piece.size if isinstance(piece, Chunk) else len(piece[1])


def _padded(size: int) -> int:
    return size + size % 2


def _copy(source: BinaryIO, offset: int, size: int, out: BinaryIO) -> None:
    source.seek(offset)
    while size:
        data = source.read(min(size, COPY_BYTES))
        if not data:
            raise OSError(errno.EIO, "the file became shorter while it was read")
        out.write(data)
        size -= len(data)
