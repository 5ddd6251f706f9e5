"""The chunks of a WAV file: RIFF (Microsoft and IBM), RF64 (EBU Tech 3306), BW64 (ITU-R BS.2088).

A file is `RIFF`, u32 size, `WAVE`, then chunks: id, u32 size, data, and a byte of padding where the
size is odd; little-endian. RF64 and BW64 have 0xFFFFFFFF for sizes beyond 32 bits, which stand in
the chunk `ds64`: u64 of the whole, of `data`, u64 number of frames, u32 n, then n times an id and
the u64 size of another chunk.

Files are read as they are found. The size of the whole is not relied upon, since editors forget to
renew it: chunks are what stands one after the other, and the rest is kept as what it is, bytes.
"""

from __future__ import annotations

import stat
import struct
from collections import defaultdict, deque
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple

from masterprint.errors import AudioFileError, CutShortError
from masterprint.files.promises import is_no_promise

UNKNOWN_SIZE = 0xFFFFFFFF
KINDS = (b"RIFF", b"RF64", b"BW64")
MOST_CHUNKS = 10000
MOST_TABLE = 10000
MOST_BYTES = 64 << 20
"""Of a chunk that is read into memory; audio is not."""


class Chunk(NamedTuple):
    """A chunk where it stands.

    Attributes:
        id: four bytes.
        offset, size: of its data.
        form: of a LIST, such as INFO.
    """

    id: bytes
    offset: int
    size: int
    form: bytes = b""

    @property
    def key(self) -> bytes:
        """By which a chunk is known: its id; for lists with their form, as `LIST INFO`."""
        if self.id == b"LIST":
            return b"LIST " + self.form
        return b"id3 " if self.id == b"ID3 " else self.id

    @property
    def name(self) -> str:
        """The same for people."""
        return self.key.decode("ascii", "backslashreplace").rstrip()


@dataclass(frozen=True)
class Riff:
    """What a WAV file consists of.

    Attributes:
        path: where it is.
        kind: RIFF, RF64 or BW64.
        chunks: all, in order.
        end: where bytes begin that are no chunk; the end of the file where there are none.
        file_size: of it all.
        frames: as ds64 gives them; None without one.
    """

    path: Path
    kind: bytes
    chunks: tuple[Chunk, ...]
    end: int
    file_size: int
    frames: int | None

    @property
    def audio(self) -> Chunk:
        """The first `data` chunk."""
        return next(chunk for chunk in self.chunks if chunk.id == b"data")

    def all(self, key: bytes) -> list[bytes]:
        """The contents of all chunks of a key, in order.

        Raises:
            AudioFileError: they are larger than any such chunk has reason to be.
        """
        found = [chunk for chunk in self.chunks if chunk.key == key]
        if sum(chunk.size for chunk in found) > MOST_BYTES:
            raise AudioFileError(
                f"{self.path}: has a chunk {found[0].name!r} of more than {MOST_BYTES >> 20} MiB, "
                "which is beyond what is read."
            )
        with self.path.open("rb") as file:
            return [_at(file, chunk.offset, chunk.size) for chunk in found]

    def first(self, key: bytes) -> bytes | None:
        """The content of the first chunk of a key, which counts where there are several."""
        return next(iter(self.all(key)), None)


def scan_riff(path: Path) -> Riff:
    """Find the chunks of a WAV file.

    Raises:
        AudioFileError: it is none, or ends before its audio does.
    """
    try:
        with path.open("rb") as file:
            status = path.stat()
            if not stat.S_ISREG(status.st_mode):
                raise AudioFileError(f"{path}: is not a file.")
            return _Scan(path, file, status.st_size).riff()
    except OSError as error:
        raise AudioFileError(f"{path}: cannot be read: {error.strerror}.") from error


