"""Audio through a plugin in its own process, aligned to the sample, as a stream of blocks.

A plugin gets blocks of one fixed size from the first frame on, whatever blocks come in, because
with some plugins the block size is part of the sound. A few blocks are always under way: while the
plugin works, what comes before and after it works, too.

Latency is taken out by pedalboard as the plugin reports it: after `reset()` the first blocks come
back shorter by it, and silence behind the programme brings out the rest.

Channels: a plugin that works on as many channels as there are gets them all. A mono mix goes
through a plugin for stereo only as two equal channels, and their mean comes back. A stereo mix goes
through a plugin for mono only as two instances of it, one for each channel.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from masterprint.errors import PluginError
from masterprint.plugins.host import LOAD_S, Died, Refused, take_host
from masterprint.plugins.identity import Plugin
from masterprint.plugins.parameters import Value
from masterprint.plugins.state import StateNotTaken, give_state
from masterprint.signal import Block, Signal, rechunk

SLOTS = 4
"""Blocks under way: one in the plugin's hands, some ready for it, one for us to fill."""
SLOT_FRAMES = 32768
MOST_FLUSH_FRAMES = 1 << 21
"""No plugin looks ahead for longer than this; one that holds back more gives nothing at all."""

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
        limit: tells how many seconds an answer may still take, at most as many as it is given.
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
            max(LOAD_S, 5 * plugin.load_s),
            path=str(plugin.path),
            name=plugin.name,
            format=plugin.format,
        )
        self._loaded = False

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
        host.receive(min(max(LOAD_S, 5 * setup.plugin.load_s), self._limit(math.inf)))
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


