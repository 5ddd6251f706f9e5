"""What kind of file it is, by its first bytes: names lie."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from mutagen.mp3 import HeaderNotFoundError, MPEGInfo

from masterprint.errors import AudioFileError
from masterprint.files.reading import need_file
from masterprint.tags.id3 import HEAD_BYTES
from masterprint.tags.mp3 import tag_size
from masterprint.tags.ogg import CODECS, PACKET_AT
from masterprint.tags.riff import KINDS

Container = Literal["wav", "aiff", "flac", "ogg", "mp4", "mp3"]

REFUSED = {
    b"riff\x2e\x91\xcf\x11": "Wave64",
    b"caff": "CAF",
    b"\x30\x26\xb2\x75": "WMA",
    b"MAC ": "Monkey's Audio",
    b"wvpk": "WavPack",
    b"\x1aE\xdf\xa3": "Matroska or WebM",
    b"DSD ": "DSF",
    b"FRM8": "DSDIFF",
    b"TTA1": "TTA",
    b"MPCK": "Musepack",
    b"MP+": "Musepack",
}
TAKEN = "WAV, RF64, BW64, AIFF, FLAC, MP3, Ogg Vorbis, Opus and MP4 (AAC, ALAC) can be tagged"


def container_of(path: Path) -> Container:
    """Which kind of file this is.

    Raises:
        AudioFileError: it cannot be read, or is none that holds tags.
    """
    try:
        need_file(path)
        with path.open("rb") as file:
            head = file.read(64)
            begin = tag_size(head[:HEAD_BYTES])
            file.seek(begin)
            audio = file.read(4)
            found = _by_magic(path, head, audio)
            if found is None and _is_mpeg(file, begin):
                found = "mp3"
    except FileNotFoundError as error:
        raise AudioFileError(f"{path}: there is no such file.") from error
    except (OSError, ValueError) as error:  # ValueError: a null byte in the name
        reason = getattr(error, "strerror", None) or error
        raise AudioFileError(f"{path}: cannot be read: {reason}.") from error
    if found is None:
        raise AudioFileError(f"{path}: is not audio, or of no kind that is known.", hint=TAKEN)
    return found


def _by_magic(path: Path, head: bytes, audio: bytes) -> Container | None:
    for magic, name in REFUSED.items():
        if head.startswith(magic):
            raise AudioFileError(f"{path}: is {name}, whose tags are not dealt with.", hint=TAKEN)
    if head[:4] in KINDS and head[8:12] == b"WAVE":
        return "wav"
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return "aiff"
    if audio == b"fLaC":
        return "flac"
    if head[:4] == b"OggS":
        if head[PACKET_AT:].startswith(tuple(CODECS)):
            return "ogg"
        raise AudioFileError(f"{path}: is Ogg, but neither Vorbis, Opus nor FLAC.", hint=TAKEN)
    if head[4:8] == b"ftyp":
        return "mp4"
    if audio[:1] == b"\xff" and len(audio) > 1 and audio[1] & 0xF6 == 0xF0:
        raise AudioFileError(
            f"{path}: is a bare AAC stream (ADTS), which has no place for tags.",
            hint="ffmpeg -i FILE -c copy FILE.m4a puts it into MP4 as it is",
        )
    return None


def _is_mpeg(file: object, begin: int) -> bool:
    """Whether frames of MPEG audio follow each other; a tag in front is jumped over."""
    try:
        return not MPEGInfo(file, begin).sketchy
    except (HeaderNotFoundError, EOFError, OverflowError):
        return False
