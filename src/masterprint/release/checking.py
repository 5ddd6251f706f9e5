"""What is wrong with an album before anything is rendered, and what an engineer should know.

Lengths are those that the mixes promise; a chain that trims makes a track shorter. So what depends
on lengths is looked at again when the masters are there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from masterprint.chain.yaml_source import Problem
from masterprint.errors import MasterprintError, UsageError
from masterprint.files.reading import AudioFile, open_audio
from masterprint.release.checking_file import file_problems
from masterprint.release.compact_disc import disc_of
from masterprint.release.layout import expected_shape, hidden_apart, pieces_of
from masterprint.release.levels import unlike_levels, with_level
from masterprint.release.loading import Album, AlbumFileError
from masterprint.release.medium import (
    disc_problems,
    lengths_of,
    place_of,
    side_plan,
    unlike_channels,
)
from masterprint.release.profiles import Deliverable
from masterprint.release.timeline import Timeline, lay_down

MOST_HOURS = 24
"""An album from a stranger must not fill the disk with silence."""


@dataclass
class Checked:
    """What was found.

    Attributes:
        problems: why the album cannot be made.
        warnings: what somebody should look at.
        timeline: as the mixes' lengths have it; None where they are not known.
    """

    problems: list[Problem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    timeline: Timeline | None = None


def check_album(album: Album, deliverables: Mapping[str, Deliverable]) -> Checked:
    """Look at all of an album.

    Args:
        album: as it was loaded.
        deliverables: profiles that there are.

    Raises:
        AlbumFileError: with everything that is wrong.
    """
    found = Checked()
    found.problems += file_problems(album, deliverables, found.warnings)
    mixes = list(_mixes(album, found.problems))
    if not found.problems:
        found.timeline = _timeline(album, mixes, found.problems)
    if found.timeline is not None:
        chains = [album.chains[album.chain_name(track)] for track in album.tracks]
        if (unlike := unlike_levels(chains, album.model.loudness)) is not None:
            found.problems.append(album.problem(("tracks", unlike[0]), unlike[1]))
        wanted = [deliverables[name] for name in album.model.deliver]
        found.warnings += _unlike_rates(wanted, found.timeline)
        found.warnings += _faded_away(album, found.timeline)
        kinds = {each.kind for each in wanted}
        _media(album, mixes, found, kinds)
    if found.problems:
        raise AlbumFileError(album.file, found.problems)
    return found


def _mixes(album: Album, problems: list[Problem]) -> Iterator[AudioFile]:
    """Every mix can be read, and suits its chain."""
    for index, track in enumerate(album.tracks):
        try:
            mix = open_audio(album.mix_of(track))
            chain = with_level(
                album.chains[album.chain_name(track)], album.model.loudness, track.trim_db
            )
            if unsuited := chain.problems(mix.sample_rate_hz, mix.channels):
                raise UsageError(f"its chain does not suit it: {'; '.join(unsuited)}")
        except MasterprintError as error:
            problems.append(album.problem(("tracks", index), str(error)))
        else:
            yield mix


def _timeline(
    album: Album, mixes: list[AudioFile], problems: list[Problem], chain_name: str | None = None
) -> Timeline | None:
    """Where the tracks lie; with `chain_name`, those that all go through that chain."""
    shapes = [
        expected_shape(mix, album.chains[chain_name or album.chain_name(track)])
        for mix, track in zip(mixes, album.tracks, strict=True)
    ]
    try:
        timeline = lay_down(pieces_of(album, shapes, range(len(shapes))))
    except UsageError as error:
        told = f"through {chain_name!r}: {error}" if chain_name else str(error)
        problems.append(album.problem(place_of(album, str(error)), told))
        return None
    for run in timeline.runs:
        index = run.parts[0].index
        if chain_name is None and album.tracks[index].hidden and album.numbers[index]:
            problems.append(album.problem(("tracks", index), hidden_apart(album, index)))
    hours = timeline.frames_at(48000) / 48000 / 3600
    if hours > MOST_HOURS:
        message = f"last {hours:.0f} hours in all; allowed: at most {MOST_HOURS}"
        problems.append(album.problem(("tracks",), message))
        return None
    return timeline


def _media(album: Album, mixes: list[AudioFile], found: Checked, kinds: set[Any]) -> None:
    """Discs and sides have rules of their own, and sides may have a chain of their own."""
    assert found.timeline is not None
    if kinds & {"cd", "ddp"}:
        disc = disc_of(album, found.timeline)
        wrong, doubtful = disc_problems(album, found.timeline, disc)
        found.problems += [album.problem(place, text) for place, text in wrong]
        found.warnings += doubtful
    whole = [range(len(album.tracks))]
    if "sequence" in kinds and (mixed := unlike_channels(album, found.timeline, whole)):
        found.problems.append(album.problem(("deliver",), f"sequence: {mixed}"))
    for medium in ("vinyl", "cassette"):
        if medium in kinds:
            name = getattr(album.model, medium).chain
            if unsuited := list(_unsuited(album, mixes, medium, name)):
                found.problems += unsuited
                continue
            timeline = _timeline(album, mixes, found.problems, name) if name else found.timeline
            if timeline is None:
                continue
            try:
                sides, doubtful = side_plan(album, timeline, medium)
                found.warnings += doubtful
                groups = [side.indexes for side in sides]
                if mixed := unlike_channels(album, found.timeline, groups):
                    found.problems.append(album.problem((medium,), mixed))
            except UsageError as error:
                found.problems.append(album.problem((medium, "sides"), str(error)))


def _unsuited(
    album: Album, mixes: list[AudioFile], medium: str, name: str | None
) -> Iterator[Problem]:
    """Mixes that do not go through the chain of a medium."""
    for mix, track in zip(mixes, album.tracks, strict=True) if name else ():
        if wrong := album.chains[name or ""].problems(mix.sample_rate_hz, mix.channels):
            message = f"{name!r} does not suit the mix of {track.title!r}: {'; '.join(wrong)}"
            yield album.problem((medium, "chain"), message)


def _unlike_rates(wanted: Sequence[Deliverable], timeline: Timeline) -> Iterator[str]:
    """Aggregators take an album at one rate."""
    rates = sorted({run.sample_rate_hz for run in timeline.runs})
    if len(rates) > 1 and any(
        each.kind == "tracks" and each.sample_rate_hz is None for each in wanted
    ):
        yield (
            f"the masters have different rates ({', '.join(f'{rate} Hz' for rate in rates)}), and "
            "their files will, too; give their chains one sample_rate_hz in `master` if that is "
            "not meant"
        )


def _faded_away(album: Album, timeline: Timeline) -> Iterator[str]:
    """Fades that are longer than what they are on."""
    for track, seconds in zip(album.tracks, lengths_of(timeline), strict=True):
        if track.fade_in_s + track.fade_out_s > seconds:
            yield (
                f"the fades of {track.title!r} are {track.fade_in_s + track.fade_out_s:g} s long, "
                f"longer than its {seconds:.1f} s"
            )
