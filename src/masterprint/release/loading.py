"""From an album file to an Album, with every error of it and of its chains at once."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from masterprint.chain.library import find_chain, shipped_chains
from masterprint.chain.loading import ChainFileError
from masterprint.chain.model import Chain
from masterprint.chain.wording import guess, problems_of
from masterprint.chain.yaml_source import Limits, Place, Problem, Source, path_text, read_yaml
from masterprint.errors import ChainError, UsageError
from masterprint.release.album import AlbumModel, Track
from masterprint.release.yaml_file import ReleaseFileError
from masterprint.stages.beside import FILE, FOLDER, within

LIMITS = Limits(most_bytes=1 << 20, most_depth=6, most_values=50_000)


class AlbumFileError(ReleaseFileError):
    """An album file is not valid; `problems` lists all that is wrong, `further` that of chains."""

    def __init__(self, file: Path, problems: list[Problem], further: Sequence[str] = ()) -> None:
        super().__init__(str(file), problems)
        self.further = list(further)
        self.message = "\n".join([*self.message.splitlines(), *self.further])


@dataclass(frozen=True)
class Album:
    """An album file that has been read and makes sense.

    Attributes:
        file: where it is.
        model: what it says.
        chains: by the name that the file has for each.
        source: where everything stands in it.
    """

    file: Path
    model: AlbumModel
    chains: dict[str, Chain]
    source: Source

    @property
    def folder(self) -> Path:
        """Where mixes, chains and the cover are looked for."""
        return Path(os.path.realpath(self.file)).parent

    @property
    def tracks(self) -> list[Track]:
        """In order."""
        return self.model.tracks

    @property
    def numbers(self) -> list[int]:
        """The number of each track, from 1; a hidden one has that of the track before it, or 0."""
        count, found = 0, []
        for track in self.tracks:
            count += not track.hidden
            found.append(count)
        return found

    def mix_of(self, track: Track) -> Path:
        """Where a track's mix is, as it is told in messages."""
        return self.place_of(track.mix)

    def place_of(self, beside: str) -> Path:
        """Where a file is that the album names: beside the album file itself, not a link to it."""
        above = self.file.parent
        return (above if Path(os.path.realpath(above)) == self.folder else self.folder) / beside

    def chain_name(self, track: Track) -> str:
        """What the file calls the chain of a track."""
        name = track.chain or self.model.chain
        assert name is not None, "looked at on loading"
        return name

    def problem(self, place: Place, message: str) -> Problem:
        """A problem with the line and column of a place."""
        return Problem(*self.source.where(place), message, path_text(place))


def load_album(path: str | Path) -> Album:
    """The album in a YAML file.

    Raises:
        AlbumFileError: with everything that is wrong with it and with its chains.
        UsageError: there is no such file.
    """
    path = Path(path)
    try:
        source = read_yaml(path, LIMITS)
    except FileNotFoundError as error:
        raise UsageError(f"{path}: there is no such album file.") from error
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}.") from error
    problems = list(source.problems)
    if not problems and not (isinstance(source.data, dict) and "masterprint_album" in source.data):
        problems.append(Problem(1, 1, "is no album file, which begins with `masterprint_album: 1`"))
    folder = Path(os.path.realpath(path)).parent
    model = None
    if not problems:
        context = {FOLDER: folder, FILE: "album"}
        try:
            model = AlbumModel.model_validate(source.data, context=context)
        except ValidationError as error:
            problems += problems_of(error.errors(include_url=False), source, AlbumModel)
    chains: dict[str, Chain] = {}
    further: list[str] = []
    for name, place in _chains_in(source.data, bool(model)):
        try:
            chains[name] = _chain_beside(name, folder)
        except ValueError as error:
            problems.append(Problem(*source.where(place), str(error), path_text(place)))
        except ChainFileError as error:
            further.append(str(error))
        except ChainError as error:
            problems.append(Problem(*source.where(place), str(error), path_text(place)))
    if problems or further or model is None:
        raise AlbumFileError(path, problems, further)
    return Album(path, model, chains, source)


def _chains_in(data: object, is_valid: bool) -> Iterator[tuple[str, Place]]:
    """Every chain that the file names, once; and the tracks that have none."""
    if not isinstance(data, dict):
        return
    seen: set[str] = set()
    places: list[Place] = [("chain",), ("vinyl", "chain"), ("cassette", "chain")]
    tracks = data.get("tracks")
    if isinstance(tracks, list):
        places += [("tracks", index, "chain") for index in range(len(tracks))]
    for place in places:
        name = _at(data, place)
        if isinstance(name, str) and name and name not in seen:
            seen.add(name)
            yield name, place
    if is_valid and not data.get("chain"):
        for index, track in enumerate(data["tracks"]):
            if not track.get("chain"):
                yield "", ("tracks", index)
                return


def _at(data: object, place: Place) -> object:
    for part in place:
        if isinstance(data, dict):
            data = data.get(part)
        elif isinstance(data, list) and isinstance(part, int):
            data = data[part]
        else:
            return None
    return data


def _chain_beside(name: str, folder: Path) -> Chain:
    if not name:
        raise ValueError("names no chain, and neither does the album")
    if "/" not in name and not Path(name).suffix:
        shipped = shipped_chains()
        if name not in shipped:
            raise ValueError(f"there is no ready-made chain {name!r}{guess(name, list(shipped))}")
        return find_chain(name)
    path = folder / name
    if Path(name).is_absolute() or not within(folder, path):
        raise ValueError(
            f"found {name!r}; allowed: a chain file below the folder of the album file, or the "
            "name of a ready-made chain"
        )
    if not path.is_file():
        raise ValueError(f"there is no such chain file: {path}")
    return find_chain(path)
