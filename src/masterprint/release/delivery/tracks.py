"""A file for each track, in one format or several: for services, shops, stations, archives."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from masterprint.batch.run import default_workers, run_all
from masterprint.codecs.formats import Format, format_named
from masterprint.codecs.round_trip import Encoded, checked_encode
from masterprint.dsp.decibels import amplitude
from masterprint.release.consistency import Consistency, compare
from masterprint.release.credits import bext_of, replay_gain, tags_of
from masterprint.release.delivery.base import Delivery, Table, shown
from masterprint.release.delivery.coded import Coded, codec_table, notes_on
from masterprint.release.medium import clock
from masterprint.release.names import safe_name
from masterprint.release.outlook import AlbumLevels, outlook
from masterprint.release.platforms import Service
from masterprint.release.printing import Printed, print_tracks
from masterprint.tags.files import write_tags

_FIGURE = re.compile(r"-?[0-9]+\.[0-9]+")


def write(delivery: Delivery) -> None:
    """Print the tracks, encode them, say in each what it is."""
    profile = delivery.profile
    printed = delivery.printed = _printed(delivery)
    formats = [format_named(name) for name in profile.formats]
    coded = [each for fmt in formats for each in _encoded(delivery, printed, fmt)]
    comparison = compare([each.figures for each in printed])
    for each in coded:
        _tag(delivery, each, comparison)
    delivery.tables.append(_track_table(delivery, printed))
    if any(not each.format.lossless for each in coded):
        delivery.tables.append(codec_table(coded))
    if printed and not printed[0].number:
        delivery.notes.append(
            "Track 0 is hidden before track 1 on a disc, and here a file of its own."
        )
    delivery.notes += notes_on(coded, profile.ceiling_dbtp)
    delivery.facts["tracks"] = [
        {
            "track": each.printed.number,
            "file": each.path.relative_to(delivery.folder).as_posix(),
            "title": delivery.workshop.album.tracks[each.printed.index].title,
            "isrc": delivery.workshop.album.tracks[each.printed.index].isrc,
            **each.encoded.as_dict(),
        }
        for each in coded
    ]


def tell_outlook(delivery: Delivery, services: list[tuple[str, Service]]) -> None:
    """What services will do with the tracks: in short for the note, and all for the manifest."""
    comparison = compare([each.figures for each in delivery.printed])
    album = AlbumLevels(
        comparison.integrated_lufs, comparison.loudest_lufs, comparison.true_peak_dbtp
    )
    rows: list[tuple[str, ...]] = []
    facts = []
    for name, service in services:
        found = [
            (each.number, outlook(each.figures.measurement, service, album))
            for each in delivery.printed
        ]
        facts += [{"service": name, "track": n, **each.as_dict()} for n, each in found]
        said = _gathered({number: each.remarks for number, each in found})
        rows.append(
            (
                service.title,
                shown(service.target_lufs, 0),
                _span([each.track.gain_db for _, each in found]),
                _span([each.album.gain_db for _, each in found if each.album]),
                "; ".join(said) or "-",
            )
        )
    if rows:
        columns = ("service", "LUFS", "alone, dB", "in the album, dB", "remarks")
        delivery.tables.append(Table("What services will turn it up or down by", columns, rows))
        delivery.facts["outlook"] = facts


def _gathered(remarks: Mapping[int, Sequence[str]]) -> list[str]:
    """What is remarked of several tracks in one, with the highest of their figures."""
    alike: dict[str, dict[int, str]] = {}
    for number, texts in remarks.items():
        for text in texts:
            alike.setdefault(_FIGURE.sub("#", text, count=1), {})[number] = text
    found = []
    for text, of_tracks in alike.items():
        figures = {match[0] for each in of_tracks.values() if (match := _FIGURE.search(each))}
        highest = max(figures, key=float, default="")
        figure = f"up to {highest}" if len(figures) > 1 else highest
        which = f"track{'s' if len(of_tracks) > 1 else ''} {', '.join(map(str, of_tracks))}"
        which = "all tracks" if 1 < len(of_tracks) == len(remarks) else which
        found.append(f"{text.replace('#', figure, 1)} ({which})")
    return found


def _span(values: Sequence[float | None]) -> str:
    """The least and the most of gains, as one figure where they are the same."""
    known = sorted({shown(value, 1) for value in values if value is not None}, key=float)
    if not known:
        return "not known"
    return known[0] if len(known) == 1 else f"{known[0]} to {known[-1]}"


def _printed(delivery: Delivery) -> list[Printed]:
    """The tracks as 24-bit WAV, at the rate and the loudness that the profile wants."""
    profile = delivery.profile
    if profile.sample_rate_hz is None and profile.target_lufs is None:
        return delivery.workshop.tracks(profile.gaps)
    # Measured at the rate of the delivery: conversion takes the highest octave's edge away.
    plain = _converted(delivery, {})
    if profile.target_lufs is None:
        return plain
    gains_db = {
        each.index: profile.target_lufs - loudness
        for each in plain
        if (loudness := each.figures.measurement.integrated_lufs) is not None
    }
    return _converted(delivery, gains_db)


def _converted(delivery: Delivery, gains_db: Mapping[int, float]) -> list[Printed]:
    """The tracks at the profile's rate, with a gain for each by its index."""
    workshop, profile = delivery.workshop, delivery.profile
    folder = workshop.folder(f"{delivery.name}-{'with-gain' if gains_db else 'plain'}")
    return list(
        print_tracks(
            workshop.album,
            workshop.layout,
            lambda stretch: folder / f"{stretch.index:03}.wav",
            gaps=profile.gaps,
            sample_rate_hz=profile.sample_rate_hz,
            gain_db=lambda stretch: gains_db.get(stretch.index, 0.0),
            ceiling_dbtp=profile.ceiling_dbtp,
            done=delivery.say,
        )
    )


