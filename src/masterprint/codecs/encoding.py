"""Encoding a file: whole under its name, or not there at all.

What goes into an encoder is converted by Masterprint's own resampler where the codec does not take
the rate, and quantised as a master is where it takes integers. A 24-bit file becomes FLAC or ALAC
bit for bit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import soundfile

from masterprint.codecs.formats import NAMES, Format, format_named
from masterprint.codecs.pyav import need_pyav, read_mpeg4
from masterprint.codecs.sinks import write_alac, write_lossy
from masterprint.dsp.decibels import amplitude
from masterprint.dsp.resampling import resample
from masterprint.errors import AudioFileError, UsageError
from masterprint.files.formats import BitDepth, FileFormat, MasterFormat
from masterprint.files.reading import AudioFile, open_audio
from masterprint.files.unfinished import hidden_folder
from masterprint.files.writing import Incomplete, cannot_write, settle, write_master
from masterprint.signal import Block, Signal

Passing = Callable[[Iterator[Block]], Iterator[Block]]
"""Gives blocks on as they are, and looks at them."""


def encode(source: Path, target: Path, fmt: Format | str, *, gain_db: float = 0.0) -> None:
    """Encode an audio file; one of that name is replaced once it is whole.

    Args:
        source: any file that can be read, such as a master.
        target: its folder must exist.
        fmt: a format or its name, such as "mp3-320".
        gain_db: before encoding.

    Raises:
        UsageError: no such format, too many channels, PyAV is missing.
        AudioFileError: the source cannot be read, the target cannot be written.
        SignalError: a sample is NaN, infinite, or beyond all sense.
    """
    fmt = format_named(fmt) if isinstance(fmt, str) else fmt
    file = open_audio(source)
    need_encodable(file, fmt)
    with whole_at(target, fmt) as part:
        encode_to(file, part, fmt, gain_db)


def need_encodable(file: AudioFile, fmt: Format) -> None:
    """Refuse before any work what a format cannot hold, or what has no encoder here."""
    if file.channels > fmt.most_channels:
        most = "mono and stereo" if fmt.most_channels == 2 else f"{fmt.most_channels} channels"
        raise UsageError(
            f"{file.path}: has {file.channels} channels, where {NAMES[fmt.codec]} is written "
            f"with {most} at most."
        )
    if fmt.needs_pyav:
        need_pyav(fmt)


@contextmanager
def whole_at(target: Path, fmt: Format) -> Iterator[Path]:
    """Where to write a file that gets its name in the end; on an error nothing is left."""
    try:
        with hidden_folder(target.parent) as folder:
            inner = folder / "encoded"  # which may be locked, as the hidden one itself is
            inner.mkdir()
            part = inner / f"encoded{fmt.extension}"
            try:
                yield part
            except AudioFileError as error:  # nobody knows it under this name
                error.message = error.message.replace(str(part), str(target))
                raise
            settle(part)
            part.replace(target)
    except (OSError, soundfile.LibsndfileError, Incomplete) as error:
        raise cannot_write(target, error) from error


def encode_to(
    file: AudioFile,
    part: Path,
    fmt: Format,
    gain_db: float = 0.0,
    before: Passing | None = None,
    at_rate: Passing | None = None,
    written: Callable[[Block], None] | None = None,
) -> None:
    """Encode to a file that nobody else knows.

    Args:
        gain_db: before encoding.
        before: is given the source's blocks as they are.
        at_rate: is given what the encoder takes: after gain and rate conversion.
        written: is given what a lossless file holds: after quantising.
    """
    signal = file.signal()
    if before is not None:
        signal = signal.carrying(before(signal.blocks))
    if gain_db:
        factor = amplitude(gain_db)
        signal = signal.map(lambda block: block * factor)
    signal = resample(signal, fmt.rate_for(signal.sample_rate_hz))
    if at_rate is not None:
        signal = signal.carrying(at_rate(signal.blocks))
    if fmt.codec == "alac":
        write_alac(signal, part, fmt, written)
    elif fmt.lossless:
        write_master(signal, part, _master_format(file, fmt), overwrite=True, heard=written)
    else:
        write_lossy(signal, part, fmt)


def _master_format(file: AudioFile, fmt: Format) -> MasterFormat:
    kinds: dict[str, FileFormat] = {"wav": "wav", "aiff": "aiff", "flac": "flac"}
    depths: dict[int | None, BitDepth] = {16: "16", 24: "24"}
    master = MasterFormat(kinds[fmt.codec], depths[fmt.bits])
    for problem in master.problems(file.sample_rate_hz, file.channels, file.frames):
        raise UsageError(f"{file.path}: {problem}.")
    return master


def decode(path: Path, fmt: Format | str) -> Signal:
    """The programme in an encoded file, aligned: what the encoder put around it is left out.

    Lossy formats are not cut at full scale. Errors may come while it is taken.

    Raises:
        UsageError: no such format, PyAV is missing.
        AudioFileError: it cannot be decoded.
    """
    fmt = format_named(fmt) if isinstance(fmt, str) else fmt
    if fmt.needs_pyav:
        if not path.is_file():
            raise AudioFileError(f"{path}: there is no such file.")
        return read_mpeg4(path, fmt)
    return open_audio(path).signal()
