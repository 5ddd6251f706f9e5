"""Reading a pack that may come from a stranger: nothing in it is believed before it is checked."""

from __future__ import annotations

import hashlib
import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from pydantic import ValidationError

from masterprint.errors import PackError, UsageError
from masterprint.sheets.pack_format import (
    MANIFEST,
    MOST_INFLATED_BYTES,
    MOST_MANIFEST_BYTES,
    MOST_MEMBERS,
    MOST_RATIO,
    Manifest,
    Member,
    name_problem,
    names_problem,
)

CHUNK_BYTES = 1 << 20
MOST_DIRECTORY_BYTES = 8 << 20
ENCRYPTED, ENCRYPTED_STRONGLY, MASKED = 0x1, 0x40, 0x2000
DOS_FOLDER = 0x10
_DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, struct.error, EOFError),
    *(NotImplementedError, RuntimeError, ValueError, OverflowError),
)
"""What zipfile raises over bytes that are no sound zip."""


class Pack:
    """An open pack whose members have been checked, as far as that goes without reading them.

    Attributes:
        members: all of them but the manifest.
    """

    def __init__(self, path: Path, archive: zipfile.ZipFile) -> None:
        self._path = path
        self._archive = archive
        self._infos = {info.filename: info for info in archive.infolist()}
        if MANIFEST not in self._infos:
            raise PackError(f"{path}: is no pack of Masterprint's: it holds no {MANIFEST}.")
        self._need_sane(archive.infolist())
        self.members = self._manifest()

    def chunks(self, member: Member) -> Iterator[bytes]:
        """The content of a member, in pieces; the last is followed by the check of its hash.

        Raises:
            PackError: it is not what the manifest says.
        """
        digest, count = hashlib.sha256(), 0
        for chunk in self._read(member.name):
            count += len(chunk)
            if count > member.bytes:
                break
            digest.update(chunk)
            yield chunk
        if count != member.bytes or digest.hexdigest() != member.sha256:
            raise PackError(
                f"{self._path}: {member.name!r} is damaged: its manifest has another hash for it."
            )

    def _read(self, name: str) -> Iterator[bytes]:
        try:
            with self._archive.open(self._infos[name]) as file:
                while chunk := file.read(CHUNK_BYTES):
                    yield chunk
        except _DAMAGE as error:
            raise PackError(f"{self._path}: {name!r} is damaged: {_said(error)}.") from error
        except OSError as error:
            raise PackError(f"{self._path}: cannot be read: {error.strerror}.") from error

    def _need_sane(self, infos: list[zipfile.ZipInfo]) -> None:
        if len(infos) > MOST_MEMBERS:
            raise self._refused(f"it has more than {MOST_MEMBERS} members")
        for info in infos:
            # zipfile cuts names at a NUL; the one before that is the one to judge.
            if problem := name_problem(info.orig_filename) or _member_problem(info):
                raise self._refused(f"{info.orig_filename[:200]!r} {problem}")
        if problem := names_problem(info.filename for info in infos):
            raise self._refused(problem)
        inflated = sum(i.file_size for i in infos if i.compress_type == zipfile.ZIP_DEFLATED)
        if inflated > MOST_INFLATED_BYTES:
            raise self._refused(f"it would inflate to more than {MOST_INFLATED_BYTES} bytes")
        if sum(info.compress_size for info in infos) > self._path.stat().st_size:
            raise self._refused("its members are larger than itself")

    def _manifest(self) -> list[Member]:
        if self._infos[MANIFEST].file_size > MOST_MANIFEST_BYTES:
            raise self._refused(f"its {MANIFEST} has more than {MOST_MANIFEST_BYTES} bytes")
        try:
            manifest = Manifest.model_validate_json(b"".join(self._read(MANIFEST)))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(map(str, first["loc"]))
            found = f"{place}: {first['msg']}".lower().lstrip(": ")
            raise PackError(f"{self._path}: its {MANIFEST} is damaged: {found}.") from error
        listed = {member.name: member for member in manifest.members}
        for name in sorted({MANIFEST, *listed} ^ {*self._infos}):
            where = "is only in its manifest" if name in listed else "is not in its manifest"
            raise self._refused(f"{name!r} {where}")
        if len(listed) != len(manifest.members) or MANIFEST in listed:
            raise self._refused("its manifest lists a member twice, or itself")
        for name, member in listed.items():
            if self._infos[name].file_size != member.bytes:
                raise self._refused(f"{name!r} has another size in its manifest")
        return manifest.members

    def _refused(self, why: str) -> PackError:
        return PackError(f"{self._path}: is refused: {why}.")


@contextmanager
def open_pack(path: Path) -> Iterator[Pack]:
    """Open a pack.

    Raises:
        UsageError: there is no such file.
        PackError: it is no pack, or one that asks for what a pack has no business with.
    """
    if not path.is_file():
        what = "is no file" if path.exists() else "there is no such file"
        raise UsageError(f"{path}: {what}.")
    with ExitStack() as opened:
        try:
            raw = opened.enter_context(_Bounded(io.FileIO(path)))
            pack = Pack(path, opened.enter_context(zipfile.ZipFile(raw)))
        except _DAMAGE as error:
            raise PackError(f"{path}: is no pack: {_said(error)}.") from error
        except OSError as error:
            raise PackError(f"{path}: cannot be read: {error.strerror}.") from error
        yield pack


class _Bounded(io.BufferedReader):
    """Refuses a single read that is larger than the list of members of any pack.

    zipfile reads that list, however long, before one can ask how long it is.
    """

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or size < 0:
            size = MOST_DIRECTORY_BYTES
        if size > MOST_DIRECTORY_BYTES:
            raise zipfile.BadZipFile("its list of members is too long")
        return super().read(size)


def _member_problem(info: zipfile.ZipInfo) -> str | None:
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG) or info.external_attr & DOS_FOLDER:
        return "is a link, a folder or a device"
    if info.flag_bits & (ENCRYPTED | ENCRYPTED_STRONGLY | MASKED):
        return "is encrypted"
    if info.compress_type == zipfile.ZIP_STORED:
        return None if info.file_size == info.compress_size else "has two sizes"
    if info.compress_type != zipfile.ZIP_DEFLATED:
        return "is compressed in a way that packs do not have"
    if info.file_size > MOST_RATIO * info.compress_size:
        return f"would inflate to more than {MOST_RATIO} times its size"
    return None


def _said(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return (text[:1].lower() + text[1:]).rstrip(".")
