"""What a plugin is: the names that survive a move to another folder or another machine."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

Format = Literal["vst3", "au"]
PARAMETER_KEYS = {"index", "name", "unit", "range", "values", "text", "raw", "automatable"}


@dataclass(frozen=True)
class Plugin:
    """One plugin as the scan found it.

    Attributes:
        format: vst3 or au.
        name, vendor, version: as the plugin says.
        class_id: 32 hex digits of the VST3 class, which any copy and any version shares; for an
            Audio Unit its type, subtype and manufacturer.
        path: the bundle, or the file.
        binary_sha256: of the library in it.
        is_effect: whether it takes audio; an instrument does not.
        channels: the channel counts it was seen to work on.
        latency_frames: what it reported at its default settings.
        load_s: how long it took to load.
        parameters: as `parameters.describe` gives them.
        determinism: what `plugins check` last said of it: ok, warning or fail; None where nobody
            has asked.
    """

    format: Format
    name: str
    vendor: str
    version: str
    class_id: str
    path: Path
    binary_sha256: str
    is_effect: bool = True
    channels: tuple[int, ...] = (2,)
    latency_frames: int = 0
    load_s: float = 0.0
    parameters: tuple[dict[str, Any], ...] = field(default=(), repr=False)
    determinism: str | None = None

    @property
    def title(self) -> str:
        """Such as "plugin 'Pro-Q 3' 3.21"."""
        return f"plugin {self.name!r} {self.version}".rstrip()

    @property
    def identity(self) -> dict[str, str]:
        """What tells this plugin, this version and this build from all others."""
        return {
            "name": self.name,
            "vendor": self.vendor,
            "format": self.format,
            "class_id": self.class_id,
            "version": self.version,
            "binary_sha256": self.binary_sha256,
        }

    def parameters_named(self, key: str) -> list[dict[str, Any]]:
        """The parameters that a key of a chain file means, as they were when it was scanned."""
        names = [each["name"] for each in self.parameters]
        return [self.parameters[index] for index in meant_by(key, names)]

    def as_dict(self, parameters: bool = True) -> dict[str, Any]:
        """Plain data for JSON."""
        data = asdict(self) | {"path": str(self.path), "channels": list(self.channels)}
        data["parameters"] = list(self.parameters)
        if not parameters:
            del data["parameters"]
        return data

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Plugin:
        """The plugin of `as_dict`; TypeError, KeyError or ValueError where it is not one."""
        plugin = cls(
            **data
            | {
                "path": Path(data["path"]),
                "channels": tuple(data["channels"]),
                "parameters": tuple(dict(each) for each in data["parameters"]),
            }
        )
        texts = (plugin.name, plugin.vendor, plugin.version, plugin.class_id, plugin.binary_sha256)
        right = (
            plugin.format in ("vst3", "au")
            and all(isinstance(each, str) for each in texts)
            and isinstance(plugin.is_effect, bool)
            and type(plugin.latency_frames) is int
            and isinstance(plugin.load_s, float | int)
            and 0 <= plugin.load_s < math.inf
            and set(plugin.channels) <= {1, 2}
            and all(map(_is_parameter, plugin.parameters))
            and plugin.determinism in (None, "ok", "warning", "fail")
        )
        if not right:
            raise ValueError("an entry is no plugin")
        "".join(texts).encode()
        return plugin


def _is_parameter(data: dict[str, Any]) -> bool:
    """Whether this is what `Parameter.describe` gives."""
    if data.keys() != PARAMETER_KEYS or type(data["index"]) is not int:
        return False
    texts = [data["name"], data["unit"], data["text"], *(data["values"] or [])]
    numbers = [data["raw"], *(data["range"] or [])]
    "".join(texts).encode()  # TypeError and UnicodeError are the reader's to catch
    return (
        all(isinstance(each, float | int) and math.isfinite(each) for each in numbers)
        and (data["range"] is None or len(data["range"]) == 2)
        and isinstance(data["automatable"], bool)
    )


def same_name(one: str, other: str) -> bool:
    """Whether two names are one to a reader: case and spaces do not count."""
    return one.casefold().split() == other.casefold().split()


def meant_by(key: str, names: Sequence[str]) -> list[int]:
    """Indices of the parameters that a key names: exactly so, else roughly so, else by index."""
    for same in (str.__eq__, same_name):
        if named := [index for index, name in enumerate(names) if same(name, key)]:
            return named
    return [int(key)] if key.isdecimal() and int(key) < len(names) else []


def slug(name: str) -> str:
    """A name fit for a file: "Pro-Q 3" becomes pro-q-3."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40] or "plugin"


def version_key(version: str) -> tuple[int, ...]:
    """What sorts 1.10 behind 1.9."""
    return tuple(int(part) for part in re.findall(r"\d{1,9}", version))
