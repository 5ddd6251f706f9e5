"""A plugin's parameters: what they are, and setting them to exactly what was asked for.

A plugin knows a parameter as a raw value from 0 to 1 and as text ("-1.5 dB", "Warm"). Who sets one
says its value in the units that the plugin shows. The raw value for it comes from the law between
the two: linear, logarithmic, what the plugin itself answers, or a search through its texts; and
what it stands at afterwards is read again. Runs in the plugin's own process.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Value = float | bool | str

_NUMBER = re.compile(
    r"^\s*([-+\u2212]?\s*(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][-+]?\d+)?)\s*([kKmMµu]?)(.*)$"
)
_INFINITE = re.compile(r"^\s*([-\u2212]?)\s*(?:inf(?:inity)?|∞|oo)\b", re.I)
_OFF, _ON = {"off", "no", "false", "disabled", "0"}, {"on", "yes", "true", "enabled", "1"}
MOST_TEXTS = 64
MOST_STEPS = 1025
ROUNDS = 5
CLOSE = 2e-6
"""Raw values nearer than this are one: float32 has no more."""


class ParameterError(Exception):
    """A parameter cannot be set as asked; the message says why, without naming the plugin."""


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
        for law in (_linear, _logarithmic):
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


def _linear(
    low: float, high: float, shown: Callable[[float], Shown | None]
) -> Callable[[float], float] | None:
    """The linear law, if the texts in between follow it."""
    if not math.isfinite(low + high) or low == high:
        return None
    fits = _follow(shown, lambda raw: low + (high - low) * raw)
    return (lambda value: (value - low) / (high - low)) if fits else None


def _logarithmic(
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


def parameters_of(plugin: Any) -> list[Parameter]:
    """All parameters, in the plugin's order."""
    found = [Parameter(plugin, index) for index in range(len(plugin._parameters))]
    for parameter in found:
        parameter.find_law()
    return found


def find_parameter(parameters: list[Parameter], key: str) -> Parameter:
    """The parameter of a name, or of an index where no name is one.

    Raises:
        ParameterError: there is none, or there are several.
    """
    for same in (str.__eq__, lambda a, b: a.casefold().split() == b.casefold().split()):
        named = [each for each in parameters if same(each.name, key)]
        if len(named) == 1:
            return named[0]
        if named:
            indices = ", ".join(str(each.index) for each in named)
            raise ParameterError(f"{key!r} is the name of several parameters: use one of {indices}")
    if key.isdecimal() and int(key) < len(parameters):
        return parameters[int(key)]
    import difflib

    names = [each.name for each in parameters if each.automatable]
    near = difflib.get_close_matches(key, names, 1, cutoff=0.5)
    guess = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(names[:30])}"
    raise ParameterError(f"there is no parameter {key!r}; {guess}")


def set_parameters(plugin: Any, values: Mapping[str, Value], settle: Callable[[], None]) -> None:
    """Set parameters so that the order in which they are named does not matter.

    All are set, the plugin runs a little (`settle`), and all are read again, until every one stands
    where it was put.

    Raises:
        ParameterError: one cannot be set so, or two of them move one another.
    """
    parameters = parameters_of(plugin)
    wanted: list[tuple[str, Parameter, Value, float]] = []
    for key, value in values.items():
        parameter = find_parameter(parameters, key)
        if not parameter.automatable:
            raise ParameterError(f"parameter {key!r} is for reading only")
        if twin := next((k for k, other, *_ in wanted if other.index == parameter.index), None):
            raise ParameterError(f"{twin!r} and {key!r} are one parameter")
        try:
            raw = parameter.raw_for(value)
        except ParameterError as error:
            raise ParameterError(f"parameter {key!r}: {error}") from error
        wanted.append((key, parameter, value, raw))
    astray: list[tuple[str, Parameter, Value, float]] = []
    for _ in range(ROUNDS):
        for _, parameter, _, raw in wanted:
            parameter.set_raw(raw)
        settle()
        astray = [
            each
            for each in wanted
            if abs(each[1].raw - each[3]) > CLOSE and not each[1].shows(each[2])
        ]
        if not astray:
            return
    told = [f"{key!r} was set to {value} and stands at {p.text()}" for key, p, value, _ in astray]
    if len(wanted) == 1 or _stand_alone_astray(astray, settle):
        raise ParameterError(f"{'; '.join(told)}: the plugin does not take this value")
    others = ", ".join(repr(key) for key, *_ in wanted if key not in {each[0] for each in astray})
    fought = f"; it is moved by one of {others}" if others else "; they move one another"
    raise ParameterError(f"{'; '.join(told)}{fought}")


def _stand_alone_astray(
    astray: list[tuple[str, Parameter, Value, float]], settle: Callable[[], None]
) -> bool:
    """Whether each parameter that strayed does so too when nothing is set after it."""
    for _, parameter, value, raw in astray:
        parameter.set_raw(raw)
        settle()
        if abs(parameter.raw - raw) <= CLOSE or parameter.shows(value):
            return False
    return True
