"""Whether everything that a recall sheet names is here, and as it was."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from masterprint.chain.model import Chain
from masterprint.chain.plugins import catalogue_with, with_plugins
from masterprint.chain.wording import found_and_allowed
from masterprint.chain.yaml_source import path_text
from masterprint.errors import ChainError, MasterprintError, PluginError
from masterprint.files.pcm_hash import pcm_sha256
from masterprint.plugins.catalogue import Catalogue, need_unchanged
from masterprint.plugins.finding import Missing, Wanted, find
from masterprint.sheets.environment import machine, versions
from masterprint.sheets.finding import Located, locate
from masterprint.sheets.ingredients import ChainIngredients, look_at_mix
from masterprint.sheets.places import Places, size_of
from masterprint.sheets.sheet import PluginSheet, SavedSheet
from masterprint.sheets.staging import SHORT, CannotStage, Staging, as_named, named_files
from masterprint.stages.beside import FOLDER

Kind = Literal["sheet", "mix", "master", "chain", "file", "plugin", "version", "machine"]
Status = Literal["same", "moved", "differs", "missing"]


@dataclass(frozen=True)
class Ingredient:
    """What became of one thing that the master was made of.

    Attributes:
        kind: what it is.
        name: which one: a file, "stages[2].plugin: Pro-Q 3", "numpy".
        status: same; moved (the same, in another place); differs; missing.
        text: found and expected, for people; mostly empty where it is the same.
    """

    kind: Kind
    name: str
    status: Status
    text: str = ""

    def as_dict(self) -> dict[str, str]:
        """Plain data for JSON."""
        return {"kind": self.kind, "name": self.name, "status": self.status, "text": self.text}

    def __str__(self) -> str:
        kinds = {"version": "version of", "sheet": "recall sheet"}
        name = f"{kinds.get(self.kind, self.kind)} {self.name}".strip()
        return f"{name}: {self.text}".rstrip(".: ")


@dataclass(frozen=True)
class Checked:
    """All ingredients of a sheet, and what is needed to use them.

    Attributes:
        ingredients: every one.
        mix: where the mix is; None if it is missing.
        chain: bound to its plugins; None if that is not possible.
        files: where the files that it names really are, by their names in the chain.
    """

    ingredients: list[Ingredient]
    mix: Path | None
    chain: Chain | None
    files: dict[str, Path] = field(default_factory=dict)

    @property
    def missing(self) -> list[Ingredient]:
        """What stands in the way; the old master does not."""
        return [
            each for each in self.ingredients if each.status == "missing" and each.kind != "master"
        ]


def check_mix(saved: SavedSheet, places: Places) -> tuple[Ingredient, Path | None]:
    """Look for the mix where it was and at places; one file may have been given in its stead."""
    wanted = saved.sheet.mix
    given = places.instead
    if given is not None and not any(places.is_it(given, file) for file in saved.sheet.files):
        found = Located("moved" if places.is_it(given, wanted) else "differs", given)
    else:
        found = locate(wanted, saved, places)
    if found.path is None:
        text = f"not found: {wanted.bytes} bytes, sha256 {wanted.sha256[:SHORT]}, was {wanted.path}"
        return Ingredient("mix", wanted.name, "missing", text), None
    text = ""
    if found.status == "moved":
        text = f"is {found.path}"
    elif found.status == "differs":
        digest = look_at_mix(found.path).sha256
        text = f"{found.path} has sha256 {digest[:SHORT]}, it was {wanted.sha256[:SHORT]}"
    return Ingredient("mix", wanted.name, found.status, text), found.path


def check_master(saved: SavedSheet) -> Ingredient:
    """Whether the master beside the sheet is the one that the sheet describes."""
    name, wanted = saved.master.name, saved.sheet.master.pcm_sha256
    if size_of(saved.master) is None:
        return Ingredient("master", name, "missing", "is not beside its sheet")
    try:
        found = pcm_sha256(saved.master)
    except MasterprintError as error:
        return Ingredient(
            "master", name, "differs", f"cannot be read ({error.message.rstrip('.')})"
        )
    if found == wanted:
        return Ingredient("master", name, "same")
    text = (
        f"its samples have sha256 {found[:SHORT]}, they had {wanted[:SHORT]} when it was rendered"
    )
    return Ingredient("master", name, "differs", text)


def check(
    saved: SavedSheet, places: Places, staging: Path, trusted: Sequence[Path] = ()
) -> Checked:
    """Look for everything.

    Args:
        saved: the sheet.
        places: where mix and files may be, besides where they were; see `check_mix`.
        staging: an empty folder, in which the files that the chain names are put together.
        trusted: plugin files that may be loaded although they are not in the catalogue.
    """
    of_mix, mix = check_mix(saved, places)
    found = [seal(saved), of_mix, check_master(saved)]
    files = {}
    together = Staging(staging, places)
    for wanted in named_files(saved):
        try:
            located, text = together.add(wanted, saved)
        except CannotStage as error:
            found.append(Ingredient("file", wanted.name, "missing", str(error)))
            continue
        found.append(Ingredient("file", wanted.name, located.status, text))
        if located.path is not None:
            files[wanted.name] = located.path
    catalogue = catalogue_with(trusted) if saved.sheet.plugins else Catalogue()
    found += [_plugin(each, catalogue) for each in saved.sheet.plugins]
    chain = None
    if all(each.status != "missing" for each in found if each.kind in ("file", "plugin")):
        chain, problem = _chain(saved, staging, trusted)
        found += [problem] if problem else []
    return Checked([*found, *_environment(saved)], mix, chain, files)


def known_of(chain: Chain, files: Mapping[str, Path]) -> ChainIngredients:
    """The ingredients of a chain that was put together, with its files where they really are."""
    known = ChainIngredients.of(chain)
    facts = {
        name: replace(fact, path=files.get(name, fact.path)) for name, fact in known.files.items()
    }
    return replace(known, files=facts)


def wanted_of(saved: SavedSheet) -> dict[str, Wanted]:
    """What to look for at each place: the plugin that was used, where one was."""
    return {each.place: _wanted(each) for each in saved.sheet.plugins if each.used == "plugin"}


def seal(saved: SavedSheet) -> Ingredient:
    """Whether the sheet is as it was written, and by whom."""
    if not saved.is_untouched:
        text = "was edited or damaged after it was written"
        return Ingredient("sheet", saved.path.name, "differs", text)
    text = "" if saved.is_ours else "not sealed by this user: from elsewhere, or sealed anew"
    return Ingredient("sheet", saved.path.name, "same", text)


def _chain(
    saved: SavedSheet, staging: Path, trusted: Sequence[Path]
) -> tuple[Chain | None, Ingredient | None]:
    problem = ""
    try:
        chain = Chain.model_validate(saved.sheet.chain.settings, context={FOLDER: staging})
        return with_plugins(chain, trusted, wanted=wanted_of(saved)), None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = path_text(tuple(first["loc"]))
        problem = f"is not valid for this version: {place}: {found_and_allowed(first)}"
    except (PluginError, ChainError) as error:
        problem = " ".join(error.message.split())
    name = saved.sheet.chain.name or saved.sheet.chain.file or ""
    return None, Ingredient("chain", name, "missing", as_named(problem, staging))


def _wanted(old: PluginSheet) -> Wanted:
    found: Literal["vst3", "au"] | None = None
    if old.format in ("vst3", "au"):
        found = "au" if old.format == "au" else "vst3"
    return Wanted(
        old.name or old.title, old.vendor or "", found, old.class_id, old.version, old.binary_sha256
    )


def _plugin(old: PluginSheet, catalogue: Catalogue) -> Ingredient:
    name = f"{old.place}: {old.name or old.title}"
    try:
        now = find(catalogue, _wanted(old)).plugin
    except Missing as missing:
        if old.used == "plugin":
            return Ingredient("plugin", name, "missing", missing.message)
        return Ingredient("plugin", name, "same")
    if old.used != "plugin":
        instead = "its fallback took its place" if old.used == "fallback" else "it was left out"
        text = f"was missing ({instead}), and is installed here"
        return Ingredient("plugin", name, "differs", text)
    try:
        need_unchanged(now)
    except PluginError as error:
        text = f"{error.message.rstrip('.')} ({error.hint})" if error.hint else error.message
        return Ingredient("plugin", name, "missing", text)
    if now.version != old.version:
        return Ingredient("plugin", name, "differs", f"version {now.version}, it was {old.version}")
    if now.binary_sha256 != old.binary_sha256:
        text = (
            f"its library has sha256 {now.binary_sha256[:SHORT]}, it was "
            f"{(old.binary_sha256 or '')[:SHORT]}, with the same version {old.version}"
        )
        return Ingredient("plugin", name, "differs", text)
    return Ingredient("plugin", name, "same")


def _environment(saved: SavedSheet) -> Iterator[Ingredient]:
    then, now = saved.sheet.versions, versions()
    for name in {**then, **now}:
        if then.get(name) == now.get(name):
            yield Ingredient("version", name, "same")
        else:
            text = f"{now.get(name, 'not installed')}, it was {then.get(name, 'not installed')}"
            yield Ingredient("version", name, "differs", text)
    here = machine()
    for key, value in saved.sheet.machine.items():
        if key not in here or here[key] == value:
            yield Ingredient("machine", key, "same")
        else:
            yield Ingredient("machine", key, "differs", f"{here[key]}, it was {value}")
