"""CD-Text packs against published files, and as libcdio reads them."""

from __future__ import annotations

import base64
import ctypes
import ctypes.util
import hashlib
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from disc_tools import DISCS, HIDDEN, PLAIN
from masterprint.disc.cdtext import cdtext_packs, crc_of
from masterprint.disc.cdtext_reading import read_packs
from masterprint.disc.layout import Disc, DiscTrack
from masterprint.disc.texts import FIELDS
from masterprint.errors import MasterprintError, UsageError
from other_tools import ask

PUBLISHED = base64.b64decode(
    "gAAAAERpc2MAVHJhY2sgT0gEgAEBB25lAFRyYWNrIFR3b1XJgAICCQBUcmFjayBUaHJlZeZvgAMDCwAAAAAAAAAAAAAAAF33"
    "gQAEAEFydGlzdABBcnRpc/0igQEFBXQAQXJ0aXN0AEFydIwlgQMGA2lzdAAAAAAAAAAAAGKsjwAHAAABAwAEAwAAAAAAAED7"
    "jwEIAAAAAAAAAAADCQAAANamjwIJAAAAAAAJAAAAAAAAAApO"
)
"""Of cue2ddp 1.1, from a public unit test."""
PUBLISHED_DISC = Disc(
    sectors=900,
    tracks=tuple(
        DiscTrack(300 * n, f"Track {word}", "Artist")
        for n, word in enumerate(["One", "Two", "Three"])
    ),
    title="Disc",
    performer="Artist",
)


def test_the_published_packs_are_made_byte_for_byte():
    assert cdtext_packs(PUBLISHED_DISC) == PUBLISHED


def test_the_published_packs_are_read():
    found = read_packs(PUBLISHED)
    assert found.texts["title"] == ("Disc", "Track One", "Track Two", "Track Three")
    assert found.texts["performer"] == ("Artist",) * 4
    assert (found.language, found.packs, found.problems) == ("en", 10, ())


@pytest.mark.parametrize(
    ("disc", "md5"),
    [
        (
            Disc(900, (DiscTrack(0, "Über"),), "Café Déjà Vu", "Björk"),
            "304998a5d6126f1c9525bf83d1ca0a1c",
        ),
        (
            Disc(
                900,
                (DiscTrack(0, "Another long track title, over thirty chars", "Q"),),
                "A disc title that is quite a bit longer than fifteen characters",
                "P",
            ),
            "60149b1d73a8ea162f53227da034399e",
        ),
        (
            Disc(1500, (DiscTrack(0, "A"), DiscTrack(750, "B", songwriter="Writer Two")), "T"),
            "9e722863db6c7287828f321a48caac99",
        ),
        (
            Disc(
                1500,
                (
                    DiscTrack(
                        0,
                        "One",
                        composer="Composer One",
                        arranger="Arranger One",
                        message="Message One",
                    ),
                    DiscTrack(750, "Two", "Performer Two", composer="Composer Two"),
                ),
                *(f"Disc {name.title()}" for name in FIELDS),
            ),
            "e32d4f200b75c6951613106447b65a01",
        ),
    ],
    ids=["ISO 8859-1", "long texts", "a field of one track", "all fields"],
)
def test_files_that_cue2ddp_wrote_are_made_byte_for_byte(disc, md5):
    """MD5s of exp/031, 024, 021 and 092 of github.com/ddp-reverse-eng/ddp-reverse-eng."""
    assert hashlib.md5(cdtext_packs(disc)).hexdigest() == md5


def test_checksums_are_those_of_published_packs():
    """Of libcdio's doc/cd-text-format.texi."""
    for line in (
        "8f 00 2a 00 01 01 03 00 06 05 04 05 07 06 01 02 48 65",
        "8f 01 2b 00 00 00 00 00 00 00 06 03 2c 00 00 00 c0 20",
        "88 01 24 00 00 02 00 04 0b 19 08 02 32 0b 2f 3e 67 2d",
        "89 0d 2b 00 04 04 00 00 00 00 37 0d 1a 37 1f 32 0b 62",
    ):
        pack = bytes.fromhex(line)
        assert crc_of(pack[:16]) == pack[16:]


@pytest.mark.parametrize("name", DISCS)
def test_what_is_written_is_read_back(name):
    disc = DISCS[name]
    data = cdtext_packs(disc)
    if name == "bare":
        assert data == b""
        return
    found = read_packs(data)
    assert found.problems == ()
    for field in FIELDS:
        assert found.text(field, 0) == getattr(disc, field)
        for number, track in disc.numbered():
            assert found.text(field, number) == getattr(track, field)
    assert [isrc or None for isrc in found.isrcs] == [track.isrc for track in disc.tracks]
    assert found.upc == (disc.upc or "").rjust(13, "0" if disc.upc else " ").strip()
    assert found.disc_id == (disc.catalog_number or "")
    assert found.genre == (disc.genre or "")
    assert found.language == disc.language