def _encoded(delivery: Delivery, printed: list[Printed], fmt: Format) -> list[Coded]:
    """All tracks in one format, under the ceiling.

    Where one of them has to be lowered, all are, by as much: what they are to one another stays,
    and where one runs into the next there is no step.
    """
    folder = delivery.folder
    if len(delivery.profile.formats) > 1:
        folder = folder / safe_name(fmt.label)
        folder.mkdir()
    paths = [folder / f"{_name(delivery, each)}{fmt.extension}" for each in printed]

    def encoded(indexes: list[int], gain_db: float, ceiling: float | None) -> dict[int, Encoded]:
        def work(_: int, index: int) -> Encoded:
            delivery.say(f"{fmt.label}, {paths[index].stem}")
            return checked_encode(printed[index].path, paths[index], fmt, ceiling, gain_db=gain_db)

        done = run_all(indexes, work, default_workers(len(indexes)))
        return {indexes[place]: found for place, found in done}

    ceiling = delivery.profile.ceiling_dbtp
    found = encoded(list(range(len(printed))), 0.0, ceiling)
    # Lowering one may show another that is over at that level. Few codecs are that odd; in the
    # end, one gain for all counts more than the last hundredths.
    for held in (ceiling, ceiling, None):
        lowest = min(each.gain_db for each in found.values())
        above = [index for index, each in found.items() if each.gain_db > lowest + 1e-9]
        if not above:
            break
        found |= encoded(above, lowest, held)
    return [Coded(printed[index], fmt, paths[index], found[index]) for index in sorted(found)]


def _name(delivery: Delivery, printed: Printed) -> str:
    names = delivery.profile.names
    return delivery.workshop.name_of(printed.index, printed.number, names)


def _tag(delivery: Delivery, coded: Coded, comparison: Consistency) -> None:
    album, profile = delivery.workshop.album, delivery.profile
    measured = coded.printed.figures.measurement
    gain = None
    if profile.replay_gain and comparison.true_peak_dbtp is not None:
        gain = replay_gain(
            measured,
            comparison.integrated_lufs,
            amplitude(comparison.true_peak_dbtp),
            coded.encoded.gain_db,
        )
    tags = tags_of(album, coded.printed.index, coded.printed.number, delivery.cover, gain)
    bext = None
    if profile.bwf and coded.format.codec == "wav":
        bext = bext_of(album, coded.printed.index, measured, coded.format.bits or 24)
    write_tags(coded.path, tags, bext=bext)


def _track_table(delivery: Delivery, printed: list[Printed]) -> Table:
    album = delivery.workshop.album
    rows = []
    for each in printed:
        measured, track = each.figures.measurement, album.tracks[each.index]
        rows.append(
            (
                str(each.number),
                track.title,
                track.isrc or "-",
                clock(measured.duration_s),
                shown(measured.integrated_lufs, 1),
                shown(measured.true_peak_dbtp, 2),
                f"{measured.sample_rate_hz} Hz",
            )
        )
    return Table("Tracks", ("", "title", "ISRC", "length", "LUFS", "dBTP", "rate"), rows)
