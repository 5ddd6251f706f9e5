"""Covers, judged by their bytes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from masterprint.errors import UsageError
from masterprint.tags.covers import MOST_BYTES, cover_from, cover_in, cover_of
from tag_tools import picture, png


@pytest.mark.parametrize("options", [(), ("-pix_fmt", "yuvj444p"), ("-huffman", "optimal")])
def test_a_jpeg_tells_its_size(tmp_path, options):
    cover = cover_of(picture(tmp_path / "a.jpg", "jpeg", *options))
    assert (cover.mime, cover.width, cover.height) == ("image/jpeg", 80, 60)
    assert cover.data == (tmp_path / "a.jpg").read_bytes()


def test_a_png_tells_its_size_whatever_its_name(tmp_path):
    (tmp_path / "a.jpg").write_bytes(png(300, 200))
    cover = cover_of(tmp_path / "a.jpg")
    assert (cover.mime, cover.width, cover.height) == ("image/png", 300, 200)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "neither JPEG nor PNG"),
        (b"GIF89a" + bytes(100), "neither JPEG nor PNG"),
        (png(8, 8)[:-20], "PNG is damaged or cut short"),
        (png(8, 8)[:20], "PNG is damaged or cut short"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "JPEG is damaged or cut short"),
        (b"\xff\xd8\xff\xc0\0\x11\x08\0\x08\0\x08\x04\xff\xd9", "CMYK"),
        (png(1, 1).replace(b"\0\0\0\1\0\0\0\1", b"\0\0\0\1\0\0\xff\1"), "its size is 1 x 65281"),
        (png(1, 1) + bytes(MOST_BYTES), "more than 10 MiB"),
    ],
)
def test_what_players_do_not_show_is_refused(tmp_path, data, said):
    (tmp_path / "a.png").write_bytes(data)
    with pytest.raises(UsageError, match=f"a.png: is no cover: .*{said}"):
        cover_of(tmp_path / "a.png")
    assert cover_in(data) is None


def test_half_a_jpeg_is_refused(tmp_path):
    data = picture(tmp_path / "a.jpg", "jpeg").read_bytes()
    with pytest.raises(ValueError, match="cut short"):
        cover_from(data[: len(data) // 2])


def test_a_cover_that_is_not_there_is_told(tmp_path):
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        cover_of(tmp_path / "a.png")


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"]), st.binary(max_size=60))
def test_any_bytes_are_a_cover_or_none(magic, data):
    cover_in(magic + data)
