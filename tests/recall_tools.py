"""What tests of recall sheets share: short mixes, masters of them, and sheets that were edited."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import soundfile
import yaml

import masterprint
from masterprint.rendering.recall import HowToRecall, Recalled, recall
from masterprint.sheets.seal import seal_of
from masterprint.sheets.sheet import load_sheet

Data = dict[str, Any]
EQ = "eq: {bands: [{shape: bell, frequency_hz: 1000, gain_db: 1.5, q: 0.7}]}"


def write_mix(
    path: Path,
    seconds: float = 0.5,
    channels: int = 2,
    rate: int = 44100,
    subtype: str = "PCM_24",
    seed: int = 1,
) -> Path:
    """Noise at about -15 dBFS; the same seed gives the same samples."""
    path.parent.mkdir(parents=True, exist_ok=True)
    audio = np.random.default_rng(seed).uniform(-0.4, 0.4, (round(seconds * rate), channels))
    soundfile.write(path, audio, rate, subtype)
    return path


def write_chain(path: Path, *stages: str, more: str = "") -> Path:
    """A chain file of stages in YAML's flow style."""
    path.parent.mkdir(parents=True, exist_ok=True)
    listed = "".join(f"  - {stage}\n" for stage in stages)
    path.write_text(f"masterprint: 1\n{'stages:' if stages else ''}\n{listed}{more}")
    return path


def made(folder: Path, *stages: str, more: str = "", mix: Path | None = None) -> Path:
    """The sheet of a master in folder/out, of folder/mix.wav through folder/chain.yaml."""
    mix = mix or write_mix(folder / "mix.wav")
    chain = write_chain(folder / "chain.yaml", *stages, more=more)
    done = masterprint.render(chain, mix, folder / "out")
    return sheet_of(done.master)


def sheet_of(master: Path) -> Path:
    return master.with_name(f"{master.name}.recall.yaml")


def plain(sheet: Path) -> Data:
    """A sheet as anybody's YAML reader gives it."""
    return yaml.safe_load(sheet.read_text(encoding="utf-8"))


def digest_of(data: Data) -> str:
    """What the seal's sha256 is said to be: of the content as canonical JSON."""
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def edited(
    sheet: Path,
    change: Callable[[Data], object],
    seal: Literal["left", "sha256", "ours"] = "sha256",
    name: str = "edited",
) -> Path:
    """A copy of a sheet, beside it, with something changed in it.

    Its seal is left as it was; or its sha256 is made to fit, as anybody can; or it is sealed anew
    with the key of this user.
    """
    data = plain(sheet)
    marks = data.pop("seal")
    change(data)
    if seal == "sha256":
        marks["sha256"] = digest_of(data)
    elif seal == "ours":
        marks = seal_of(data)
    path = sheet.with_name(f"{name}.recall.yaml")
    path.write_text(yaml.safe_dump(data | {"seal": marks}, sort_keys=False, allow_unicode=True))
    return path


def put(*place: Any) -> Callable[[Data], None]:
    """An edit: all but the last are the way to a value, the last is the value."""
    *way, key, value = place

    def change(data: Any) -> None:
        for step in way:
            data = data[step]
        data[key] = value

    return change


def recalled(sheet: Path, **options: Any) -> Recalled:
    """What comes of recalling a sheet; its JSON must be JSON."""
    where = {name: options.pop(name) for name in ("folder", "places") if name in options}
    result = recall(load_sheet(sheet), HowToRecall(**options), **where)
    json.dumps(result.as_dict(), allow_nan=False)
    return result


def odd(result: Recalled) -> list[tuple[str, str, str]]:
    """Kind, name and status of what is not the same."""
    return [(e.kind, e.name, e.status) for e in result.ingredients if e.status != "same"]


def tree(folder: Path) -> dict[str, bytes]:
    """All files below a folder, with their content."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
