"""Whether everything that a recall sheet names is here, and as it was."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from masterprint.chain.model import Chain
from masterprint.chain.plugins import with_plugins
from masterprint.errors import ChainError, PluginError, UsageError
from masterprint.sheets.environment import machine, versions
from masterprint.sheets.finding import Located, locate
from masterprint.sheets.ingredients import ChainIngredients, PluginFact, look_at_mix
from masterprint.sheets.sheet import PluginSheet, SavedSheet
from masterprint.stages.beside import FOLDER, within

Kind = Literal["sheet", "mix", "chain", "file", "plugin", "version", "machine"]
Status = Literal["same", "moved", "differs", "missing"]
SHORT = 12
"""Digits of a hash that people are shown."""


@dataclass(frozen=True)
class Ingredient:
    """What became of one thing that the master was made of.

    Attributes:
        kind: what it is.
        name: which one: a file, "stages[2].plugin", "numpy".
        status: same; moved (the same, in another place); differs; missing.
        text: found and expected, for people; empty where it is the same.
    """

    kind: Kind
    name: str
    status: Status
    text: str = ""

    def as_dict(self) -> dict[str, str]:
        """Plain data for JSON."""
        return {"kind": self.kind, "name": self.name, "status": self.status, "text": self.text}


@dataclass(frozen=True)
class Checked:
    """All ingredients of a sheet, and what is needed to use them.

    Attributes:
        ingredients: every one.
        mix: where the mix is; None if it is missing.
        chain: bound to its plugins; None if that is not possible.
        known: what the chain was found to be made of.
    """

    ingredients: list[Ingredient]
    mix: Path | None
    chain: Chain | None
    known: ChainIngredients | None

    @property
    def missing(self) -> list[Ingredient]:
        """What stands in the way."""
        return [each for each in self.ingredients if each.status == "missing"]


def check_mix(saved: SavedSheet, places: Sequence[Path]) -> tuple[Ingredient, Path | None]:
    """Look for the mix.

    Args:
        saved: the sheet.
        places: folders it may be in; or the file that is to be taken, whatever is in it.

    Raises:
        UsageError: a place is not there.
    """
    wanted = saved.sheet.mix
    for place in places:
        if not place.exists():
            raise UsageError(f"{place}: there is no such file or folder.")
    found = locate(wanted, saved, places)
    given = [place for place in places if place.is_file()]
    if found.status in ("missing", "differs") and given:
        found = Located("differs", given[0])
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


def check(
    saved: SavedSheet, places: Sequence[Path], staging: Path, trusted: Sequence[Path] = ()
) -> Checked:
    """Look for everything.

    Args:
        saved: the sheet.
        places: where mix and files may be, besides where they were; see `check_mix`.
        staging: an empty folder, in which the files that the chain names are put together.
        trusted: plugin files that may be loaded although they are not in the catalogue.
    """
    found = [seal(saved)]
    of_mix, mix = check_mix(saved, places)
    found.append(of_mix)
    at = {}
    for wanted in saved.sheet.files:
        located = locate(wanted, saved, places)
        text = ""
        if located.path is None:
            text = f"not found: sha256 {wanted.sha256[:SHORT]}, was {wanted.path}"
        elif located.status == "differs":
            text = f"{located.path} has another content (expected sha256 {wanted.sha256[:SHORT]})"
        elif located.status == "moved":
            text = f"is {located.path}"
        found.append(Ingredient("file", wanted.name, located.status, text))
        target = staging / wanted.name
        if located.path is not None and within(staging, target):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(located.path, target)
            at[wanted.name] = located.path
    chain = known = None
    if all(each.status != "missing" for each in found if each.kind == "file"):
        chain, problem = _chain(saved, staging, trusted)
        if chain is None:
            found.append(problem)
        else:
            known = ChainIngredients.of(chain)
            facts = {n: replace(fact, path=at.get(n, fact.path)) for n, fact in known.files.items()}
            known = replace(known, files=facts)
            found += _plugins(saved.sheet.plugins, known.plugins)
    return Checked([*found, *_environment(saved)], mix, chain, known)


def seal(saved: SavedSheet) -> Ingredient:
    """Whether the sheet is as it was written."""
    if saved.is_untouched:
        return Ingredient("sheet", saved.path.name, "same")
    return Ingredient(
        "sheet", saved.path.name, "differs", "was edited or damaged after it was written"
    )


def _chain(
    saved: SavedSheet, staging: Path, trusted: Sequence[Path]
) -> tuple[Chain | None, Ingredient]:
    settings = saved.sheet.chain.settings
    problem = ""
    try:
        chain = Chain.model_validate(settings, context={FOLDER: staging})
        return with_plugins(chain, trusted), Ingredient("chain", chain.name, "same")
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        problem = f"is not valid for this version: {place}: {first['msg']}"
    except (PluginError, ChainError) as error:
        problem = str(error)
    name = saved.sheet.chain.name or saved.sheet.chain.file or ""
    return None, Ingredient("chain", name, "missing", problem)


def _plugins(then: Sequence[PluginSheet], now: Sequence[PluginFact]) -> Iterator[Ingredient]:
    facts = {fact.place: fact for fact in now}
    for old in then:
        fact = facts.get(old.place)
        name = f"{old.place}: {old.name or old.title}"
        if fact is None or fact.used != old.used:
            what = {"plugin": "the plugin", "fallback": "its fallback", "bypass": "nothing"}
            uses = what[fact.used] if fact else "nothing"
            gone = old.used == "plugin"
            text = f"is not installed: {uses} would take its place" if gone else ""
            text = text or f"was missing ({what[old.used]} took its place), and is installed here"
            yield Ingredient("plugin", name, "missing" if gone else "differs", text)
        elif fact.plugin is None:
            yield Ingredient("plugin", name, "same")
        elif fact.plugin.version != old.version:
            text = f"version {fact.plugin.version}, it was {old.version}"
            yield Ingredient("plugin", name, "differs", text)
        elif fact.plugin.binary_sha256 != old.binary_sha256:
            text = (
                f"its library has sha256 {fact.plugin.binary_sha256[:SHORT]}, it was "
                f"{(old.binary_sha256 or '')[:SHORT]}, with the same version {old.version}"
            )
            yield Ingredient("plugin", name, "differs", text)
        else:
            yield Ingredient("plugin", name, "same")


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
