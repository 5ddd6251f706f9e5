"""The numbers that CD-Text has for languages and genres.

Languages are those of EBU Tech 3264, appendix 3; genres those of Sony's authoring format, as
libburnia and libcdio document both. From 26 on readers disagree about the genres, which is why the
genre is written in words, too.
"""

from __future__ import annotations

LANGUAGES: dict[str, int] = {
    "sq": 0x01, "br": 0x02, "ca": 0x03, "hr": 0x04, "cy": 0x05, "cs": 0x06, "da": 0x07,
    "de": 0x08, "en": 0x09, "es": 0x0A, "eo": 0x0B, "et": 0x0C, "eu": 0x0D, "fo": 0x0E,
    "fr": 0x0F, "fy": 0x10, "ga": 0x11, "gd": 0x12, "gl": 0x13, "is": 0x14, "it": 0x15,
    "se": 0x16, "la": 0x17, "lv": 0x18, "lb": 0x19, "lt": 0x1A, "hu": 0x1B, "mt": 0x1C,
    "nl": 0x1D, "no": 0x1E, "nb": 0x1E, "nn": 0x1E, "oc": 0x1F, "pl": 0x20, "pt": 0x21,
    "ro": 0x22, "rm": 0x23, "sr": 0x24, "sk": 0x25, "sl": 0x26, "fi": 0x27, "sv": 0x28,
    "tr": 0x29, "wa": 0x2B, "zu": 0x45, "vi": 0x46, "uz": 0x47, "uk": 0x49, "sw": 0x4F,
    "so": 0x51, "sn": 0x53, "ru": 0x56, "qu": 0x57, "nd": 0x5E, "ms": 0x61, "mg": 0x62,
    "mk": 0x63, "ko": 0x65, "ja": 0x69, "id": 0x6A, "hi": 0x6B, "he": 0x6C, "ha": 0x6D,
    "gn": 0x6E, "el": 0x70, "ka": 0x71, "ff": 0x72, "zh": 0x75, "bg": 0x77, "az": 0x7B,
    "hy": 0x7D, "ar": 0x7E, "am": 0x7F,
}  # fmt: skip

_THREE_LETTERS = (
    "sqi:sq alb:sq bre:br cat:ca hrv:hr cym:cy wel:cy ces:cs cze:cs dan:da deu:de ger:de "
    "eng:en spa:es epo:eo est:et eus:eu baq:eu fao:fo fra:fr fre:fr fry:fy gle:ga gla:gd "
    "glg:gl isl:is ice:is ita:it sme:se lat:la lav:lv ltz:lb lit:lt hun:hu mlt:mt nld:nl "
    "dut:nl nor:no nob:nb nno:nn oci:oc pol:pl por:pt ron:ro rum:ro roh:rm srp:sr slk:sk "
    "slo:sk slv:sl fin:fi swe:sv tur:tr wln:wa zul:zu vie:vi uzb:uz ukr:uk swa:sw som:so "
    "sna:sn rus:ru que:qu nde:nd msa:ms may:ms mlg:mg mkd:mk mac:mk kor:ko jpn:ja ind:id "
    "hin:hi heb:he hau:ha grn:gn ell:el gre:el kat:ka geo:ka ful:ff zho:zh chi:zh bul:bg "
    "aze:az hye:hy arm:hy ara:ar amh:am"
)
"""ISO 639-2, which tags have, to ISO 639-1. The first two letters would not do: est is not es."""
_SHORT = dict(pair.split(":") for pair in _THREE_LETTERS.split())

GENRES = (
    "Not used",
    "Not defined",
    "Adult Contemporary",
    "Alternative Rock",
    "Children's Music",
    "Classical",
    "Contemporary Christian",
    "Country",
    "Dance",
    "Easy Listening",
    "Erotic",
    "Folk",
    "Gospel",
    "Hip Hop",
    "Jazz",
    "Latin",
    "Musical",
    "New Age",
    "Opera",
    "Operetta",
    "Pop",
    "Rap",
    "Reggae",
    "Rock",
    "Rhythm & Blues",
    "Sound Effects",
    "Spoken Word",
    "World Music",
)

_ALSO = {
    "alternative": "alternative rock",
    "indie": "alternative rock",
    "indie rock": "alternative rock",
    "children": "children's music",
    "classical music": "classical",
    "christian": "contemporary christian",
    "electronic": "dance",
    "hip-hop": "hip hop",
    "hip-hop/rap": "hip hop",
    "pop music": "pop",
    "rock music": "rock",
    "r&b": "rhythm & blues",
    "r&b/soul": "rhythm & blues",
    "singer/songwriter": "folk",
    "world": "world music",
}
_CODES = {name.lower(): code for code, name in enumerate(GENRES)}
NO_GENRE, OTHER_GENRE = 0, 1


def genre_code(genre: str | None) -> int:
    """The code of a genre in words: 0 where there is none, 1 where CD-Text has no code for it."""
    if not genre:
        return NO_GENRE
    name = genre.strip().lower()
    return _CODES.get(_ALSO.get(name, name), OTHER_GENRE)


def two_letters(language: str) -> str:
    """An ISO 639-1 code of a language; empty where there is none that CD-Text knows."""
    return language if len(language) == 2 else _SHORT.get(language, "")


def language_of(code: int) -> str | None:
    """The ISO 639-1 code of a language, None where there is none."""
    return next((name for name, number in LANGUAGES.items() if number == code), None)
