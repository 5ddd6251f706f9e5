"""What audio is encoded as: every codec and bit rate that Masterprint can write, as plain data."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Literal

from masterprint.errors import UsageError

Codec = Literal["wav", "aiff", "flac", "alac", "mp3", "aac", "vorbis", "opus"]

LOSSLESS: tuple[Codec, ...] = ("wav", "aiff", "flac", "alac")
NEED_PYAV: tuple[Codec, ...] = ("alac", "aac")

EXTENSIONS: dict[Codec, str] = {
    "wav": ".wav",
    "aiff": ".aiff",
    "flac": ".flac",
    "alac": ".m4a",
    "mp3": ".mp3",
    "aac": ".m4a",
    "vorbis": ".ogg",
    "opus": ".opus",
}
NAMES: dict[Codec, str] = {
    "wav": "WAV",
    "aiff": "AIFF",
    "flac": "FLAC",
    "alac": "ALAC",
    "mp3": "MP3",
    "aac": "AAC",
    "vorbis": "Ogg Vorbis",
    "opus": "Opus",
}
RATES_HZ: dict[Codec, tuple[int, ...]] = {
    "mp3": (44100, 48000),
    "aac": (44100, 48000),
    "vorbis": (44100, 48000),
    "opus": (48000,),
}
"""What lossy codecs are encoded at: what services play, and what the full bit rates need."""
MOST_CHANNELS: dict[Codec, int] = {"wav": 64, "aiff": 64, "flac": 8}
"""Elsewhere mono and stereo: with more, every codec has an order of channels of its own."""


@dataclass(frozen=True)
class Format:
    """A codec with its word length or bit rate.

    Attributes:
        name: what files and options call it, such as "mp3-320".
        codec: the family.
        bits: per sample, of lossless ones.
        kbps: nominal bit rate of stereo, of lossy ones; None where only a quality is asked for.
        quality: of a variable bit rate, on the scale of the codec: 0 is the best of MP3 (V0), 10
            the best of Vorbis.
    """

    name: str
    codec: Codec
    bits: int | None = None
    kbps: int | None = None
    quality: float | None = None

    @property
    def label(self) -> str:
        """What people call it, such as "MP3 320 kbit/s"."""
        what = NAMES[self.codec]
        if self.bits is not None:
            return f"{what} {self.bits}-bit"
        return f"{what} V{self.quality:g}" if self.kbps is None else f"{what} {self.kbps} kbit/s"

    @property
    def extension(self) -> str:
        """Of its files, with the dot."""
        return EXTENSIONS[self.codec]

    @property
    def lossless(self) -> bool:
        """Whether what is decoded is what was encoded, bit for bit."""
        return self.codec in LOSSLESS

    @property
    def needs_pyav(self) -> bool:
        """Whether it is encoded by PyAV, which is an extra; libsndfile does the others."""
        return self.codec in NEED_PYAV

    @property
    def sample_rates_hz(self) -> tuple[int, ...]:
        """What it is encoded at; empty where any rate will do."""
        return RATES_HZ.get(self.codec, ())

    @property
    def most_channels(self) -> int:
        """How many channels it is written with at most."""
        return MOST_CHANNELS.get(self.codec, 2)

    def rate_for(self, sample_rate_hz: int) -> int:
        """What a programme is encoded at: its own rate, else the one of its family.

        Multiples and fractions of 44.1 kHz go to 44.1 kHz, everything else to 48 kHz.
        """
        rates = self.sample_rates_hz
        if not rates or sample_rate_hz in rates:
            return sample_rate_hz
        if 44100 in rates and sample_rate_hz % 11025 == 0:
            return 44100
        return 48000


def _lossless(codec: Codec, *bits: int) -> list[Format]:
    return [Format(f"{codec}-{each}", codec, bits=each) for each in bits]


def _lossy(codec: Codec, *kbps: int) -> list[Format]:
    return [Format(f"{codec}-{each}", codec, kbps=each) for each in kbps]


VORBIS_QUALITY = {96: 2.0, 128: 4.0, 160: 5.0, 192: 6.0, 256: 8.0, 320: 9.0}
"""By nominal bit rate of stereo at 44.1 kHz: what the reference encoder names it."""

FORMATS: dict[str, Format] = {
    each.name: each
    for each in [
        *_lossless("wav", 16, 24),
        *_lossless("aiff", 16, 24),
        *_lossless("flac", 16, 24),
        *_lossless("alac", 16, 24),
        *_lossy("mp3", 128, 192, 256, 320),
        Format("mp3-v0", "mp3", quality=0.0),
        Format("mp3-v2", "mp3", quality=2.0),
        *_lossy("aac", 64, 96, 128, 160, 192, 256, 320),
        *(
            Format(f"vorbis-{kbps}", "vorbis", kbps=kbps, quality=quality)
            for kbps, quality in VORBIS_QUALITY.items()
        ),
        *_lossy("opus", 64, 96, 128, 160, 192, 256),
    ]
}


def format_named(name: str) -> Format:
    """The format of a name, in any case.

    Raises:
        UsageError: there is none; it says which may have been meant.
    """
    found = FORMATS.get(name.strip().lower())
    if found is None:
        raise UsageError(f"There is no format {name!r}.", hint=format_guess(name))
    return found


def format_guess(name: str) -> str:
    """Which format may have been meant by a name that is none."""
    names = list(FORMATS)
    near = difflib.get_close_matches(name.strip().lower(), names, 1, cutoff=0.6)
    return f"did you mean {near[0]!r}?" if near else f"there are {', '.join(names)}"
