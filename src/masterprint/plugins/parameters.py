"""A plugin's parameters: what they are, and which raw value is the value that was asked for.

A plugin knows a parameter as a raw value from 0 to 1 and as text ("-1.5 dB", "Warm"). Who sets one
says its value in the units that the plugin shows. The raw value for it comes from the law between
the two: linear, logarithmic, what the plugin itself answers, or a search through its texts. Runs in
the plugin's own process.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from masterprint.plugins.texts import Shown, linear, logarithmic, number_in

Value = float | bool | str

_OFF, _ON = {"off", "no", "false", "disabled", "0"}, {"on", "yes", "true", "enabled", "1"}
MOST_TEXTS = 64
MOST_STEPS = 1025


class ParameterError(Exception):
    """A parameter cannot be set as asked; the message says why, without naming the plugin."""


class Parameter:
    """One parameter of a loaded plugin, found anew by its index at every use.

    A plugin may be made again under our hands when it is reset, and its parameters with it.
    """

    def __init__(self, plugin: Any, index: int) -> None:
        self._plugin = plugin
        self.index = index
        self.name = str(self._now.name)
        self.label = str(self._now.label or "").strip()
        self._by_setting = False

    @property
    def _now(self) -> Any:
        return self._plugin._parameters[self.index]

    @property
    def automatable(self) -> bool:
        """Whether it may be set; meters are parameters, too."""
        return bool(self._now.is_automatable)

    @property
    def raw(self) -> float:
        """Where it stands, 0 to 1."""
        return float(self._now.raw_value)

    def set_raw(self, raw: float) -> None:
        """Move it; unlike pedalboard, never out of 0 to 1 or to NaN."""
        if not 0.0 <= raw <= 1.0:
            raise ParameterError(f"its raw value would be {raw}, outside 0 to 1")
        self._now.raw_value = raw

    def text(self, raw: float | None = None) -> str:
        """What the plugin shows at a raw value, or now."""
        if raw is None:
            return str(self._now.string_value)
        if not self._by_setting:
            return str(self._now.get_text_for_raw_value(raw))
        # Some plugins answer for the value they stand at and for no other.
        before = self.raw
        self._now.raw_value = raw
        text = str(self._now.string_value)
        self._now.raw_value = before
        return text

    def find_law(self) -> None:
        """See whether its texts can be asked for; where not, they are read by setting it."""
        if self.automatable and len({self.text(raw / 8) for raw in range(9)}) == 1:
            self._by_setting = True

    def texts(self) -> list[str]:
        """The different texts, in order, where they are few; empty where they are many."""
        found: list[str] = []
        for step in range(257):
            text = self.text(step / 256)
            if text not in found:
                found.append(text)
            if len(found) > MOST_TEXTS:
                return []
        return found

    def describe(self) -> dict[str, Any]:
        """Plain data for the catalogue."""
        low, high = number_in(self.text(0.0)), number_in(self.text(1.0))
        numeric = low is not None and high is not None and math.isfinite(low.value + high.value)
        texts = self.texts()
        return {
            "index": self.index,
            "name": self.name,
            "unit": self.label or (high.unit if numeric and high else ""),
            "range": [low.value, high.value] if numeric and low and high else None,
            "values": texts if 1 < len(texts) <= 32 else None,
            "text": self.text(),
            "raw": round(self.raw, 9),
            "automatable": self.automatable,
        }

    def shows(self, value: Value) -> bool:
        """Whether it stands at a value, as closely as its text can tell."""
        text = self.text()
        if isinstance(value, bool):
            return text.strip().lower() in (_ON if value else _OFF) or self.raw == float(value)
        if isinstance(value, str):
            return text.split() == value.split()
        shown = number_in(text)
        return shown is not None and abs(shown.value - value) <= shown.half_digit * 1.02 + 1e-9

    def raw_for(self, value: Value) -> float:
        """The raw value that is a value in the plugin's own units.

        Raises:
            ParameterError: it is out of range, or no text of the parameter.
        """
        if isinstance(value, bool):
            texts = self.texts()
            if len(texts) != 2:
                raise ParameterError(f"found {str(value).lower()}; allowed: {self._allowed(texts)}")
            return float(value)
        if isinstance(value, str):
            return self._raw_for_text(value)
        return self._raw_for_number(float(value))

    def _steps(self) -> list[float]:
        """The raw values of its steps, where it has such; a state keeps nothing in between."""
        steps = int(self._now.num_steps)
        return [n / (steps - 1) for n in range(steps)] if 2 <= steps <= MOST_STEPS else []

    def _allowed(self, texts: list[str]) -> str:
        """What may be set, in words."""
        if texts:
            return ", ".join(texts[:20])
        low, high = number_in(self.text(0.0)), number_in(self.text(1.0))
        if low is None or high is None:
            return f"{self.text(0.0)} to {self.text(1.0)}"
        bottom, top = sorted((low.value, high.value))
        return f"{bottom:g} to {top:g} {self._unit()}".rstrip()

    def _raw_for_text(self, wanted: str) -> float:
        def same(text: str) -> bool:
            return text.casefold().split() == wanted.casefold().split()

        for raw in self._steps():
            if same(self.text(raw)):
                return raw
        first = last = None
        for step in range(1025):
            raw = step / 1024
            if same(self.text(raw)):
                first = raw if first is None else first
                last = raw
            elif first is not None:
                break
        if first is not None and last is not None:
            # The ends of the range are steps of their own; elsewhere the middle of the step.
            return first if first == 0.0 else last if last == 1.0 else (first + last) / 2
        texts = [text.casefold() for text in self.texts()]
        word = wanted.strip().casefold()
        if len(texts) == 2 and set(texts) <= _OFF | _ON and word in _OFF | _ON:
            return float(word in _ON)
        asked, unit = number_in(wanted), self._unit()
        if asked is not None and asked.unit.casefold() in ("", unit.casefold()):
            return self._raw_for_number(asked.value)
        if asked is not None and unit:
            raise ParameterError(f"found {wanted!r}; its unit is {unit}")
        raise ParameterError(f"found {wanted!r}; allowed: {self._allowed(self.texts())}")

    def _unit(self) -> str:
        shown = number_in(self.text(1.0))
        return self.label or (shown.unit if shown else "")

    def _raw_for_number(self, value: float) -> float:
        if not math.isfinite(value):
            raise ParameterError(f"found {value}, where a finite number is expected")
        low, high = number_in(self.text(0.0)), number_in(self.text(1.0))
        if low is None or high is None:
            allowed = self._allowed(self.texts())
            raise ParameterError(f"found {value:g}, and it is set by text; allowed: {allowed}")
        bottom, top = sorted((low.value, high.value))
        if not bottom - 1e-9 <= value <= top + 1e-9:
            raise ParameterError(f"found {value:g}; allowed: {self._allowed([])}")
        if steps := self._steps():
            for raw in steps:
                shown = self._shown(raw)
                if shown is not None and abs(shown.value - value) <= 1e-6 * max(1.0, abs(value)):
                    return raw
            allowed = self._allowed(self.texts())
            raise ParameterError(f"found {value:g}, between its steps; allowed: {allowed}")
        for law in (linear, logarithmic):
            to_raw = law(low.value, high.value, self._shown)
            if to_raw is not None:
                return min(1.0, max(0.0, to_raw(value)))
        own = float(self._now.get_raw_value_for_text(f"{value:.10g}"))
        if 0.0 <= own <= 1.0:
            shown = self._shown(own)
            if shown is not None and abs(shown.value - value) <= shown.half_digit:
                return own
        return self._searched(value, rising=high.value > low.value)

    def _shown(self, raw: float) -> Shown | None:
        return number_in(self.text(raw))

    def _searched(self, value: float, rising: bool) -> float:
        """The middle of the raw values whose text is nearest to `value`, by bisection."""

        def edge(beyond: Callable[[float], bool]) -> float:
            low, high = 0.0, 1.0
            for _ in range(40):
                middle = (low + high) / 2
                shown = self._shown(middle)
                if shown is None:
                    raise ParameterError("its texts are no numbers throughout: set it by its text")
                if beyond(shown.value) == rising:
                    high = middle
                else:
                    low = middle
            return (low + high) / 2

        half = (self._shown(edge(lambda shown: shown >= value)) or Shown(0, 0, "")).half_digit
        first = edge(lambda shown: shown >= value - half)
        last = edge(lambda shown: shown > value + half)
        return (first + last) / 2


def parameters_of(plugin: Any) -> list[Parameter]:
    """All parameters, in the plugin's order."""
    found = [Parameter(plugin, index) for index in range(len(plugin._parameters))]
    for parameter in found:
        parameter.find_law()
    return found