class _Scan:
    def __init__(self, path: Path, file: BinaryIO, file_size: int) -> None:
        self._path, self._file, self._size = path, file, file_size
        self._data_size: int | None = None
        self._frames: int | None = None
        self._table: dict[bytes, deque[int]] = defaultdict(deque)

    def riff(self) -> Riff:
        kind, _, wave = struct.unpack("<4sI4s", _at(self._file, 0, 12).ljust(12, b"\0"))
        if kind not in KINDS or wave != b"WAVE":
            raise AudioFileError(f"{self._path}: is no WAV file.")
        chunks: list[Chunk] = []
        place = 12
        while (chunk := self._chunk(place, kind, not chunks)) is not None:
            chunks.append(chunk)
            if len(chunks) > MOST_CHUNKS:
                raise AudioFileError(f"{self._path}: has more than {MOST_CHUNKS} chunks.")
            place = self._behind(chunk)
        names = {chunk.id for chunk in chunks}
        if b"data" not in names and self._size - place >= 8:
            raise CutShortError(
                f"{self._path}: is damaged or cut short: at byte {place}, before its audio, is no "
                "chunk that fits into the file.",
                hint="get it again from its source",
            )
        for needed in (b"fmt ", b"data"):
            if needed not in names:
                raise AudioFileError(
                    f"{self._path}: has no chunk {needed.decode().rstrip()!r}, which audio needs."
                )
        return Riff(self._path, kind, tuple(chunks), place, self._size, self._frames)

    def _chunk(self, place: int, kind: bytes, is_first: bool) -> Chunk | None:
        """The chunk whose header stands at a place; None where no chunk does."""
        head = _at(self._file, place, 8)
        if len(head) < 8 or not _is_id(head[:4]):
            return None
        name, size = struct.unpack("<4sI", head)
        offset, held = place + 8, self._size - place - 8
        if kind != b"RIFF" and name == b"ds64" and is_first:
            self._read_sizes(_at(self._file, offset, min(size, held, 28 + 12 * MOST_TABLE)))
        elif kind != b"RIFF" and size == UNKNOWN_SIZE:
            size = self._told(name, size)
        if name == b"data":
            size = self._audio_size(offset, size, held)
        elif size > held:
            return None
        form = _at(self._file, offset, 4) if name == b"LIST" and size >= 4 else b""
        return Chunk(name, offset, size, form)

    def _read_sizes(self, data: bytes) -> None:
        if len(data) < 24:
            raise AudioFileError(f"{self._path}: its ds64 chunk is too short to hold sizes.")
        _, self._data_size, self._frames = struct.unpack("<QQQ", data[:24])
        count = int.from_bytes(data[24:28], "little")
        for n in range(min(count, (len(data) - 28) // 12)):
            name, size = struct.unpack_from("<4sQ", data, 28 + 12 * n)
            self._table[name].append(size)

    def _told(self, name: bytes, size: int) -> int:
        """The size of a chunk in RF64 whose header leaves it to ds64."""
        if name == b"data" and self._data_size is not None:
            told, self._data_size = self._data_size, None
            return told
        return self._table[name].popleft() if self._table[name] else size

    def _audio_size(self, offset: int, size: int, held: int) -> int:
        """What there is of audio; a size that was never filled in means all that follows."""
        unfinished = is_no_promise(size)
        if size == 0:
            after = _at(self._file, offset, 4)
            return held if len(after) == 4 and not _is_id(after) else 0
        if size <= held:
            return size
        if unfinished:
            return held
        raise CutShortError(
            f"{self._path}: ends early: its header promises {size} bytes of audio, "
            f"it holds {held}.",
            hint="the file is cut short: get it again from its source",
        )

    def _behind(self, chunk: Chunk) -> int:
        """Where the next chunk begins: some programs leave the byte of padding out."""
        end = chunk.offset + chunk.size
        if chunk.size % 2 == 0 or end >= self._size:
            return end
        if self._fits(end + 1) or not self._fits(end):
            return end + 1
        return end

    def _fits(self, place: int) -> bool:
        head = _at(self._file, place, 8)
        if len(head) < 8 or not _is_id(head[:4]):
            return False
        size = int.from_bytes(head[4:], "little")
        return size == UNKNOWN_SIZE or place + 8 + size <= self._size


def _is_id(four: bytes) -> bool:
    return all(0x20 <= byte < 0x7F for byte in four) and four[:1] != b" "


def _at(file: BinaryIO, place: int, size: int) -> bytes:
    file.seek(place)
    return file.read(size)
