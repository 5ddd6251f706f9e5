"""Replacing a file by an edited copy of it: whole, or not at all."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from masterprint.errors import AudioFileError
from masterprint.files.unfinished import hidden_part

COPY_BYTES = 1 << 20


@contextmanager
def replacing(path: Path, *, copied: bool) -> Iterator[Path]:
    """A hidden file beside `path` that takes its place when the block ends without an error.

    The file at the end of symbolic links is replaced, with its permissions and, where that is
    allowed, its owner; its time is that of the change.

    Args:
        path: the file that is edited.
        copied: whether the hidden file begins as a copy of it, or empty.

    Raises:
        AudioFileError: it may not be written, the disk is full, or somebody changed it meanwhile.
    """
    try:
        target = path.resolve()
        before = target.stat()
        # Replacing needs the folder's permission only; that of the file is what its owner meant.
        if not before.st_mode & 0o222 or not os.access(target, os.W_OK):
            raise AudioFileError(
                f"{path}: is read-only, so it was left as it is.",
                hint="give yourself permission to write it (chmod u+w)",
            )
        with hidden_part(target.parent) as part:
            if copied:
                with target.open("rb") as source, part.open("r+b") as out:
                    shutil.copyfileobj(source, out, COPY_BYTES)
            yield part
            handle = os.open(part, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
            with suppress(OSError):
                os.chown(part, before.st_uid, before.st_gid)
            part.chmod(stat.S_IMODE(before.st_mode))
            now = target.stat()
            if (now.st_size, now.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
                raise AudioFileError(
                    f"{path}: was changed by another program meanwhile, so it was left as it is.",
                    hint="try again",
                )
            part.replace(target)
    except OSError as error:
        raise AudioFileError(
            f"{path}: cannot be written: {error.strerror or error}.", hint=_remedy(error)
        ) from error


def _remedy(error: OSError) -> str | None:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return "there has to be room for a second copy of the file beside it; it was left as it is"
    if error.errno in (errno.EACCES, errno.EROFS, errno.EPERM):
        return "its folder has to be one that you may write to; the file was left as it is"
    return None
