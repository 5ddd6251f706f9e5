"""What a master may be written as."""

from __future__ import annotations

from typing import Any

import pytest

from masterprint.files.formats import EXTENSIONS, MasterFormat

BIT_DEPTHS = ("16", "24", "32f", "64f")


def test_the_default_is_24_bit_wav_with_tpdf_dither_that_spares_silence() -> None:
    master = MasterFormat()
    assert (master.file_format, master.bit_depth, master.dither) == ("wav", "24", "tpdf")
    assert master.dither_silence is False


@pytest.mark.parametrize(
    ("bit_depth", "bits", "integer"),
    [("16", 16, True), ("24", 24, True), ("32f", 32, False), ("64f", 64, False)],
)
def test_word_lengths(bit_depth: Any, bits: int, integer: bool) -> None:
    master = MasterFormat(bit_depth=bit_depth)
    assert master.bits == bits
    assert master.is_integer is integer


def test_each_format_has_its_extension() -> None:
    assert EXTENSIONS == {"wav": ".wav", "aiff": ".aiff", "flac": ".flac"}


@pytest.mark.parametrize("file_format", ["wav", "aiff", "flac"])
@pytest.mark.parametrize("bit_depth", BIT_DEPTHS)
def test_only_flac_cannot_hold_float(file_format: Any, bit_depth: Any) -> None:
    problems = MasterFormat(file_format, bit_depth).problems(44100)
    if file_format == "flac" and bit_depth.endswith("f"):
        (problem,) = problems
        assert "FLAC" in problem
        assert bit_depth in problem
    else:
        assert problems == []


@pytest.mark.parametrize("rate", [44100, 48000])
def test_shaped_dither_is_for_44_and_48_khz(rate: int) -> None:
    assert MasterFormat(bit_depth="16", dither="shaped").problems(rate) == []


@pytest.mark.parametrize("rate", [32000, 88200, 96000, 192000])
def test_shaped_dither_at_another_rate_says_what_to_use(rate: int) -> None:
    (problem,) = MasterFormat(bit_depth="16", dither="shaped").problems(rate)
    assert f"not {rate} Hz" in problem
    assert "tpdf" in problem


def test_dither_does_not_matter_to_float() -> None:
    assert MasterFormat(bit_depth="32f", dither="shaped").problems(96000) == []


def test_all_problems_come_at_once() -> None:
    assert len(MasterFormat("flac", "64f", "shaped").problems(96000)) == 1
    assert MasterFormat("flac", "24", "tpdf").problems(192000) == []


def test_aiff_ends_at_4_gib_whatever_makes_it_that_long() -> None:
    three_hours = 3 * 3600 * 96000
    (problem,) = MasterFormat("aiff").problems(96000, 2, three_hours)
    assert "AIFF holds at most 4 GiB, these are 5.8: use WAV" in problem
    assert MasterFormat("aiff").problems(96000, 2, 715_000_000) == []
    assert MasterFormat("aiff", "16").problems(96000, 2, three_hours) == []
    assert MasterFormat("wav").problems(96000, 2, three_hours) == []


def test_flac_holds_eight_channels() -> None:
    assert MasterFormat("flac").problems(48000, 8) == []
    (problem,) = MasterFormat("flac").problems(48000, 9)
    assert "at most 8 channels, not 9" in problem
