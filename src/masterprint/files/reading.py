"""Reading a mix: everything that libsndfile knows, as blocks of float64."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from masterprint.errors import AudioFileError, CutShortError, SignalError
from masterprint.files.formats import full_scale
from masterprint.files.kernels import find_beyond, from_integers
from masterprint.files.pcm import find_pcm
from masterprint.files.promises import check_whole, length_told
from masterprint.signal import BLOCK_FRAMES, LARGEST_SAMPLE, MOST_CHANNELS, Block, Signal

LOWEST_RATE_HZ = 8000
HIGHEST_RATE_HZ = 768000

INTEGER_BITS = {
    "PCM_S8": 8,
    "PCM_U8": 8,
    "PCM_16": 16,
    "PCM_24": 24,
    "PCM_32": 32,
    "ALAC_16": 16,
    "ALAC_20": 20,
    "ALAC_24": 24,
    "ALAC_32": 32,
}


class _Forward(soundfile.SoundFile):  # type: ignore[misc]
    """A sound file that is only read on: seeking fails where the length is not known."""

    def seekable(self) -> bool:
        return False


@contextmanager
def _opened(path: Path) -> Iterator[soundfile.SoundFile]:
    with path.open("rb", buffering=0) as file:
        # Not by its name, which need not be text, and from which soundfile would take a mix.raw for
        # a file without a header. On Windows, libsndfile may not know our descriptors.
        which = file.fileno() if os.name == "posix" else path
        with _Forward(which, closefd=False) as sound:
            yield sound


@dataclass(frozen=True)
class AudioFile:
    """An audio file that has been opened once and found readable.

    Attributes:
        path: where it is.
        sample_rate_hz, channels: its shape.
        frames: how many its header promises; None where that is no promise, but a guess.
        format: container and encoding as libsndfile names them, such as "WAV PCM_24".
        bits: bits per sample of integer encodings, None for float and lossy ones.
    """

    path: Path
    sample_rate_hz: int
    channels: int
    frames: int | None
    format: str
    bits: int | None

    @property
    def full_scale(self) -> float:
        """Magnitude from which a sample counts as at full scale."""
        return full_scale(self.bits)

    def signal(self, block_frames: int = BLOCK_FRAMES) -> Signal:
        """The audio, to be taken once.

        Raises (while it is taken):
            AudioFileError: the file ends early or cannot be decoded.
            SignalError: a sample is NaN, infinite, or beyond all sense.
        """
        return Signal(self._blocks(block_frames), self.sample_rate_hz, self.channels, self.frames)

    def _blocks(self, block_frames: int) -> Iterator[Block]:
        read = 0
        try:
            pcm = None
            if self.bits is not None and self.frames is not None:
                pcm = find_pcm(self.path, self.channels, self.frames, self.bits)
            blocks = (
                self._decoded(block_frames) if pcm is None else pcm.blocks(self.path, block_frames)
            )
            for block in blocks:
                if self.bits is None:
                    self._check_sense(block, read)
                read += block.shape[1]
                yield block
        except (soundfile.LibsndfileError, OSError) as error:
            at = _time(read, self.sample_rate_hz)
            raise AudioFileError(
                f"{self.path}: cannot be decoded beyond {at} ({_reason(error)}).",
                hint="the file is damaged or cut short: get it again from its source",
            ) from error
        if read == 0:
            raise AudioFileError(f"{self.path}: holds no audio (0 frames).")
        if self.frames is not None and read < self.frames:
            raise AudioFileError(
                f"{self.path}: ends early: its header promises {self.frames} frames, "
                f"it holds {read}.",
                hint="the file is cut short: get it again from its source",
            )

    def _decoded(self, block_frames: int) -> Iterator[Block]:
        """What libsndfile makes of the file."""
        with _opened(self.path) as file:
            integers = self.bits is not None
            dtype = "int32" if integers else "float64"
            buffer = np.empty((block_frames, self.channels), dtype)
            while True:
                got = file.read(block_frames, dtype=dtype, always_2d=True, out=buffer)
                if not len(got):
                    break
                block = np.empty((self.channels, len(got)))
                if integers:
                    from_integers(got, block)
                else:
                    block[:] = got.T
                yield block

    def _check_sense(self, block: Block, position: int) -> None:
        place = np.zeros(2, np.int64)
        if find_beyond(block, LARGEST_SAMPLE, place):
            channel, frame = int(place[0]), int(place[1])
            value = float(block[channel, frame])
            kind = "NaN" if np.isnan(value) else "infinite" if np.isinf(value) else f"{value:.1e}"
            raise SignalError(
                f"{self.path}: the sample at {_time(position + frame, self.sample_rate_hz)} "
                f"in channel {channel + 1} is {kind}, where a finite number of at most "
                f"{LARGEST_SAMPLE:.0e} is expected.",
                hint="render the mix again: a plugin in it has gone wrong",
            )


def need_file(path: Path) -> None:
    """See that there is a file with something in it, before it is opened: a pipe would wait.

    Raises:
        AudioFileError: a folder, a pipe or a device, or empty.
        OSError: it cannot be looked at.
    """
    status = path.stat()
    if stat.S_ISDIR(status.st_mode):
        raise AudioFileError(f"{path}: is a folder, where an audio file is expected.")
    if not stat.S_ISREG(status.st_mode):
        raise AudioFileError(f"{path}: is a pipe or a device, where a file is expected.")
    if status.st_size == 0:
        raise CutShortError(f"{path}: is empty (0 bytes), where audio is expected.")


def open_audio(path: Path) -> AudioFile:
    """Look at an audio file: what it is, and that it is whole as far as its header can tell.

    Raises:
        AudioFileError: missing, empty, not audio, cut short, or of a size beyond all sense.
    """
    try:
        need_file(path)
        with _opened(path) as file:
            log = file.extra_info
            found = AudioFile(
                path=path,
                sample_rate_hz=file.samplerate,
                channels=file.channels,
                frames=length_told(path, file.format, file.frames),
                format=f"{file.format} {file.subtype}",
                bits=INTEGER_BITS.get(file.subtype),
            )
    except soundfile.LibsndfileError as error:
        raise AudioFileError(
            f"{path}: cannot be read as audio ({_reason(error)}).",
            hint="WAV, RF64, W64, AIFF, CAF, FLAC, Ogg Vorbis, Opus and MP3 can be read",
        ) from error
    except FileNotFoundError as error:
        raise AudioFileError(f"{path}: there is no such file.") from error
    except OSError as error:
        raise AudioFileError(f"{path}: cannot be read: {error.strerror}.") from error
    check_whole(path, log)
    if found.frames == 0:
        raise AudioFileError(f"{path}: holds no audio (0 frames).")
    if not LOWEST_RATE_HZ <= found.sample_rate_hz <= HIGHEST_RATE_HZ:
        raise AudioFileError(
            f"{path}: has a sample rate of {found.sample_rate_hz} Hz; "
            f"{LOWEST_RATE_HZ} to {HIGHEST_RATE_HZ} Hz can be read."
        )
    if found.channels > MOST_CHANNELS:
        raise AudioFileError(
            f"{path}: has {found.channels} channels; at most {MOST_CHANNELS} can be read."
        )
    return found


def _reason(error: BaseException) -> str:
    text = getattr(error, "error_string", None) or str(error)
    return str(text).strip().rstrip(".").lower()


def _time(frame: int, sample_rate_hz: int) -> str:
    minutes, seconds = divmod(frame / sample_rate_hz, 60)
    return f"{int(minutes)}:{seconds:06.3f}"
