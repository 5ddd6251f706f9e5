"""Reading a cue sheet, strictly: what is doubtful is refused with its line, not guessed.

Taken is one image with its tracks, as `cue` writes it and most programs do. Refused are sheets with
a file for each track, silence that is in no file (PREGAP, POSTGAP), and data. The text is ISO
8859-1, or UTF-8 where it can be nothing else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any

from masterprint.codes import isrc_of
from masterprint.disc.cue import COMMANDS, REMARKS
from masterprint.disc.layout import Disc, DiscTrack, sectors_of, shown_track, timecode
from masterprint.errors import UsageError

MOST_BYTES = 1 << 18
MOST_TRACKS = 99
_TEXTS = {command: name for name, command in (COMMANDS | REMARKS).items()}
_TEXTS |= {"DISC_ID": "catalog_number"}
_LINE = re.compile(r"\s*(\S+)\s*(.*?)\s*")


@dataclass(frozen=True)
class CueSheet:
    """A cue sheet that has been read.

    Attributes:
        disc: what it says; as long as was told, else it ends where the last index stands.
        file_name, file_type: of the image, as written, such as "WAVE".
        remarks: REM lines of the disc that are no field of it, by first word.
        notes: what was met and not kept.
    """

    disc: Disc
    file_name: str
    file_type: str
    remarks: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def read_cue(data: bytes, sectors: int | None = None, name: str = "cue sheet") -> CueSheet:
    """Read a cue sheet.

    Args:
        data: all of it.
        sectors: length of its image, where it is known.
        name: for messages.

    Raises:
        UsageError: with the line that cannot be taken, what was found, what is expected.
    """
    if len(data) > MOST_BYTES:
        raise UsageError(f"{name}: has more than {MOST_BYTES} bytes; no cue sheet has.")
    notes: list[str] = []
    reader = _Reader(notes)
    for number, line in enumerate(re.split(r"\r\n|\r|\n", _decoded(data, notes)), 1):
        try:
            reader.take(line)
        except ValueError as error:
            raise UsageError(f"{name}, line {number}: {error}.") from error
    try:
        return reader.sheet(sectors)
    except ValueError as error:
        raise UsageError(f"{name}: {error}.") from error


def _decoded(data: bytes, notes: list[str]) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")
    if not text.isascii():
        notes.append("is UTF-8; strict readers expect ISO 8859-1")
    return text


class _Reader:
    """Takes lines one by one; ValueError says what is wrong."""

    def __init__(self, notes: list[str]) -> None:
        self._notes = notes
        self._disc: dict[str, Any] = {}
        self._remarks: dict[str, str] = {}
        self._file: tuple[str, str] | None = None
        self._tracks: list[dict[str, Any]] = []
        self._places: list[list[tuple[int, int]]] = []
        self._last = -1

    def take(self, line: str) -> None:
        match = _LINE.fullmatch(line)
        if match is None:
            if line.strip():
                raise ValueError(f"found {line!r}; expected a command")
            return
        command, rest = match[1].upper(), match[2]
        if command in _TEXTS:
            self._text(_TEXTS[command], _unquoted(rest))
        elif command == "REM":
            self._remark(rest)
        elif method := getattr(self, f"_take_{command.lower()}", None):
            method(rest)
        else:
            raise ValueError(f"found {command!r}; expected a command of cue sheets")

    def sheet(self, sectors: int | None) -> CueSheet:
        """All of it together."""
        if self._file is None or not self._tracks:
            raise ValueError("names no file and no track; expected FILE, TRACK and INDEX lines")
        self._end_track()
        tracks = []
        for fields, places in zip(self._tracks, self._places, strict=True):
            at = dict(places)
            later = tuple(place for index, place in places if index > 1)
            tracks.append(DiscTrack(**fields, start=at[1], pregap=at.get(0), indexes=later))
        if tracks[0].pregap is None and tracks[0].start:
            raise ValueError(
                f"track 1 begins at {timecode(tracks[0].start)}; expected INDEX 00 00:00:00 before"
            )
        if tracks[0].pregap == tracks[0].start == 0:
            tracks[0] = replace(tracks[0], pregap=None)
        if sectors is not None and sectors <= self._last:
            number = len(tracks)
            raise ValueError(
                f"{shown_track(number, tracks[-1].title)} has an index at "
                f"{timecode(self._last)}, but the image ends at {timecode(sectors)}"
            )
        length = self._last if sectors is None else sectors
        disc = Disc(sectors=length, tracks=tuple(tracks), **self._disc)
        return CueSheet(disc, *self._file, self._remarks, tuple(self._notes))

    def _owner(self) -> dict[str, Any]:
        return self._tracks[-1] if self._tracks else self._disc

    def _text(self, name: str, text: str) -> None:
        if self._tracks and name in ("genre", "catalog_number"):
            return
        self._owner()[name] = text

    def _remark(self, rest: str) -> None:
        word, _, text = rest.partition(" ")
        if word.upper() in _TEXTS:
            self._text(_TEXTS[word.upper()], _unquoted(text.strip()))
        elif word and not self._tracks:
            self._remarks[word] = _unquoted(text.strip())

    def _take_catalog(self, rest: str) -> None:
        digits = _unquoted(rest)
        if self._tracks:
            raise ValueError("found CATALOG inside a track; expected it before the first")
        if not re.fullmatch(r"[0-9]{12,13}", digits):
            raise ValueError(f"found the catalogue number {digits!r}; expected 13 digits")
        self._disc["upc"] = digits

    def _take_cdtextfile(self, rest: str) -> None:
        self._notes.append(f"names a file of CD-Text, {_unquoted(rest)!r}, which is not read")

    def _take_file(self, rest: str) -> None:
        if self._file is not None:
            raise ValueError(
                "found a second FILE; expected one image with all tracks, as it goes to a plant"
            )
        match = re.fullmatch(r'(?:"([^"]+)"|(\S+))\s+(\S+)', rest)
        if match is None:
            raise ValueError(f'found {rest!r}; expected FILE "name" WAVE')
        self._file = (match[1] or match[2], match[3].upper())

    def _take_track(self, rest: str) -> None:
        if self._file is None:
            raise ValueError("found TRACK; expected FILE before it")
        match = re.fullmatch(r"([0-9]{1,2})\s+(\S+)", rest)
        number = len(self._tracks) + 1
        if match is None or int(match[1]) != number or number > MOST_TRACKS:
            raise ValueError(f"found TRACK {rest}; expected TRACK {min(number, 99):02d} AUDIO")
        if match[2].upper() != "AUDIO":
            raise ValueError(f"found a track of {match[2]}; expected AUDIO")
        self._end_track()
        self._tracks.append({})
        self._places.append([])

    def _take_flags(self, rest: str) -> None:
        track = self._in_track("FLAGS")
        for flag in rest.upper().split():
            if flag == "DCP":
                track["copy_permitted"] = True
            elif flag == "PRE":
                track["pre_emphasis"] = True
            elif flag in ("4CH", "SCMS"):
                self._notes.append(f"track {len(self._tracks)} has {flag}, which is not kept")
            else:
                raise ValueError(f"found the flag {flag!r}; expected DCP, PRE, 4CH or SCMS")

    def _take_isrc(self, rest: str) -> None:
        self._in_track("ISRC")["isrc"] = isrc_of(_unquoted(rest))

    def _take_index(self, rest: str) -> None:
        self._in_track("INDEX")
        match = re.fullmatch(r"([0-9]{1,2})\s+(\S+)", rest)
        if match is None:
            raise ValueError(f"found INDEX {rest}; expected INDEX 01 mm:ss:ff")
        index, place = int(match[1]), sectors_of(match[2])
        places = self._places[-1]
        expected = {places[-1][0] + 1} if places else {0, 1}
        if index not in expected:
            wanted = " or ".join(f"{number:02d}" for number in sorted(expected))
            raise ValueError(f"found INDEX {index:02d}; expected INDEX {wanted}")
        if place <= self._last and not (index == 1 and len(places) == 1 and place == self._last):
            raise ValueError(
                f"found the time {timecode(place)}; expected one after {timecode(self._last)}"
            )
        if self._last < 0 < place:
            raise ValueError(f"found the time {timecode(place)}; expected 00:00:00 for the first")
        self._last = place
        places.append((index, place))

    def _take_pregap(self, rest: str) -> None:
        raise ValueError(
            f"found PREGAP {rest}, silence that is not in the file; expected the pause in the "
            "file, with INDEX 00 where it begins"
        )

    def _take_postgap(self, rest: str) -> None:
        raise ValueError(f"found POSTGAP {rest}; expected silence to be in the file")

    def _in_track(self, command: str) -> dict[str, Any]:
        if not self._tracks:
            raise ValueError(f"found {command}; expected TRACK before it")
        if command != "INDEX" and self._places[-1]:
            raise ValueError(f"found {command} after INDEX; expected it before")
        return self._tracks[-1]

    def _end_track(self) -> None:
        if self._tracks and 1 not in dict(self._places[-1]):
            raise ValueError(f"track {len(self._tracks)} has no INDEX 01")


def _unquoted(text: str) -> str:
    """A quoted text up to its last quote, or a bare one."""
    if text.startswith('"') and text.rfind('"') > 0:
        return text[1 : text.rfind('"')]
    return text
