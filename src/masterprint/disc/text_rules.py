"""What the texts of a disc must be, so that CD-Text and cue sheets hold them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from masterprint.disc.cdtext import MOST_PACKS, SIZE_PACKS, packs_needed
from masterprint.disc.cdtext_codes import LANGUAGES
from masterprint.disc.layout import Disc
from masterprint.disc.texts import FIELDS, latin1_of, texts_of, unheld

MOST_TRACKS = 99
SHORT_CHARACTERS = 80
"""Longer texts are cut by the oldest tools that read cue sheets, and by most players."""
MOST_CHARACTERS = 220
"""A line of a cue sheet has at most 254 characters, keywords included."""


def text_problems(disc: Disc) -> Iterator[str]:
    """Why the texts cannot get onto the disc."""
    for place, text in texts_of(disc):
        if lacking := unheld(text):
            yield _lacking(place, text, lacking)
        if len(text) > MOST_CHARACTERS:
            yield (
                f"{_capital(place)} has {len(text)} characters; at most {MOST_CHARACTERS} fit a "
                "cue sheet: shorten it."
            )
    plain = (("catalogue number", disc.catalog_number or ""), ("genre", disc.genre or ""))
    for what, text in plain:
        if not text.isascii() and not unheld(text):
            yield (
                f"Disc: {what} {text!r}: CD-Text holds plain letters only (ASCII) here: "
                "leave out the accents."
            )
    if disc.language.lower() not in LANGUAGES:
        yield (
            f"Disc: language {disc.language!r}: CD-Text has no code for it; a code of two letters "
            'such as "en" or "de" is expected.'
        )
    if len(disc.tracks) > MOST_TRACKS:
        return  # which is said elsewhere
    needed, room = packs_needed(disc), MOST_PACKS - SIZE_PACKS
    if needed > room:
        yield (
            f"The texts of the disc take {needed} packs of CD-Text; {room} fit (12 characters "
            "each): leave out songwriters, composers, arrangers or messages, or shorten titles."
        )


def text_warnings(disc: Disc) -> Iterator[str]:
    """What tools or players will show otherwise than it is written."""
    for place, text in texts_of(disc):
        if '"' in text:
            yield (
                f"{_capital(place)} {text!r}: cue sheets have no double quotes inside a text; "
                "they get single ones there, CD-Text keeps them."
            )
        if SHORT_CHARACTERS < len(text) <= MOST_CHARACTERS:
            yield (
                f"{_capital(place)} has {len(text)} characters; over {SHORT_CHARACTERS} some "
                "players and tools cut it."
            )
        if text != text.strip():
            yield f"{_capital(place)} {text!r}: begins or ends with spaces."
    yield from _gaps(disc)


def _gaps(disc: Disc) -> Iterator[str]:
    """Fields with a text after an empty one.

    That is allowed, but libcdio, and players made with it, count past the empty ones, and show the
    text with a track before its own. Nothing on the disc can help it.
    """
    for name in FIELDS:
        texts = [getattr(disc, name), *(getattr(track, name) for track in disc.tracks)]
        given = [number for number, text in enumerate(texts) if text]
        if given and given != list(range(given[-1] + 1)):
            lacking = next(number for number, text in enumerate(texts) if not text)
            place = f"track {lacking}" if lacking else "the disc itself"
            yield (
                f"The {name} is missing for {place}, and there is one after it: some players then "
                "show it with the wrong track: give it for the disc and every track, or for none."
            )


def _lacking(place: str, text: str, lacking: list[str]) -> str:
    controls = [c for c in lacking if unicodedata.category(c).startswith("C")]
    if controls:
        names = ", ".join("a TAB" if c == "\t" else f"U+{ord(c):04X}" for c in controls[:5])
        return (
            f"{_capital(place)} {text!r}: has control characters ({names}), which no text on a "
            "disc has: take them out."
        )
    shown = ", ".join(f"{c!r}" for c in lacking[:10]) + (" ..." if len(lacking) > 10 else "")
    plain = latin1_of(text)
    left = unheld(plain)
    remedy = (
        f"it could be written {plain!r}"
        if not left
        else "write it in Latin letters, or leave the disc out"
    )
    return f"{_capital(place)} {text!r}: CD-Text has no {shown} (ISO 8859-1): {remedy}."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
