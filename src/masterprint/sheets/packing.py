"""Writing a pack: a zip that is whole or not there."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from masterprint.errors import PackError, UsageError
from masterprint.files.unfinished import hidden_part
from masterprint.sheets.contents import Contents, Item
from masterprint.sheets.pack_format import MANIFEST, MOST_RATIO, Manifest
from masterprint.version import __version__

CHUNK_BYTES = 1 << 20
MOST_DEFLATED_BYTES = 4 << 20
"""What is larger is audio, which hardly shrinks, and is stored."""
WORTH = 0.9
NO_SPACE = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)


def need_place(file: Path, overwrite: bool) -> None:
    """Refuse a place for a pack before anything is read.

    Raises:
        UsageError: a file is there, or no folder to put it in.
    """
    if not file.parent.is_dir():
        raise UsageError(f"{file.parent}: there is no such folder for the pack.")
    if file.is_dir():
        raise UsageError(f"{file}: is a folder, where the pack would go.")
    if os.path.lexists(file) and not overwrite:
        raise UsageError(f"{file}: exists already.", hint="replace it with --overwrite")


def write_pack(
    contents: Contents,
    file: Path,
    *,
    overwrite: bool = False,
    step: Callable[[str], None] = lambda name: None,
) -> None:
    """Write a pack, under a hidden name until it is whole.

    Args:
        contents: what goes in.
        file: the zip.
        overwrite: whether a file that is there may be replaced.
        step: is told the name of each member that begins.

    Raises:
        UsageError: the place cannot be used.
        PackError: a file changed meanwhile or cannot be read, or the zip cannot be written.
    """
    need_place(file, overwrite)
    for item in contents.items:
        if file.exists() and file.samefile(item.source):
            raise UsageError(f"{file}: is to be packed itself.", hint="choose another name")
    members = [item.member for item in contents.items]
    manifest = Manifest(masterprint_pack=1, masterprint=__version__, members=members)
    try:
        with hidden_part(file.parent) as part:
            with part.open("r+b") as raw:
                with zipfile.ZipFile(raw, "w", allowZip64=True) as archive:
                    text = manifest.model_dump_json(indent=2) + "\n"
                    # As old as the newest of the rest: the same session gives the same bytes.
                    newest = max((_modified(item.source) for item in contents.items), default=0)
                    archive.writestr(_info(MANIFEST, newest), text.encode())
                    for item in contents.items:
                        step(item.member.name)
                        _add(archive, item)
                raw.flush()
                os.fsync(raw.fileno())
            need_place(file, overwrite)
            part.replace(file)
    except OSError as error:
        hint = "free some space" if error.errno in NO_SPACE else None
        raise PackError(f"{file}: cannot be written: {error.strerror}.", hint=hint) from error


def _add(archive: zipfile.ZipFile, item: Item) -> None:
    """Copy a file in; what is not what was looked at before does not get in."""
    member, digest, count = item.member, hashlib.sha256(), 0
    info = _info(member.name, _modified(item.source))
    info.file_size = member.bytes  # decides about zip64
    if member.kind in ("sheet", "file") and member.bytes <= MOST_DEFLATED_BYTES:
        info.compress_type = _compression(b"".join(_chunks(item.source)))
    with archive.open(info, "w") as target:
        for chunk in _chunks(item.source):
            count += len(chunk)
            if count > member.bytes:
                break
            digest.update(chunk)
            target.write(chunk)
    if count != member.bytes or digest.hexdigest() != member.sha256:
        raise PackError(f"{item.source}: changed while it was being packed.")


def _info(name: str, modified: float) -> zipfile.ZipInfo:
    moment = time.localtime(modified)[:6]
    if not 1980 <= moment[0] <= 2107:  # zip knows no other years
        moment = (1980, 1, 1, 0, 0, 0)
    info = zipfile.ZipInfo(name, moment)
    info.external_attr = (stat.S_IFREG | 0o644) << 16
    return info


def _compression(data: bytes) -> int:
    """Deflated where that is worth it, and never so well that it looks like a zip bomb."""
    smallest = len(zlib.compress(data))
    if 2 * len(data) / MOST_RATIO < smallest < WORTH * len(data):
        return zipfile.ZIP_DEFLATED
    return zipfile.ZIP_STORED


def _modified(source: Path) -> float:
    try:
        return source.stat().st_mtime
    except OSError as error:
        raise _unreadable(source, error) from error


def _chunks(source: Path) -> Iterator[bytes]:
    try:
        with source.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk
    except OSError as error:
        raise _unreadable(source, error) from error


def _unreadable(source: Path, error: OSError) -> PackError:
    return PackError(f"{source}: cannot be read: {error.strerror}.")
