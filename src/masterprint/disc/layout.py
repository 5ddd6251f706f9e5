"""What is on a compact disc and where: the one description that every disc format is written from.

All positions are in sectors of 1/75 s (588 stereo samples at 44.1 kHz), counted from the beginning
of the programme: the image WAV, in which track 1 begins at 0 unless something is hidden before it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

SECTORS_PER_S = 75
FRAMES_PER_SECTOR = 588
SAMPLE_RATE_HZ = 44100
FIRST_PREGAP_SECTORS = 150
"""The two seconds before index 1 of track 1 that every disc has."""


@dataclass(frozen=True)
class DiscTrack:
    """A track.

    Attributes:
        start: index 1, in sectors.
        title, performer, songwriter, composer, arranger, message: CD-Text.
        isrc: 12 characters, or None.
        pregap: index 0, in sectors, at or after the end of the track before; None without a pause.
            In track 1 it is 0 where audio is hidden before the track, else None.
        copy_permitted, pre_emphasis: flags of the subcode.
    """

    start: int
    title: str = ""
    performer: str = ""
    songwriter: str = ""
    composer: str = ""
    arranger: str = ""
    message: str = ""
    isrc: str | None = None
    pregap: int | None = None
    copy_permitted: bool = False
    pre_emphasis: bool = False


@dataclass(frozen=True)
class Disc:
    """A disc.

    Attributes:
        sectors: length of the programme; where the lead-out begins.
        tracks: in order, numbered from 1.
        title, performer, songwriter, composer, arranger, message: CD-Text of the whole.
        upc: EAN-13 or UPC-A, or None.
        catalog_number: CD-Text's disc identification, or None.
        genre: in words, or None.
        language: ISO 639-1 code of the CD-Text.
    """

    sectors: int
    tracks: tuple[DiscTrack, ...] = field(default=())
    title: str = ""
    performer: str = ""
    songwriter: str = ""
    composer: str = ""
    arranger: str = ""
    message: str = ""
    upc: str | None = None
    catalog_number: str | None = None
    genre: str | None = None
    language: str = "en"

    @property
    def lead_sectors(self) -> int:
        """Silence that stands before the programme in a DDP image, which has the first pregap."""
        return max(0, FIRST_PREGAP_SECTORS - self.tracks[0].start) if self.tracks else 0


def timecode(sectors: int) -> str:
    """A position as mm:ss:ff; minutes may pass 59."""
    seconds, frames = divmod(sectors, SECTORS_PER_S)
    minutes, seconds = divmod(seconds, 60)
    return f"{minutes:02d}:{seconds:02d}:{frames:02d}"
