"""What a master is made of: the mix, the chain's settings, its files, its plugins, the version.

The same ingredients make the same master. Their hash tells whether work is done already.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from masterprint.chain.model import Chain
from masterprint.chain.yaml_source import Place, path_text
from masterprint.errors import AudioFileError, ChainError
from masterprint.plugins.catalogue import need_unchanged
from masterprint.plugins.identity import Plugin as Installed
from masterprint.sheets.seal import canonical
from masterprint.stages.base import Stage, all_stages
from masterprint.stages.beside import StageWithFiles
from masterprint.stages.plugin import Plugin
from masterprint.version import __version__

CHUNK = 1 << 20
Used = Literal["plugin", "fallback", "bypass"]


@dataclass(frozen=True)
class FileFact:
    """A file as it was found.

    Attributes:
        path: where it is.
        bytes, sha256: what is in it.
        acts: whether a stage that has a part in what comes out uses it.
    """

    path: Path
    bytes: int
    sha256: str
    acts: bool = True


@dataclass(frozen=True)
class PluginFact:
    """What a plugin stage of a chain comes to on this machine.

    Attributes:
        place: in the chain file.
        title: what reports call it.
        name, vendor: what the chain asks for.
        used: the plugin, or what takes its place.
        plugin: the one installed; None where it is missing.
        state: how the chain names its state file.
    """

    place: str
    title: str
    name: str
    vendor: str
    used: Used
    plugin: Installed | None
    state: str | None


@dataclass(frozen=True)
class ChainIngredients:
    """What the chain brings, looked up once for all mixes that go through it.

    Attributes:
        settings: every setting that can be heard.
        files: states, responses and references, by the names that the chain has for them.
        plugins: of every plugin stage that acts.
    """

    settings: dict[str, Any]
    files: dict[str, FileFact]
    plugins: tuple[PluginFact, ...]

    @classmethod
    def of(cls, chain: Chain) -> ChainIngredients:
        """Those of a chain that is bound to its plugins.

        Raises:
            ChainError: a file that it names cannot be read.
        """
        return cls(chain.heard_settings(), dict(_files(chain)), tuple(_plugins(chain.stages)))

    def heard(self) -> dict[str, Any]:
        """All of it that decides what the master sounds like, as plain data."""
        return {
            "settings": self.settings,
            "files": {name: fact.sha256 for name, fact in self.files.items() if fact.acts},
            "plugins": {
                fact.place: [
                    fact.used,
                    fact.plugin.binary_sha256 if fact.plugin else None,
                    fact.plugin.class_id if fact.plugin else None,
                ]
                for fact in self.plugins
            },
            "masterprint": __version__,
        }


def work_sha256(mix_sha256: str, heard: dict[str, Any]) -> str:
    """The hash of a piece of work: this mix, made with these ingredients."""
    return hashlib.sha256(canonical({"mix": mix_sha256} | heard)).hexdigest()


def need_as_planned(known: ChainIngredients) -> None:
    """Refuse to go on where plugins or files of a chain are not those that it was planned with.

    Raises:
        PluginError, ChainError: one was changed meanwhile.
    """
    for fact in known.plugins:
        if fact.plugin is not None:
            need_unchanged(fact.plugin)
    for name, file in known.files.items():
        try:
            same = look_at_file(file.path).sha256 == file.sha256
        except OSError:
            same = False
        if not same:
            raise ChainError(
                f"{file.path}: has changed since this work was begun, as {name} of the chain.",
                hint="begin it again",
            )


def look_at_file(path: Path, most_bytes: int | None = None) -> FileFact:
    """Size and SHA-256 of a file, or of what it has up to one byte more than a limit.

    OSError passes.
    """
    digest = hashlib.sha256()
    read = 0
    with path.open("rb", buffering=0) as file:
        while data := file.read(CHUNK if most_bytes is None else min(CHUNK, most_bytes + 1 - read)):
            digest.update(data)
            read += len(data)
    return FileFact(path, read, digest.hexdigest())


def state_of(path: Path) -> tuple[int, ...] | None:
    """What changes when a file is written to or replaced; None where it is not there."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def look_at_mix(path: Path) -> FileFact:
    """The same of a mix.

    Raises:
        AudioFileError: it cannot be read.
    """
    try:
        return look_at_file(path)
    except OSError as error:
        raise AudioFileError(f"{path}: cannot be read: {error.strerror}.") from error


def _files(chain: Chain) -> Iterator[tuple[str, FileFact]]:
    seen = set()
    stages = [stage for stage in all_stages(chain.stages) if isinstance(stage, StageWithFiles)]
    # What acts comes first. What does not is needed all the same, to load the chain again.
    for stage in sorted(stages, key=lambda stage: not stage.acts):
        try:
            for name, path in stage.files.items():
                if name not in seen:
                    seen.add(name)
                    yield name, replace(look_at_file(path), acts=stage.acts)
        except ValueError as error:
            raise ChainError(str(error)) from error
        except OSError as error:
            raise ChainError(f"{error.filename}: cannot be read: {error.strerror}.") from error


def _plugins(stages: Sequence[Stage], place: Place = ("stages",)) -> Iterator[PluginFact]:
    """Of plugin stages that have a part in what comes out; a fallback only where it is used."""
    for index, stage in enumerate(stages):
        if not stage.acts:
            continue
        here = (*place, index, stage.stage_name)
        if isinstance(stage, Plugin):
            used: Used = "plugin"
            if stage.found is None:
                used = "fallback" if stage.when_missing == "fallback" else "bypass"
            installed = stage.found.plugin if stage.found else None
            yield PluginFact(
                path_text(here), stage.title, stage.name, stage.vendor, used, installed, stage.state
            )
            if stage.found is not None:
                continue
        for key, lists in stage.inner().items():
            for number, inner in enumerate(lists):
                band = () if key == "fallback" else (number,)
                yield from _plugins(inner, (*here, key, *band))
