"""The PQ sheet: every figure of the disc, in a width that prints, and nothing that runs."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

import pytest

from disc_tools import DISCS, HIDDEN, PLAIN
from masterprint.disc.pq_sheet import pq_sheet_html, pq_sheet_text

SUMS = {"IMAGE.DAT": "d41d8cd98f00b204e9800998ecf8427e"}


def test_the_sheet_of_a_disc():
    text = pq_sheet_text(PLAIN, SUMS)
    for line in (
        "Title                  Low Tide",
        "UPC/EAN                4006381333931",
        "Catalogue number       EX-001",
        "Total time             00:27:00",
        "Lead-out               00:29:00",
        "01  00:00:00  00:02:00  00:07:00  00:02:00  GB-AYE-26-00001           Shore",
        "02  00:09:00  00:10:00  00:08:00  00:01:00  GB-AYE-26-00002           Undertow",
        "03            00:18:00  00:11:00            GB-AYE-26-00003  DCP      Ebb",
        "AA            00:29:00                                                Lead-out",
        "d41d8cd98f00b204e9800998ecf8427e  IMAGE.DAT",
    ):
        assert line in text.splitlines()


def test_what_is_hidden_is_shown():
    text = pq_sheet_text(HIDDEN)
    assert "Hidden before track 1  00:06:00" in text
    assert "Total time             00:14:00" in text
    assert "01  00:00:00  00:08:00  00:04:50  00:08:00  DE-A12-26-00001" in text


@pytest.mark.parametrize("name", DISCS)
def test_no_line_is_wider_than_the_page(name):
    disc = replace(DISCS[name], title="A very long title " * 12, message="")
    assert max(map(len, pq_sheet_text(disc, SUMS).splitlines())) <= 100


class Page(HTMLParser):
    """Collects tags and texts."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.texts = [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.texts.append(data)


def test_the_page_has_the_same_and_nothing_that_runs():
    evil = '<script>alert(1)</script> & "co" \x1b[2J'
    disc = replace(PLAIN, title=evil, tracks=(replace(PLAIN.tracks[0], title=evil),))
    page = Page(pq_sheet_html(disc, SUMS))
    assert not {tag for tag, _ in page.tags} & {"script", "img", "link", "iframe", "a"}
    assert not any(
        key.startswith("on") or key in ("src", "href") for _, attrs in page.tags for key in attrs
    )
    assert page.texts.count('<script>alert(1)</script> & "co"  [2J') == 2
    for text in ("GB-AYE-26-00001", "00:02:00", "00:29:00", SUMS["IMAGE.DAT"], "IMAGE.DAT"):
        assert text in page.texts
    assert "@page { size: A4" in pq_sheet_html(PLAIN)
