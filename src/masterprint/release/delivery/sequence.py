"""The album as one file, to be listened to from end to end, and how its tracks compare."""

from __future__ import annotations

from masterprint.ahead import ahead
from masterprint.disc.layout import FRAMES_PER_SECTOR, SAMPLE_RATE_HZ
from masterprint.files.formats import MasterFormat
from masterprint.files.quantiser import reserve
from masterprint.files.writing import write_master
from masterprint.metering.meter import Meter
from masterprint.release.assembly import programme
from masterprint.release.compact_disc import disc_of
from masterprint.release.delivery.base import Delivery, Table, shown
from masterprint.release.medium import clock
from masterprint.release.names import safe_name
from masterprint.release.printing import Printed
from masterprint.release.workshop import Workshop


def write(delivery: Delivery) -> None:
    """Write the programme at the highest rate of its masters, and compare the tracks."""
    workshop, master = delivery.workshop, MasterFormat()
    layout = workshop.layout
    printed = workshop.tracks()
    rate = layout.timeline.highest_rate_hz
    delivery.say("the whole album")
    signal = programme(
        layout.timeline, layout.sources, rate, layout.ceiling_dbtp, reserve(master), limited=False
    )
    meter = Meter(rate, signal.channels, master.full_scale)
    signal = signal.carrying(ahead(signal.blocks))
    name = f"{safe_name(delivery.model.title)}.wav"
    written = write_master(signal, delivery.folder / name, master, heard=meter.feed)
    comparison = workshop.comparison()
    delivery.facts |= {
        "file": name,
        "pcm_sha256": written.pcm_sha256,
        "programme": meter.result().as_dict(),
        "comparison": comparison.as_dict(),
        "timeline": _timeline(workshop),
        "tracks": [_track(workshop, each) for each in printed],
    }
    delivery.tables += [_times(delivery), _figures(workshop, printed)]
    delivery.notes += _outliers(workshop, printed)


def _outliers(workshop: Workshop, printed: list[Printed]) -> list[str]:
    """What stands out, in one sentence for each track."""
    said: dict[int, list[str]] = {}
    for each in workshop.comparison().outliers:
        said.setdefault(printed[each.index].index, []).append(each.text)
    return [
        f"{workshop.album.tracks[index].title}, beside the album's median: {', '.join(texts)}."
        for index, texts in said.items()
    ]


def _timeline(workshop: Workshop) -> list[dict[str, object]]:
    """Where every track lies, in seconds and, of its mark on a disc, in CD frames."""
    album, timeline = workshop.album, workshop.layout.timeline
    marks = {}
    if all(run.channels == 2 for run in timeline.runs):
        numbered = [index for index, track in enumerate(album.tracks) if not track.hidden]
        disc = disc_of(album, timeline)
        marks = dict(zip(numbered, (track.start for track in disc.tracks), strict=True))
    rate = SAMPLE_RATE_HZ
    return [
        {
            "track": album.numbers[index],
            "title": album.tracks[index].title,
            "hidden": album.tracks[index].hidden,
            "begin_s": round(float(begin / rate), 6),
            "end_s": round(float(end / rate), 6),
            "mark_cd_frames": marks.get(index),
        }
        for index, begin, end in timeline.placed_at(rate)
    ]


def _track(workshop: Workshop, printed: Printed) -> dict[str, object]:
    album = workshop.album
    return {
        "track": printed.number,
        "title": album.tracks[printed.index].title,
        **printed.figures.as_dict(),
    }


def _times(delivery: Delivery) -> Table:
    rows = [
        (
            "hidden" if each["hidden"] else str(each["track"]),
            str(each["title"]),
            _time(float(str(each["begin_s"]))),
            _time(float(str(each["end_s"]))),
            "-" if each["mark_cd_frames"] is None else _mark(int(str(each["mark_cd_frames"]))),
        )
        for each in delivery.facts["timeline"]
    ]
    return Table("Timeline", ("", "title", "begins", "ends", "CD mark"), rows)


def _figures(workshop: Workshop, printed: list[Printed]) -> Table:
    album = workshop.album
    rows = []
    for each in printed:
        measured = each.figures.measurement
        rows.append(
            (
                str(each.number),
                album.tracks[each.index].title,
                shown(measured.integrated_lufs, 1),
                shown(measured.loudness_range_lu, 1),
                shown(measured.true_peak_dbtp, 2),
                shown(measured.plr_db, 1),
                shown(each.figures.width_db, 1),
                shown(each.figures.head_s, 2),
                shown(each.figures.tail_s, 2),
            )
        )
    medians = workshop.comparison().medians
    rows.append(
        (
            "",
            "median",
            shown(medians.get("integrated_lufs"), 1),
            "",
            shown(medians.get("true_peak_dbtp"), 2),
            "",
            shown(medians.get("width_db"), 1),
            shown(medians.get("head_s"), 2),
            shown(medians.get("tail_s"), 2),
        )
    )
    columns = ("", "title", "LUFS", "LRA", "dBTP", "PLR", "width, dB", "head, s", "tail, s")
    return Table("How the tracks compare", columns, rows)


def _time(seconds: float) -> str:
    minutes, rest = divmod(seconds, 60.0)
    return f"{int(minutes)}:{rest:06.3f}"


def _mark(sector: int) -> str:
    return f"{clock(sector * FRAMES_PER_SECTOR // SAMPLE_RATE_HZ)}.{sector % 75:02d}"
