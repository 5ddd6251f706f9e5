"""The broadcast extension chunk `bext`, version 2 (EBU Tech 3285).

602 bytes of fixed places, then the coding history: 256 description, 32 originator, 32 its
reference, 10 date, 8 time, u64 samples since midnight, u16 version, 64 UMID, five i16 of loudness
in hundredths (LUFS, LU, dBTP, momentary, short-term; 0x7FFF is not set), 180 reserved. Text is
ASCII, filled up with NULs.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass, fields, replace
from datetime import date as Date
from datetime import time as Time
from typing import Any

from masterprint.metering.measurement import Measurement
from masterprint.tags.ascii import ascii_of

FIXED_BYTES = 602
VERSION = 2
NOT_SET = 0x7FFF
LAYOUT: dict[str, tuple[int, int]] = {
    "description": (0, 256),
    "originator": (256, 32),
    "originator_reference": (288, 32),
    "date": (320, 10),
    "time": (330, 8),
    "time_reference": (338, 8),
    "umid": (348, 64),
    "integrated_lufs": (412, 2),
    "loudness_range_lu": (414, 2),
    "true_peak_dbtp": (416, 2),
    "max_momentary_lufs": (418, 2),
    "max_short_term_lufs": (420, 2),
}
"""Where each field stands, and how many bytes it has."""
TEXTS = ("description", "originator", "originator_reference")
LOUDNESS = tuple(LAYOUT)[-5:]
_VERSION_AT = 346


@dataclass(frozen=True)
class Bext:
    """What a broadcast wave file says of its origin.

    Attributes:
        description: of the sound, at most 256 ASCII characters.
        originator: who made the file, 32 characters.
        originator_reference: their name for it, 32 characters.
        date: of origination, YYYY-MM-DD.
        time: of origination, HH:MM:SS.
        time_reference: of the first sample, in samples since midnight.
        umid: SMPTE ST 330, as 128 hex digits (64 for a basic one).
        integrated_lufs, loudness_range_lu, true_peak_dbtp, max_momentary_lufs,
            max_short_term_lufs: as measured; None is not set.
        coding_history: a line for each generation, see `coding_history_line`.
    """

    description: str = ""
    originator: str = ""
    originator_reference: str = ""
    date: str = ""
    time: str = ""
    time_reference: int = 0
    umid: str = ""
    integrated_lufs: float | None = None
    loudness_range_lu: float | None = None
    true_peak_dbtp: float | None = None
    max_momentary_lufs: float | None = None
    max_short_term_lufs: float | None = None
    coding_history: str = ""

    def measured(self, found: Measurement) -> Bext:
        """The same with the loudness that was found."""
        return replace(self, **{name: getattr(found, name) for name in LOUDNESS})


BEXT_FIELDS = tuple(field.name for field in fields(Bext))


def parse_bext(data: bytes) -> Bext:
    """What a chunk says. Nothing in it is an error: what makes no sense is told as it stands."""
    data = data.ljust(FIXED_BYTES, b"\0")
    version = int.from_bytes(data[_VERSION_AT : _VERSION_AT + 2], "little")

    def text(name: str) -> str:
        return _text(_field(data, name))

    bext = Bext(
        description=text("description"),
        originator=text("originator"),
        originator_reference=text("originator_reference"),
        date=text("date"),
        time=text("time"),
        time_reference=int.from_bytes(_field(data, "time_reference"), "little"),
        umid=_umid_shown(_field(data, "umid")) if version >= 1 else "",
        coding_history=_text(data[FIXED_BYTES:]),
    )
    if version < 2:
        return bext
    loudness: dict[str, Any] = {name: _figure(_field(data, name)) for name in LOUDNESS}
    return replace(bext, **loudness)


def build_bext(bext: Bext, over: bytes | None = None) -> bytes:
    """The chunk that says this.

    Text becomes ASCII (see `ascii`).

    Args:
        bext: what it is to say.
        over: the chunk that was there: fields that say the same keep their bytes, whatever those
            are, and so does what is reserved.

    Raises:
        ValueError: a text is too long, or is not of the form that its place has.
    """
    data = bytearray((over or b"").ljust(FIXED_BYTES, b"\0")[:FIXED_BYTES])
    old = parse_bext(over) if over is not None else None
    version = int.from_bytes(data[_VERSION_AT : _VERSION_AT + 2], "little")
    for name, (place, size) in LAYOUT.items():
        value = getattr(bext, name)
        is_new = old is None or value != getattr(old, name)
        if is_new or (name in LOUDNESS and version < 2) or (name == "umid" and version < 1):
            data[place : place + size] = _bytes_of(name, value, size)
    struct.pack_into("<H", data, _VERSION_AT, max(version, VERSION))
    if over is not None and old is not None and bext.coding_history == old.coding_history:
        return bytes(data) + over[FIXED_BYTES:]
    return bytes(data) + _history_bytes(bext.coding_history)


def coding_history_line(
    sample_rate_hz: int,
    bits: int,
    channels: int,
    text: str = "",
    algorithm: str = "PCM",
) -> str:
    """A generation of a recording, as EBU R 98 has it: A=PCM,F=44100,W=16,M=stereo,T=text."""
    modes = {1: "mono", 2: "stereo"}
    # R 98 has no word for more channels than two: their number is said in the free text.
    said = [text] if channels in modes or not text else [f"{channels} channels", text]
    line = f"A={algorithm},F={sample_rate_hz},W={bits}"
    if channels in modes:
        line += f",M={modes[channels]}"
    elif not text:
        said = [f"{channels} channels"]
    free = "; ".join(re.sub(r"[\s,]+", " ", ascii_of(each)).strip() for each in said if each)
    return f"{line},T={free}" if free else line


def fitted(text: str, field: str) -> str:
    """A text in ASCII, cut to what a field has room for: for what nobody has typed."""
    return ascii_of(" ".join(text.split()))[: LAYOUT[field][1]].rstrip()


def _field(data: bytes, name: str) -> bytes:
    place, size = LAYOUT[name]
    return data[place : place + size]


def _text(data: bytes) -> str:
    data = data.split(b"\0")[0]
    try:
        return data.decode("utf-8").rstrip()
    except UnicodeDecodeError:
        return data.decode("latin-1").rstrip()


def _umid_shown(data: bytes) -> str:
    return data.hex() if any(data[32:]) else data[:32].hex() if any(data) else ""


def _figure(data: bytes) -> float | None:
    (hundredths,) = struct.unpack("<h", data)
    return None if hundredths == NOT_SET else hundredths / 100


def _bytes_of(name: str, value: str | int | float | None, size: int) -> bytes:
    if name in LOUDNESS:
        assert not isinstance(value, str)
        inside = value is not None and -99.995 < value < 99.995
        return struct.pack("<h", round(100 * value) if inside and value is not None else NOT_SET)
    if isinstance(value, int):
        if not 0 <= value < 1 << 64:
            raise ValueError(f"{name}: found {value}; allowed: a number of samples from 0")
        return value.to_bytes(8, "little")
    assert isinstance(value, str)
    if value and name in _FORMS:
        _FORMS[name](value)
    if name == "umid":
        return bytes.fromhex(value).ljust(size, b"\0")
    text = ascii_of(value)
    if any(letter < " " or letter == "\x7f" for letter in text):
        raise ValueError(f"{name}: has a line break or control character, which it cannot hold")
    if len(text) > size:
        raise ValueError(f"{name}: has {len(text)} characters in ASCII; allowed: at most {size}")
    return text.encode("ascii").ljust(size, b"\0")


def _history_bytes(text: str) -> bytes:
    lines = [ascii_of(line).rstrip() for line in text.splitlines()]
    if any(not letter.isprintable() for line in lines for letter in line):
        raise ValueError("coding_history: has a control character, which it cannot hold")
    return "".join(f"{line}\r\n" for line in lines if line).encode("ascii")


def _need_date(value: str) -> None:
    try:
        if not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
            raise ValueError
        Date.fromisoformat(value)
    except ValueError:
        raise ValueError(f"date: found {value!r}; allowed: a day, as 2026-05-31") from None


def _need_time(value: str) -> None:
    try:
        if not re.fullmatch(r"\d\d:\d\d:\d\d", value):
            raise ValueError
        Time.fromisoformat(value)
    except ValueError:
        raise ValueError(f"time: found {value!r}; allowed: a time of day, as 18:30:00") from None


def _need_umid(value: str) -> None:
    if not re.fullmatch(r"(?:[0-9A-Fa-f]{64}){1,2}", value):
        raise ValueError("umid: allowed: 64 hex digits, or 128 of an extended one")


_FORMS = {"date": _need_date, "time": _need_time, "umid": _need_umid}
