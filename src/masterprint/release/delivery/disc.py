"""The compact disc: image with cue sheet and tracks, or a DDP 2.00 set for the pressing plant."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from masterprint.disc.cue import cue_sheet
from masterprint.disc.ddp import DdpNames, checksum_files, ddp_files
from masterprint.disc.ddp_reading import read_ddp
from masterprint.disc.image import ImageFacts, write_image
from masterprint.disc.layout import FRAMES_PER_SECTOR, timecode, with_lead
from masterprint.disc.pq_sheet import pq_sheet_html, pq_sheet_text
from masterprint.disc.toc import cdrdao_toc
from masterprint.errors import AudioFileError
from masterprint.files.reading import open_audio
from masterprint.release.compact_disc import Image, cut_tracks
from masterprint.release.credits import master_id
from masterprint.release.delivery.base import Delivery, Table, shown
from masterprint.release.manifest import sums_of
from masterprint.release.medium import clock
from masterprint.release.names import safe_name
from masterprint.tags.ascii import ascii_of


def write_cd(delivery: Delivery) -> None:
    """Image, cue sheet, TOC, tracks, PQ sheet."""
    image = delivery.workshop.image()
    # Cue sheet and TOC are Latin-1, file systems are not: a name beyond ASCII would not be found.
    stem = safe_name(ascii_of(delivery.model.title))
    wav = delivery.folder / f"{stem}.wav"
    shutil.copyfile(image.path, wav)
    remarks = {"DATE": delivery.model.year} if delivery.model.year else {}
    (delivery.folder / f"{stem}.cue").write_bytes(cue_sheet(image.disc, wav.name, remarks=remarks))
    toc = cdrdao_toc(image.disc, wav.name)
    (delivery.folder / f"{stem}.toc").write_text(toc, encoding="latin-1")
    folder = delivery.folder / "tracks"
    folder.mkdir()
    delivery.say("tracks")
    cut_tracks(image, [folder / f"{name}.wav" for name in _names(delivery, image)])
    _sheets(delivery, image, {wav.name: sums_of(wav).md5})


def write_ddp(delivery: Delivery) -> None:
    """The set in a folder of its own, read back and compared; the PQ sheet beside it.

    Raises:
        AudioFileError: what is read back is not what was written.
    """
    image = delivery.workshop.image()
    code = delivery.model.catalog_number or delivery.model.upc or delivery.model.title
    folder = delivery.folder / f"{safe_name(code)} DDP"
    folder.mkdir()
    delivery.say("image")
    names = DdpNames()
    facts = write_image(
        folder / names.image,
        image.disc.lead_sectors,
        _words(image.path),
        sectors=image.disc.sectors,
    )
    files = ddp_files(image.disc, names=names, master_id=master_id(delivery.workshop.album))
    for name, data in (files | checksum_files(files, facts, names.image)).items():
        (folder / name).write_bytes(data)
    delivery.say("reading it back")
    _need_same(folder, image, facts)
    md5 = {name: sums_of(folder / name).md5 for name in [*files, names.image]}
    _sheets(delivery, image, md5)
    delivery.facts["image_md5"] = facts.md5


def _names(delivery: Delivery, image: Image) -> Iterator[str]:
    """Of the tracks that the image is cut into."""
    album = delivery.workshop.album
    if image.disc.tracks[0].start:
        yield delivery.workshop.name_of(0, 0)
    for index, (track, number) in enumerate(zip(album.tracks, album.numbers, strict=True)):
        if not track.hidden:
            yield delivery.workshop.name_of(index, number)


def _words(path: Path) -> Iterator[NDArray[np.int16]]:
    """A 16-bit file as whole numbers."""
    for block in open_audio(path).signal().blocks:
        yield np.rint(block * 32768.0).astype(np.int16)


def _need_same(folder: Path, image: Image, facts: ImageFacts) -> None:
    """Read the set as a plant would, and hold it against the disc and its audio."""
    found = read_ddp(folder)
    lead = image.disc.lead_sectors * FRAMES_PER_SECTOR * 4
    digest = hashlib.sha256()
    with (folder / DdpNames().image).open("rb") as file:
        file.seek(lead)
        while data := file.read(1 << 20):
            digest.update(data)
    if digest.hexdigest() != image.pcm_sha256 or facts.sectors != (
        image.disc.lead_sectors + image.disc.sectors
    ):
        raise AudioFileError(f"{folder}: the image does not read back as the disc's audio.")
    if [track.isrc for track in found.disc.tracks] != [track.isrc for track in image.disc.tracks]:
        raise AudioFileError(f"{folder}: the ISRC do not read back as they were written.")


def _sheets(delivery: Delivery, image: Image, md5: dict[str, str]) -> None:
    """The PQ sheet, and what note and manifest say of the disc."""
    (delivery.folder / "pq-sheet.txt").write_text(pq_sheet_text(image.disc, md5), encoding="utf-8")
    (delivery.folder / "pq-sheet.html").write_text(pq_sheet_html(image.disc, md5), encoding="utf-8")
    disc = with_lead(image.disc)
    ends = [*(track.begins for track in disc.tracks[1:]), disc.sectors]
    rows = [
        (
            str(number),
            track.title,
            track.isrc or "-",
            "-" if track.pregap is None else timecode(track.pregap),
            timecode(track.start),
            timecode(end - track.start),
        )
        for (number, track), end in zip(disc.numbered(), ends, strict=True)
    ]
    columns = ("", "title", "ISRC", "index 0", "index 1", "length")
    title = "Disc, mm:ss:ff from its beginning, as on the PQ sheet"
    delivery.tables.append(Table(title, columns, rows))
    measured = image.measurement
    delivery.facts["disc"] = {
        "sectors": image.disc.sectors,
        "length": timecode(image.disc.sectors),
        "pcm_sha256": image.pcm_sha256,
        "integrated_lufs": measured.integrated_lufs and round(measured.integrated_lufs, 3),
        "true_peak_dbtp": measured.true_peak_dbtp and round(measured.true_peak_dbtp, 3),
    }
    delivery.notes.append(
        f"The disc plays {clock(image.disc.sectors / 75)}, at {shown(measured.integrated_lufs, 1)} "
        f"LUFS and {shown(measured.true_peak_dbtp, 2)} dBTP."
    )
