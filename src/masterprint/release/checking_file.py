"""What an album file tells by itself: order, codes, names, what is wanted; no mix is looked at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from masterprint.chain.wording import guess
from masterprint.chain.yaml_source import Problem
from masterprint.codecs.formats import FORMATS
from masterprint.codecs.pyav import need_pyav
from masterprint.errors import MasterprintError
from masterprint.release.loading import Album
from masterprint.release.masters import MASTERS
from masterprint.release.names import SIDE_FIELDS, template_problem
from masterprint.release.profiles import Deliverable
from masterprint.release.workshop import track_name
from masterprint.tags.covers import cover_of


def file_problems(
    album: Album, deliverables: Mapping[str, Deliverable], warnings: list[str]
) -> Iterator[Problem]:
    """Everything that is wrong in the file; what is only doubtful goes to `warnings`."""
    yield from _order(album)
    yield from _codes(album)
    yield from _wanted(album, deliverables)
    yield from _names(album, deliverables, warnings)
    yield from _cover(album)
    warnings += _missing(album)


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


def _names(
    album: Album, deliverables: Mapping[str, Deliverable], warnings: list[str]
) -> Iterator[Problem]:
    """Every delivered file has a name of its own."""
    if (wrong := template_problem(album.model.side_names, SIDE_FIELDS)) is not None:
        yield album.problem(("side_names",), wrong)
    if (wrong := template_problem(album.model.names)) is not None:
        yield album.problem(("names",), wrong)
        return
    wanted = [deliverables[name].names for name in album.model.deliver if name in deliverables]
    for template in dict.fromkeys([album.model.names, *wanted]):
        if template is not None:
            yield from _names_from(album, template, warnings)


def _names_from(album: Album, template: str, warnings: list[str]) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    for index, track in enumerate(album.tracks):
        if track.hidden and album.numbers[index]:
            continue  # lies in the file of the track before it
        name = track_name(album, index, album.numbers[index], template)
        if (other := seen.setdefault(name.casefold(), index)) != index:
            line = album.source.where(("tracks", other))[0]
            message = f"its files would be named {name!r}, like those of the track in line {line}"
            yield album.problem(("tracks", index, "title"), message)
        if track.title not in name and "{title" in template:
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


def _cover(album: Album) -> Iterator[Problem]:
    """The cover is a picture."""
    if album.model.cover is not None:
        try:
            cover_of(album.place_of(album.model.cover))
        except MasterprintError as error:
            yield album.problem(("cover",), str(error))


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
