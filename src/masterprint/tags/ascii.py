"""Text for places that hold ASCII only, such as `bext` (EBU Tech 3285, 2.3).

Letters lose their marks, ligatures and typographic signs become what a typewriter has for them;
what has no counterpart, such as Japanese, becomes a question mark. Refusing a master because its
title is not English would help nobody, and the title as it is written stands in the file's other
places, all of which hold Unicode.
"""

from __future__ import annotations

import unicodedata

_SPELT = str.maketrans(
    {
        "Æ": "AE", "æ": "ae", "Ø": "O", "ø": "o", "Œ": "OE", "œ": "oe", "ß": "ss", "ẞ": "SS",
        "Đ": "D", "đ": "d", "Ð": "D", "ð": "d", "Þ": "Th", "þ": "th", "Ł": "L", "ł": "l",
        "Ħ": "H", "ħ": "h", "ı": "i", "Ŋ": "N", "ŋ": "n",  # noqa: RUF001
        "–": "-", "—": "-", "‐": "-", "‑": "-", "−": "-", "‘": "'", "’": "'", "‚": "'",  # noqa: RUF001
        "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "…": "...", "×": "x", "•": "*",  # noqa: RUF001
        "©": "(C)", "℗": "(P)", "®": "(R)", "™": "(TM)", "€": "EUR", "£": "GBP", "№": "No.",
        "\u00a0": " ", "\u2009": " ", "\u202f": " ",
    }
)  # fmt: skip


def ascii_of(text: str) -> str:
    """The same in ASCII, as near as that comes."""
    apart = unicodedata.normalize("NFKD", text.translate(_SPELT))
    bare = "".join(letter for letter in apart if not unicodedata.combining(letter))
    return bare.encode("ascii", "replace").decode("ascii")
