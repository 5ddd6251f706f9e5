"""A plugin's state: `.vstpreset` files, named by their content, and whether a plugin took one.

The `.vstpreset` layout (Steinberg, VST 3 SDK, "Preset Format"): "VST3", int32 version, 32
characters of class id, int64 offset of the chunk list; there "List", int32 count, and for each
chunk its four letters, int64 offset and int64 size, all little-endian. "Comp" holds the processor's
state, "Cont" that of its controls.
"""

from __future__ import annotations

import base64
import hashlib
import re
import stat
import struct
from dataclasses import dataclass
from pathlib import Path

from masterprint.errors import PluginError
from masterprint.plugins.host import LOAD_S, Died, Host
from masterprint.plugins.identity import Format, slug

MOST_STATE_BYTES = 64 << 20
ENDINGS: dict[Format, str] = {"vst3": ".vstpreset", "au": ".austate"}
_HEADER = struct.Struct("<4si32sq")
_NAMED = re.compile(r"-([0-9a-f]{8})\.(?:vstpreset|austate)$")


@dataclass(frozen=True)
class Preset:
    """What a `.vstpreset` file holds: the class it is for, and its chunks by their four letters."""

    class_id: str
    chunks: dict[str, bytes]


def parse_vstpreset(data: bytes) -> Preset:
    """Read a `.vstpreset` image.

    Raises:
        ValueError: it is none, or it is cut short; the message says what was found.
    """
    if len(data) < _HEADER.size or data[:4] != b"VST3":
        raise ValueError("is no .vstpreset file (it does not begin with VST3)")
    _, _, class_id, offset = _HEADER.unpack_from(data)
    text = class_id.decode("ascii", "replace").upper()
    if not re.fullmatch("[0-9A-F]{32}", text):
        raise ValueError("is no .vstpreset file (its class id is not 32 hex digits)")
    if not _HEADER.size <= offset <= len(data) - 8 or data[offset : offset + 4] != b"List":
        raise ValueError("is cut short: its list of chunks is missing")
    (count,) = struct.unpack_from("<i", data, offset + 4)
    if not 0 <= count <= 128 or offset + 8 + 20 * count > len(data):
        raise ValueError("is cut short: its list of chunks is not whole")
    chunks = {}
    for place in range(offset + 8, offset + 8 + 20 * count, 20):
        name, start, size = struct.unpack_from("<4sqq", data, place)
        if start < 0 or size < 0 or start + size > len(data):
            raise ValueError(f"is cut short: its chunk {name!r} reaches past the end")
        chunks[name.decode("latin-1")] = data[start : start + size]
    if "Comp" not in chunks:
        raise ValueError("holds no state of a plugin (no chunk Comp)")
    return Preset(text, chunks)


def state_name(plugin_name: str, state: bytes, format: Format) -> str:
    """A file name that changes with the content, such as pro-q-3-1f0c9a2e.vstpreset."""
    return f"{slug(plugin_name)}-{hashlib.sha256(state).hexdigest()[:8]}{ENDINGS[format]}"


def read_state(path: Path, format: Format, class_id: str | None) -> bytes:
    """The state in a file, checked before any plugin sees it.

    Raises:
        PluginError: there is none, it is damaged, of another class, or not what its name says.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise PluginError(f"{path}: is no file, where a plugin's state is expected.")
        if status.st_size > MOST_STATE_BYTES:
            raise PluginError(f"{path}: has more than {MOST_STATE_BYTES >> 20} MiB, too much.")
        state = path.read_bytes()
    except FileNotFoundError as error:
        raise PluginError(f"{path}: there is no such state file.") from error
    except OSError as error:
        raise PluginError(f"{path}: cannot be read: {error.strerror}.") from error
    named = _NAMED.search(path.name)
    digest = hashlib.sha256(state).hexdigest()
    if named and not digest.startswith(named[1]):
        raise PluginError(
            f"{path}: is not the state that it was named for: its content hashes to "
            f"{digest[:8]}, where {named[1]} is expected.",
            hint="get the original file back, or capture the settings again",
        )
    if format == "vst3":
        try:
            preset = parse_vstpreset(state)
        except ValueError as error:
            raise PluginError(f"{path}: {error}.", hint="only .vstpreset is read") from error
        if class_id and preset.class_id != class_id.upper():
            raise PluginError(
                f"{path}: is a state of another plugin: its class id is {preset.class_id}, where "
                f"{class_id.upper()} is expected.",
                hint="masterprint plugins show CLASS-ID tells whose it is",
            )
    elif not state:
        raise PluginError(f"{path}: is empty, where a plugin's state is expected.")
    return state


def give_state(host: Host, state: bytes, format: Format, limit_s: float = LOAD_S) -> str | None:
    """Put a loaded plugin in a state, and make sure that it took it.

    Returns:
        None where the state reads back as it was given; else what differs, where the plugin is of
        the kind whose state never reads back the same.

    Raises:
        Died: the plugin refused the state or ignored it.
    """
    before = take_state(host, format, limit_s)
    after = _put_state(host, state, format, limit_s)
    if same_state(after, state, format):
        return None
    again = _put_state(host, after, format, limit_s)
    if not same_state(again, after, format):
        return "its state never reads back the same, so that it cannot be checked"
    ignored = same_state(after, before, format)
    raise StateNotTaken(
        "ignored its state: it stands where it stood before"
        if ignored
        else "did not take its state: another one reads back",
        ignored,
    )


class StateNotTaken(Died):
    """The state that a plugin holds is not the one that it was given."""

    def __init__(self, message: str, ignored: bool) -> None:
        hint = (
            "save it again from the same edition and version of the plugin; one that takes a state "
            "only once its window was open is captured with --editor"
        )
        super().__init__(message, hint=hint)
        self.ignored = ignored


def take_state(host: Host, format: Format, limit_s: float = LOAD_S) -> bytes:
    """The state of a loaded plugin."""
    return base64.b64decode(host.ask("give_state", limit_s, format=format)["state"])


def same_state(one: bytes, other: bytes, format: Format) -> bool:
    """Whether two states are one to the plugin: hosts add chunks of their own to a preset."""
    if one == other or format == "au":
        return one == other
    return parse_vstpreset(one).chunks["Comp"] == parse_vstpreset(other).chunks["Comp"]


def _put_state(host: Host, state: bytes, format: Format, limit_s: float) -> bytes:
    text = base64.b64encode(state).decode()
    return base64.b64decode(host.ask("take_state", limit_s, state=text, format=format)["state"])
