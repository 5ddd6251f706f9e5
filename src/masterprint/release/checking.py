"""What is wrong with an album before anything is rendered, and what an engineer should know.

Lengths are those that the mixes promise; a chain that trims makes a track shorter. So what depends
on lengths is looked at again when the masters are there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from masterprint.chain.wording import guess
from masterprint.chain.yaml_source import Problem
from masterprint.codecs.formats import FORMATS
from masterprint.codecs.pyav import need_pyav
from masterprint.errors import MasterprintError, UsageError
from masterprint.files.reading import AudioFile, open_audio
from masterprint.release.compact_disc import disc_of
from masterprint.release.layout import expected_shape, hidden_apart, pieces_of
from masterprint.release.levels import unlike_levels, with_level
from masterprint.release.loading import Album, AlbumFileError
from masterprint.release.masters import MASTERS
from masterprint.release.medium import (
    disc_problems,
    place_of,
    side_plan,
    unlike_channels,
)
from masterprint.release.names import SIDE_FIELDS, template_problem
from masterprint.release.profiles import Deliverable
from masterprint.release.timeline import Timeline, lay_down
from masterprint.release.workshop import track_name
from masterprint.tags.covers import cover_of

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
    found.problems += _order(album)
    found.problems += _codes(album)
    found.problems += _names(album, found.warnings)
    found.problems += _wanted(album, deliverables)
    found.problems += _cover(album)
    mixes = list(_mixes(album, found.problems))
    if not found.problems:
        found.timeline = _timeline(album, mixes, found.problems)
    if found.timeline is not None:
        chains = [album.chains[album.chain_name(track)] for track in album.tracks]
        if (unlike := unlike_levels(chains, album.model.loudness)) is not None:
            found.problems.append(album.problem(("tracks", unlike[0]), unlike[1]))
        kinds = {deliverables[name].kind for name in album.model.deliver}
        _media(album, mixes, found, kinds)
    found.warnings += _missing(album)
    if found.problems:
        raise AlbumFileError(album.file, found.problems)
    return found


def _order(album: Album) -> Iterator[Problem]:
    """How tracks follow one another."""
    first = album.tracks[0]
    if first.crossfade_s is not None:
        message = "is of the first track, so there is nothing to crossfade it with"
        yield album.problem(("tracks", 0, "crossfade_s"), message)
    if all(track.hidden for track in album.tracks):
        yield album.problem(("tracks",), "are all hidden; expected: at least one that is not")


def _codes(album: Album) -> Iterator[Problem]:
    """ISRC are of one recording each."""
    seen: dict[str, int] = {}
    for index, track in enumerate(album.tracks):
        if track.isrc is None:
            continue
        if (other := seen.setdefault(track.isrc, index)) != index:
            line = album.source.where(("tracks", other, "isrc"))[0]
            message = (
                f"{track.isrc} stands here a second time, first in line {line}, with "
                f"{album.tracks[other].title!r}; every recording has an ISRC of its own"
            )
            yield album.problem(("tracks", index, "isrc"), message)


def _names(album: Album, warnings: list[str]) -> Iterator[Problem]:
    """Every delivered file has a name of its own."""
    if (wrong := template_problem(album.model.side_names, SIDE_FIELDS)) is not None:
        yield album.problem(("side_names",), wrong)
    if (wrong := template_problem(album.model.names)) is not None:
        yield album.problem(("names",), wrong)
        return
    seen: dict[str, int] = {}
    for index, track in enumerate(album.tracks):
        if track.hidden and album.numbers[index]:
            continue  # lies in the file of the track before it
        name = track_name(album, index, album.numbers[index])
        if (other := seen.setdefault(name.casefold(), index)) != index:
            line = album.source.where(("tracks", other))[0]
            message = f"its files would be named {name!r}, like those of the track in line {line}"
            yield album.problem(("tracks", index, "title"), message)
        if track.title not in name and "{title" in album.model.names:
            warnings.append(f"{track.title!r} cannot be the name of a file as it is: {name!r}")


def _wanted(album: Album, deliverables: Mapping[str, Deliverable]) -> Iterator[Problem]:
    """What is to be delivered is known, and named once."""
    seen: set[str] = set()
    for index, name in enumerate(album.model.deliver):
        place = ("deliver", index)
        if name not in deliverables:
            message = f"there is no deliverable {name!r}{guess(name, sorted(deliverables))}"
            yield album.problem(place, message)
        elif name == MASTERS or name.startswith(f"{MASTERS}-"):
            yield album.problem(place, f"{name!r} is what the folder of the masters is called")
        elif name in seen:
            yield album.problem(place, f"{name!r} stands here twice")
        elif (missing := _missing_encoder(deliverables[name])) is not None:
            yield album.problem(place, missing)
        seen.add(name)


def _cover(album: Album) -> Iterator[Problem]:
    """The cover is a picture."""
    if album.model.cover is not None:
        try:
            cover_of(album.place_of(album.model.cover))
        except MasterprintError as error:
            yield album.problem(("cover",), str(error))


def _missing_encoder(profile: Deliverable) -> str | None:
    """What a deliverable cannot be made for on this machine."""
    for name in profile.formats:
        fmt = FORMATS[name]
        if fmt.needs_pyav:
            try:
                need_pyav(fmt)
            except MasterprintError as error:
                return str(error)
    return None


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


def _missing(album: Album) -> Iterator[str]:
    """What a release should have."""
    without = [track.title for track in album.tracks if track.isrc is None and not track.hidden]
    if without:
        yield f"without an ISRC: {', '.join(map(repr, without))}"
    if album.model.upc is None:
        yield "the album has no UPC or EAN"
    seen: dict[str, str] = {}
    for track in album.tracks:
        if (other := seen.setdefault(track.mix, track.title)) != track.title:
            yield f"{other!r} and {track.title!r} are made of one mix, {track.mix}"
