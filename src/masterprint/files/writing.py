"""Writing a master: quantised by us, complete or not there at all."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np
import soundfile
from numpy.typing import NDArray

from masterprint.errors import AudioFileError, UsageError
from masterprint.files.formats import MasterFormat
from masterprint.files.kernels import pack_24_bit
from masterprint.files.quantiser import Quantiser
from masterprint.files.unfinished import hidden_part
from masterprint.files.wav import WavWriter
from masterprint.files.whole import locked
from masterprint.signal import Block, Signal


class Incomplete(Exception):
    """Less is in a file than was written to it, and nobody has said why."""


@dataclass(frozen=True)
class Written:
    """What went into a master.

    Attributes:
        clipped_samples: that were over full scale.
        pcm_sha256: of its samples, as `pcm_hash` defines it.
        dither_seed: 16 hex digits; None without dither.
    """

    clipped_samples: int
    pcm_sha256: str
    dither_seed: str | None


class _Sink(Protocol):
    def write(self, samples: NDArray[Any], packed: memoryview) -> None: ...
    def finish(self) -> None: ...
    def close(self) -> None: ...


def write_master(
    signal: Signal,
    path: Path,
    master: MasterFormat,
    *,
    overwrite: bool = False,
    heard: Callable[[Block], None] | None = None,
    whole: Callable[[Written], Callable[[], None]] | None = None,
    dither_seed: str | None = None,
) -> Written:
    """Write a signal to `path`, under a hidden name until it is whole.

    Args:
        signal: what to write.
        path: final name; its folder must exist.
        master: format, bit depth, dither.
        overwrite: whether a file that is already there may be replaced.
        dither_seed: 16 hex digits instead of what the audio would give.
        heard: is given each block as it is in the file, after quantising.
        whole: is called when all is written; what it returns is called right before the master
            gets its name, while nobody else gives names in that folder.

    Raises:
        AudioFileError: the disk is full, the folder is read-only, the format cannot hold it.
        UsageError: a file of that name appeared meanwhile.
    """
    with _beside(path) as part:
        sink: _Sink
        if master.file_format == "wav":
            sink = _WavSink(part, signal, master)
        else:
            sink = _LibsndfileSink(part, signal, master)
        given = None if dither_seed is None else int(dither_seed, 16)
        quantiser = Quantiser(master.bits, master.dither, master.dither_silence, given)
        digest = hashlib.sha256()
        try:
            for samples, audible in _samples(signal, master, quantiser):
                packed = _packed(samples, master)
                digest.update(packed)
                sink.write(samples, packed)
                if heard is not None:
                    heard(audible)
            sink.finish()
        finally:
            sink.close()
        seed = None if quantiser.seed is None else f"{quantiser.seed:016x}"
        written = Written(quantiser.clipped_samples, digest.hexdigest(), seed)
        beforehand = whole(written) if whole is not None else None
        settle(part)
        # One at a time, so that a master and what is written about it stay a pair.
        with locked(path.parent):
            _need_free(path, overwrite)
            if beforehand is not None:
                beforehand()
            part.replace(path)
    return written


def _samples(
    signal: Signal, master: MasterFormat, quantiser: Quantiser
) -> Iterator[tuple[NDArray[Any], Block]]:
    """What goes into the file, planar, and what it amounts to in float64."""
    if master.is_integer:
        step = 2.0 ** (1 - master.bits)
        for words in quantiser.run(signal.blocks):
            yield words, np.multiply(words, step, dtype=np.float64)
    elif master.bit_depth == "32f":
        for block in signal.blocks:
            rounded = block.astype(np.float32)
            yield rounded, rounded.astype(np.float64)
    else:
        for block in signal.blocks:
            yield block, block


def _packed(samples: NDArray[Any], master: MasterFormat) -> memoryview:
    """Planar samples as a WAV file has them: interleaved and little-endian."""
    if master.bits == 24:
        packed = np.empty(samples.size * 3, np.uint8)
        pack_24_bit(np.ascontiguousarray(samples), packed)
        return packed.data
    dtype = {16: "<i2", 32: "<f4", 64: "<f8"}[master.bits]
    interleaved = np.ascontiguousarray(samples.T, dtype=dtype)
    return interleaved.view(np.uint8).reshape(-1).data


class _WavSink:
    def __init__(self, path: Path, signal: Signal, master: MasterFormat) -> None:
        self._file = path.open("wb", buffering=0)
        try:
            self._wav = WavWriter(
                _Whole(self._file),
                signal.sample_rate_hz,
                signal.channels,
                master.bits,
                not master.is_integer,
                signal.frames,
            )
        except OSError:
            self._file.close()
            raise

    def write(self, samples: NDArray[Any], packed: memoryview) -> None:
        del samples
        self._wav.write(packed)

    def finish(self) -> None:
        self._wav.finish()

    def close(self) -> None:
        self._file.close()


class _Whole:
    """A raw file whose `write` writes everything, or raises."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self.seek = file.seek
        self.flush = file.flush

    def write(self, data: memoryview | bytes) -> int:
        view = memoryview(data)
        total = len(view)
        while view:
            written = self._file.write(view)
            view = view[written:]
        return total


