"""Every stage by its name in a chain file: the built-in ones, and those that packages add.

A package adds one through the entry point group `masterprint.stages`: the entry point's name is
the stage's, its object the Stage subclass.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import entry_points

from masterprint.errors import ChainError
from masterprint.stages.balance import Balance
from masterprint.stages.base import Stage
from masterprint.stages.chorus import Chorus
from masterprint.stages.clipper import Clipper
from masterprint.stages.compressor import Compressor
from masterprint.stages.convolution import Convolution
from masterprint.stages.dc import Dc
from masterprint.stages.declick import Declick
from masterprint.stages.declip import Declip
from masterprint.stages.decrackle import Decrackle
from masterprint.stages.deess import Deess
from masterprint.stages.dehum import Dehum
from masterprint.stages.delay import Delay
from masterprint.stages.denoise import Denoise
from masterprint.stages.dynamic_eq import DynamicEq
from masterprint.stages.eq import Eq
from masterprint.stages.expander import Expander
from masterprint.stages.fade import Fade
from masterprint.stages.gain import Gain
from masterprint.stages.highpass import Highpass
from masterprint.stages.limiter import Limiter
from masterprint.stages.loudness import Loudness
from masterprint.stages.lowpass import Lowpass
from masterprint.stages.match import Match
from masterprint.stages.maximizer import Maximizer
from masterprint.stages.mono_bass import MonoBass
from masterprint.stages.plugin import Plugin
from masterprint.stages.reverb import Reverb
from masterprint.stages.saturation import Saturation
from masterprint.stages.split import Split
from masterprint.stages.stereo_align import StereoAlign
from masterprint.stages.transient import Transient
from masterprint.stages.trim import Trim
from masterprint.stages.width import Width

BUILT_IN: dict[str, type[Stage]] = {
    "balance": Balance,
    "chorus": Chorus,
    "clipper": Clipper,
    "compressor": Compressor,
    "convolution": Convolution,
    "dc": Dc,
    "declick": Declick,
    "declip": Declip,
    "decrackle": Decrackle,
    "deess": Deess,
    "dehum": Dehum,
    "delay": Delay,
    "denoise": Denoise,
    "dynamic_eq": DynamicEq,
    "eq": Eq,
    "expander": Expander,
    "fade": Fade,
    "gain": Gain,
    "highpass": Highpass,
    "limiter": Limiter,
    "loudness": Loudness,
    "lowpass": Lowpass,
    "match": Match,
    "maximizer": Maximizer,
    "mono_bass": MonoBass,
    "plugin": Plugin,
    "reverb": Reverb,
    "saturation": Saturation,
    "split": Split,
    "stereo_align": StereoAlign,
    "transient": Transient,
    "trim": Trim,
    "width": Width,
}

ENTRY_POINTS = "masterprint.stages"


def find_stage(name: str) -> type[Stage] | None:
    """The stage of a name, None if there is none. Other packages are looked at last."""
    return BUILT_IN.get(name) or added_stages().get(name)


def stage_names() -> list[str]:
    """All names, sorted."""
    return sorted({*BUILT_IN, *added_stages()})


@cache
def added_stages() -> dict[str, type[Stage]]:
    """Stages from installed packages. A built-in name cannot be taken over."""
    found: dict[str, type[Stage]] = {}
    for point in entry_points(group=ENTRY_POINTS):
        if point.name in BUILT_IN:
            continue
        try:
            kind = point.load()
        except Exception as error:  # a stranger's module may raise anything
            raise ChainError(
                f"The stage {point.name!r} of an installed package cannot be loaded "
                f"({point.value}: {error}).",
                hint="update or remove that package",
            ) from error
        if not (isinstance(kind, type) and issubclass(kind, Stage)):
            raise ChainError(
                f"The stage {point.name!r} of an installed package is not a Stage ({point.value})."
            )
        if getattr(kind, "stage_name", None) != point.name:
            raise ChainError(
                f"The stage {point.name!r} of an installed package calls itself "
                f"{getattr(kind, 'stage_name', None)!r} ({point.value})."
            )
        found[point.name] = kind
    return found
