"""Numbers in what plugins show, and the laws that they follow."""

from __future__ import annotations

import math

import pytest

from masterprint.plugins.texts import Shown, linear, logarithmic, number_in


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("-1.50 dB", -1.5, "dB"),
        ("\u22123,0 dB", -3.0, "dB"),
        ("+ 2 dB", 2.0, "dB"),
        ("1.25 kHz", 1250.0, "Hz"),
        ("1.25k", 1250.0, ""),
        ("20 ms", 20.0, "ms"),
        ("3 m", 3.0, "m"),
        (".5", 0.5, ""),
        ("1e3 Hz", 1000.0, "Hz"),
        ("50%", 50.0, "%"),
        ("4:1", 4.0, ":1"),
    ],
)
def test_numbers_with_units(text: str, value: float, unit: str) -> None:
    shown = number_in(text)
    assert shown is not None
    assert shown.value == pytest.approx(value)
    assert shown.unit == unit


@pytest.mark.parametrize("text", ["Off", "Warm", "", "dB", "--", "N/A"])
def test_words_are_no_numbers(text: str) -> None:
    assert number_in(text) is None


def test_infinity() -> None:
    for text, value in (("-inf dB", -math.inf), ("inf", math.inf), ("-∞", -math.inf)):
        shown = number_in(text)
        assert shown is not None
        assert shown.value == value


@pytest.mark.parametrize(
    ("text", "half"), [("1.50", 0.005), ("2", 0.5), ("1.2 kHz", 50.0), ("1e-3", 0.0005)]
)
def test_how_closely_a_text_tells(text: str, half: float) -> None:
    shown = number_in(text)
    assert shown is not None
    assert shown.half_digit == pytest.approx(half)


def test_laws_are_told_from_what_is_shown_and_are_exact() -> None:
    """Shown with one decimal; the raw value found is exact all the same."""

    def shows(law):  # type: ignore[no-untyped-def]
        return lambda raw: number_in(f"{law(raw):.1f}")

    decibels = linear(-60.0, 20.0, shows(lambda raw: -60.0 + 80.0 * raw))
    assert decibels is not None
    assert decibels(-1.53) == (-1.53 + 60.0) / 80.0
    hertz = logarithmic(20.0, 20000.0, shows(lambda raw: 20.0 * 1000.0**raw))
    assert hertz is not None
    assert 20.0 * 1000.0 ** hertz(440.0) == pytest.approx(440.0, rel=1e-12)
    skewed = shows(lambda raw: -60.0 + 80.0 * raw**2)
    assert linear(-60.0, 20.0, skewed) is None
    assert logarithmic(-60.0, 20.0, skewed) is None
    assert linear(-math.inf, 0.0, lambda raw: Shown(-math.inf, 0.0, "dB")) is None
