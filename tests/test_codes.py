"""ISRC, EAN and ISWC: published examples, and what people mistype."""

from __future__ import annotations

import pytest

from masterprint.codes import (
    check_digit,
    ean13,
    ean_of,
    isrc_of,
    isrc_shown,
    iswc_of,
    iswc_shown,
    language_of,
)


@pytest.mark.parametrize(
    "text", ["GBAYE2600001", "gb-aye-26-00001", "ISRC GB-AYE-26-00001", "ISRC:GBAYE2600001"]
)
def test_an_isrc_is_taken_as_people_write_it(text):
    assert isrc_of(text) == "GBAYE2600001"
    assert isrc_shown(isrc_of(text)) == "GB-AYE-26-00001"


@pytest.mark.parametrize(
    "text", ["GBAYE260001", "G1AYE2600001", "GBAYE26O0001", "", "GBAYE2600001X"]
)
def test_what_is_no_isrc_is_refused(text):
    with pytest.raises(ValueError, match="allowed: an ISRC"):
        isrc_of(text)


def test_a_letter_among_the_digits_of_an_isrc_is_pointed_at():
    with pytest.raises(ValueError, match="letter O or I"):
        isrc_of("GBAYE26O0001")


@pytest.mark.parametrize(
    ("body", "check"), [("501234567890", "0"), ("03600029145", "2"), ("400638133393", "1")]
)
def test_the_check_digit_is_that_of_published_examples(body, check):
    assert check_digit(body) == check
    assert ean_of(body + check) == body + check
    wrong = str((int(check) + 1) % 10)
    with pytest.raises(ValueError, match=f"would have to be {check}"):
        ean_of(body + wrong)


def test_two_neighbours_changed_places_are_found():
    with pytest.raises(ValueError, match="mistyped"):
        ean_of("4006381339331")


def test_a_upc_is_an_ean_with_a_nought_before_it():
    assert ean13("036000291452") == "0036000291452"
    assert check_digit("003600029145") == "2"


@pytest.mark.parametrize("text", ["T-034.524.680-1", "ISWC T-034.524.680-1", "t0345246801"])
def test_an_iswc_is_checked(text):
    assert iswc_of(text) == "T0345246801"
    assert iswc_shown("T0345246801") == "T-034.524.680-1"
    with pytest.raises(ValueError, match="would have to be 1"):
        iswc_of("T-034.524.680-2")


def test_a_language_is_three_letters():
    assert language_of("SWE") == "swe"
    with pytest.raises(ValueError, match="did you mean 'deu'"):
        language_of("de")