class PluginStream:
    """The blocks of a signal through a plugin; iterate once.

    Args:
        setup: what the plugin is and how it is set.
        signal: what goes through it; its report is filled at the end.
    """

    def __init__(self, setup: Setup, signal: Signal) -> None:
        self._setup = setup
        self._signal = signal
        self._frames_out = 0
        self._dry: deque[Audio32] | None = deque()
        self._silent = self._fed_silence = True
        self._late = setup.extra_latency_frames

    def __iter__(self) -> Iterator[Block]:
        signal, setup = self._signal, self._setup
        counts = instances(setup.plugin, signal.channels)
        if counts is None:
            raise self._failed(f"does not work on {signal.channels} channels")
        try:
            # All begin to load before anybody waits for one of them.
            running = [
                Instance(setup, signal.sample_rate_hz, count, self._limit) for count in counts
            ]
        except OSError as error:
            raise self._failed(f"no process could be started for it: {error.strerror}") from error
        try:
            yield from self._through(running)
            self._tell(running)
        except (Died, Refused) as error:
            if time.monotonic() >= signal.deadline:
                late = "was still working when the time limit of this mix was over"
                hint = "give it more with --timeout, or leave the plugin out"
                raise self._failed(late, hint, running) from error
            raise self._failed(error.message, error.hint, running) from error
        finally:
            for instance in running:
                instance.host.close()

    def _through(self, running: list[Instance]) -> Iterator[Block]:
        """Feed blocks, take them back as soon as no more can be under way, then flush."""
        frames_in = 0
        pieces = rechunk(self._signal.blocks, self._setup.slot_frames)
        for block in pieces:
            frames_in += block.shape[1]
            yield from self._feed(running, block)
        flushed = 0
        silence = np.zeros((self._signal.channels, self._setup.slot_frames))
        yield from self._drain(running, frames_in)
        while self._frames_out < frames_in:
            if flushed > MOST_FLUSH_FRAMES:
                raise Died(f"gave {self._frames_out} frames for {frames_in}")
            flushed += silence.shape[1]
            yield from self._feed(running, silence)
            yield from self._drain(running, frames_in)

    def _feed(self, running: list[Instance], block: Block) -> Iterator[Block]:
        if running[0].full:
            yield from self._pull(running, None)
        heard = block.astype(np.float32)
        if heard.shape[1] < self._setup.slot_frames:  # the end: the plugin sees full blocks always
            short = self._setup.slot_frames - heard.shape[1]
            heard = np.pad(heard, ((0, 0), (0, short)))
        if self._dry is not None:
            self._dry.append(heard)
        self._fed_silence = self._fed_silence and not heard.any()
        # As many rows as instances; a single one gets all, and a mono block fills both of its rows.
        rows = np.split(heard, len(running))
        for instance, part in zip(running, rows, strict=True):
            instance.open()
            instance.push(part)

    def _drain(self, running: list[Instance], frames: int) -> Iterator[Block]:
        while running[0].under_way:
            yield from self._pull(running, frames)

    def _pull(self, running: list[Instance], most: int | None) -> Iterator[Block]:
        """The next block, cut to the programme's length where that is known by now."""
        parts = [instance.pull() for instance in running]
        if len({part.shape[1] for part in parts}) > 1:
            raise Died("delays its two channels differently")
        out = np.concatenate(parts) if len(parts) > 1 else parts[0]
        if self._signal.channels == 1 and len(out) == 2:
            out = (out[:1] + out[1:]) * np.float32(0.5)
        out = self._shifted(out)
        if most is not None:
            out = out[:, : most - self._frames_out]
        if not out.shape[1]:
            return
        # A sum is finite only if all it sums is: one pass over the block.
        if not np.isfinite(out.sum(dtype=np.float64)):
            raise Died("gave samples that are not finite (NaN or infinite)")
        self._compare(out)
        yield out.astype(np.float64)
        self._frames_out += out.shape[1]

    def _shifted(self, out: Audio32) -> Audio32:
        """Take out latency that was not reported, or put back what was reported in excess."""
        if self._late < 0:
            out = np.concatenate([np.zeros((len(out), -self._late), np.float32), out], axis=1)
            self._late = 0
        elif self._late:
            dropped = min(self._late, out.shape[1])
            self._late -= dropped
            out = out[:, dropped:]
        return out

    def _compare(self, out: Audio32) -> None:
        """Notice what comes out as it went in, and what does not come out at all."""
        self._silent = self._silent and not out.any()
        place = 0
        while self._dry is not None and place < out.shape[1]:
            heard = self._dry.popleft()
            frames = min(heard.shape[1], out.shape[1] - place)
            if not np.array_equal(heard[:, :frames], out[:, place : place + frames]):
                self._dry = None
                return
            if frames < heard.shape[1]:
                self._dry.appendleft(heard[:, frames:])
            place += frames

    def _tell(self, running: list[Instance]) -> None:
        report, plugin = self._signal.report, self._setup.plugin
        report["plugin"] = {
            "name": plugin.name,
            "vendor": plugin.vendor,
            "version": plugin.version,
            "format": plugin.format,
            "class_id": plugin.class_id,
            "binary_sha256": plugin.binary_sha256,
        }
        report["latency_frames"] = running[0].latency_frames
        if len(running) > 1:
            report["instances"] = len(running)
        if said := "\n".join(filter(None, (instance.host.stderr for instance in running))):
            report["stderr"] = said
        notes = running[0].notes
        if self._silent and not self._fed_silence:
            notes.append("gave silence only")
        elif self._dry is not None and not self._fed_silence:
            notes.append("gave its input back bit for bit: is it set, licensed, bypassed?")
        if notes:
            report["note"] = "; ".join(notes)

    def _limit(self, most_s: float = LOAD_S) -> float:
        """Seconds that the next answer may take."""
        left = self._signal.deadline - time.monotonic()
        if left <= 0:
            raise Died("the time limit for this mix is over")
        return min(most_s, left)

    def _failed(
        self, what: str, hint: str | None = None, running: list[Instance] | None = None
    ) -> PluginError:
        seconds = self._frames_out // self._signal.sample_rate_hz
        place = f"{self._signal.place}, " if self._signal.place else ""
        error = PluginError(
            f"{place}{self._setup.plugin.title}: {what} at {seconds // 60:02}:{seconds % 60:02}.",
            hint=hint,
        )
        said = [instance.host.stderr for instance in running or []]
        error.said = "\n".join(filter(None, said))
        return error
