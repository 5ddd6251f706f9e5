"""The masters as they were rendered, with their recall sheets: for the archive.

Their samples are untouched, so each recall sheet goes on proving its master; what they say of
themselves is added in chunks beside the audio.
"""

from __future__ import annotations

import shutil

from masterprint.errors import AudioFileError
from masterprint.files.pcm_hash import pcm_sha256
from masterprint.files.reading import open_audio
from masterprint.metering.meter import measure_signal
from masterprint.release.credits import bext_of, tags_of
from masterprint.release.delivery.base import Delivery, Table, shown
from masterprint.release.medium import clock
from masterprint.sheets.sheet import sheet_path
from masterprint.tags.bext import coding_history_line
from masterprint.tags.files import write_tags


def write(delivery: Delivery) -> None:
    """Copy masters and sheets, the album file and its chains; tell each what it is."""
    album = delivery.workshop.album
    rows: list[tuple[str, ...]] = []
    facts = []
    for index, job in enumerate(delivery.workshop.jobs()):
        delivery.say(job.master.name)
        path = delivery.folder / job.master.name
        shutil.copyfile(job.master, path)
        shutil.copyfile(sheet_path(job.master), sheet_path(path))
        before = pcm_sha256(path)
        file = open_audio(path)
        measured = measure_signal(file.signal(), file.full_scale)
        bits = file.bits or 32
        mix = open_audio(job.mix)
        history = coding_history_line(
            mix.sample_rate_hz, mix.bits or 32, mix.channels, f"mix {job.mix.name}"
        )
        tags = tags_of(album, index, album.numbers[index], delivery.cover)
        write_tags(path, tags, bext=bext_of(album, index, measured, bits, f"{history}\r\n"))
        if pcm_sha256(path) != before:
            raise AudioFileError(f"{path.name}: its audio did not stay the same in tagging.")
        track = album.tracks[index]
        facts.append({"file": path.name, "title": track.title, "pcm_sha256": before})
        rows.append(
            (
                path.name,
                track.title,
                f"{file.sample_rate_hz} Hz, {bits} bits",
                clock(measured.duration_s),
                shown(measured.integrated_lufs, 1),
                shown(measured.true_peak_dbtp, 2),
            )
        )
    shutil.copyfile(album.file, delivery.folder / album.file.name)
    columns = ("file", "title", "form", "length", "LUFS", "dBTP")
    delivery.tables.append(Table("Masters as rendered", columns, rows))
    delivery.facts["masters"] = facts
