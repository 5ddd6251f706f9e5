"""The packets of a DDP 2.00 set: fixed fields of ASCII, padded with spaces.

One table for the writer and the reader. The offsets are those on which independent writers and
readers agree; DDP itself is a trademark of DCA Inc., whose document was not used, and no
certification is claimed. Texts stand on the left, numbers on the right; a field that is not set is
all spaces; there are no line ends.

DDPID is one packet; DDPMS has one packet for each stream of the set, and names its file; the PQ
descriptor has one packet for each index of each track, between lead-in and lead-out.
"""

from __future__ import annotations

from collections.abc import Mapping

Fields = Mapping[str, tuple[int, int]]

DDPID_BYTES = 128
DDPID: Fields = {
    "level": (0, 8),
    "upc": (8, 13),
    "master_id": (38, 48),
    "type": (87, 2),
}

MAP_BYTES = 128
MAP: Fields = {
    "marker": (0, 4),
    "stream": (4, 2),
    "length": (14, 8),
    "start": (22, 8),
    "subcode": (30, 8),
    "mode": (38, 2),
    "storage": (40, 1),
    "scrambled": (41, 1),
    "pregap": (46, 4),
    "track": (55, 2),
    "name_bytes": (71, 3),
    "name": (74, 17),
    "session": (91, 1),
}
NAME_BYTES = MAP["name"][1]

PQ_BYTES = 64
PQ: Fields = {
    "marker": (0, 4),
    "track": (4, 2),
    "index": (6, 2),
    "hours": (8, 2),
    "time": (10, 6),
    "control": (16, 1),
    "mode": (17, 1),
    "isrc": (20, 12),
    "upc": (32, 13),
}

LEVEL = "DDP 2.00"
MAP_MARKER, PQ_MARKER = "VVVM", "VVVS"
LEAD_OUT = "AA"
PRE_EMPHASIS, COPY_PERMITTED, DATA, FOUR_CHANNELS = 1, 2, 4, 8
"""Bits of the control field."""


def packet(fields: Fields, size: int, **values: str | int) -> bytes:
    """One packet. Numbers are padded on the left, texts on the right.

    Raises:
        ValueError: a value does not fit.
    """
    found = bytearray(b" " * size)
    for name, value in values.items():
        start, width = fields[name]
        text = str(value).rjust(width) if isinstance(value, int) else value.ljust(width)
        if len(text) > width or not text.isascii():
            raise ValueError(f"{name} is {value!r}; {width} characters of ASCII fit")
        found[start : start + width] = text.encode("ascii")
    return bytes(found)


def field_of(fields: Fields, data: bytes, name: str) -> str:
    """A field of a packet, without its padding."""
    start, width = fields[name]
    return data[start : start + width].decode("latin-1").strip(" \0")


def number_of(fields: Fields, data: bytes, name: str) -> int | None:
    """A number of a packet, padded with spaces or zeros; None where it is blank.

    Raises:
        ValueError: it is no number.
    """
    text = field_of(fields, data, name)
    if not text:
        return None
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"its {name} is {text!r}, where a number is expected")
    return int(text)
