"""What CD-Text can hold: ISO 8859-1 without control characters.

The players know no other characters in a disc for the West. `latin1_of` says what a text would
become there: accents that ISO 8859-1 lacks are dropped, typographic quotes and dashes become plain
ones; other scripts have no spelling that a program should invent, and stay as they are.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from masterprint.disc.layout import Disc, shown_track

FIELDS = ("title", "performer", "songwriter", "composer", "arranger", "message")
"""The text fields of a disc and of each track, in the order of CD-Text's types 80 to 85."""

_PLAIN = str.maketrans(
    {
        "\N{LEFT SINGLE QUOTATION MARK}": "'",
        "\N{RIGHT SINGLE QUOTATION MARK}": "'",
        "\N{SINGLE LOW-9 QUOTATION MARK}": "'",
        "\N{PRIME}": "'",
        "\N{LEFT DOUBLE QUOTATION MARK}": '"',
        "\N{RIGHT DOUBLE QUOTATION MARK}": '"',
        "\N{DOUBLE LOW-9 QUOTATION MARK}": '"',
        "\N{HYPHEN}": "-",
        "\N{NON-BREAKING HYPHEN}": "-",
        "\N{EN DASH}": "-",
        "\N{EM DASH}": "-",
        "\N{MINUS SIGN}": "-",
        "\N{BULLET}": "\N{MIDDLE DOT}",
        "\N{LATIN CAPITAL LIGATURE OE}": "OE",
        "\N{LATIN SMALL LIGATURE OE}": "oe",
        "\N{LATIN CAPITAL LETTER L WITH STROKE}": "L",
        "\N{LATIN SMALL LETTER L WITH STROKE}": "l",
        "\N{LATIN CAPITAL LETTER D WITH STROKE}": "D",
        "\N{LATIN SMALL LETTER D WITH STROKE}": "d",
        "\N{LATIN SMALL LETTER DOTLESS I}": "i",
        "\N{LATIN CAPITAL LETTER SHARP S}": "SS",
        "\N{EURO SIGN}": "EUR",
        "\t": " ",
    }
)


def texts_of(disc: Disc) -> Iterator[tuple[str, str]]:
    """Every text of a disc that goes onto it, with the place that sentences name."""
    for name in FIELDS:
        yield f"disc: {name}", getattr(disc, name)
    yield "disc: genre", disc.genre or ""
    yield "disc: catalogue number", disc.catalog_number or ""
    for number, track in disc.numbered():
        for name in FIELDS:
            yield f"{shown_track(number, track.title)}: {name}", getattr(track, name)


def is_held(character: str) -> bool:
    """Whether CD-Text holds a character."""
    return " " <= character <= "~" or "\N{NO-BREAK SPACE}" <= character <= "\xff"


def latin1_of(text: str) -> str:
    """A text with as much of it as possible in the characters of CD-Text."""
    found = []
    for character in composed(text):
        if is_held(character):
            found.append(character)
            continue
        plain = unicodedata.normalize("NFKD", character.translate(_PLAIN))
        plain = "".join(c for c in plain if not unicodedata.combining(c)).translate(_PLAIN)
        fits = all(is_held(c) for c in plain)
        found.append(plain if fits else character)
    return "".join(found)


def unheld(text: str) -> list[str]:
    """The characters of a text that CD-Text lacks, each once, in order."""
    return list(dict.fromkeys(c for c in composed(text) if not is_held(c)))


def composed(text: str) -> str:
    """A text with its accents on their letters, as ISO 8859-1 has them; macOS parts them."""
    return unicodedata.normalize("NFC", text)


def with_plain_quotes(text: str) -> str:
    """A text for cue sheets, which know no double quote inside a text."""
    return composed(text).replace('"', "'")
