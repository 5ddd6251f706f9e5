"""The album as a compact disc: where its tracks lie in sectors, and its audio as one image."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from masterprint.ahead import ahead
from masterprint.disc import rules
from masterprint.disc.cdtext_codes import two_letters
from masterprint.disc.layout import (
    FRAMES_PER_SECTOR,
    SAMPLE_RATE_HZ,
    SECTORS_PER_S,
    Disc,
    DiscTrack,
)
from masterprint.errors import UsageError
from masterprint.files.formats import MasterFormat
from masterprint.files.quantiser import reserve
from masterprint.files.reading import open_audio
from masterprint.files.writing import write_master
from masterprint.metering.measurement import Measurement
from masterprint.metering.meter import Meter
from masterprint.release.assembly import cut, is_exact, programme
from masterprint.release.layout import Layout, title_of
from masterprint.release.loading import Album
from masterprint.release.timeline import Timeline
from masterprint.signal import Block, Signal


@dataclass(frozen=True)
class Image:
    """The audio of a disc.

    Attributes:
        path: 16-bit WAV of the whole programme.
        disc: what lies where in it.
        measurement: what it measures.
        pcm_sha256: hash of its samples.
    """

    path: Path
    disc: Disc
    measurement: Measurement
    pcm_sha256: str


def disc_of(album: Album, timeline: Timeline) -> Disc:
    """Tracks in sectors of 588 samples.

    Audio lies where it lies, to the sample; a mark stands on the sector boundary at or before it,
    so that nothing of a beginning is lost and segues have no seam. A pause begins on the first
    boundary behind what sounds.
    """
    lead = album.model.cd.mark_lead_frames
    tracks: list[DiscTrack] = []
    sounds_until = Fraction(0)
    for index, begin, end in timeline.placed_at(SAMPLE_RATE_HZ):
        if not album.tracks[index].hidden:
            earliest = _pause_begin(sounds_until)
            start = max(int(begin // FRAMES_PER_SECTOR) - lead, min(earliest, _sector(begin)))
            pregap: int | None = None
            if not tracks:
                pregap = 0 if start else None
            elif start > earliest:
                pregap = earliest
            tracks.append(_track(album, index, start, pregap))
        sounds_until = max(sounds_until, end)
    frames = timeline.frames_at(SAMPLE_RATE_HZ)
    model = album.model
    return Disc(
        sectors=-(-frames // FRAMES_PER_SECTOR),
        tracks=tuple(tracks),
        title=model.cd.title or model.title,
        performer=model.cd.artist or model.artist,
        songwriter=_whole(model.songwriter, tracks, "songwriter"),
        composer=_whole(model.composer, tracks, "composer"),
        arranger=_whole(model.arranger, tracks, "arranger"),
        upc=model.upc,
        catalog_number=model.catalog_number,
        genre=model.genre,
        language=two_letters(model.language or "en"),
    )


def write_disc_image(album: Album, layout: Layout, path: Path) -> Image:
    """Write the image: converted as a whole, held below the ceiling, dithered to 16 bits once.

    Raises:
        UsageError: a master is not stereo, or the tracks as rendered break a rule of the disc.
    """
    need_stereo(album, layout)
    disc = disc_of(album, layout.timeline)
    most = round(album.model.cd.longest_s * SECTORS_PER_S)
    if problems := rules.problems(disc, most):  # chains may have trimmed what mixes promised
        raise UsageError(f"{album.file}: {' '.join(problems)}")
    master = MasterFormat("wav", "16", album.model.cd.dither)
    signal = programme(
        layout.timeline,
        layout.sources,
        SAMPLE_RATE_HZ,
        layout.ceiling_dbtp,
        reserve(master),
        limited=not is_exact(layout.sources, master.bits),
    )
    meter = Meter(SAMPLE_RATE_HZ, 2, master.full_scale)
    signal = _filled(signal, disc.sectors * FRAMES_PER_SECTOR)
    signal = signal.carrying(ahead(signal.blocks))
    written = write_master(signal, path, master, heard=meter.feed)
    return Image(path, disc, meter.result(), written.pcm_sha256)


def cut_tracks(image: Image, paths: list[Path]) -> None:
    """Write each track of an image as a file, from its mark to the next one; no sample is lost.

    Args:
        image: that is cut.
        paths: of the files. Where something is hidden before track 1, the first is for that.
    """
    signal = open_audio(image.path).signal()
    for path, piece in zip(paths, cut(signal, track_spans(image.disc)), strict=True):
        write_master(piece, path, MasterFormat("wav", "16", "none"))


def track_spans(disc: Disc) -> list[tuple[int, int]]:
    """Frames of each track, from mark to mark; of what comes before the first, where it is."""
    marks = [track.start for track in disc.tracks]
    if marks[0]:
        marks.insert(0, 0)
    ends = [*marks[1:], disc.sectors]
    return [
        (begin * FRAMES_PER_SECTOR, end * FRAMES_PER_SECTOR)
        for begin, end in zip(marks, ends, strict=True)
    ]


def need_stereo(album: Album, layout: Layout) -> None:
    """Refuse what a compact disc cannot hold.

    Raises:
        UsageError: naming all that are not stereo.
    """
    wrong = [
        f"{title_of(album, index)}, has {channels}"
        for place, index in enumerate(layout.indexes)
        if (channels := layout.channels(place)) != 2
    ]
    if wrong:
        raise UsageError(
            f"A compact disc holds two channels, and {'; '.join(wrong)}.",
            hint="export the mix as stereo, with the same in both channels where it is mono",
        )


def _track(album: Album, index: int, start: int, pregap: int | None) -> DiscTrack:
    track, model = album.tracks[index], album.model
    return DiscTrack(
        start=start,
        title=track.cd_title or track.title,
        performer=track.cd_performer or track.performer or model.cd.artist or model.artist,
        songwriter=track.songwriter or model.songwriter or "",
        composer=track.composer or model.composer or "",
        arranger=track.arranger or model.arranger or "",
        isrc=track.isrc,
        pregap=pregap,
    )


def _whole(own: str | None, tracks: list[DiscTrack], item: str) -> str:
    """What CD-Text says of the disc, where it says it of tracks: it must say it of both."""
    said = {getattr(track, item) for track in tracks}
    if own is None and len(said) == 1:
        return str(said.pop())
    return own or ""


def _sector(frame: Fraction) -> int:
    return int(frame // FRAMES_PER_SECTOR)


def _pause_begin(frame: Fraction) -> int:
    return int(-(-frame // FRAMES_PER_SECTOR))


def _filled(signal: Signal, frames: int) -> Signal:
    """The signal with silence up to a length."""
    missing = frames - (signal.frames or 0)

    def blocks() -> Iterator[Block]:
        yield from signal.blocks
        if missing:
            yield np.zeros((signal.channels, missing))

    return replace(signal, blocks=blocks(), frames=frames)
