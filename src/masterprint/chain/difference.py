"""How two chains differ, setting by setting."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

Settings = dict[str, Any]
MISSING = object()


@dataclass(frozen=True)
class Change:
    """One setting that is not the same, or a stage that only one chain has.

    Attributes:
        stage: as people count it in the newer chain (in the older one where it was removed), such
            as "stage 2, eq 'tone'"; empty for what belongs to no stage.
        setting: such as "bands[1].gain_db"; empty where the whole stage came or went.
        old, new: values; None for what is not there.
        kind: changed, added or removed.
    """

    stage: str
    setting: str
    old: Any
    new: Any
    kind: str = "changed"

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "stage": self.stage,
            "setting": self.setting,
            "kind": self.kind,
            "old": self.old,
            "new": self.new,
            "text": str(self),
        }

    def __repr__(self) -> str:
        return f"<Change {self}>"

    def __str__(self) -> str:
        if not self.setting:
            return f"{self.stage}: {self.kind}"
        place = f"{self.stage}: " if self.stage else ""
        return f"{place}{self.setting}: {_shown(self.old)} -> {_shown(self.new)}"


def changes(old: Settings, new: Settings) -> list[Change]:
    """What differs between two chains, as `Chain.as_dict(resolved=True)` gives them."""
    found = [
        Change("", setting, before, after)
        for setting, before, after in _pairs(_without_stages(old), _without_stages(new), "")
    ]
    return found + list(_of_stages(old.get("stages", []), new.get("stages", []), ""))


def are_entries(stages: Any) -> bool:
    """Whether somebody's data has the shape of a list of stages, however nested."""
    return isinstance(stages, list) and all(map(_is_entry, stages))


def _is_entry(entry: Any) -> bool:
    if not isinstance(entry, dict) or len(entry) != 1:
        return False
    (settings,) = entry.values()
    if not isinstance(settings, dict):
        return False
    if not all(isinstance(settings.get(key), str | None) for key in ("label", "class_id")):
        return False
    bands = settings.get("bands", [])
    return (
        isinstance(bands, list)
        and (all(map(are_entries, bands)) or all(isinstance(band, dict) for band in bands))
        and are_entries(settings.get("fallback", []))
    )


def _hold_stages(bands: list[Any]) -> bool:
    """Whether these are the bands of a split, each a list of stages, or those of an equaliser."""
    return all(isinstance(band, list) for band in bands)


def _of_stages(old: list[Settings], new: list[Settings], outer: str) -> Iterator[Change]:
    """Stages are matched by kind and label, so that one put in between moves no other."""
    matcher = SequenceMatcher(
        a=[_key(entry) for entry in old], b=[_key(entry) for entry in new], autojunk=False
    )
    for kind, a, b, c, d in matcher.get_opcodes():
        common = b - a if kind == "equal" else min(b - a, d - c) if kind == "replace" else 0
        for before, after in zip(range(a, a + common), range(c, c + common), strict=True):
            if _name(old[before]) == _name(new[after]):
                yield from _of_stage(old[before], new[after], _title(new[after], after, outer))
            else:
                yield Change(_title(old[before], before, outer), "", old[before], None, "removed")
                yield Change(_title(new[after], after, outer), "", None, new[after], "added")
        for index in range(a + common, b):
            yield Change(_title(old[index], index, outer), "", old[index], None, "removed")
        for index in range(c + common, d):
            yield Change(_title(new[index], index, outer), "", None, new[index], "added")


def _of_stage(old: Settings, new: Settings, title: str) -> Iterator[Change]:
    name = _name(new)
    before, after = dict(old[name]), dict(new[name])
    for key in ("bands", "fallback"):
        if key not in {*before, *after}:
            continue
        if not _hold_stages([*before.get(key, []), *after.get(key, [])]) and key == "bands":
            continue
        then, now = before.pop(key, []), after.pop(key, [])
        if key == "fallback":
            yield from _of_stages(then, now, f"{title}, fallback, ")
        elif len(then) == len(now):
            for band, (one, other) in enumerate(zip(then, now, strict=True), 1):
                yield from _of_stages(one, other, f"{title}, band {band}, ")
        else:
            yield Change(title, key, then, now)
    for setting, one, other in _pairs(before, after, ""):
        yield Change(title, setting, one, other)


def _pairs(old: Any, new: Any, place: str) -> Iterator[tuple[str, Any, Any]]:
    """Every value that is not the same, with its place."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in {**old, **new}:
            inner = f"{place}.{key}" if place else key
            yield from _pairs(old.get(key, MISSING), new.get(key, MISSING), inner)
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            then = old[index] if index < len(old) else MISSING
            now = new[index] if index < len(new) else MISSING
            yield from _pairs(then, now, f"{place}[{index}]")
    elif not _same(old, new):
        yield place, None if old is MISSING else old, None if new is MISSING else new


def _same(old: Any, new: Any) -> bool:
    """A setting that one side lacks is one that is null; 1 and 1.0 are one number."""
    old, new = (None if each is MISSING else each for each in (old, new))
    numbers = [isinstance(each, float | int) and not isinstance(each, bool) for each in (old, new)]
    return bool(old == new) and (type(old) is type(new) or all(numbers))


def _without_stages(chain: Settings) -> Settings:
    return {key: value for key, value in chain.items() if key != "stages"}


def _name(entry: Settings) -> str:
    return next(iter(entry))


def _key(entry: Settings) -> tuple[str, Any, Any]:
    settings = entry[_name(entry)]
    return _name(entry), settings.get("label"), settings.get("class_id")


def _title(entry: Settings, index: int, outer: str) -> str:
    label = entry[_name(entry)].get("label")
    return f"{outer}stage {index + 1}, {_name(entry)}" + (f" {label!r}" if label else "")


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_shown(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(map(_shown, value))}]"
    if isinstance(value, float):
        short = f"{value:g}"
        return short if float(short) == value else repr(value)
    return (
        "none" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    )
