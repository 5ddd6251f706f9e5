"""Which files are which tracks of an album, and so what they are to say of themselves."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from masterprint.errors import MasterprintError, UsageError, first_of
from masterprint.release.credits import tags_of
from masterprint.release.delivering import cover_in
from masterprint.release.loading import Album
from masterprint.release.workshop import track_name
from masterprint.tags.fields import Tags
from masterprint.tags.files import read_tags

MOST_NAMED = 20
_NUMBER = re.compile(r"0*([0-9]{1,3})(?![0-9])")


def tags_from(album: Album, files: Sequence[Path]) -> dict[Path, Tags]:
    """What each file is to say, as the track of an album that it is.

    A file is known by the name that the album's template gives the track, by that of its mix, by
    the ISRC that it has already, or by a number that its name begins with; in this order.

    Raises:
        UsageError: it is not clear which track a file is; all such files are named.
    """
    found: dict[Path, Tags] = {}
    unknown = []
    cover = cover_in(album)
    for file in files:
        index = _index_of(album, file)
        if index is None:
            unknown.append(f"{file}: is none of the album's tracks, by name, ISRC or number.")
        else:
            found[file] = tags_of(album, index, album.numbers[index], cover)
    if unknown:
        raise UsageError(
            first_of(unknown, MOST_NAMED),
            hint=f"tracks are named like {track_name(album, 0, album.numbers[0])!r}, like their "
            "mixes, or begin with their number",
        )
    return found


def _index_of(album: Album, file: Path) -> int | None:
    stem = file.stem.casefold()
    known = list(enumerate(zip(album.tracks, album.numbers, strict=True)))
    for index, (_, number) in known:
        if stem == track_name(album, index, number).casefold():
            return index
    by_mix = [index for index, (track, _) in known if stem == Path(track.mix).stem.casefold()]
    if len(by_mix) == 1:
        return by_mix[0]
    isrc = _isrc_in(file)
    for index, (track, _) in known:
        if isrc is not None and track.isrc == isrc:
            return index
    begins = _NUMBER.match(stem)
    for index, (track, number) in known:
        if begins and int(begins[1]) == number and not track.hidden:
            return index
    return None


def _isrc_in(file: Path) -> str | None:
    try:
        return read_tags(file).isrc
    except MasterprintError:
        return None  # writing will say what is wrong with it
