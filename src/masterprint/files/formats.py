"""The file formats that Masterprint writes, and the word lengths in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

FileFormat = Literal["wav", "aiff", "flac"]
BitDepth = Literal["16", "24", "32f", "64f"]
Dither = Literal["none", "tpdf", "shaped"]

EXTENSIONS: dict[FileFormat, str] = {"wav": ".wav", "aiff": ".aiff", "flac": ".flac"}
FLOAT_DEPTHS: tuple[BitDepth, ...] = ("32f", "64f")
SHAPED_RATES_HZ = (44100, 48000)
MOST_FLAC_CHANNELS = 8
MOST_AIFF_BYTES = (1 << 32) - 4096
"""Sizes in AIFF have 32 bits; its other chunks are small."""


def full_scale(bits: int | None) -> float:
    """Magnitude from which a sample of so many bits counts as at full scale.

    The last step but a quarter; None is for float.
    """
    return 1.0 if bits is None else 1.0 - 1.25 * 2.0 ** (1 - bits)


@dataclass(frozen=True)
class MasterFormat:
    """What a master is written as.

    Attributes:
        file_format: wav (RF64 where it would pass 4 GiB), aiff or flac.
        bit_depth: 16 or 24 bit integers, 32 or 64 bit float.
        dither: for integer depths; shaped is for 44.1 and 48 kHz.
        dither_silence: dither digital silence, too.
    """

    file_format: FileFormat = "wav"
    bit_depth: BitDepth = "24"
    dither: Dither = "tpdf"
    dither_silence: bool = False

    @property
    def is_integer(self) -> bool:
        """Whether samples become whole numbers."""
        return self.bit_depth not in FLOAT_DEPTHS

    @property
    def bits(self) -> int:
        """Bits per sample."""
        return int(self.bit_depth.rstrip("f"))

    @property
    def full_scale(self) -> float:
        """Magnitude from which a sample counts as at full scale."""
        return full_scale(self.bits if self.is_integer else None)

    def problems(
        self, sample_rate_hz: int, channels: int = 2, frames: int | None = None
    ) -> list[str]:
        """Why such audio cannot be written like this; empty where it can."""
        found = []
        if self.file_format == "flac" and not self.is_integer:
            found.append(
                f"FLAC holds integers only, so bit depth {self.bit_depth} needs WAV or AIFF"
            )
        if self.file_format == "flac" and channels > MOST_FLAC_CHANNELS:
            found.append(
                f"FLAC holds at most {MOST_FLAC_CHANNELS} channels, not {channels}: use WAV or AIFF"
            )
        size = (frames or 0) * channels * self.bits // 8
        if self.file_format == "aiff" and size > MOST_AIFF_BYTES:
            found.append(f"AIFF holds at most 4 GiB, these are {size / (1 << 30):.1f}: use WAV")
        shaped = self.dither == "shaped" and self.is_integer
        if shaped and sample_rate_hz not in SHAPED_RATES_HZ:
            found.append(
                f"shaped dither is made for 44100 and 48000 Hz, not {sample_rate_hz} Hz: use tpdf"
            )
        return found
