"""Setting parameters to exactly what was asked for, whatever order they are named in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from masterprint.plugins.identity import meant_by
from masterprint.plugins.parameters import Parameter, ParameterError, Value, parameters_of

ROUNDS = 5
CLOSE = 2e-6
"""Raw values nearer than this are one: float32 has no more."""


def find_parameter(parameters: list[Parameter], key: str) -> Parameter:
    """The parameter of a name, or of an index where no name is one.

    Raises:
        ParameterError: there is none, or there are several.
    """
    meant = meant_by(key, [each.name for each in parameters])
    if len(meant) == 1:
        return parameters[meant[0]]
    if meant:
        indices = ", ".join(map(str, meant))
        raise ParameterError(f"{key!r} is the name of several parameters: use one of {indices}")
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
