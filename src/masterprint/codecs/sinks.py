"""MP3, Vorbis and Opus through libsndfile.

Its MP3 has a LAME header with delay and padding, its Ogg files pre-skip and end granule: what other
decoders give back is as long as what went in and begins where it did, as measured with lame,
mpg123, FFmpeg and opusdec. So none of these needs PyAV.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import soundfile

from masterprint.codecs.formats import Format
from masterprint.codecs.pyav import Mpeg4Writer
from masterprint.files.quantiser import Quantiser
from masterprint.files.writing import Incomplete
from masterprint.signal import Block, Signal

CONTAINERS = {
    "mp3": ("MP3", "MPEG_LAYER_III"),
    "vorbis": ("OGG", "VORBIS"),
    "opus": ("OGG", "OPUS"),
}
MP3_KBPS = (320.0, 32.0)
OPUS_KBPS = (256.0, 6.0)
"""Of one channel. At compression levels 0 and 1, as libsndfile sets them."""


class Sink(Protocol):
    """What takes an encoder's input."""

    def write(self, block: Block) -> None:
        """Encode a block of shape (channels, frames)."""

    def finish(self) -> None:
        """Write what is left, and look whether all of it has arrived."""

    def close(self) -> None:
        """Let go of the file, finished or not."""


def write_lossy(signal: Signal, path: Path, fmt: Format) -> None:
    """Encode a signal that has a rate and channels that the codec takes.

    OSError, LibsndfileError and Incomplete pass, and what reading the signal raises.
    """
    sink: Sink
    if fmt.codec == "aac":
        sink = Mpeg4Writer(path, fmt, signal.sample_rate_hz, signal.channels)
    else:
        sink = LibsndfileWriter(path, fmt, signal.sample_rate_hz, signal.channels)
    try:
        for block in signal.blocks:
            sink.write(block)
        sink.finish()
    finally:
        sink.close()


def write_alac(
    signal: Signal, path: Path, fmt: Format, written: Callable[[Block], None] | None = None
) -> None:
    """Quantise a signal as a master is, and encode it; the same errors pass.

    `written` is given what the file holds, in float64.
    """
    assert fmt.bits is not None
    step = 2.0 ** (1 - fmt.bits)
    sink = Mpeg4Writer(path, fmt, signal.sample_rate_hz, signal.channels)
    try:
        for words in Quantiser(fmt.bits, "tpdf").run(signal.blocks):
            sink.write(words)
            if written is not None:
                written(np.multiply(words, step, dtype=np.float64))
        sink.finish()
    finally:
        sink.close()


class LibsndfileWriter:
    """Encodes blocks through libsndfile."""

    def __init__(self, path: Path, fmt: Format, sample_rate_hz: int, channels: int) -> None:
        container, subtype = CONTAINERS[fmt.codec]
        self._path = path
        self._frames = 0
        self._out = _Told(path)
        try:
            self._file = soundfile.SoundFile(
                self._out,
                "w",
                sample_rate_hz,
                channels,
                subtype,
                format=container,
                **compression(fmt, channels),
            )
        except BaseException:
            self._out.close()
            raise

    def write(self, block: Block) -> None:
        """Encode a block of shape (channels, frames)."""
        try:
            self._file.write(np.ascontiguousarray(block.T))
        except (AssertionError, soundfile.LibsndfileError) as error:
            raise self._out.trouble or Incomplete("not all of it arrived in the file") from error
        self._frames += block.shape[1]

    def finish(self) -> None:
        """Write what is left, and look whether all of it has arrived."""
        self._file.close()
        if self._out.trouble is not None:
            raise self._out.trouble
        self._out.close()
        held = soundfile.info(str(self._path)).frames
        if held != self._frames:
            raise Incomplete(f"{held} of {self._frames} frames arrived in the file")

    def close(self) -> None:
        """Let go of the file, finished or not."""
        self._file.close()
        self._out.close()


def compression(fmt: Format, channels: int) -> dict[str, Any]:
    """A bit rate or quality as libsndfile's compression level, 0 for the best to 1."""
    if fmt.codec == "vorbis":
        assert fmt.quality is not None
        return {"compression_level": 1.0 - fmt.quality / 10.0}
    if fmt.kbps is None:
        assert fmt.quality is not None
        return {"bitrate_mode": "VARIABLE", "compression_level": fmt.quality / 10.0}
    if fmt.codec == "mp3":
        best, worst = MP3_KBPS
        level = (best - fmt.kbps) / (best - worst)  # LAME takes the nearest that there is
        return {"bitrate_mode": "CONSTANT", "compression_level": level}
    best, worst = OPUS_KBPS
    level = (best - fmt.kbps / channels) / (best - worst)
    return {"compression_level": min(1.0, max(0.0, level))}


class _Told:
    """A file that keeps the system's word for what went wrong, which libsndfile does not."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w+b", buffering=0)
        self.trouble: OSError | None = None
        self.seek = self._file.seek
        self.tell = self._file.tell
        self.readinto = self._file.readinto
        self.close = self._file.close

    def read(self, size: int = -1) -> bytes:
        return self._file.read(size)

    def write(self, data: bytes | memoryview) -> int:
        view = memoryview(data)
        done = 0
        try:
            while done < len(view):
                done += self._file.write(view[done:])
        except OSError as error:
            self.trouble = self.trouble or error
        return done
