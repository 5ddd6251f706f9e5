"""Fields as people type them."""

from __future__ import annotations

import pytest

from masterprint.tags.bext import Bext
from masterprint.tags.fields import Tags
from masterprint.tags.values import TYPED, bext_with, fields_of, need_sound


@pytest.mark.parametrize(
    ("field", "text", "found"),
    [
        ("title", "  Ebbe & Flut ", {"title": "Ebbe & Flut"}),
        ("track", "3", {"track": 3}),
        ("track", "03/12", {"track": 3, "tracks": 12}),
        ("disc", "1/2", {"disc": 1, "discs": 2}),
        ("tracks", "12", {"tracks": 12}),
        ("year", "2026-05", {"year": "2026-05"}),
        ("isrc", "gb-aye-26-00001", {"isrc": "GBAYE2600001"}),
        ("upc", "0 36000 29145 2", {"upc": "036000291452"}),
        ("iswc", "T-034.524.680-1", {"iswc": "T0345246801"}),
        ("language", "ENG", {"language": "eng"}),
        ("copyright", "© 2026 Example", {"copyright": "2026 Example"}),
        ("phonogram", "(P) 2026 Example", {"phonogram": "2026 Example"}),
        ("comment", "two\nlines", {"comment": "two\nlines"}),
    ],
)
def test_a_value_is_brought_into_one_form(field, text, found):
    assert fields_of(field, text) == found


@pytest.mark.parametrize(
    ("field", "text", "said"),
    [
        ("title", " ", "use --remove"),
        ("title", "a\nb", "several lines"),
        ("title", "a\0b", "control characters"),
        ("title", "a\x1b[31mb", "control characters"),
        ("title", "\udcff", "not text in your terminal's encoding"),
        ("title", "x" * 1001, "1001 characters; allowed: at most 1000"),
        ("track", "0", "found '0'"),
        ("track", "13/12", "not above the total"),
        ("track", "3/", "found ''; allowed: a number such as 3, or 3/12"),
        ("tracks", "1000", "from 1 to 999"),
        ("year", "26", "a year such as 2026"),
        ("year", "2026-13", "a year such as 2026"),
        ("year", "31.05.2026", "a year such as 2026"),
        ("isrc", "GBAYE260001", "an ISRC of 12"),
        ("upc", "036000291453", "would have to be 2"),
        ("iswc", "T0345246802", "would have to be 1"),
        ("language", "de", "did you mean 'deu'"),
        ("language", "english", "three letters"),
    ],
)
def test_a_value_that_cannot_be_is_refused(field, text, said):
    with pytest.raises(ValueError, match=said):
        fields_of(field, text)


def test_tags_from_elsewhere_are_looked_at_too():
    need_sound(Tags(title="x", track=3, year="2026", isrc="GBAYE2600001"))
    for tags in (Tags(title="a\0b"), Tags(isrc="x"), Tags(track=0), Tags(year="x")):
        (field,) = [name for name in TYPED if getattr(tags, name) is not None]
        with pytest.raises(ValueError, match=f"^{field}: found"):
            need_sound(tags)


def test_fields_of_bext_are_checked_and_the_others_stay():
    old = Bext(description="Größe", date="unknown")
    new = bext_with(old, {"originator": "Me", "integrated_lufs": "-14", "time_reference": "48000"})
    assert new == Bext("Größe", "Me", date="unknown", time_reference=48000, integrated_lufs=-14.0)
    assert bext_with(old, {"coding_history": "A=PCM\\r\\nA=X"}).coding_history == "A=PCM\nA=X"
    for field, text in {
        "integrated_lufs": "loud",
        "true_peak_dbtp": "nan",
        "time_reference": "1.5",
        "date": "today",
    }.items():
        with pytest.raises(ValueError, match=f"^{field}: found"):
            bext_with(old, {field: text})
