"""A chain in which what its stages found in a programme stands in their place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

from masterprint.chain.difference import are_entries

Entry = dict[str, Any]

INHERITED = ("on", "mix", "bypass", "label")


def pinned_stages(
    stages: Sequence[Entry], reports: Sequence[Mapping[str, Any]], place: str = "stage"
) -> tuple[list[Entry], list[str]]:
    """Entries of a chain with those that listened replaced, and what was done, in words.

    Args:
        stages: entries with all their settings, as a recall sheet has them.
        reports: what each has reported, in the same order: `pinned` is what stands for it, or
            `not_pinned` why nothing can, `bands` the reports of stages within a split.
        place: what stages are called in the words.

    Raises:
        ValueError: the reports are not those of these stages.
    """
    found: list[Entry] = []
    said: list[str] = []
    for number, (entry, report) in enumerate(zip(stages, reports, strict=True), 1):
        ((name, settings),) = entry.items()
        here = f"{place} {number}, {name}"
        instead = report.get("pinned")
        if instead is not None and not are_entries(instead):
            raise ValueError(f"{here}: what is pinned is no list of stages")
        if instead is None:
            inner, more = _inside(settings, report, here)
            found.append({name: inner})
            said += more
            if why := report.get("not_pinned"):
                said.append(f"{here}: stays as it is, because {why}")
        elif settings.get("mix", 1.0) != 1.0 and len(instead) != 1:
            found.append(entry)
            said.append(f"{here}: stays as it is, because its mix of several stages is not 1")
        else:
            found += [_inheriting(each, settings) for each in instead]
            said.append(f"{here}: {', '.join(next(iter(each)) for each in instead) or 'nothing'}")
    return found, said


def _inside(
    settings: Mapping[str, Any], report: Mapping[str, Any], place: str
) -> tuple[dict[str, Any], list[str]]:
    """Settings whose bands have been looked through, too."""
    new, said = dict(settings), []
    bands, of_bands = settings.get("bands"), report.get("bands")
    if bands and of_bands is not None:
        if not (isinstance(of_bands, list) and list(map(_length, of_bands)) == [*map(len, bands)]):
            raise ValueError(f"{place}: its report tells of other bands than it has")
        new["bands"] = []
        for number, (band, reports) in enumerate(zip(bands, of_bands, strict=True), 1):
            stages, more = pinned_stages(band, reports, f"{place}, band {number}, stage")
            new["bands"].append(stages)
            said += more
    return new, said


def _length(reports: Any) -> int:
    """How many reports there are, -1 for what is no list of reports."""
    whole = isinstance(reports, list) and all(isinstance(each, dict) for each in reports)
    return len(reports) if whole else -1


def _inheriting(entry: Entry, settings: Mapping[str, Any]) -> Entry:
    """An entry with the common settings of the stage that it stands for."""
    ((name, own),) = deepcopy(entry).items()
    common = {key: settings[key] for key in INHERITED if settings.get(key) not in (None, "stereo")}
    return {name: common | own}
