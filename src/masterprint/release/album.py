"""An album: which mixes become which tracks, how they follow one another, what is made of them."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from masterprint.codes import ean_of, isrc_of, iswc_of, language_of
from masterprint.stages.base import Line, Settings
from masterprint.stages.beside import FileBeside

MOST_TRACKS = 999
USUAL_GAP_S = 2.0

_DATE = re.compile(r"[0-9]{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?")


def _quoted(value: Any) -> Any:
    """Digits that YAML has read as a number, which would lose a leading nought."""
    if isinstance(value, int) and not isinstance(value, bool):
        raise ValueError(f"found the number {value}; allowed: the digits in quotes, as text")
    return value


def _date(value: Any) -> Any:
    """A year as YAML reads it, or a date in text."""
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not _DATE.fullmatch(text):
        raise ValueError(f"found {value!r}; allowed: a year, or a date as YYYY-MM-DD")
    return text


Isrc = Annotated[str, AfterValidator(isrc_of)]
Upc = Annotated[str, BeforeValidator(_quoted), AfterValidator(ean_of)]
Iswc = Annotated[str, AfterValidator(iswc_of)]
Date = Annotated[str, BeforeValidator(_date)]
Language = Annotated[str, AfterValidator(language_of)]
Text = Annotated[Line, Field(min_length=1, max_length=200)]
Seconds = Annotated[float, Field(ge=0, le=600)]
FadeSeconds = Annotated[float, Field(ge=0, le=60)]
CrossfadeSeconds = Annotated[float, Field(gt=0, le=30)]
Curve = Literal["linear", "cosine", "root", "exponential"]


class Credits(Settings):
    """What is said of a track, or of all tracks where it stands at the album."""

    composer: Text | None = Field(None, description="of the work")
    songwriter: Text | None = Field(None, description="of the words, on CD-Text")
    arranger: Text | None = Field(None, description="of the work, on CD-Text")
    publisher: Text | None = Field(None, description="of the work")
    genre: Text | None = Field(None, description="in words")
    copyright: Text | None = Field(None, description="what follows a © sign: year and owner")
    phonogram: Text | None = Field(None, description="what follows a ℗ sign: year and owner")
    language: Language | None = Field(None, description="of what is sung, such as eng")
    comment: Line | None = Field(None, max_length=1000, description="free text")


class Track(Credits):
    """A track of an album, and how it follows the one before."""

    mix: FileBeside = Field(description="the mix, below the folder of the album file")
    title: Text = Field(description="of the track")
    isrc: Isrc | None = Field(None, description="of the recording, 12 characters")
    iswc: Iswc | None = Field(None, description="of the work")
    performer: Text | None = Field(None, description="where it is not the album's artist")
    cd_title: Text | None = Field(None, description="on CD-Text, which knows ISO 8859-1 only")
    cd_performer: Text | None = Field(None, description="on CD-Text, likewise")
    chain: Text | None = Field(None, description="instead of the album's chain")
    trim_db: float = Field(0.0, ge=-24, le=24, description="louder or softer than the others")
    gap_s: Seconds | None = Field(None, description="silence before it; else the album's gap_s")
    crossfade_s: CrossfadeSeconds | None = Field(
        None, description="overlap with the end of the track before, in place of a gap"
    )
    crossfade_curve: Curve = Field("root", description="root keeps the power of the two")
    fade_in_s: FadeSeconds = Field(0.0, description="fade at its beginning")
    fade_out_s: FadeSeconds = Field(0.0, description="fade at its end")
    fade_curve: Curve = Field("cosine", description="shape of both")
    hidden: bool = Field(
        False, description="no number and no mark of its own: belongs to the track before it"
    )

    @model_validator(mode="after")
    def _one_way_to_follow(self) -> Track:
        if self.crossfade_s is not None and self.gap_s:
            raise ValueError(
                f"found gap_s {self.gap_s:g} and crossfade_s {self.crossfade_s:g}: a track that "
                "begins before the last one ends has no gap; leave one of the two out"
            )
        if self.crossfade_s is not None and self.fade_in_s:
            raise ValueError(
                f"found fade_in_s {self.fade_in_s:g} and crossfade_s {self.crossfade_s:g}, which "
                "fades in already; leave one of the two out"
            )
        return self


class Loudness(Settings):
    """How loud the tracks are beside one another."""

    mode: Literal["album", "track", "none"] = Field(
        "album", description="one gain for all, one for each track, or as the chains say"
    )
    target_lufs: float | None = Field(
        None, ge=-40, le=-5, description="in place of the target in the chains"
    )

    @model_validator(mode="after")
    def _has_use_for_a_target(self) -> Loudness:
        if self.mode == "none" and self.target_lufs is not None:
            raise ValueError("found a target_lufs with mode none, which has no use for it")
        return self


Sides = Annotated[list[Annotated[int, Field(ge=1, le=MOST_TRACKS)]], Field(min_length=1)]


class Disc(Settings):
    """What a compact disc of the album is like."""

    title: Text | None = Field(None, description="on CD-Text, which knows ISO 8859-1 only")
    artist: Text | None = Field(None, description="on CD-Text, likewise")
    longest_s: float = Field(4797.0, ge=60, le=5999, description="what the plant takes: 79:57")
    dither: Literal["tpdf", "shaped"] = Field("tpdf", description="of the 16-bit image")
    mark_lead_frames: int = Field(
        0, ge=0, le=75, description="CD frames by which marks stand before the first sound"
    )


class Vinyl(Settings):
    """What a record of the album is like."""

    size_inch: Literal[7, 10, 12] = Field(12, description="of the record")
    rpm: Literal[33, 45] = Field(33, description="turns a minute")
    sides: Sides | None = Field(None, description="tracks on each side; else suggested")
    chain: Text | None = Field(None, description="masters of their own, such as vinyl")


class Cassette(Settings):
    """What a cassette of the album is like."""

    longest_side_s: float = Field(1800.0, ge=60, le=3600, description="of a side")
    sides: Sides | None = Field(None, description="tracks on each side; else balanced")
    chain: Text | None = Field(None, description="masters of their own, such as cassette")


class AlbumModel(Credits):
    """The whole album file."""

    masterprint_album: Literal[1] = Field(description="version of the album file format")
    title: Text = Field(description="of the album")
    artist: Text = Field(description="of the album, and of tracks without a performer")
    upc: Upc | None = Field(None, description="EAN-13 or UPC-A, in quotes")
    catalog_number: Text | None = Field(None, description="the label's number")
    label: Text | None = Field(None, description="who releases it")
    year: Date | None = Field(None, description="year or date of release")
    cover: FileBeside | None = Field(None, description="JPEG or PNG below the album file")
    disc: int = Field(1, ge=1, le=99, description="which one this is, of several")
    discs: int = Field(1, ge=1, le=99, description="how many there are")
    chain: Text | None = Field(None, description="chain file, or name of a ready-made chain")
    gap_s: Seconds = Field(USUAL_GAP_S, description="silence between tracks that name none")
    tracks: list[Track] = Field(min_length=1, max_length=MOST_TRACKS, description="in order")
    loudness: Loudness = Field(default_factory=Loudness, description="across the tracks")
    deliver: list[Text] = Field(
        default_factory=lambda: ["streaming"], min_length=1, max_length=50, description="for whom"
    )
    names: Text = Field("{track:02} {title}", description="of the files of tracks")
    side_names: Text = Field(
        "{artist} - {album} - Side {side}", description="of the files of sides"
    )
    cd: Disc = Field(default_factory=Disc, description="the compact disc")
    vinyl: Vinyl = Field(default_factory=Vinyl, description="the record")
    cassette: Cassette = Field(default_factory=Cassette, description="the cassette")
