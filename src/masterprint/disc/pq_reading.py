"""The PQ descriptor of a DDP set, read: tracks, indexes, flags and codes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from masterprint.disc.ddp_packets import (
    COPY_PERMITTED,
    DATA,
    FOUR_CHANNELS,
    LEAD_OUT,
    PQ,
    PQ_BYTES,
    PQ_MARKER,
    PRE_EMPHASIS,
    field_of,
)
from masterprint.disc.layout import DiscTrack, sectors_of, timecode
from masterprint.errors import UsageError

MOST_TRACKS = 99
MOST_PACKETS = MOST_TRACKS * 100 + 4


@dataclass
class Pq:
    """What a PQ descriptor says; times in sectors from the beginning of the image.

    Attributes:
        tracks: in order.
        lead_out: where it begins.
        upc: "" where there is none.
        problems: what is not as it must be, a sentence each.
        notes: what a disc can have, but Masterprint does not keep.
    """

    tracks: list[DiscTrack] = field(default_factory=list)
    lead_out: int = 0
    upc: str = ""
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_pq(data: bytes, name: str) -> Pq:
    """Read a PQ descriptor up to its first lead-out.

    Args:
        data: all of it.
        name: of the file, for messages.

    Raises:
        UsageError: with the packet that makes no sense.
    """
    found = Pq()
    if over := len(data) % PQ_BYTES:
        found.problems.append(f"{name}: has {over} bytes beyond whole packets of {PQ_BYTES} bytes")
    packets = [data[at : at + PQ_BYTES] for at in range(0, len(data) - over, PQ_BYTES)]
    reader = _Reader(found)
    for number, packet in enumerate(packets, 1):
        try:
            if reader.take(packet):
                if number < len(packets) - 1 or _tracks_follow(packets[number:]):
                    found.notes.append(f"{name}: what follows the first lead-out is not read")
                break
        except ValueError as error:
            raise UsageError(f"{name}: packet {number}: {error}.") from error
    else:
        raise UsageError(f"{name}: has no lead-out; it is cut short, or no PQ descriptor.")
    if not found.tracks:
        raise UsageError(f"{name}: has no track.")
    return found


def _tracks_follow(packets: list[bytes]) -> bool:
    return any(field_of(PQ, packet, "track") != LEAD_OUT for packet in packets)


class _Reader:
    """Takes packets one by one."""

    def __init__(self, found: Pq) -> None:
        self._found = found
        self._place = 0
        self._indexes: list[tuple[int, int]] = []
        self._track = DiscTrack(0)

    def take(self, packet: bytes) -> bool:
        """Take a packet; True when it is the lead-out. ValueError says what is wrong with it."""
        if (marker := field_of(PQ, packet, "marker")) != PQ_MARKER:
            raise ValueError(f"begins with {marker!r}, where {PQ_MARKER} is expected")
        track, place = field_of(PQ, packet, "track"), _time(packet)
        if upc := field_of(PQ, packet, "upc"):
            if self._found.upc and upc != self._found.upc:
                self._found.problems.append(
                    f"the PQ descriptor has two UPCs, {self._found.upc} and {upc}"
                )
            self._found.upc = self._found.upc or upc
        if place < self._place:
            raise ValueError(
                f"has the time {timecode(place)}, where one not before {timecode(self._place)} "
                "is expected"
            )
        self._place = place
        if track == LEAD_OUT:
            self._end_track()
            self._found.lead_out = place
            return True
        if not (track.isascii() and track.isdigit()):
            raise ValueError(f"has the track {track!r}, where 00 to 99 or {LEAD_OUT} is expected")
        if int(track):
            self._index(int(track), packet, place)
        return False

    def _index(self, track: int, packet: bytes, place: int) -> None:
        text = field_of(PQ, packet, "index")
        if not (text.isascii() and text.isdigit()):
            raise ValueError(f"has the index {text!r}, where 00 to 99 is expected")
        number = len(self._found.tracks) + bool(self._indexes)
        if track == number + 1:
            self._end_track()
            self._track = DiscTrack(0)
        elif track != number:
            raise ValueError(f"has the track {track}, where {number + 1} is expected")
        expected = self._indexes[-1][0] + 1 if self._indexes else None
        if int(text) != expected and not (expected is None and int(text) <= 1):
            raise ValueError(
                f"has index {text} of track {track}, where "
                f"{'00 or 01' if expected is None else f'{expected:02d}'} is expected"
            )
        self._indexes.append((int(text), place))
        self._codes(track, packet)

    def _codes(self, number: int, packet: bytes) -> None:
        isrc = field_of(PQ, packet, "isrc") or None
        if isrc and self._track.isrc and isrc != self._track.isrc:
            self._found.problems.append(
                f"track {number} has two ISRCs, {self._track.isrc} and {isrc}"
            )
        try:
            control = int(field_of(PQ, packet, "control") or "0", 16)
        except ValueError:
            raise ValueError("has a control field that is no hexadecimal digit") from None
        if control & DATA:
            raise ValueError(f"track {number} is data, where audio is expected")
        kept = (control & FOUR_CHANNELS, field_of(PQ, packet, "mode") == "S")
        for is_set, flag in zip(kept, ("4CH (four channels)", "SCMS"), strict=True):
            note = f"track {number} has the flag {flag}, which is not kept"
            if is_set and note not in self._found.notes:
                self._found.notes.append(note)
        self._track = replace(
            self._track,
            isrc=self._track.isrc or isrc,
            pre_emphasis=bool(control & PRE_EMPHASIS),
            copy_permitted=bool(control & COPY_PERMITTED),
        )

    def _end_track(self) -> None:
        if not self._indexes:
            return
        places = dict(self._indexes)
        if 1 not in places:
            raise ValueError(f"ends track {len(self._found.tracks) + 1}, which has no index 01")
        later = tuple(place for index, place in self._indexes if index > 1)
        self._found.tracks.append(
            replace(self._track, start=places[1], pregap=places.get(0), indexes=later)
        )
        self._indexes = []


def _time(packet: bytes) -> int:
    hours = field_of(PQ, packet, "hours")
    if hours.strip("0"):
        raise ValueError(f"has the hour {hours!r}; times on a disc have minutes up to 99")
    start, width = PQ["time"]
    digits = packet[start : start + width].decode("latin-1").replace(" ", "0")
    return sectors_of(f"{digits[:2]}:{digits[2:4]}:{digits[4:]}")
