"""The TOC file with which cdrdao burns a disc, CD-Text included.

cdrdao puts the first pregap of 2 s before the programme itself. A pause belongs to the track that
it leads to: that track's piece of the image begins with it, and START says where index 1 is. Its
CD-Text wants a field for all tracks or for none; an empty text stands where there is none.
"""

from __future__ import annotations

from collections.abc import Iterator

from masterprint.codes import ean13
from masterprint.disc.cdtext_codes import LANGUAGES
from masterprint.disc.layout import Disc, timecode
from masterprint.disc.texts import FIELDS, composed


def cdrdao_toc(disc: Disc, image_name: str) -> str:
    """A TOC file, all in ASCII.

    Args:
        disc: whose rules have been checked.
        image_name: of the WAV file beside it.
    """
    return "\n".join(_lines(disc, image_name)) + "\n"


def _lines(disc: Disc, image_name: str) -> Iterator[str]:
    yield "CD_DA"
    if disc.upc:
        yield f"CATALOG {_string(ean13(disc.upc))}"
    fields = [
        field
        for field in FIELDS
        if getattr(disc, field) or any(getattr(track, field) for track in disc.tracks)
    ]
    # The catalogue number needs an ISRC of every track, as cdrdao sees it.
    with_codes = all(track.isrc for track in disc.tracks)
    if fields:
        code = LANGUAGES.get(disc.language.lower(), 0)
        yield "CD_TEXT {"
        yield f"  LANGUAGE_MAP {{ 0 : {code} }}"
        yield "  LANGUAGE 0 {"
        for field in fields:
            yield f"    {field.upper()} {_string(getattr(disc, field))}"
        if disc.catalog_number and with_codes:
            yield f"    DISC_ID {_string(disc.catalog_number)}"
        if with_codes:
            yield f"    UPC_EAN {_string(ean13(disc.upc) if disc.upc else '')}"
        yield "  }"
        yield "}"
    for number, track in disc.numbered():
        yield ""
        yield f"// Track {number}"
        yield "TRACK AUDIO"
        yield "COPY" if track.copy_permitted else "NO COPY"
        yield "PRE_EMPHASIS" if track.pre_emphasis else "NO PRE_EMPHASIS"
        yield "TWO_CHANNEL_AUDIO"
        if track.isrc:
            yield f"ISRC {_string(track.isrc)}"
        if fields:
            yield "CD_TEXT {"
            yield "  LANGUAGE 0 {"
            for field in fields:
                yield f"    {field.upper()} {_string(getattr(track, field))}"
            if with_codes:
                yield f"    ISRC {_string(track.isrc or '')}"
            yield "  }"
            yield "}"
        last = number == len(disc.tracks)
        end = disc.sectors if last else disc.tracks[number].begins
        length = timecode(end - track.begins)
        yield f"FILE {_string(image_name)} {timecode(track.begins)} {length}"
        if track.pause_sectors:
            yield f"START {timecode(track.pause_sectors)}"
        for place in track.indexes:
            yield f"INDEX {timecode(place - track.start)}"


def _string(text: str) -> str:
    """A string; what is no printable ASCII becomes an octal escape of its ISO 8859-1 byte."""
    found = []
    for byte in composed(text).encode("latin-1", "replace"):
        character = chr(byte)
        if character in '"\\':
            found.append("\\" + character)
        elif " " <= character <= "~":
            found.append(character)
        else:
            found.append(f"\\{byte:03o}")
    return '"' + "".join(found) + '"'
