"""CD-Text as it stands in the lead-in: packs of 18 bytes (MMC-3 annex J, Sony's format).

====== ==================================================================================
Byte   Content
====== ==================================================================================
0      type: 80 title, 81 performer, 82 songwriter, 83 composer, 84 arranger, 85 message,
       86 catalogue number, 87 genre, 8E UPC and ISRCs, 8F sizes
1      track of the text that byte 4 belongs to, 0 for the disc; in 8F its own number
2      sequence number
3      block (language) in bits 4 to 6; characters of that text in earlier packs, at most 15
4..15  payload
16, 17 CRC: polynomial 1021, inverted, big-endian
====== ==================================================================================

The texts of a type follow each other, the disc's, then every track's, each ended by a zero byte.
One block in ISO 8859-1 is written. Repeated texts are written out: a TAB may stand for "as in the
track before", but not every player knows that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from masterprint.codes import ean13
from masterprint.disc.cdtext_codes import LANGUAGES, genre_code
from masterprint.disc.layout import Disc
from masterprint.disc.texts import FIELDS, composed, texts_of, unheld
from masterprint.errors import UsageError

PACK_BYTES = 18
PAYLOAD_BYTES = 12
MOST_PACKS = 256
SIZE_PACKS = 3
DISC_ID, GENRE, CODES, SIZES = 0x86, 0x87, 0x8E, 0x8F


def cdtext_packs(disc: Disc) -> bytes:
    """The CD-Text of a disc, 18 bytes a pack; nothing where it has no text at all.

    Codes alone make no CD-Text: they stand in the subcode already.

    Raises:
        UsageError: a text has characters that ISO 8859-1 lacks, or all of it is too much.
    """
    if not any(text for _, text in texts_of(disc)):
        return b""
    for place, text in texts_of(disc):
        if lacking := unheld(text):
            raise UsageError(
                f"{place} {text!r}: CD-Text has no {lacking[0]!r}.",
                hint="it holds the characters of ISO 8859-1: give a text in those",
            )
    packs = list(_text_packs(disc))
    if len(packs) > MOST_PACKS - SIZE_PACKS:
        raise UsageError(
            f"The CD-Text takes {len(packs)} packs; {MOST_PACKS - SIZE_PACKS} fit.",
            hint="leave out songwriters, composers or messages, or shorten them",
        )
    packs += _size_packs(disc, [pack[0] for pack in packs])
    return b"".join(pack + crc_of(pack) for pack in _in_sequence(packs))


def packs_needed(disc: Disc) -> int:
    """How many of the 253 packs its texts take, whatever their characters."""
    return sum(1 for _ in _text_packs(disc)) if any(text for _, text in texts_of(disc)) else 0


def crc_of(pack: bytes) -> bytes:
    """The two bytes that end a pack, from the 16 before them."""
    remainder = 0
    for byte in pack:
        remainder ^= byte << 8
        for _ in range(8):
            remainder = remainder << 1 ^ (0x1021 if remainder & 0x8000 else 0)
        remainder &= 0xFFFF
    return (remainder ^ 0xFFFF).to_bytes(2, "big")


def _text_packs(disc: Disc) -> Iterator[bytes]:
    """The packs without sequence numbers and checksums."""
    for kind, name in enumerate(FIELDS, 0x80):
        texts = [getattr(disc, name), *(getattr(track, name) for track in disc.tracks)]
        if any(texts):
            yield from _packs(kind, [_bytes(text) for text in texts])
    if disc.catalog_number:
        yield from _packs(DISC_ID, [_bytes(disc.catalog_number)])
    if disc.genre:
        yield from _packs(GENRE, [_bytes(disc.genre)], genre_code(disc.genre).to_bytes(2, "big"))
    upc = ean13(disc.upc) if disc.upc else ""
    codes = [upc, *(track.isrc or "" for track in disc.tracks)]
    if any(codes):
        yield from _packs(CODES, [_bytes(code) for code in codes])


def _packs(kind: int, texts: Sequence[bytes], before: bytes = b"") -> Iterator[bytes]:
    """The packs of one type. `before` is no text, and does not count as characters."""
    owners = [(0, 0)] * len(before)
    for track, text in enumerate(texts):
        owners += [(track, position) for position in range(len(text) + 1)]
    payload = before + b"".join(text + b"\0" for text in texts)
    for start in range(0, len(payload), PAYLOAD_BYTES):
        track, position = owners[start]
        piece = payload[start : start + PAYLOAD_BYTES].ljust(PAYLOAD_BYTES, b"\0")
        yield bytes([kind, track, 0, min(position, 15)]) + piece


def _size_packs(disc: Disc, kinds: list[int]) -> Iterator[bytes]:
    last = len(kinds) + SIZE_PACKS - 1
    counts = [kinds.count(kind) for kind in range(0x80, SIZES)] + [SIZE_PACKS]
    languages = [LANGUAGES.get(disc.language.lower(), 0)] + 7 * [0]
    latin1, not_protected = 0, 0
    record = bytes(
        [latin1, 1, len(disc.tracks), not_protected, *counts, last, *7 * [0], *languages]
    )
    for part in range(SIZE_PACKS):
        piece = record[part * PAYLOAD_BYTES : (part + 1) * PAYLOAD_BYTES]
        yield bytes([SIZES, part, 0, 0]) + piece


def _in_sequence(packs: list[bytes]) -> Iterator[bytes]:
    for number, pack in enumerate(packs):
        yield pack[:2] + bytes([number]) + pack[3:]


def _bytes(text: str) -> bytes:
    return composed(text).encode("latin-1", "replace")
