"""What can be said of a recording, whatever container it is said in."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

MimeType = Literal["image/jpeg", "image/png"]


@dataclass(frozen=True)
class Cover:
    """A picture: the front cover.

    Attributes:
        mime: what it is.
        data: the file's bytes.
        width, height: in pixels.
    """

    mime: MimeType
    data: bytes
    width: int
    height: int

    def __repr__(self) -> str:
        return f"<Cover {self.mime}, {self.width} x {self.height}, {len(self.data)} bytes>"


@dataclass(frozen=True)
class ReplayGain:
    """Gains for players that level what they play: ReplayGain 2.0, re -18 LUFS; peaks linear.

    In Opus the same gains are written as R128_TRACK_GAIN and R128_ALBUM_GAIN, re -23 LUFS, and
    there is no place for peaks: they are None when they are read again.
    """

    track_gain_db: float
    track_peak: float | None = None
    album_gain_db: float | None = None
    album_peak: float | None = None


@dataclass(frozen=True)
class Tags:
    """Everything that a file says of its recording; None is not said.

    Attributes:
        title: of the track.
        artist: who performs it.
        album_artist: whose the album is.
        album: its title.
        track, tracks, disc, discs: numbers from 1, and of how many.
        year: four digits, or a date as YYYY-MM or YYYY-MM-DD.
        genre: in words.
        isrc: 12 characters without hyphens.
        upc: EAN-13 or UPC-A.
        catalog_number, label: the label's.
        copyright: the line that a © belongs before, such as "2026 Example Records".
        phonogram: the same of the recording, with a ℗.
        composer, publisher: of the work.
        iswc: T and 10 digits.
        comment: free text.
        language: ISO 639-2 code of what is sung, such as eng.
        cover: the front cover.
        gain: for players that level what they play.
    """

    title: str | None = None
    artist: str | None = None
    album_artist: str | None = None
    album: str | None = None
    track: int | None = None
    tracks: int | None = None
    disc: int | None = None
    discs: int | None = None
    year: str | None = None
    genre: str | None = None
    isrc: str | None = None
    upc: str | None = None
    catalog_number: str | None = None
    label: str | None = None
    copyright: str | None = None
    phonogram: str | None = None
    composer: str | None = None
    publisher: str | None = None
    iswc: str | None = None
    comment: str | None = None
    language: str | None = None
    cover: Cover | None = None
    gain: ReplayGain | None = None

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON, with all fields; of the cover what it is, not its bytes."""
        data = {field: getattr(self, field) for field in FIELDS}
        if (cover := self.cover) is not None:
            size = {"width": cover.width, "height": cover.height, "bytes": len(cover.data)}
            data["cover"] = {"mime": cover.mime} | size
        if self.gain is not None:
            data["gain"] = asdict(self.gain)
        return data


FIELDS = tuple(field.name for field in fields(Tags))
