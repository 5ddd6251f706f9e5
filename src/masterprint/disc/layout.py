"""What is on a compact disc and where: the one description that every disc format is written from.

All positions are in sectors of 1/75 s (588 stereo samples at 44.1 kHz), counted from the beginning
of the programme: the image WAV, in which track 1 begins at 0 unless something is hidden before it.
The image of a DDP set, and the times printed on a PQ sheet, have `lead_sectors` of silence before
that (`with_lead`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

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
        indexes: index 2 and on, in sectors; hardly any disc has them.
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
    indexes: tuple[int, ...] = ()

    @property
    def begins(self) -> int:
        """Where its pause begins, or itself where it has none."""
        return self.start if self.pregap is None else self.pregap

    @property
    def pause_sectors(self) -> int:
        """From index 0 to index 1."""
        return self.start - self.begins


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
        lead_sectors: silence that stands before the programme on the disc: the first pregap. The
            150 that burners put there, too, so that what is hidden before track 1 begins where
            every drive can read; other numbers come from other people's sets.
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
    lead_sectors: int = FIRST_PREGAP_SECTORS

    def end_of(self, number: int) -> int:
        """Where track `number` ends, in sectors: at index 1 of the next, or the lead-out."""
        return self.tracks[number].start if number < len(self.tracks) else self.sectors

    def numbered(self) -> Iterator[tuple[int, DiscTrack]]:
        """The tracks with their numbers."""
        return enumerate(self.tracks, 1)


def with_lead(disc: Disc) -> Disc:
    """The same disc counted from its very beginning, where index 0 of track 1 stands."""
    lead = disc.lead_sectors
    tracks = tuple(
        replace(
            track,
            start=track.start + lead,
            pregap=None if track.pregap is None else track.pregap + lead,
            indexes=tuple(place + lead for place in track.indexes),
        )
        for track in disc.tracks
    )
    if tracks and tracks[0].start:
        tracks = (replace(tracks[0], pregap=0), *tracks[1:])
    return replace(disc, sectors=disc.sectors + lead, tracks=tracks, lead_sectors=0)


def shown_track(number: int, title: str) -> str:
    """A track as sentences name it."""
    return f'track {number} "{title}"' if title else f"track {number}"


def timecode(sectors: int) -> str:
    """A position as mm:ss:ff; minutes may pass 59."""
    seconds, frames = divmod(sectors, SECTORS_PER_S)
    minutes, seconds = divmod(seconds, 60)
    return f"{minutes:02d}:{seconds:02d}:{frames:02d}"


def sectors_of(time: str) -> int:
    """The sectors of mm:ss:ff.

    Raises:
        ValueError: it is none.
    """
    parts = time.split(":")
    if len(parts) != 3 or not all(p.isascii() and p.isdigit() and len(p) <= 3 for p in parts):
        raise ValueError(f"found {time!r}; expected a time as mm:ss:ff")
    minutes, seconds, frames = map(int, parts)
    if seconds > 59 or frames >= SECTORS_PER_S:
        raise ValueError(f"found {time!r}; expected seconds up to 59 and frames up to 74")
    return (minutes * 60 + seconds) * SECTORS_PER_S + frames
