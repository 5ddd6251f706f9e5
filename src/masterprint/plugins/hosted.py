"""The program of a plugin's own process: it loads one plugin and does what it is told.

Started by `host.Host` as `python -m masterprint.plugins.hosted FD`. Commands come in on
standard input, one JSON object a line, and each is answered by one line. Audio lies in memory that
both processes see (descriptor FD). What the plugin prints goes to standard error, which the parent
keeps. Everything is done in the main thread, the only one in which plugins may be loaded.
"""

from __future__ import annotations

import base64
import ctypes
import faulthandler
import json
import mmap
import os
import resource
import sys
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from masterprint.children import die_with_parent
from masterprint.plugins.parameters import ParameterError, parameters_of
from masterprint.plugins.setting import set_parameters

SILENT_FRAMES = 64
TRIED_CHANNELS = (2, 1)
HARD_LIMIT_S = 900.0


class Hosted:
    """One plugin and its state."""

    def __init__(self, memory_file: int) -> None:
        self._memory_file = memory_file
        self._plugin: Any = None
        self._arguments: tuple[str, str, str] = ("", "", "")
        self._rate = 44100
        self._channels = 2
        self._block_frames = SILENT_FRAMES
        self._slots: list[NDArray[np.float32]] = []

    def names(self, path: str, format: str) -> dict[str, Any]:
        """The names of the plugins in a file; the library is opened for it."""
        return {"names": [str(name) for name in _kind(format).get_plugin_names_for_file(path)]}

    def why(self, binary: str) -> dict[str, Any]:
        """What the system's linker says of a library that pedalboard could not load."""
        try:
            library = ctypes.CDLL(binary)
        except OSError as error:
            return {"why": str(error)}
        found = hasattr(library, "GetPluginFactory")
        return {"why": "" if found else "it is a library, but no VST3 plugin (no GetPluginFactory)"}

    def load(self, path: str, name: str, format: str) -> dict[str, Any]:
        """Load a plugin and tell who it is."""
        self._arguments = (path, name, format)
        self._plugin = _kind(format)(path, plugin_name=name, initialization_timeout=10.0)
        plugin = self._plugin
        return {
            "name": str(plugin.name),
            "vendor": str(plugin.manufacturer_name or ""),
            "version": str(plugin.version or ""),
            "class_id": _class_id(plugin, format),
            "is_effect": bool(plugin.is_effect),
        }

    def prepare(
        self, rate: int, channels: int, block_frames: int, slots: int = 0, slot_frames: int = 0
    ) -> dict[str, Any]:
        """Settle on rate, channels and block size, and run a block of silence with them."""
        self._rate, self._channels, self._block_frames = rate, channels, block_frames
        size = channels * slot_frames
        if slots:
            memory = mmap.mmap(self._memory_file, slots * size * 4)
            whole = np.frombuffer(memory, np.float32).reshape(slots, channels, slot_frames)
            self._slots = list(whole)
        try:
            self._silence()
        except ValueError as error:
            return {"refused": str(error)}
        return {"latency": int(self._plugin.reported_latency_samples)}

    def layouts(self) -> dict[str, Any]:
        """The channel counts that the plugin works on, each tried on an instance of its own."""
        worked = []
        for channels in TRIED_CHANNELS:
            plugin = _kind(self._arguments[2])(
                self._arguments[0], plugin_name=self._arguments[1], initialization_timeout=10.0
            )
            try:
                plugin.process(np.zeros((channels, 512), np.float32), 44100.0, 512, False)
            except ValueError:
                continue
            worked.append(channels)
        return {"channels": sorted(worked)}

    def take_state(self, state: str, format: str) -> dict[str, Any]:
        """Give the plugin a state, run silence, and read back what it holds then."""
        try:
            _set_state(self._plugin, base64.b64decode(state), format)
        except RuntimeError:
            return {"refused": "refused its state"}
        self._silence()
        return self.give_state(format)

    def give_state(self, format: str) -> dict[str, Any]:
        """The state as it is; some plugins only know their own after audio ran."""
        self._silence()
        state = self._plugin.raw_state if format == "au" else self._plugin.preset_data
        return {"state": base64.b64encode(state).decode()}

    def set(self, values: dict[str, Any]) -> dict[str, Any]:
        """Set parameters."""
        set_parameters(self._plugin, values, self._settle)
        return {}

    def set_raw(self, raws: dict[str, float]) -> dict[str, Any]:
        """Set parameters by index to raw values, wherever they go."""
        parameters = parameters_of(self._plugin)
        for index, raw in raws.items():
            parameters[int(index)].set_raw(raw)
        self._silence()
        return {}

    def describe(self) -> dict[str, Any]:
        """All parameters, and the latency as it is now."""
        return {
            "parameters": [each.describe() for each in parameters_of(self._plugin)],
            "latency": int(self._plugin.reported_latency_samples),
        }

    def begin(self) -> dict[str, Any]:
        """Forget all audio; then, and only then, pedalboard compensates latency in a stream."""
        self._plugin.reset()
        return {}

    def audio(self, slot: int, frames: int) -> dict[str, Any]:
        """Process a slot in place; fewer frames come back while latency is being filled."""
        view = self._slots[slot]
        out = self._plugin.process(
            view[:, :frames], float(self._rate), self._block_frames, reset=False
        )
        given = out.shape[1]
        view[:, :given] = out
        return {"frames": given, "latency": int(self._plugin.reported_latency_samples)}

    def editor(self) -> dict[str, Any]:
        """Show the plugin's window until it is closed."""
        self._plugin.show_editor()
        return {}

    def _settle(self) -> None:
        """Let what was set take, and what the plugin made of it be seen.

        Without a window, JUCE shows a value that a plugin has changed itself only after the plugin
        was given its own state back.
        """
        self._silence()
        format = self._arguments[2]
        with suppress(RuntimeError):  # it has no state
            state = self._plugin.raw_state if format == "au" else self._plugin.preset_data
            _set_state(self._plugin, state, format)
            self._silence()

    def _silence(self) -> None:
        frames = max(self._block_frames, SILENT_FRAMES)
        silence = np.zeros((self._channels, frames), np.float32)
        self._plugin.process(silence, float(self._rate), self._block_frames, reset=False)


