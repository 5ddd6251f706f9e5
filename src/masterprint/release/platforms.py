"""Where music goes: what each service asks for and does, as data with source, date and evidence.

The table is `platforms.yaml` beside this file. A user's own file of the same form adds to it, or
replaces what has the same name: `platforms.yaml` in Masterprint's data folder, and one that is
given.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from masterprint.codecs.formats import FORMATS, format_guess
from masterprint.errors import UsageError
from masterprint.plugins.catalogue import data_folder
from masterprint.release.profiles import Deliverable
from masterprint.release.yaml_file import read_model
from masterprint.stages.base import Line, Settings

MARKER = "masterprint_platforms"
KIND = "platforms file"
FILE = "platforms.yaml"
DELIVERABLES = "deliverables.yaml"
MOST_SERVICES = 500

Evidence = Literal["official", "trade_press", "measured", "expert", "contradictory"]
GainRule = Literal["down", "both", "up_with_headroom", "none"]
AlbumRule = Literal["album", "loudest_track", "track", "unknown"]


def _name(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,39}", text):
        raise ValueError(f"found {text[:60]!r}; allowed: small letters, digits and hyphens")
    return text


def _codec(text: str) -> str:
    if text not in FORMATS:
        raise ValueError(f"found {text[:60]!r}, which is no format; {format_guess(text)}")
    return text


def _date(text: str) -> str:
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?", text):
        raise ValueError(f"found {text[:60]!r}; allowed: a date as YYYY-MM or YYYY-MM-DD")
    return text


Name = Annotated[str, AfterValidator(_name)]
Level = Annotated[float, Field(ge=-70, le=6)]


class Service(Settings):
    """One place where music is played, sold, or checked."""

    title: Line = Field(max_length=80, description="what people call it")
    aliases: list[Name] = Field(
        default_factory=list, max_length=10, description="other names that find it"
    )
    target_lufs: Level | None = Field(
        None, description="integrated loudness that it plays at, or asks for"
    )
    album_target_lufs: Level | None = Field(
        None, description="the same of albums, where it is another"
    )
    tolerance_lu: float | None = Field(
        None, ge=0, le=20, description="how far from the target is taken"
    )
    max_short_term_lufs: Level | None = Field(None, description="limit of the loudest 3 s")
    max_true_peak_dbtp: Level | None = Field(None, description="true peak that it asks for at most")
    loud_true_peak_dbtp: Level | None = Field(
        None, description="the same for what is louder than the target"
    )
    gain: GainRule = Field(
        description="what playback does: turn down, both ways, up only while there is headroom"
    )
    headroom_dbtp: Level | None = Field(
        None, description="true peak up to which up_with_headroom turns up"
    )
    limiter_dbfs: Level | None = Field(
        None, description="at which a limiter holds what is turned up"
    )
    album: AlbumRule = Field(
        "unknown", description="by what an album is levelled when it is played as one"
    )
    codecs: list[Annotated[str, AfterValidator(_codec)]] = Field(
        default_factory=list, max_length=30, description="what it plays, as formats"
    )
    deliver: Line = Field("", max_length=200, description="what to hand in")
    source: Line = Field(max_length=400, description="where all this is from")
    checked: Annotated[str, AfterValidator(_date)] = Field(description="when it was looked up")
    evidence: Evidence = Field(description="how well it is known")
    notes: Line = Field("", max_length=400, description="what else there is to know")

    @model_validator(mode="after")
    def _makes_sense(self) -> Service:
        if self.gain != "none" and self.target_lufs is None:
            raise ValueError(f"gain {self.gain} needs a target_lufs")
        if (self.gain == "up_with_headroom") != (self.headroom_dbtp is not None):
            raise ValueError("headroom_dbtp and gain: up_with_headroom go together")
        return self

    def peak_limit_dbtp(self, integrated_lufs: float | None) -> float:
        """The true peak that what it plays should not pass; full scale where it asks for none."""
        loud = (
            self.loud_true_peak_dbtp is not None
            and self.target_lufs is not None
            and integrated_lufs is not None
            and round(integrated_lufs, 1) > self.target_lufs  # as loudness is told
        )
        limit = self.loud_true_peak_dbtp if loud else self.max_true_peak_dbtp
        return 0.0 if limit is None else limit


class PlatformsModel(Settings):
    """A platforms file."""

    masterprint_platforms: Literal[1] = Field(description="the version of this form")
    services: dict[Name, Service] = Field(
        default_factory=dict, max_length=MOST_SERVICES, description="by name"
    )
    deliverables: dict[Name, Deliverable] = Field(
        default_factory=dict, max_length=MOST_SERVICES, description="by name"
    )


@dataclass(frozen=True)
class Platforms:
    """All services and deliverables that are known.

    Attributes:
        services, deliverables: by name, in the order of the files.
        files: where each service is from.
    """

    services: dict[str, Service]
    files: dict[str, Path]
    deliverables: dict[str, Deliverable]

    def has(self, name: str) -> bool:
        """Whether a service is known by a name."""
        try:
            self.find(name)
        except UsageError:
            return False
        return True

    def find(self, name: str) -> tuple[str, Service]:
        """A service by its name or another that it has.

        Raises:
            UsageError: there is none; it says which may have been meant.
        """
        wanted = name.strip().lower().replace("_", "-").replace(" ", "-")
        if wanted in self.services:
            return wanted, self.services[wanted]
        for own, service in reversed(self.services.items()):
            if wanted in service.aliases:
                return own, service
        names = [*self.services, *(each for one in self.services.values() for each in one.aliases)]
        near = difflib.get_close_matches(wanted, names, 1, cutoff=0.6)
        raise UsageError(
            f"There is no platform {name!r}.",
            hint=f"did you mean {near[0]!r}?" if near else f"there are {', '.join(self.services)}",
        )

    def as_dict(self, names: list[str] | None = None) -> list[dict[str, Any]]:
        """Plain data for JSON."""
        return [
            {"name": name} | self.services[name].model_dump() | {"file": str(self.files[name])}
            for name in (names if names is not None else self.services)
        ]


def shipped_file() -> Path:
    """The table that comes with Masterprint."""
    return Path(__file__).parent / FILE


def shipped_deliverables() -> Path:
    """The deliverables that come with Masterprint."""
    return Path(__file__).parent / DELIVERABLES


def platforms_files(own: Path | None = None) -> list[Path]:
    """What is read, in this order: ours, the one in the data folder if there is one, `own`."""
    at_home = data_folder() / FILE
    files = [shipped_file(), shipped_deliverables()]
    if at_home.is_file():
        files.append(at_home)
    return files if own is None else [*files, own]


def load_platforms(own: Path | None = None) -> Platforms:
    """All services; later files replace what earlier ones say under the same name.

    Raises:
        ReleaseFileError: with all that is wrong with a file.
        UsageError: `own` is missing, or a file may not be read.
    """
    services: dict[str, Service] = {}
    files: dict[str, Path] = {}
    deliverables: dict[str, Deliverable] = {}
    for path in platforms_files(own):
        found = read_model(path, PlatformsModel, MARKER, KIND)
        services |= found.services
        files |= dict.fromkeys(found.services, path)
        deliverables |= found.deliverables
    return Platforms(services, files, deliverables)
