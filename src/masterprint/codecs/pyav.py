"""AAC and ALAC in MPEG-4 files, through PyAV: an extra that need not be there.

The encoder puts 1024 frames before the programme and fills its last packet up. Both are written
down twice: as an edit list, on a time scale of the sample rate so that it is exact, and as Apple's
iTunSMPB, which players of MPEG-4 have long gone by. Python files are handed over rather than names,
which FFmpeg might take for protocols, and the container is told rather than guessed.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from masterprint.codecs.formats import Format
from masterprint.errors import AudioFileError, UsageError
from masterprint.signal import Block, Signal

LAYOUTS = {1: "mono", 2: "stereo"}
FRAMES_PER_PACKET = 1024
"""Of AAC-LC."""
SMPB = "----:com.apple.iTunes:iTunSMPB"
SAMPLE_FORMATS = {"aac": "fltp", "alac-16": "s16p", "alac-24": "s32p"}
FULL_SCALES = {"s16p": 2.0**15, "s32p": 2.0**31}
MOST_SECONDS = 1 << 32


def need_pyav(fmt: Format) -> Any:
    """PyAV.

    Raises:
        UsageError: it is not installed; the extra is named.
    """
    try:
        import av
    except ImportError as error:
        raise UsageError(
            f"{fmt.label} needs PyAV, which is not installed.",
            hint="pip install 'masterprint[codecs]'",
        ) from error
    return av


class Mpeg4Writer:
    """Encodes planar samples to AAC or ALAC.

    Args:
        path: of the file to write.
        fmt: which of the two, and its bit rate or word length.
    """

    def __init__(self, path: Path, fmt: Format, sample_rate_hz: int, channels: int) -> None:
        av = need_pyav(fmt)
        self._av = av
        self._path = path
        self._fmt = fmt
        self._rate = sample_rate_hz
        self._layout = LAYOUTS[channels]
        self._sample_format = SAMPLE_FORMATS["aac" if fmt.codec == "aac" else fmt.name]
        self.frames = 0
        self._packets = 0
        self._file = path.open("wb")
        try:
            # The time scale of the edit list; by itself it would be milliseconds.
            scale = {"movie_timescale": str(sample_rate_hz)}
            self._container = av.open(self._file, "w", format="ipod", options=scale)
            self._stream = self._container.add_stream(
                fmt.codec, rate=sample_rate_hz, layout=self._layout, format=self._sample_format
            )
            if fmt.kbps is not None:
                self._stream.options = aac_options(fmt.kbps)
                most = 6144 * sample_rate_hz // FRAMES_PER_PACKET * channels
                self._stream.bit_rate = min(1000 * fmt.kbps, most)
        except BaseException:
            self._file.close()
            raise

    def write(self, block: Block | NDArray[np.int32]) -> None:
        """Add float64 to AAC, integers of as many bits as it has to ALAC; (channels, frames)."""
        samples: NDArray[Any]
        if self._sample_format == "fltp":
            samples = block.astype(np.float32)
        elif self._sample_format == "s16p":
            samples = block.astype(np.int16)
        else:
            samples = block.astype(np.int32) << 8
        if not samples.shape[1]:
            return
        frame = self._av.AudioFrame.from_ndarray(
            np.ascontiguousarray(samples), format=self._sample_format, layout=self._layout
        )
        frame.sample_rate = self._rate
        frame.time_base = Fraction(1, self._rate)
        frame.pts = self.frames
        self.frames += samples.shape[1]
        self._mux(frame)

    def finish(self) -> None:
        """Write what is still in the encoder, and the index."""
        self._mux(None)
        self._container.close()
        self._file.close()
        if self._fmt.codec == "aac":
            self._tell_padding()

    def close(self) -> None:
        """Let go of the file, finished or not."""
        self._file.close()

    def _mux(self, frame: Any) -> None:
        for packet in self._stream.encode(frame):
            self._container.mux(packet)
            self._packets += 1

    def _tell_padding(self) -> None:
        from mutagen import mp4

        behind = self._packets * FRAMES_PER_PACKET - FRAMES_PER_PACKET - self.frames
        words = [f"{0:08X}", f"{FRAMES_PER_PACKET:08X}", f"{behind:08X}", f"{self.frames:016X}"]
        words += [f"{0:08X}"] * 8
        made: Any = mp4
        tagged = made.MP4(self._path)
        if tagged.tags is None:
            tagged.add_tags()
        tagged.tags[SMPB] = [made.MP4FreeForm((" " + " ".join(words)).encode())]
        tagged.save()


def aac_options(kbps: int) -> dict[str, str]:
    """How FFmpeg's encoder does best: measured by band against the source, on music.

    Noise in place of what was there (PNS) costs 1 to 2 dB from 4 kHz up at every bit rate; so does
    intensity stereo where there are bits enough for both channels.
    """
    options = {"aac_pns": "0"}
    return options if kbps < 192 else options | {"aac_is": "0"}


def read_mpeg4(path: Path, fmt: Format) -> Signal:
    """The programme in an AAC or ALAC file, without what the encoder put before and behind it.

    Raises (also while it is taken):
        UsageError: PyAV is not installed.
        AudioFileError: it cannot be decoded.
    """
    av = need_pyav(fmt)
    try:
        with path.open("rb") as file, _opened(av, file) as container:
            stream = _audio_in(container, path)
            rate, channels = int(stream.sample_rate), int(stream.channels)
            # In the index; behind the edit list, which FFmpeg has applied.
            told = float((stream.duration or 0) * stream.time_base)
            if not rate or not 0 < told < MOST_SECONDS:
                raise AudioFileError(f"{path}: does not say how long it is.")
            frames = round((stream.duration or 0) * stream.time_base * rate)
    except (av.FFmpegError, OSError, ValueError, OverflowError, MemoryError) as error:
        raise _unreadable(path, error) from error
    return Signal(_decoded(path, av, channels, frames), rate, channels, frames)


def _decoded(path: Path, av: Any, channels: int, frames: int) -> Iterator[Block]:
    """Decoded blocks; FFmpeg leaves out what is before the programme, what is behind it we do."""
    left = frames
    try:
        with path.open("rb") as file, _opened(av, file) as container:
            for frame in container.decode(_audio_in(container, path)):
                samples = frame.to_ndarray()
                if not frame.format.is_planar:
                    samples = samples.reshape(-1, channels).T
                block = samples[:, :left].astype(np.float64)
                left -= block.shape[1]
                if len(block) != channels or not np.isfinite(block).all():
                    raise AudioFileError(f"{path}: cannot be decoded (it is damaged).")
                if frame.format.name in FULL_SCALES:
                    block /= FULL_SCALES[frame.format.name]
                yield np.ascontiguousarray(block)
                if left <= 0:
                    return
    except (av.FFmpegError, OSError, ValueError, OverflowError, MemoryError) as error:
        raise _unreadable(path, error) from error


def _opened(av: Any, file: Any) -> Any:
    return av.open(file, format="mp4", metadata_errors="replace")


def _audio_in(container: Any, path: Path) -> Any:
    if not container.streams.audio or container.streams.audio[0].codec_context is None:
        raise AudioFileError(f"{path}: holds no audio that can be decoded.")
    return container.streams.audio[0]


def _unreadable(path: Path, error: Exception) -> AudioFileError:
    reason = str(getattr(error, "strerror", None) or error).strip().rstrip(".").lower()
    return AudioFileError(f"{path}: cannot be decoded ({reason}).")
