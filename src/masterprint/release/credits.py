"""What the files of an album say of themselves."""

from __future__ import annotations

from datetime import UTC, datetime

from masterprint.codes import ean13
from masterprint.metering.measurement import Measurement
from masterprint.release.loading import Album
from masterprint.tags.bext import Bext, coding_history_line, fitted
from masterprint.tags.fields import Cover, ReplayGain, Tags
from masterprint.version import __version__

REPLAY_GAIN_LUFS = -18.0
"""What ReplayGain 2.0 levels to."""


def tags_of(
    album: Album, index: int, number: int, cover: Cover | None, gain: ReplayGain | None = None
) -> Tags:
    """The tags of a track; what it does not say itself, the album says for it.

    Args:
        album: whose track.
        index: of the track in the album, from 0.
        number: that it has; 0 for what is hidden before the first.
        cover: the album's picture.
        gain: for players that level what they play.
    """
    track, model = album.tracks[index], album.model
    return Tags(
        title=track.title,
        artist=track.performer or model.artist,
        album_artist=model.artist,
        album=model.title,
        track=number or None,
        tracks=max(album.numbers),
        disc=model.disc,
        discs=model.discs,
        year=model.year,
        genre=track.genre or model.genre,
        isrc=track.isrc,
        upc=model.upc,
        catalog_number=model.catalog_number,
        label=model.label,
        copyright=track.copyright or model.copyright,
        phonogram=track.phonogram or model.phonogram,
        composer=track.composer or model.composer,
        publisher=track.publisher or model.publisher,
        iswc=track.iswc,
        comment=track.comment or model.comment,
        language=track.language or model.language,
        cover=cover,
        gain=gain,
    )


def bext_of(album: Album, index: int, measured: Measurement, bits: int, history: str = "") -> Bext:
    """The broadcast extension of a track's file.

    Args:
        album: whose track.
        index: of the track in the album, from 0.
        measured: what the file measures.
        bits: of its samples.
        history: lines of what came before it.
    """
    track, model = album.tracks[index], album.model
    now = datetime.now(UTC)
    artist = track.performer or model.artist
    line = coding_history_line(
        measured.sample_rate_hz, bits, measured.channels, f"Masterprint {__version__}"
    )
    return Bext(
        description=fitted(f"{artist} - {track.title}", "description"),
        originator=fitted(model.label or model.artist, "originator"),
        originator_reference=fitted(
            track.isrc or model.catalog_number or "", "originator_reference"
        ),
        date=now.strftime("%Y-%m-%d"),
        time=now.strftime("%H:%M:%S"),
        coding_history=f"{history}{line}\r\n",
    ).measured(measured)


def replay_gain(
    track: Measurement, album_lufs: float | None, album_peak: float, gain_db: float = 0.0
) -> ReplayGain | None:
    """ReplayGain 2.0 of a track in its album; None for silence.

    Args:
        track: what it measures.
        album_lufs: of all tracks together.
        album_peak: the highest true peak, linear.
        gain_db: that its file got on top of what was measured.
    """
    if track.integrated_lufs is None or track.true_peak_dbtp is None:
        return None
    lift = 10.0 ** (gain_db / 20.0)
    return ReplayGain(
        round(REPLAY_GAIN_LUFS - track.integrated_lufs - gain_db, 2),
        round(10.0 ** (track.true_peak_dbtp / 20.0) * lift, 6),
        None if album_lufs is None else round(REPLAY_GAIN_LUFS - album_lufs - gain_db, 2),
        round(album_peak * lift, 6),
    )


def master_id(album: Album) -> str:
    """What identifies a set to people: number or code, and title, in ASCII, 48 characters."""
    model = album.model
    code = model.catalog_number or (ean13(model.upc) if model.upc else "")
    text = f"{code} {model.title}".strip()
    return fitted(text, "description")[:48].rstrip()