@pytest.mark.parametrize("name", ["plain", "hidden"])
def test_libcdio_reads_the_packs(name):
    """Titles, performers, codes, genre and language, by the library behind many players."""
    library = ctypes.util.find_library("cdio")
    if library is None:
        ask("cd-info", "--version")  # which comes with it, and fails or skips where it is missing
        pytest.skip("libcdio is where it cannot be found")
    cdio = ctypes.CDLL(library)
    cdio.cdtext_init.restype = ctypes.c_void_p
    cdio.cdtext_get_const.restype = ctypes.c_char_p
    cdio.cdtext_get_const.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_uint8]
    cdio.cdtext_data_init.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t]
    for one in ("cdtext_get_genre", "cdtext_get_language", "cdtext_get_last_track"):
        getattr(cdio, one).argtypes = [ctypes.c_void_p]
    # The order of cdtext_field_t in libcdio's cdtext.h.
    title, performer, songwriter, composer, _, _, isrc, upc, genre, disc_id = range(10)

    disc = DISCS[name]
    packs = cdtext_packs(disc)
    cdtext = cdio.cdtext_init()
    assert cdio.cdtext_data_init(cdtext, packs, len(packs)) == 0

    def said(field, track):
        return (cdio.cdtext_get_const(cdtext, field, track) or b"").decode()

    assert cdio.cdtext_get_last_track(cdtext) == len(disc.tracks)
    assert cdio.cdtext_get_language(cdtext) == {"en": 9, "de": 8}[disc.language]
    assert said(title, 0) == disc.title
    assert said(performer, 0) == disc.performer
    assert said(composer, 0) == disc.composer
    assert said(upc, 0) == disc.upc.zfill(13)
    assert said(disc_id, 0) == (disc.catalog_number or "")
    assert said(genre, 0) == (disc.genre or "")
    assert cdio.cdtext_get_genre(cdtext) == (3 if name == "plain" else 0)
    for number, track in disc.numbered():
        assert said(title, number) == track.title
        assert said(performer, number) == track.performer
        assert said(songwriter, number) == track.songwriter
        assert said(isrc, number) == (track.isrc or "")


def test_files_of_other_writers_are_read():
    for data in (b"\0\xb6\0\0" + PUBLISHED, PUBLISHED + b"\0", b"\0\xb6\0\0" + PUBLISHED + b"\0"):
        found = read_packs(data)
        assert found.text("title", 3) == "Track Three"
        assert found.problems == ()


def test_a_tab_stands_for_the_text_of_the_track_before():
    disc = Disc(900, (DiscTrack(0, "A", "X"), DiscTrack(300, "B", "Y")), "T", "P")
    packs = bytearray(cdtext_packs(disc))
    at = packs.index(b"P\0X\0Y")
    packs[at + 4 : at + 5] = b"\t"
    found = read_packs(bytes(packs))
    assert found.texts["performer"] == ("P", "X", "X")
    assert found.problems == ("pack 1 has a wrong checksum",)


def test_a_long_genre_is_counted_without_its_code():
    disc = Disc(900, (DiscTrack(0, "A"),), genre="Feline classic music")
    packs = cdtext_packs(disc)
    genre = [packs[at : at + 18] for at in range(0, len(packs), 18) if packs[at] == 0x87]
    assert [pack[3] for pack in genre] == [0, 10]
    assert read_packs(packs).genre == "Feline classic music"
    # Some writers repeat the code in every pack.
    again = genre[1][:4] + b"\0\x01" + genre[1][4:14]
    doubled = packs[: packs.index(genre[1])] + again + crc_of(again)
    assert read_packs(doubled + packs[-54:]).genre == "Feline classic music"


def test_too_much_text_is_refused_and_just_enough_is_not():
    def disc(size):
        return Disc(99 * 300, tuple(DiscTrack(n * 300, "x" * size) for n in range(99)))

    # A zero for the disc, 99 texts with a zero each, 12 bytes a pack.
    fits = (253 * 12 - 1) // 99 - 1
    assert len(cdtext_packs(disc(fits))) <= 256 * 18
    with pytest.raises(UsageError, match="253 fit"):
        cdtext_packs(disc(fits + 1))


def test_other_characters_are_refused_and_parted_accents_are_not():
    with pytest.raises(UsageError, match=r'track 1 "Ωmega".*no \'Ω\''):
        cdtext_packs(replace(PLAIN, tracks=(DiscTrack(0, "Ωmega"),)))
    parted = replace(PLAIN, title="Cafe\N{COMBINING ACUTE ACCENT}")
    assert read_packs(cdtext_packs(parted)).text("title", 0) == "Café"


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_broken_packs_are_read_or_refused(data):
    packs = bytearray(cdtext_packs(HIDDEN))
    for _ in range(data.draw(st.integers(1, 6))):
        packs[data.draw(st.integers(0, len(packs) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(packs)))
    with suppress(MasterprintError):
        read_packs(bytes(packs[:cut]))
