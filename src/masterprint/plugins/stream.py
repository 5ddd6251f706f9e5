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

import hashlib
import time
from collections import deque
from collections.abc import Iterator

import numpy as np

from masterprint.errors import PluginError
from masterprint.plugins.host import Died, Refused
from masterprint.plugins.instance import Audio32, Instance, Setup, instances
from masterprint.signal import Block, Signal, rechunk

MOST_FLUSH_FRAMES = 1 << 21
"""No plugin looks ahead for longer than this; one that holds back more gives nothing at all."""
CRASH_HINT = "render this mix alone, try the plugin with masterprint plugins check, or update it"


class PluginStream:
    """The blocks of a signal through a plugin; iterate once.

    Args:
        setup: what the plugin is and how it is set.
        signal: what goes through it; its report is filled at the end.
    """

    def __init__(self, setup: Setup, signal: Signal) -> None:
        self._setup = setup
        self._signal = signal
        self._frames_in = self._frames_out = 0
        self._held: Audio32 = np.zeros((0, 0), np.float32)
        self._dry: deque[Audio32] | None = deque()
        self._silent = self._fed_silence = True
        self._late = setup.extra_latency_frames

    def __iter__(self) -> Iterator[Block]:
        signal, setup = self._signal, self._setup
        counts = instances(setup.plugin, signal.channels)
        if counts is None:
            raise self._failed(f"does not work on {signal.channels} channels")
        running: list[Instance] = []
        try:
            # All begin to load before anybody waits for one of them.
            for count in counts:
                running.append(Instance(setup, signal.sample_rate_hz, count, self._limit))
            yield from self._through(running)
            self._tell(running)
        except OSError as error:
            raise self._failed(f"no process could be started for it: {error.strerror}") from error
        except (Died, Refused) as error:
            if time.monotonic() >= signal.deadline:
                late = "was still working when the time limit of this mix ran out, and had come to"
                hint = "give it more with --timeout, or leave the plugin out"
                raise self._failed(f"{late} {self._clock()}", hint) from error
            begun = any(instance.is_open for instance in running)
            when = f" at {self._clock()}" + ("" if begun else ", before any audio")
            if isinstance(error, Refused):  # which a plugin does when it is set up
                raise self._failed(error.message, error.hint, running) from error
            raise self._failed(error.message + when, error.hint or CRASH_HINT, running) from error
        finally:
            for instance in running:
                instance.host.close()

    def _through(self, running: list[Instance]) -> Iterator[Block]:
        """Feed blocks, take them back as soon as no more can be under way, then flush."""
        for block in rechunk(self._signal.blocks, self._setup.slot_frames):
            self._frames_in += block.shape[1]
            yield from self._feed(running, block)
        yield from self._drain(running)
        flushed = 0
        silence = np.zeros((self._signal.channels, self._setup.slot_frames))
        while self._frames_out < self._frames_in:
            if flushed > MOST_FLUSH_FRAMES:
                raise Died(f"gave {self._frames_out} frames for {self._frames_in}")
            flushed += silence.shape[1]
            yield from self._feed(running, silence)
            yield from self._drain(running)

    def _feed(self, running: list[Instance], block: Block) -> Iterator[Block]:
        if running[0].full:
            yield from self._pull(running)
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

    def _drain(self, running: list[Instance]) -> Iterator[Block]:
        while running[0].under_way:
            yield from self._pull(running)

    def _pull(self, running: list[Instance]) -> Iterator[Block]:
        """The next block; never more in all than has come in, the silence behind it left out."""
        parts = [instance.pull() for instance in running]
        if len({part.shape[1] for part in parts}) > 1:
            raise Died("delays its two channels differently")
        out = np.concatenate(parts) if len(parts) > 1 else parts[0]
        if self._signal.channels == 1 and len(out) == 2:
            out = (out[:1] + out[1:]) * np.float32(0.5)
        out = self._shifted(out)
        room = self._frames_in - self._frames_out
        self._held, out = out[:, room:], out[:, :room]
        if not out.shape[1]:
            return
        # A sum is finite only if all it sums is: one pass over the block.
        if not np.isfinite(out.sum(dtype=np.float64)):
            raise Died("gave samples that are not finite (NaN or infinite)")
        self._compare(out)
        self._frames_out += out.shape[1]
        yield out.astype(np.float64)

    def _shifted(self, out: Audio32) -> Audio32:
        """Take out latency that was not reported, or put back what was reported in excess."""
        if self._late > 0:
            dropped = min(self._late, out.shape[1])
            self._late -= dropped
            return out[:, dropped:]
        if self._late < 0:
            self._held = np.zeros((len(out), -self._late), np.float32)
            self._late = 0
        return np.concatenate([self._held, out], axis=1) if self._held.size else out

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
        report, plugin, state = self._signal.report, self._setup.plugin, self._setup.state
        report["plugin"] = plugin.identity | {
            "state_sha256": None if state is None else hashlib.sha256(state).hexdigest(),
            "parameters": dict(self._setup.parameters or {}),
            "block_frames": self._setup.block_frames,
        }
        report["latency_frames"] = running[0].latency_frames
        if len(running) > 1:
            report["instances"] = len(running)
        if said := "\n".join(filter(None, (instance.host.stderr for instance in running))):
            report["stderr"] = said
        notes = list(dict.fromkeys(note for instance in running for note in instance.notes))
        if self._silent and not self._fed_silence:
            notes.append("gave silence only")
        elif self._dry is not None and not self._fed_silence:
            notes.append("gave its input back bit for bit (is it set, licensed, not bypassed?)")
        if notes:
            report["note"] = "; ".join(notes)

    def _limit(self, least_s: float = 0.0) -> float:
        """Seconds that the next answer may take; `least_s` where it is known to need as many."""
        left = self._signal.deadline - time.monotonic()
        if left <= 0:
            raise Died("the time limit for this mix is over")
        return min(max(self._signal.answer_s, least_s), left)

    def _clock(self) -> str:
        """How far it has come, in minutes and seconds."""
        seconds = self._frames_out // self._signal.sample_rate_hz
        return f"{seconds // 60:02}:{seconds % 60:02}"

    def _failed(
        self, what: str, hint: str | None = None, running: list[Instance] | None = None
    ) -> PluginError:
        place = f"{self._signal.place}, " if self._signal.place else ""
        error = PluginError(f"{place}{self._setup.plugin.title}: {what}.", hint=hint)
        said = [instance.host.stderr for instance in running or []]
        error.said = "\n".join(filter(None, said))
        return error
