"""Encoding with a check: every file is decoded again, and lowered where the codec raised its peaks.

A lossy codec throws away what is not heard, and what is left adds up to other peaks than before;
by how much is only known afterwards, and changes a little with the level. So a file over the
ceiling is lowered by what is needed and a little more, encoded and measured anew, three times at
most. Lossless files are compared instead, by a hash of their samples.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from masterprint.codecs.encoding import decode, encode_to, need_encodable, whole_at
from masterprint.codecs.formats import Format, format_named
from masterprint.codecs.listening import Listened, Peaks, listen
from masterprint.errors import AudioFileError
from masterprint.files.pcm_hash import Encoding, PcmHash
from masterprint.files.reading import AudioFile, open_audio
from masterprint.signal import Block

MARGINS_DB = (0.05, 0.15, 0.4)
"""What a file is lowered by beside what it was over, in its first, second and third lowering."""


@dataclass(frozen=True)
class Encoded:
    """What became of a file on its way through a codec.

    Attributes:
        format: its name, such as "mp3-320".
        sample_rate_hz: of the encoded file.
        size_bytes: of it.
        kbps: bit rate that it came to, all in all; None for an empty programme.
        passes: how often it was encoded.
        gain_db: before the encoder, in the end.
        ceiling_dbtp: that was to be held; None without one, and for lossless formats.
        source_true_peak_dbtp: of the source itself.
        first_true_peak_dbtp: decoded after the first pass.
        true_peak_dbtp: decoded in the end.
        first_clipped_samples, clipped_samples: decoded samples over full scale, likewise.
        offset_frames: by how much what is decoded is late; None where that cannot be told.
        length_difference_frames: by how much it is longer than the source at that rate.
        pcm_sha256: of the samples, for lossless formats: what was read back is what was written.
        like_source: whether these are the source's own samples; None for lossy formats.
        note: all this in one sentence.
    """

    format: str
    sample_rate_hz: int
    size_bytes: int
    kbps: float | None
    passes: int
    gain_db: float
    ceiling_dbtp: float | None
    source_true_peak_dbtp: float | None
    first_true_peak_dbtp: float | None
    true_peak_dbtp: float | None
    first_clipped_samples: int
    clipped_samples: int
    offset_frames: int | None
    length_difference_frames: int
    pcm_sha256: str | None
    like_source: bool | None
    note: str

    @property
    def holds_ceiling(self) -> bool:
        """Whether nothing is over the ceiling, where there is one."""
        return not _over(self.true_peak_dbtp, self.ceiling_dbtp) > 0.0

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON, decibels to a thousandth."""
        data = asdict(self) | {"holds_ceiling": self.holds_ceiling}
        return {
            key: round(value, 3) + 0.0 if isinstance(value, float) else value
            for key, value in data.items()
        }


def checked_encode(
    source: Path,
    target: Path,
    fmt: Format | str,
    ceiling_dbtp: float | None = -1.0,
    *,
    gain_db: float = 0.0,
) -> Encoded:
    """Encode, decode, measure; lower and encode again while it is over the ceiling.

    The target gets its name in the end: nobody sees one that was over the ceiling and not lowered.

    Args:
        source: any file that can be read.
        target: replaced if there is one; its folder must exist.
        fmt: a format or its name.
        ceiling_dbtp: what a lossy file must not pass when it is decoded; None for no matter what.
        gain_db: before the encoder, to begin with: the same for the tracks of an album.

    Raises:
        As `encode`; also AudioFileError where a lossless file does not read back as written.
    """
    fmt = format_named(fmt) if isinstance(fmt, str) else fmt
    file = open_audio(source)
    need_encodable(file, fmt)
    with whole_at(target, fmt) as part:
        if fmt.lossless:
            return _compared(file, part, target, fmt, gain_db)
        before = Peaks(file.sample_rate_hz, file.channels)
        first = heard = listen(file, part, fmt, gain_db, before.passing)
        gain, passes = gain_db, 1
        for margin in MARGINS_DB:
            over = _over(heard.true_peak_dbtp, ceiling_dbtp)
            if not over > 0.0:
                break
            gain -= over + margin
            heard = listen(file, part, fmt, gain)
            passes += 1
        return Encoded(
            format=fmt.name,
            sample_rate_hz=heard.sample_rate_hz,
            size_bytes=heard.size_bytes,
            kbps=_kbps(heard.size_bytes, heard.seconds),
            passes=passes,
            gain_db=gain,
            ceiling_dbtp=ceiling_dbtp,
            source_true_peak_dbtp=before.true_peak_dbtp(),
            first_true_peak_dbtp=first.true_peak_dbtp,
            true_peak_dbtp=heard.true_peak_dbtp,
            first_clipped_samples=first.clipped_samples,
            clipped_samples=heard.clipped_samples,
            offset_frames=heard.offset_frames,
            length_difference_frames=heard.length_difference_frames,
            pcm_sha256=None,
            like_source=None,
            note=_note(fmt, first, heard, ceiling_dbtp, passes, gain_db, gain - gain_db),
        )