class _LibsndfileSink:
    """AIFF and FLAC through libsndfile, which is handed integers that need no conversion."""

    SUBTYPES: ClassVar[dict[str, str]] = {
        "16": "PCM_16",
        "24": "PCM_24",
        "32f": "FLOAT",
        "64f": "DOUBLE",
    }

    def __init__(self, path: Path, signal: Signal, master: MasterFormat) -> None:
        self._path = path
        self._bits = master.bits
        self._integer = master.is_integer
        self._written = 0
        self._file = soundfile.SoundFile(
            path,
            "w",
            signal.sample_rate_hz,
            signal.channels,
            self.SUBTYPES[master.bit_depth],
            format=master.file_format.upper(),
        )

    def write(self, samples: NDArray[Any], packed: memoryview) -> None:
        del packed
        interleaved = np.ascontiguousarray(samples.T)
        if self._integer and self._bits == 16:
            interleaved = interleaved.astype(np.int16)
        elif self._integer:
            interleaved = interleaved << (32 - self._bits)
        try:
            self._file.write(interleaved)
        except AssertionError as error:  # soundfile's way of saying that not all was written
            raise Incomplete("not all of it arrived in the file") from error
        self._written += len(interleaved)

    def close(self) -> None:
        self._file.close()

    def finish(self) -> None:
        self._file.close()
        # libsndfile does not report what goes wrong on closing: look at what is there.
        held = soundfile.info(str(self._path)).frames
        if held != self._written:
            raise Incomplete(f"{held} of {self._written} frames arrived in the file")


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """A hidden file in the folder of `path`, to be renamed; it is removed where that fails."""
    try:
        with hidden_part(path.parent) as part:
            yield part
    except (OSError, soundfile.LibsndfileError, Incomplete) as error:
        raise cannot_write(path, error) from error


def cannot_write(path: Path, error: Exception) -> AudioFileError:
    """The sentence for a file that a full disk, or whatever else, kept from being written."""
    cause = _cause(error, path.parent)
    reason = getattr(cause, "strerror", None) or getattr(cause, "error_string", str(cause))
    return AudioFileError(
        f"{path}: cannot be written: {str(reason).strip().rstrip('.')}.", hint=_remedy(cause)
    )


def settle(part: Path) -> None:
    """Have all of it on disk before it gets its name: power may fail right after."""
    handle = os.open(part, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _need_free(path: Path, overwrite: bool) -> None:
    if path.exists() and not overwrite:
        raise UsageError(
            f"{path}: appeared while its master was being rendered; it was left as it is.",
            hint="use --overwrite to replace it",
        )


def _cause(error: Exception, folder: Path) -> Exception:
    """What the system says to more of the same, where libsndfile says only that it failed."""
    if not isinstance(error, OSError):
        try:
            with hidden_part(folder) as part:
                part.write_bytes(bytes(1 << 20))
        except OSError as cause:
            return cause
    return error


def _remedy(error: BaseException) -> str | None:
    number = getattr(error, "errno", None)
    if number in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT):
        return "free some space, or choose an output folder on another disk"
    if number in (errno.EACCES, errno.EROFS, errno.EPERM):
        return "choose an output folder that you may write to"
    return None
