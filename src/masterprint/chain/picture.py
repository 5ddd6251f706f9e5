"""A chain as a picture in text: the way of the audio from mix to master."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from masterprint.chain.model import Chain
from masterprint.stages.base import COMMON_SETTINGS, Stage
from masterprint.stages.describe import unit_of
from masterprint.stages.plugin import Plugin
from masterprint.stages.split import Split

_SHOWN = {"bands", "fallback", "class_id", "binary_sha256"}
"""Shown as branches, or of no use to the eye."""


def picture(chain: Chain) -> str:
    """Lines from the mix down to the master; bands of a split branch off."""
    lines = ["mix"]
    if chain.tail_s:
        lines.append(f"│  + {chain.tail_s:g} s of silence")
    for number, stage in enumerate(chain.stages, 1):
        lines += ["│", *_stage(stage, f"├─ {number} ", "│  ")]
    master = chain.master
    rate = "rate of the mix" if master.sample_rate_hz is None else f"{master.sample_rate_hz} Hz"
    dither = f", dither {master.dither}" if master.as_format().is_integer else ""
    lines += ["│", f"└─ master: {master.format}, {master.bit_depth} bit, {rate}{dither}"]
    return "\n".join(lines)


def _stage(stage: Stage, first: str, rest: str) -> list[str]:
    name = stage.stage_name
    if stage.title != name:
        name = f"{name} ({stage.title})"
    common = []
    if stage.bypass:
        common.append("bypassed")
    if stage.on != "stereo":
        common.append(f"on {stage.on}")
    if stage.mix != 1.0:
        common.append(f"{100 * stage.mix:g} % wet")
    lines = [f"{first}{name}{' [' + ', '.join(common) + ']' if common else ''}"]
    # What was not set is a default, and stands in the list of all settings.
    data = stage.model_dump(mode="json", exclude={*COMMON_SETTINGS, *_SHOWN}, exclude_unset=True)
    settings = ", ".join(_setting(key, value) for key, value in data.items())
    if settings:
        lines.append(f"{rest}   {settings}")
    if isinstance(stage, Plugin) and stage.fallback:
        lines.append(f"{rest}└─ where it is missing")
        for place, inner in enumerate(stage.fallback, 1):
            end = place == len(stage.fallback)
            branch = f"{rest}   {'└' if end else '├'}─ "
            lines += _stage(inner, branch, f"{rest}   {'   ' if end else '│  '}")
    bands: list[Any] = getattr(stage, "bands", [])
    if isinstance(stage, Split):
        edges = ["", *(f"{frequency:g}" for frequency in stage.crossovers_hz), ""]
        for number, (band, low, high) in enumerate(zip(bands, edges, edges[1:], strict=False), 1):
            last = number == len(bands)
            upper = f"{low} to {high} Hz" if high else f"above {low} Hz"
            where = upper if low else f"below {high} Hz"
            lines.append(f"{rest}{'└' if last else '├'}─ band {number}, {where}")
            below = f"{rest}{'   ' if last else '│  '}"
            for place, inner in enumerate(band, 1):
                end = place == len(band)
                branch = f"{below}{'└' if end else '├'}─ "
                lines += _stage(inner, branch, f"{below}{'   ' if end else '│  '}")
    else:
        for band in bands if all(isinstance(band, BaseModel) for band in bands) else []:
            data = band.model_dump(mode="json", exclude_none=True)
            shape = data.pop("shape", "band")
            text = ", ".join(_setting(key, value) for key, value in data.items())
            lines.append(f"{rest}   {shape}: {text}")
    return lines


def _setting(key: str, value: Any) -> str:
    unit = unit_of(key)
    word = key
    if unit:
        word = next(key.removesuffix(ending) for ending in _ENDINGS if key.endswith(ending))
    ending = f" {unit}" if unit and value is not None else ""
    return f"{word.replace('_', ' ')} {_value(value)}{ending}"


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_value(inner)}" for key, inner in value.items())
    if isinstance(value, list):
        return " ".join(_value(item) for item in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float | int):
        return f"{value:g}"
    return "-" if value is None else str(value)


_ENDINGS = ("_db_per_octave", "_dbtp", "_lufs", "_db", "_hz", "_ms", "_s")
