"""One running plugin: loaded in a process of its own, set up, and given block after block."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from masterprint.plugins.host import Died, take_host
from masterprint.plugins.identity import Plugin
from masterprint.plugins.parameters import Value
from masterprint.plugins.state import StateNotTaken, give_state

SLOTS = 4
"""Blocks under way: one in the plugin's hands, some ready for it, one for us to fill."""
SLOT_FRAMES = 32768

Audio32 = NDArray[np.float32]


@dataclass(frozen=True)
class Setup:
    """A plugin with all that makes its sound.

    Attributes:
        plugin: which one.
        state: what it is put in first; None for its defaults.
        parameters: set after the state.
        block_frames: frames per block that the plugin sees.
        extra_latency_frames: latency that the plugin has and does not report; negative where it
            reports too much.
        state_may_differ: whether a state that reads back otherwise is a note and no error, as with
            a newer version that writes its state anew.
    """

    plugin: Plugin
    state: bytes | None = None
    parameters: Mapping[str, Value] | None = None
    block_frames: int = 8192
    extra_latency_frames: int = 0
    state_may_differ: bool = False

    @property
    def slot_frames(self) -> int:
        """Whole blocks, enough of them to be worth a message."""
        return self.block_frames * max(1, SLOT_FRAMES // self.block_frames)


def instances(plugin: Plugin, channels: int) -> list[int] | None:
    """Channels of each instance that these need, in order; None where the plugin cannot do it."""
    if channels in plugin.channels:
        return [channels]
    if channels == 1 and 2 in plugin.channels:
        return [2]
    if channels == 2 and 1 in plugin.channels:
        return [1, 1]
    return None


class Instance:
    """One running plugin: takes blocks of its channel count and gives them back later.

    Args:
        setup: what it is and how it is set.
        sample_rate_hz, channels: what it will hear.
        limit: tells how many seconds an answer may still take, at least as many as it is given.
    """

    def __init__(
        self, setup: Setup, sample_rate_hz: int, channels: int, limit: Callable[..., float]
    ) -> None:
        self._setup = setup
        self._rate = sample_rate_hz
        self._channels = channels
        self._limit = limit
        self._frames = setup.slot_frames
        self.host = take_host()
        self._slots = self.host.slots(SLOTS, channels, self._frames)
        self._pushed = self._pulled = 0
        self.latency_frames: int | None = None
        self.notes: list[str] = []
        plugin = setup.plugin
        self.host.send(
            "load",
            limit(5 * plugin.load_s),
            path=str(plugin.path),
            name=plugin.name,
            format=plugin.format,
        )
        self._loaded = False
        self.is_open = False

    @property
    def full(self) -> bool:
        """Whether a block has to be pulled before another can be pushed."""
        return self.under_way == SLOTS

    @property
    def under_way(self) -> int:
        """Blocks that were pushed and not pulled yet."""
        return self._pushed - self._pulled

    def open(self) -> None:
        """Wait until the plugin is loaded, bring it to its state and set its parameters."""
        if self._loaded:
            return
        self._loaded = True
        setup, host = self._setup, self.host
        # One that took minutes when it was scanned takes them again.
        host.receive(self._limit(5 * setup.plugin.load_s))
        self.latency_frames = self._ask(
            "prepare",
            rate=self._rate,
            channels=self._channels,
            block_frames=setup.block_frames,
            slots=SLOTS,
            slot_frames=self._frames,
        )["latency"]
        if setup.state is not None:
            try:
                note = give_state(host, setup.state, setup.plugin.format, self._limit())
            except StateNotTaken as error:
                if not setup.state_may_differ or error.ignored:
                    raise
                note = f"{error.message}, which another version of the plugin may account for"
            self.notes += [note] if note else []
        if setup.parameters:
            self._ask("set", values=dict(setup.parameters))
        self._ask("begin")
        self.is_open = True

    def push(self, block: Audio32) -> None:
        """Hand over a block of `slot_frames` frames."""
        slot = self._pushed % SLOTS
        self._slots[slot][:] = block
        self.host.send("audio", self._limit(), slot=slot, frames=self._frames)
        self._pushed += 1

    def pull(self) -> Audio32:
        """The oldest block that was pushed, processed; fewer frames while latency is filled."""
        slot = self._pulled % SLOTS
        answer = self.host.receive(self._limit())
        self._pulled += 1
        if self._pulled == 1:
            self.latency_frames = answer["latency"]
        elif answer["latency"] != self.latency_frames:
            raise LatencyChanged(self.latency_frames or 0, answer["latency"])
        return self._slots[slot][:, : answer["frames"]].copy()

    def _ask(self, do: str, **arguments: Any) -> dict[str, Any]:
        return self.host.ask(do, self._limit(), **arguments)


class LatencyChanged(Died):
    """A plugin's latency is another than when the render began."""

    def __init__(self, before: int, now: int) -> None:
        super().__init__(
            f"changed its latency from {before} to {now} frames, so that what follows would be "
            "out of place"
        )
        self.hint = (
            "find the setting that moves it (look-ahead, oversampling, linear phase, quality) "
            "and leave it where it is throughout"
        )
