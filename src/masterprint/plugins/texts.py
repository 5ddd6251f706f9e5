"""What a plugin shows for a parameter: numbers in texts, and the law that they follow."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

_NUMBER = re.compile(
    r"^\s*([-+\u2212]?\s*(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][-+]?\d+)?)\s*([kKmMµu]?)(.*)$"
)
_INFINITE = re.compile(r"^\s*([-\u2212]?)\s*(?:(?:inf(?:inity)?|oo)\b|∞)", re.I)


@dataclass(frozen=True)
class Shown:
    """A number as a plugin shows it: the value, and half a unit of its last digit."""

    value: float
    half_digit: float
    unit: str


def number_in(text: str) -> Shown | None:
    """The number that a parameter's text begins with; None where it is no number."""
    if infinite := _INFINITE.match(text):
        return Shown(-math.inf if infinite[1] else math.inf, 0.0, "")
    found = _NUMBER.match(text)
    if found is None:
        return None
    digits = found[1].replace("\u2212", "-").replace(" ", "").replace(",", ".")
    unit = (found[2] + found[3]).strip()
    # 1.2 k and 1.2 kHz are thousands; "ms" and "m" are units in their own right.
    thousands = found[2] in ("k", "K") and found[3].strip().lower() in ("", "hz")
    scale = 1000.0 if thousands else 1.0
    mantissa, _, exponent = digits.lower().partition("e")
    decimals = len(mantissa.partition(".")[2]) - int(exponent or 0)
    unit = found[3].strip() if thousands else unit
    return Shown(float(digits) * scale, 0.5 * scale * 10.0**-decimals, unit)


def linear(
    low: float, high: float, shown: Callable[[float], Shown | None]
) -> Callable[[float], float] | None:
    """The linear law, if the texts in between follow it."""
    if not math.isfinite(low + high) or low == high:
        return None
    fits = _follow(shown, lambda raw: low + (high - low) * raw)
    return (lambda value: (value - low) / (high - low)) if fits else None


def logarithmic(
    low: float, high: float, shown: Callable[[float], Shown | None]
) -> Callable[[float], float] | None:
    """The logarithmic law, if the texts in between follow it."""
    if not (0 < low < math.inf and 0 < high < math.inf) or low == high:
        return None
    fits = _follow(shown, lambda raw: low * (high / low) ** raw)
    return (lambda value: math.log(value / low) / math.log(high / low)) if fits else None


def _follow(shown: Callable[[float], Shown | None], law: Callable[[float], float]) -> bool:
    for raw in (0.13, 0.29, 0.5, 0.71, 0.83):
        found = shown(raw)
        if found is None or abs(found.value - law(raw)) > 1.1 * found.half_digit + 1e-9:
            return False
    return True
