"""Sides: one file for each side of a record or a cassette, with what the cutting engineer asks."""

from __future__ import annotations

from collections.abc import Callable

from masterprint.ahead import ahead
from masterprint.files.formats import MasterFormat
from masterprint.files.quantiser import reserve
from masterprint.files.writing import write_master
from masterprint.metering.meter import Meter
from masterprint.release.assembly import is_exact, programme
from masterprint.release.delivery.base import Delivery, Table, shown
from masterprint.release.groove import GrooveMeter
from masterprint.release.layout import Layout
from masterprint.release.medium import Medium, clock, counts_of, lengths_of, side_plan
from masterprint.release.sides import Side
from masterprint.release.workshop import side_name
from masterprint.signal import Block

CASSETTE_RATE_HZ = 44100


def write_vinyl(delivery: Delivery) -> None:
    """24-bit sides at the masters' own rate, and what the groove will make of them."""
    _write(delivery, "vinyl", delivery.model.vinyl.chain, MasterFormat("wav", "24"), None)


def write_cassette(delivery: Delivery) -> None:
    """16-bit sides at 44.1 kHz."""
    chain = delivery.model.cassette.chain
    _write(delivery, "cassette", chain, MasterFormat("wav", "16"), CASSETTE_RATE_HZ)


def _write(
    delivery: Delivery,
    medium: Medium,
    chain: str | None,
    master: MasterFormat,
    sample_rate_hz: int | None,
) -> None:
    album = delivery.workshop.album
    whole = delivery.workshop.side(range(len(album.tracks)), 0.0, chain)
    sides, doubts = side_plan(album, whole.timeline, medium)
    delivery.notes += [f"{doubt[:1].upper()}{doubt[1:]}." for doubt in doubts]
    delivery.facts["sides"] = []
    model = delivery.model
    if medium == "vinyl":
        record = f'{model.vinyl.size_inch}" at {model.vinyl.rpm} rpm, {len(sides)} sides'
        delivery.head.append(("Record", record))
    forms: list[str] = []
    for side in sides:
        delivery.say(f"side {side.name}")
        layout = delivery.workshop.side(side.indexes, delivery.profile.head_s, chain)
        name = side_name(album, side.name)
        rate = sample_rate_hz or layout.timeline.highest_rate_hz
        signal = programme(
            layout.timeline,
            layout.sources,
            rate,
            layout.ceiling_dbtp,
            reserve(master),
            limited=not is_exact(layout.sources, master.bits),
        )
        meter = Meter(rate, signal.channels, master.full_scale)
        groove = GrooveMeter(rate) if signal.channels == 2 and medium == "vinyl" else None
        signal = signal.carrying(ahead(signal.blocks))
        written = write_master(
            signal, delivery.folder / f"{name}.wav", master, heard=_both(meter, groove)
        )
        measured = meter.result()
        forms.append(f"{rate} Hz, {master.bits} bits")
        facts = {
            "side": side.name,
            "file": f"{name}.wav",
            "tracks": counts_of(album, [side])[0],
            "seconds": round(measured.duration_s, 3),
            "pcm_sha256": written.pcm_sha256,
            **measured.as_dict(),
        }
        if groove is not None:
            found = groove.result()
            facts["groove"] = found.as_dict()
            delivery.notes += [f"Side {side.name}: {text}." for text in found.warnings()]
        delivery.facts["sides"].append(facts)
        delivery.tables.append(_table(delivery, side, layout, facts))
    delivery.head.append(("Files", "; ".join(dict.fromkeys(forms))))


def _both(meter: Meter, groove: GrooveMeter | None) -> Callable[[Block], None]:
    def heard(block: Block) -> None:
        meter.feed(block)
        if groove is not None:
            groove.feed(block)

    return heard


def _table(delivery: Delivery, side: Side, layout: Layout, facts: dict[str, object]) -> Table:
    album = delivery.workshop.album
    rate = layout.timeline.highest_rate_hz
    begins = [begin for _, begin, _ in layout.timeline.placed_at(rate)]
    rows = [
        (
            str(album.numbers[index]),
            album.tracks[index].title,
            clock(float(begin / rate)),
            clock(length),
        )
        for index, begin, length in zip(
            side.indexes, begins, lengths_of(layout.timeline), strict=True
        )
    ]
    loudness, peak = facts["integrated_lufs"], facts["true_peak_dbtp"]
    said = f"{shown(loudness, 1)} LUFS, {shown(peak, 2)} dBTP"  # type: ignore[arg-type]
    groove = facts.get("groove")
    if isinstance(groove, dict):
        said += (
            f"; below 300 Hz correlation {shown(groove['low_correlation'], 2)}, at the least "
            f"{shown(groove['least_low_correlation'], 2)}; bass side "
            f"{shown(groove['bass_side_db'], 1)} dB; loudest sibilant "
            f"{shown(groove['sibilance_db'], 1)} dB"
        )
    title = f"Side {side.name}, {clock(float(layout.timeline.frames_at(rate) / rate))} ({said})"
    return Table(title, ("", "title", "begins", "length"), rows)
