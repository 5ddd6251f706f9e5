"""Masterprint: mastering chains without a DAW.

    import masterprint

    chain = masterprint.load_chain("streaming")
    result = masterprint.render(chain, "mix.wav", "masters")
    print(result.after)

Everything is imported when it is first used, so `import masterprint` is quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from masterprint.version import __version__ as __version__

if TYPE_CHECKING:
    from masterprint.api import load_chain, measure, null, recall, render, render_many
    from masterprint.chain.loading import ChainFileError, parse_chain
    from masterprint.chain.model import Chain, MasterSettings
    from masterprint.errors import (
        AudioFileError,
        ChainError,
        MasterprintError,
        PluginError,
        SheetError,
        SignalError,
        UsageError,
    )
    from masterprint.metering.measurement import Measurement
    from masterprint.release.calls import deliver_album, render_album
    from masterprint.release.delivering import Delivered
    from masterprint.release.loading import Album, load_album
    from masterprint.rendering.null_result import NullResult
    from masterprint.rendering.recalled import Recalled
    from masterprint.rendering.result import RenderResult
    from masterprint.signal import Signal
    from masterprint.stages.base import Stage
    from masterprint.tags.fields import Tags
    from masterprint.tags.files import read_tags, write_tags

_PLACES = {
    "Album": "masterprint.release.loading",
    "AudioFileError": "masterprint.errors",
    "Chain": "masterprint.chain.model",
    "ChainError": "masterprint.errors",
    "ChainFileError": "masterprint.chain.loading",
    "Delivered": "masterprint.release.delivering",
    "MasterSettings": "masterprint.chain.model",
    "MasterprintError": "masterprint.errors",
    "Measurement": "masterprint.metering.measurement",
    "NullResult": "masterprint.rendering.null_result",
    "PluginError": "masterprint.errors",
    "Recalled": "masterprint.rendering.recalled",
    "RenderResult": "masterprint.rendering.engine",
    "SheetError": "masterprint.errors",
    "Signal": "masterprint.signal",
    "SignalError": "masterprint.errors",
    "Stage": "masterprint.stages.base",
    "Tags": "masterprint.tags.fields",
    "UsageError": "masterprint.errors",
    "deliver_album": "masterprint.release.calls",
    "load_album": "masterprint.release.loading",
    "load_chain": "masterprint.api",
    "measure": "masterprint.api",
    "null": "masterprint.api",
    "parse_chain": "masterprint.chain.loading",
    "read_tags": "masterprint.tags.files",
    "recall": "masterprint.api",
    "render": "masterprint.api",
    "render_album": "masterprint.release.calls",
    "render_many": "masterprint.api",
    "write_tags": "masterprint.tags.files",
}

__all__ = [
    "Album",
    "AudioFileError",
    "Chain",
    "ChainError",
    "ChainFileError",
    "Delivered",
    "MasterSettings",
    "MasterprintError",
    "Measurement",
    "NullResult",
    "PluginError",
    "Recalled",
    "RenderResult",
    "SheetError",
    "Signal",
    "SignalError",
    "Stage",
    "Tags",
    "UsageError",
    "deliver_album",
    "load_album",
    "load_chain",
    "measure",
    "null",
    "parse_chain",
    "read_tags",
    "recall",
    "render",
    "render_album",
    "render_many",
    "write_tags",
]


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'masterprint' has no attribute {name!r}")
    return getattr(import_module(_PLACES[name]), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
