"""What can be delivered: profiles, as data of the same file as the platforms."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from masterprint.codecs.formats import FORMATS, format_guess
from masterprint.release.names import template_problem
from masterprint.stages.base import Line, Settings

Kind = Literal["tracks", "masters", "sequence", "cd", "ddp", "vinyl", "cassette"]


def _format(name: str) -> str:
    if name not in FORMATS:
        raise ValueError(f"found {name[:60]!r}, which is no format; {format_guess(name)}")
    return name


FormatName = Annotated[str, AfterValidator(_format)]
Rate = Annotated[int, Field(ge=8000, le=192000)]


class Deliverable(Settings):
    """A deliverable: one folder of files for one destination."""

    kind: Kind = Field(
        description="tracks, masters as rendered, the album as one file, a disc, or sides"
    )
    description: Line = Field("", max_length=300, description="what it is for")
    formats: list[FormatName] = Field(
        default_factory=lambda: ["wav-24"], min_length=1, max_length=20, description="of tracks"
    )
    sample_rate_hz: Rate | None = Field(None, description="of tracks; null keeps the masters' own")
    target_lufs: float | None = Field(
        None, ge=-40, le=-5, description="each track is brought to this by a plain gain"
    )
    ceiling_dbtp: float | None = Field(
        None, ge=-20, le=0, description="true peak that holds after coding and converting"
    )
    names: Line | None = Field(
        None, max_length=200, description="template of its files; else the album's"
    )
    gaps: Literal["keep", "none"] = Field("keep", description="silence behind tracks")
    bwf: bool = Field(False, description="WAV files with bext, iXML and loudness")
    replay_gain: bool = Field(False, description="gains for players that level what they play")
    services: list[Line] = Field(
        default_factory=list, max_length=50, description="whose playback the note tells of"
    )
    head_s: float = Field(0.0, ge=0, le=60, description="silence at the beginning of a side")
    source: Line = Field("", max_length=300, description="where this is from")
    checked: Line = Field("", max_length=20, description="when that was looked at")
    evidence: Line = Field("", max_length=40, description="how well it is known")

    @model_validator(mode="after")
    def _has_use_for_all(self) -> Deliverable:
        tracks_only = {"formats", "sample_rate_hz", "target_lufs", "names", "gaps", "replay_gain"}
        if self.kind != "tracks" and (idle := sorted(tracks_only & self.model_fields_set)):
            raise ValueError(f"found {idle[0]}, for which a deliverable of {self.kind} has no use")
        if self.names is not None and (wrong := template_problem(self.names)) is not None:
            raise ValueError(f"names: {wrong}")
        if self.head_s and self.kind not in ("vinyl", "cassette"):
            raise ValueError(f"found head_s, for which a deliverable of {self.kind} has no use")
        return self
