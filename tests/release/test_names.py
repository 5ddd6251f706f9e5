"""Names of delivered files."""

from __future__ import annotations

import pytest

from masterprint.release.names import MOST_BYTES, name_from, safe_name, template_problem


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("AC/DC: Back?", "AC-DC- Back"),
        ('Say "hello" <now>', "Say 'hello' (now)"),
        ("  too   many\tspaces. ", "too many spaces"),
        ("..", "_"),
        ("NUL", "NUL_"),
        ("com1.wav", "com1.wav_"),
        ("right\u202eto left\x07", "rightto left"),
        ("o\u0308", "\u00f6"),
        ("夜明け", "夜明け"),
    ],
)
def test_what_a_file_system_refuses_is_replaced(text, name):
    assert safe_name(text) == name


def test_long_names_are_cut_between_characters():
    name = safe_name("夜" * 100)
    assert len(name.encode()) <= MOST_BYTES
    assert set(name) == {"夜"}


def test_a_template_is_filled():
    values = {"track": 3, "title": "Ebb", "isrc": None, "artist": "A"}
    assert name_from("{track:02} {title}", values) == "03 Ebb"
    assert name_from("{artist} - {track} - {title} {isrc}", values) == "A - 3 - Ebb"


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{track:02} {titel}", "there is no field {titel}; did you mean 'title'?"),
        ("{track:99999999} {title}", "allowed: fields as"),
        ("{title.__class__}", "allowed: fields as"),
        ("{artist}", "names all alike; allowed: with {track} in it"),
        ("{{title}}", "allowed: fields as"),
    ],
)
def test_templates_that_make_no_sense_are_refused(template, said):
    assert said in (template_problem(template) or "")


def test_the_usual_template_is_fine():
    assert template_problem("{track:02} {title}") is None
