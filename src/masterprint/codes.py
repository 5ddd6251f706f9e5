"""The codes of a release: ISRC (ISO 3901), EAN-13 and UPC-A, ISWC (ISO 15707), languages."""

from __future__ import annotations

import re

_ISRC = re.compile(r"[A-Z]{2}[A-Z0-9]{3}[0-9]{7}")
_ISWC = re.compile(r"T[0-9]{10}")

LANGUAGES = {
    "ara": "ar", "ces": "cs", "cym": "cy", "dan": "da", "deu": "de", "ell": "el", "eng": "en",
    "fin": "fi", "fra": "fr", "gle": "ga", "heb": "he", "hin": "hi", "hun": "hu", "isl": "is",
    "ita": "it", "jpn": "ja", "kor": "ko", "nld": "nl", "nob": "nb", "nor": "no", "pol": "pl",
    "por": "pt", "rus": "ru", "spa": "es", "swe": "sv", "tur": "tr", "ukr": "uk", "zho": "zh",
}  # fmt: skip
"""ISO 639: three letters, as tags have them, and two, as people write them."""


def isrc_of(text: str) -> str:
    """The 12 characters of an ISRC, as ISO 3901 has them: country, registrant, year, number.

    Lower case, hyphens, spaces and the word ISRC before it are taken as people write them.

    Raises:
        ValueError: with what was found and what is expected.
    """
    bare = re.sub(r"[\s-]", "", text.upper()).removeprefix("ISRC").removeprefix(":")
    if _ISRC.fullmatch(bare):
        return bare
    doubt = ""
    if len(bare) == 12 and _ISRC.fullmatch(bare[:5] + _as_digits(bare[5:])):
        doubt = "; the last 7 are digits: is there a letter O or I where a 0 or 1 is meant?"
    raise ValueError(
        f"found {text!r}; allowed: an ISRC of 12 characters, such as GBAYE2600001 (2 letters, "
        f"3 letters or digits, 7 digits){doubt}"
    )


def isrc_shown(isrc: str) -> str:
    """An ISRC as it is printed: GB-AYE-26-00001."""
    return f"{isrc[:2]}-{isrc[2:5]}-{isrc[5:7]}-{isrc[7:]}"


def ean_of(text: str) -> str:
    """The digits of an EAN-13 or UPC-A (12 digits), whose last one checks the others.

    Raises:
        ValueError: with what was found and what is expected.
    """
    bare = re.sub(r"[\s-]", "", text)
    if not re.fullmatch(r"[0-9]{12,13}", bare):
        raise ValueError(f"found {text!r}; allowed: the 13 digits of an EAN or the 12 of a UPC")
    if bare[-1] != (check := check_digit(bare[:-1])):
        raise ValueError(
            f"found {text!r}, whose last digit would have to be {check} if the others are right: "
            "one of them is mistyped"
        )
    return bare


def check_digit(digits: str) -> str:
    """What follows 12 digits of an EAN-13, or 11 of a UPC-A: weights 1 and 3, modulo 10."""
    total = sum(int(digit) * (3, 1)[place % 2] for place, digit in enumerate(reversed(digits)))
    return str(-total % 10)


def ean13(ean: str) -> str:
    """A UPC-A as the EAN-13 that it is with a leading 0; an EAN-13 as it is."""
    return ean.zfill(13)


def iswc_of(text: str) -> str:
    """An ISWC as T and 10 digits, whose last one checks the others (ISO 15707).

    Raises:
        ValueError: with what was found and what is expected.
    """
    bare = re.sub(r"[\s.-]", "", text.upper()).removeprefix("ISWC")
    if not _ISWC.fullmatch(bare):
        raise ValueError(f"found {text!r}; allowed: an ISWC such as T-034.524.680-1")
    total = 1 + sum(place * int(digit) for place, digit in enumerate(bare[1:10], 1))
    if int(bare[10]) != -total % 10:
        raise ValueError(
            f"found {text!r}, whose last digit would have to be {-total % 10} if the others are "
            "right: one of them is mistyped"
        )
    return bare


def iswc_shown(iswc: str) -> str:
    """An ISWC as it is printed: T-034.524.680-1."""
    return f"T-{iswc[1:4]}.{iswc[4:7]}.{iswc[7:10]}-{iswc[10]}"


def language_of(text: str) -> str:
    """A language as the three letters of ISO 639-2.

    Raises:
        ValueError: with what was found and what is expected.
    """
    code = text.lower()
    if not re.fullmatch(r"[a-z]{3}", code):
        meant = next((three for three, two in LANGUAGES.items() if two == code), None)
        raise ValueError(
            f"found {text!r}; allowed: the three letters of ISO 639-2, such as eng"
            + (f"; did you mean {meant!r}?" if meant else "")
        )
    return code


def _as_digits(text: str) -> str:
    return text.translate(str.maketrans("OI", "01"))
