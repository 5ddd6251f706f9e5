"""Tags of any file: reading them, and replacing the file by one that says something else."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from masterprint.errors import AudioFileError, MasterprintError, UsageError
from masterprint.files.reading import open_audio
from masterprint.tags import aiff, flac, mp3, mp4, ogg, wav
from masterprint.tags.bext import Bext
from masterprint.tags.changes import Changes, changes_to
from masterprint.tags.containers import Container, container_of
from masterprint.tags.fields import FIELDS, Tags
from masterprint.tags.replacing import replacing
from masterprint.tags.values import need_sound

REMOVABLE = (*FIELDS, "bext")

_READ: dict[Container, Callable[[Path], Tags]] = {
    "wav": wav.read,
    "aiff": aiff.read,
    "flac": flac.read,
    "ogg": ogg.read,
    "mp4": mp4.read,
    "mp3": mp3.read,
}
_CHANGE: dict[Container, Callable[[Path, Path, Changes], None]] = {
    "aiff": aiff.change,
    "flac": flac.change,
    "ogg": ogg.change,
    "mp4": mp4.change,
    "mp3": mp3.change,
}


@dataclass(frozen=True)
class Contents:
    """What a file says of itself.

    Attributes:
        container: what kind of file it is.
        tags: its fields.
        wav: of a WAV file, its chunks.
    """

    container: Container
    tags: Tags
    wav: wav.WavContents | None = None


def read_contents(path: str | Path) -> Contents:
    """What a file says, and of a WAV file what it consists of.

    Raises:
        AudioFileError: it cannot be read, or is none that holds tags.
    """
    path = Path(path)
    container = container_of(path)
    with _understood(path):
        if container == "wav":
            contents = wav.read_wav(path)
            return Contents(container, contents.tags, contents)
        return Contents(container, _READ[container](path))


def read_tags(path: str | Path) -> Tags:
    """What a file says.

    Raises:
        AudioFileError: it cannot be read, or is none that holds tags.
    """
    return read_contents(path).tags


def write_tags(
    path: str | Path, tags: Tags, *, bext: Bext | None = None, remove: Collection[str] = ()
) -> None:
    """Have a file say something else; its audio, and all else in it, stays as it is.

    The file is replaced when the new one is whole on disk: nobody sees half of it.

    Args:
        path: of the file.
        tags: what it is to say; fields that are None are left as they are.
        bext: of a WAV file, what its broadcast extension is to say; None leaves it.
        remove: names of fields to be taken out, or `bext` for that chunk.

    Raises:
        UsageError: a value cannot be held, `remove` names no field, or `bext` is for another
            container than WAV.
        AudioFileError: the file cannot be read or written; it is as it was.
    """
    path = Path(path)
    if unknown := [name for name in remove if name not in REMOVABLE]:
        raise UsageError(f"{path}: there is no field {unknown[0]!r} that could be removed.")
    try:
        need_sound(tags)
    except ValueError as error:
        raise UsageError(f"{path}: {error}.") from error
    container = container_of(path)
    if container != "wav" and (bext is not None or "bext" in remove):
        raise UsageError(f"{path}: is no WAV file, and only those have a bext chunk.")
    with _understood(path):
        changes = changes_to(_READ[container](path), tags, remove)
        if container == "wav":
            if changes.touched or bext is not None or "bext" in remove:
                try:
                    wav.change(path, changes, bext, remove)
                except ValueError as error:
                    raise UsageError(f"{path}: bext: {error}.") from error
            return
        if not changes.touched:
            return
        if container == "aiff":
            open_audio(path)  # what is cut short has no end where a tag could go
        with replacing(path, copied=True) as part:
            _CHANGE[container](path, part, changes)


@contextmanager
def _understood(path: Path) -> Iterator[None]:
    """What is wrong with a file, in a sentence that begins with its name."""
    try:
        yield
    except AudioFileError as error:
        if not error.message.startswith(f"{path}: "):
            error.message = f"{path}: {error.message}"
        raise
    except MasterprintError:
        raise
    except OSError as error:
        raise AudioFileError(f"{path}: cannot be read: {error.strerror or error}.") from error
    # Mutagen has errors of its own for what it expects, and any other for files that nobody has
    # met yet: both mean that this one makes no sense.
    except Exception as error:
        raise AudioFileError(
            f"{path}: its tags cannot be read or written ({type(error).__name__}: "
            f"{str(error).strip().rstrip('.') or 'damaged'}).",
            hint="the file is damaged, or not quite what it claims to be",
        ) from error