def _over(true_peak_dbtp: float | None, ceiling_dbtp: float | None) -> float:
    if true_peak_dbtp is None or ceiling_dbtp is None:
        return 0.0
    return true_peak_dbtp - ceiling_dbtp


def _kbps(size_bytes: int, seconds: float) -> float | None:
    return size_bytes * 8e-3 / seconds if seconds else None


def _note(
    fmt: Format,
    first: Listened,
    last: Listened,
    ceiling_dbtp: float | None,
    passes: int,
    begun_db: float,
    change_db: float,
) -> str:
    if last.true_peak_dbtp is None or first.true_peak_dbtp is None:
        return f"{fmt.label}: silence{_placed(last)}."
    peak = f"{last.true_peak_dbtp:.2f} dBTP"
    given = f"with {begun_db:+.2f} dB, " if begun_db else ""
    if ceiling_dbtp is None:
        said = f"{given}decoded it peaks at {peak}"
    elif passes == 1:
        said = f"{given}decoded it peaks at {peak}, under the ceiling of {ceiling_dbtp:g}"
    else:
        held = _over(last.true_peak_dbtp, ceiling_dbtp) <= 0.0
        said = (
            f"{given}lowered by {-change_db:.2f} dB: the codec had brought it to "
            f"{first.true_peak_dbtp:.2f} dBTP; now it peaks at {peak}, "
            f"{'under' if held else f'after {passes} passes still over'} the ceiling of "
            f"{ceiling_dbtp:g}"
        )
    if last.clipped_samples:
        said += f", and {last.clipped_samples} samples are over full scale"
    return f"{fmt.label}: {said}{_placed(last)}."


def _placed(heard: Listened) -> str:
    """What there is to say of a file that does not decode to its place and length."""
    said = ""
    if heard.offset_frames:
        lateness = "late" if heard.offset_frames > 0 else "early"
        said += f"; {abs(heard.offset_frames)} frames {lateness}"
    if heard.length_difference_frames:
        longer = "longer" if heard.length_difference_frames > 0 else "shorter"
        said += f"; {abs(heard.length_difference_frames)} frames {longer} than the source"
    return said


# -------------------------------------------------------------------------------- lossless formats


def _compared(file: AudioFile, part: Path, target: Path, fmt: Format, gain_db: float) -> Encoded:
    """Encode without loss, and hold what is read back against what was written."""
    assert fmt.bits is not None
    encoding: Encoding = "s16" if fmt.bits == 16 else "s24"
    fits = file.bits is not None and file.bits <= fmt.bits
    before = Peaks(file.sample_rate_hz, file.channels)
    of_source, written, back = (PcmHash(encoding) for _ in range(3))
    frames = held = 0

    def passing(blocks: Iterator[Block]) -> Iterator[Block]:
        nonlocal frames
        for block in before.passing(blocks):
            frames += block.shape[1]
            if fits:
                of_source.feed(block)
            yield block

    encode_to(file, part, fmt, gain_db, passing, written=written.feed)
    decoded = decode(part, fmt)
    after = Peaks(decoded.sample_rate_hz, decoded.channels)
    for block in decoded.blocks:
        after.feed(block)
        back.feed(block)
        held += block.shape[1]
    if back.hexdigest() != written.hexdigest():
        raise AudioFileError(f"{target}: {fmt.label} does not read back as it was written.")
    like = fits and back.hexdigest() == of_source.hexdigest()
    size = part.stat().st_size
    seconds = held / decoded.sample_rate_hz
    what = "the source's samples" if like else f"the source quantised to {fmt.bits} bits"
    return Encoded(
        format=fmt.name,
        sample_rate_hz=decoded.sample_rate_hz,
        size_bytes=size,
        kbps=_kbps(size, seconds),
        passes=1,
        gain_db=gain_db,
        ceiling_dbtp=None,
        source_true_peak_dbtp=before.true_peak_dbtp(),
        first_true_peak_dbtp=after.true_peak_dbtp(),
        true_peak_dbtp=after.true_peak_dbtp(),
        first_clipped_samples=after.clipped_samples,
        clipped_samples=after.clipped_samples,
        offset_frames=0,
        length_difference_frames=held - frames,
        pcm_sha256=back.hexdigest(),
        like_source=like,
        note=f"{fmt.label}: {what}, bit for bit as read back.",
    )
