"""Why a master made again is another one: where the audio first differs, and what explains it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from masterprint.sheets.checking import Ingredient
from masterprint.sheets.sheet import Sheet


def first_difference(old: Sheet, new: Sheet) -> tuple[int, str] | None:
    """The first stage behind which the audio differs, counted as in reports; None: behind none."""
    for number, stage in enumerate(old.stages, 1):
        match = new.stages[number - 1] if number <= len(new.stages) else None
        if match is None or match.audio_xxh3 != stage.audio_xxh3:
            return number, stage.label
    return None


def explanation(ingredients: Sequence[Ingredient], old: Sheet, new: Sheet) -> str:
    """Where the audio first differs and which ingredient explains it, in one sentence."""
    first = first_difference(old, new)
    said = [_where(first, old, new), *_sizes(old, new)]
    return "; ".join([*said, _cause(ingredients, old, new, first)])


def _where(first: tuple[int, str] | None, old: Sheet, new: Sheet) -> str:
    if old.mix.pcm_sha256 != new.mix.pcm_sha256:
        return "the audio differs from the mix on"
    if first is None:
        return "the audio differs only in how it was written (rounding and dither)"
    return f"the audio first differs at stage {first[0]}, {first[1]!r}"


def _sizes(old: Sheet, new: Sheet) -> list[str]:
    then, now = old.master, new.master
    pairs = [
        (then.frames, now.frames, "frames long"),
        (then.channels, now.channels, "channels wide"),
        (then.sample_rate_hz, now.sample_rate_hz, "Hz"),
    ]
    return [
        f"the new master is {is_now} {unit}, the old one {was}"
        for was, is_now, unit in pairs
        if was != is_now
    ]


def _cause(
    ingredients: Sequence[Ingredient], old: Sheet, new: Sheet, first: tuple[int, str] | None
) -> str:
    differing = [each for each in ingredients if each.status == "differs"]
    causes = [str(each) for each in differing if each.kind == "sheet"]
    if old.mix.pcm_sha256 != new.mix.pcm_sha256:
        causes += [str(each) for each in differing if each.kind == "mix"] or [
            "the sheet tells another hash of its samples than the mix that it names has"
        ]
    elif first is not None:
        causes += _causes_at(first[0], differing, old)
    causes = causes or [str(each) for each in differing if each.kind in ("version", "machine")]
    if causes:
        return "; ".join(causes)
    culprit = f"stage {first[1]!r}" if first else "something"
    return f"no ingredient differs: {culprit} gave another result this time"


def _causes_at(number: int, differing: Sequence[Ingredient], old: Sheet) -> list[str]:
    """What differs of the things that a stage is made of, or that its plugin is no help."""
    stages = old.chain.settings.get("stages")
    # Somebody may have edited the sheet, so that its reports belong to other stages.
    if old.stages[number - 1].stage == "conversion" or not isinstance(stages, list) or not stages:
        return []
    index = _chain_index(old, number, len(stages))
    here = f"stages[{index}]"
    causes = [
        str(each)
        for each in differing
        if (each.kind == "plugin" and each.name.startswith(here))
        or (each.kind == "file" and _names(stages[index], each.name))
    ]
    return causes or [
        f"plugins check found that {plugin.title!r} does not repeat itself"
        for plugin in old.plugins
        if plugin.place.startswith(here) and plugin.determinism in ("warning", "fail")
    ]


def _names(entry: Any, name: str) -> bool:
    """Whether a file is named somewhere in a stage."""
    if isinstance(entry, dict):
        return any(_names(value, name) for value in entry.values())
    if isinstance(entry, list):
        return any(_names(value, name) for value in entry)
    return bool(entry == name)


def _chain_index(old: Sheet, number: int, count: int) -> int:
    """Index in a chain of so many stages of one counted as in reports, with conversion."""
    conversions = sum(stage.stage == "conversion" for stage in old.stages[:number])
    return max(0, min(number - 1 - conversions, count - 1))
