"""Reading CD-Text packs, our own and other people's.

Some files begin with 4 bytes of length, as drives report it; some end with a zero byte more. Both
are taken. Wrong checksums are named, and what they cover is read all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from masterprint.disc.cdtext import (
    CODES,
    DISC_ID,
    GENRE,
    MOST_PACKS,
    PACK_BYTES,
    SIZES,
    crc_of,
)
from masterprint.disc.cdtext_codes import GENRES, language_of
from masterprint.disc.texts import FIELDS
from masterprint.errors import UsageError

MOST_BLOCKS = 8
MOST_BYTES = MOST_BLOCKS * MOST_PACKS * PACK_BYTES
HEADER_BYTES = 4
MOST_PROBLEMS = 20
MS_JIS = 0x80


@dataclass(frozen=True)
class CdText:
    """What CD-Text says in its first language.

    Attributes:
        texts: by field name, the disc's, then each track's; fields without any text are missing.
        upc, isrcs: codes of the disc and of the tracks, "" where there are none.
        disc_id: catalogue number.
        genre: in words, by the text or by the code.
        genre_code: None where there is no genre at all.
        language: ISO 639-1, None where the code stands for none.
        encoding: Python's name of the character set.
        packs: how many there are, in all languages.
        languages: how many there are.
        problems: what is wrong with the packs, a sentence each.
    """

    texts: dict[str, tuple[str, ...]] = field(default_factory=dict)
    upc: str = ""
    isrcs: tuple[str, ...] = ()
    disc_id: str = ""
    genre: str = ""
    genre_code: int | None = None
    language: str | None = None
    encoding: str = "latin-1"
    packs: int = 0
    languages: int = 1
    problems: tuple[str, ...] = ()

    def text(self, name: str, number: int) -> str:
        """A field of track `number`, or of the disc (0)."""
        found = self.texts.get(name, ())
        return found[number] if number < len(found) else ""


def read_packs(data: bytes) -> CdText:
    """Read CD-Text.

    Raises:
        UsageError: these are no CD-Text packs.
    """
    packs = _packs_in(data)
    problems = [
        f"pack {number} has a wrong checksum"
        for number, pack in enumerate(packs)
        if crc_of(pack[:16]) != pack[16:]
    ]
    if len(problems) > MOST_PROBLEMS:
        problems = [*problems[:MOST_PROBLEMS], f"and {len(problems) - MOST_PROBLEMS} packs more"]
    blocks = sorted({pack[3] >> 4 & 7 for pack in packs})
    block = [pack for pack in packs if pack[3] >> 4 & 7 == blocks[0]]
    record = b"".join(pack[4:16] for pack in block if pack[0] == SIZES)
    if len(record) != 36:
        problems.append(f"the size information has {len(record)} bytes, where 36 are expected")
        record = bytes(36)
    encoding = {0: "latin-1", 1: "ascii", MS_JIS: "shift_jis"}.get(record[0])
    if encoding is None:
        problems.append(f"the character set {record[0]:02X} is unknown; it is read as ISO 8859-1")
        encoding = "latin-1"
    for kind, told in enumerate(record[4:20], 0x80):
        found = sum(pack[0] == kind for pack in block)
        if any(record) and told != found:
            problems.append(f"{found} packs of type {kind:02X}, where the sizes tell {told}")
    last = max(1, min(99, record[2])) if any(record) else 99

    texts: dict[str, tuple[str, ...]] = {}
    for kind, name in enumerate(FIELDS, 0x80):
        if any(each := _texts(block, kind, encoding, last)):
            texts[name] = tuple(each)
    code, genre = _genre(block)
    codes = _texts(block, CODES, "latin-1", last)
    return CdText(
        texts=texts,
        upc=codes[0].strip(),
        isrcs=tuple(text.strip() for text in codes[1:]),
        disc_id=_texts(block, DISC_ID, "latin-1", 0)[0],
        genre=genre,
        genre_code=code,
        language=language_of(record[28 + blocks[0]]),
        encoding=encoding,
        packs=len(packs),
        languages=len(blocks),
        problems=tuple(problems),
    )


def _packs_in(data: bytes) -> list[bytes]:
    if len(data) > MOST_BYTES + HEADER_BYTES + 1:
        raise UsageError(
            f"CD-Text of {len(data)} bytes; at most {MOST_BYTES} are possible.",
            hint="this is not a file of CD-Text packs",
        )
    over = len(data) % PACK_BYTES
    # A pack's first byte has its top bit set, which the length of a file this small never has.
    start = HEADER_BYTES if data[:1] < b"\x80" and over in (4, 5) else 0
    body = data[start:]
    packs = [body[at : at + PACK_BYTES] for at in range(0, len(body) - PACK_BYTES + 1, PACK_BYTES)]
    rest = body[len(packs) * PACK_BYTES :]
    if not packs or rest.strip(b"\0") or any(not 0x80 <= pack[0] <= SIZES for pack in packs):
        raise UsageError(
            f"{len(data)} bytes that are no CD-Text: packs of 18 bytes that begin with 80 to 8F "
            "are expected."
        )
    return packs


def _texts(block: Sequence[bytes], kind: int, encoding: str, last: int) -> list[str]:
    """The texts of one type: of the disc, then of tracks 1 to `last`."""
    mine = [pack for pack in block if pack[0] == kind]
    found = ["" for _ in range(last + 1)]
    if not mine:
        return found
    wide = bool(mine[0][3] & 0x80)
    payload = b"".join(pack[4:16] for pack in mine)
    # The first pack says whose text it begins with: not all files have a text of the disc.
    for number, raw in enumerate(_parted(payload, wide), mine[0][1] & 0x7F):
        if number > last:
            break
        text = raw.decode(encoding, "replace")
        repeats = text in ("\t", "\t\t") and number > 1
        found[number] = found[number - 1] if repeats else text
    return found


def _parted(payload: bytes, wide: bool) -> list[bytes]:
    if not wide:
        return payload.split(b"\0")
    parts, start = [], 0
    for at in range(0, len(payload) - 1, 2):
        if payload[at : at + 2] == b"\0\0":
            parts.append(payload[start:at])
            start = at + 2
    return parts


def _genre(block: Sequence[bytes]) -> tuple[int | None, str]:
    """Code and words. Some writers begin every pack with the code, some only the first."""
    mine = [pack for pack in block if pack[0] == GENRE]
    if not mine:
        return None, ""
    code = mine[0][4:6]
    payload = mine[0][6:16]
    for pack in mine[1:]:
        repeated = pack[4:6] == code and pack[4:5] == b"\0"
        payload += pack[6:16] if repeated else pack[4:16]
    number = int.from_bytes(code, "big")
    words = payload.split(b"\0")[0].decode("latin-1")
    named = GENRES[number] if 1 < number < len(GENRES) else ""
    return number, words or named
