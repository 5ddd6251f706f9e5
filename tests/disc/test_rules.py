"""Red Book rules: each thing that people get wrong is named with its remedy."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from disc_tools import BARE, DISCS, HIDDEN, MANY, PLAIN
from masterprint.disc.layout import Disc, DiscTrack
from masterprint.disc.rules import MOST_SECTORS, problems, warnings

MINUTE = 60 * 75


def one(**track):
    return replace(PLAIN, tracks=(replace(PLAIN.tracks[0], **track), *PLAIN.tracks[1:]))


def second(**track):
    first, other, *rest = PLAIN.tracks
    return replace(PLAIN, tracks=(first, replace(other, **track), *rest))


@pytest.mark.parametrize("name", DISCS)
def test_good_discs_have_no_problems(name):
    assert problems(DISCS[name]) == []


@pytest.mark.parametrize(
    ("disc", "said"),
    [
        (Disc(900), "no tracks; 1 to 99"),
        (
            replace(MANY, sectors=30000, tracks=(*MANY.tracks, DiscTrack(99 * 300))),
            "has 100 tracks; a CD holds 1 to 99",
        ),
        (second(start=1050, pregap=None), 'Track 2 "Undertow": lasts 2.00 s; a CD track lasts at'),
        (replace(PLAIN, sectors=1300), 'Track 3 "Ebb": lasts 1.33 s'),
        (replace(PLAIN, sectors=1200), 'Track 3 "Ebb": begins at 00:16:00, where the programme'),
        (
            second(start=0, pregap=None),
            'Track 2 "Undertow": begins at 00:00:00, where a time after',
        ),
        (second(pregap=0), 'Track 2 "Undertow": its pause begins at 00:00:00'),
        (second(pregap=700), 'Track 2 "Undertow": its pause begins at 00:09:25'),
        (one(start=75), 'Track 1 "Shore": begins at 00:01:00, and no track has what is before'),
        (one(start=75, pregap=20), 'Track 1 "Shore": its pause begins at 00:00:20'),
        (replace(BARE, lead_sectors=75), "Track 1: begins 75 sectors into the disc, where at lea"),
        (second(indexes=(700, 650)), 'Track 2 "Undertow": index 3 is at 00:08:50'),
        (second(indexes=(1300,)), "index 2 is at 00:17:25, where a place between"),
        (replace(PLAIN, sectors=MOST_SECTORS + 1), "lasts 79:57:01; at most 79:57:00 are allowed"),
        (replace(PLAIN, sectors=100 * MINUTE), "no CD can tell a time beyond 99:59:74"),
        (one(isrc="GB-AYE-26-00001"), "it is written GBAYE2600001 on a disc"),
        (one(isrc="GBAYE26O0001"), 'Track 1 "Shore": ISRC: found .*letter O'),
        (second(isrc="GBAYE2600001"), "has the ISRC GB-AYE-26-00001 of track 1; each recording"),
        (replace(PLAIN, upc="4006381333932"), "The UPC of the disc: .*would have to be 1"),
        (
            one(title="Łódź – “Ω”"),  # noqa: RUF001
            r"title 'Łódź – “Ω”': CD-Text has no 'Ł', 'ź', '–', '“', 'Ω', '”' .*Latin letters",  # noqa: RUF001
        ),
        (one(performer="Dvořák’s"), "CD-Text has no 'ř', '’' .*it could be written \"Dvorák's\""),  # noqa: RUF001
        (one(title="a\tb"), r"control characters \(a TAB\)"),
        (one(title="a\x07b"), r"control characters \(U\+0007\)"),
        (replace(PLAIN, message="x" * 221), "Disc: message has 221 characters; at most 220"),
        (replace(PLAIN, genre="Weltmusik für alle"), r"genre .* plain letters only \(ASCII\)"),
        (replace(PLAIN, language="xx"), "language 'xx'"),
        (
            replace(MANY, tracks=tuple(replace(t, message="m" * 60) for t in MANY.tracks)),
            "packs of CD-Text; 253 fit",
        ),
    ],
)
def test_what_is_wrong_is_said(disc, said):
    found = problems(disc)
    assert any(re.search(said, problem) for problem in found), found


def test_a_plant_may_take_more():
    disc = replace(PLAIN, sectors=81 * MINUTE)
    assert len(problems(disc)) == 1
    assert problems(disc, most_sectors=82 * MINUTE) == []
    assert any("over 78:00" in warning for warning in warnings(disc))


@pytest.mark.parametrize(
    ("disc", "said"),
    [
        (HIDDEN, "no double quotes inside"),
        (second(title=""), "Track 2: no title, which the others have"),
        (second(isrc=None), "Track 2: no ISRC, which the others have"),
        (one(pre_emphasis=True), "pre-emphasis flag"),
        (one(isrc="GBAYE0000000"), "a placeholder"),
        (one(title="x" * 81), "has 81 characters; over 80"),
        (one(title="Shore "), "begins or ends with spaces"),
        (second(songwriter="S"), "The songwriter is missing for the disc itself"),
        (one(performer=""), "The performer is missing for track 1, and there is one after it"),
    ],
)
def test_what_is_unusual_is_warned_of(disc, said):
    assert problems(disc) == []
    assert any(said in warning for warning in warnings(disc)), warnings(disc)


def test_far_too_many_tracks_are_one_problem():
    tracks = tuple(DiscTrack(n * 300, f"T{n}") for n in range(300))
    assert len(problems(Disc(90000, tracks, "T"), 10**6)) == 1


def test_a_plain_disc_has_no_warnings():
    assert warnings(PLAIN) == warnings(BARE) == warnings(MANY) == []