def _kind(format: str) -> Any:
    import pedalboard

    return pedalboard.AudioUnitPlugin if format == "au" else pedalboard.VST3Plugin


def _class_id(plugin: Any, format: str) -> str:
    if format == "au":  # AudioUnit:Effects/aufx,type,manufacturer as JUCE writes it
        return str(plugin.identifier).rpartition("/")[2]
    return bytes(plugin.preset_data[8:40]).decode("ascii", "replace").upper()


def _set_state(plugin: Any, state: bytes, format: str) -> None:
    if format == "au":
        plugin.raw_state = state
    else:
        plugin.preset_data = state


def main() -> None:
    """Serve until standard input ends."""
    commands = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # a plugin that prints must not speak to our parent
    die_with_parent(commands.fileno())
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # nobody reads a stranger's core dump
    hosted = Hosted(int(sys.argv[1]))
    import pedalboard  # noqa: F401 - now, while nobody waits for it yet

    for line in commands:
        command = json.loads(line)
        answer: dict[str, Any]
        limit = float(command.pop("limit", HARD_LIMIT_S))
        if command["do"] != "audio":  # which runs without Python's lock, and a thousand times
            # From a thread of C, so that a plugin which hangs with Python's lock ends, too.
            faulthandler.dump_traceback_later(limit + 5.0, exit=True)
        try:
            answer = getattr(hosted, command.pop("do"))(**command)
        except ParameterError as error:
            answer = {"refused": str(error)}
        except Exception as error:  # a plugin's C++ exceptions arrive as one of many kinds
            answer = {"error": f"{error}" or type(error).__name__, "type": type(error).__name__}
        finally:
            faulthandler.cancel_dump_traceback_later()
        answers.write(json.dumps(answer).encode() + b"\n")
    os._exit(0)  # a plugin's destructors are of no more use to anybody


if __name__ == "__main__":
    main()
