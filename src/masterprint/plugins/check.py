"""A sanity gate for a plugin: what a render relies on, tried out in fresh processes.

Each check gives a verdict and the figures behind it: `ok`, `warning` (it can be worked with by who
knows this), `fail` (a render with it would be wrong).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from masterprint.errors import PluginError
from masterprint.plugins.host import LOAD_S, Host, Refused
from masterprint.plugins.identity import Plugin
from masterprint.plugins.instance import Setup, instances
from masterprint.plugins.session import RATE_HZ, opened
from masterprint.plugins.state import StateNotTaken, give_state, take_state
from masterprint.plugins.stream import PluginStream
from masterprint.signal import Signal

PROGRAMME_S, SILENCE_S, TAIL_S, SPEED_S = 4, 20, 20, 20
BLOCKS = (8192, 512, 441)
SEARCH_FRAMES = 1 << 15
CLEAR = 0.3
"""Correlation of what comes out with what went in from which a delay can be read off it."""
QUIET_DBFS, NOTHING_DBFS = -90.0, -200.0
PLACES = (None, 0.55, 0.8, 0.2)
"""Other states in which a plugin that seems dry is tried."""
CHECKS = (
    "state",
    "determinism",
    "block size",
    "sound",
    "latency",
    "silence",
    "layouts",
    "tail",
    "speed",
)

Audio = NDArray[np.float64]
Verdict = Literal["ok", "warning", "fail"]


@dataclass(frozen=True)
class Checked:
    """What one check found."""

    check: str
    verdict: Verdict
    text: str
    figures: dict[str, Any] = field(default_factory=dict)


def check_plugin(
    plugin: Plugin,
    state: bytes | None,
    limit_s: float = LOAD_S,
    beginning: Callable[[str], None] = lambda name: None,
) -> Iterator[Checked]:
    """Every check in turn; one in which the plugin dies is a `fail` with the reason.

    The first in which it hangs is the last.

    Args:
        plugin: which one.
        state: what it is checked in; None for its defaults.
        limit_s: seconds that it may take for a single answer.
        beginning: called with the name of each check before it.
    """
    bench = _Bench(plugin, state, limit_s)
    for name in CHECKS:
        beginning(name)
        try:
            verdict, text, figures = getattr(bench, name.replace(" ", "_"))()
            yield Checked(name, verdict, text, figures)
        except PluginError as error:
            said = error.message.removeprefix(f"{plugin.title}: ").rstrip(".")
            yield Checked(name, "fail", said)
            if "did not answer" in said or "still working" in said:
                return  # it would hang in every other check as well


Outcome = tuple[Verdict, str, dict[str, Any]]


class _Bench:
    """The checks, and what they share: a programme, and the plugin's answer to it."""

    def __init__(self, plugin: Plugin, state: bytes | None, limit_s: float) -> None:
        self._plugin = plugin
        self._limit_s = limit_s
        self._state = state
        self._channels = 2 if instances(plugin, 2) else max(plugin.channels, default=2)
        self._programme = _programme(self._channels, PROGRAMME_S)
        self._heard: Audio | None = None
        self._reported = 0

    def state(self) -> Outcome:
        """A state other than the defaults is taken by a fresh process and reads back."""
        other, moved = self._elsewhere()
        states = {"another state": other} | (
            {"the state given": self._state} if self._state else {}
        )
        notes = []
        for name, each in states.items():
            if each is None:
                continue
            with self._opened() as host:
                try:
                    note = give_state(host, each, self._plugin.format, self._limit_s)
                except (StateNotTaken, Refused) as error:
                    if not moved and self._state is None:
                        text = "refuses its own state, and has nothing to set"
                        return "ok", text, {"parameters_moved": 0}
                    return "fail", f"{error.message} ({name})", {"parameters_moved": moved}
            notes += [note] if note else []
        figures = {"parameters_moved": moved, "state_bytes": len(other)}
        if notes:
            return "warning", notes[0], figures
        return "ok", f"reads back the same in a fresh process ({len(other)} bytes)", figures

    def determinism(self) -> Outcome:
        """Two fresh processes give the same samples."""
        peak = _difference(self._answer(), self._hear(self._programme))
        if peak == 0.0:
            return "ok", "two fresh processes give the same samples", {"difference_dbfs": None}
        text = f"two fresh processes differ by up to {_db(peak):.1f} dBFS"
        return (
            "warning",
            f"{text}: no render can be repeated exactly",
            {"difference_dbfs": _db(peak)},
        )

    def block_size(self) -> Outcome:
        """The size of its blocks does not change what comes out."""
        peaks = {
            str(frames): _difference(self._answer(), self._hear(self._programme, frames))
            for frames in BLOCKS[1:]
        }
        figures = {"difference_dbfs": {k: _db(v) if v else None for k, v in peaks.items()}}
        worst = max(peaks.values())
        if worst == 0.0:
            return "ok", f"the same in blocks of {', '.join(map(str, BLOCKS))} frames", figures
        text = f"blocks of other sizes differ by up to {_db(worst):.1f} dBFS"
        return "warning", f"{text}: block_frames is part of the sound", figures

    def sound(self) -> Outcome:
        """Something comes out, and it is not just what went in."""
        out, programme = self._answer(), self._programme
        level, level_in = _rms_db(out), _rms_db(programme)
        figures: dict[str, Any] = {"level_in_dbfs": level_in, "level_out_dbfs": level}
        if not out.any():
            text = "gives silence for a programme (licence, a muted state, a side-chain not fed?)"
            return "fail", text, figures
        figures["dry"] = bool(np.array_equal(out, programme))
        if not figures["dry"]:
            return "ok", f"{level_in:.1f} dBFS in, {level:.1f} dBFS out, not dry", figures
        for place in PLACES:
            other, moved = self._elsewhere(place)
            if not moved:
                text = "gives its input back bit for bit, and has nothing to set"
                return "warning", text, figures
            if not np.array_equal(self._hear(programme, state=other), programme):
                verdict: Verdict = "warning" if self._state is not None else "ok"
                text = "neutral in this state (gives its input back), not in another"
                return verdict, text, figures
        text = f"gives its input back bit for bit, in {len(PLACES)} other states as well"
        return "fail", f"{text} (licence, or no offline processing?)", figures

    def latency(self) -> Outcome:
        """What it reports is what it has."""
        lag, clear = _lag(self._programme, self._answer())
        reported = self._reported
        figures: dict[str, Any] = {"reported_frames": reported, "measured_frames": reported + lag}
        figures["correlation"] = round(clear, 3)
        if clear < CLEAR:
            text = f"reports {reported} frames; what comes out is too unlike to measure it"
            return "warning", text, figures | {"measured_frames": None}
        if abs(lag) <= 1:  # the phase of a filter moves the maximum by that much
            return "ok", f"reports {reported} frames, and has them", figures
        text = f"reports {reported} frames, and has {reported + lag}"
        return "fail", f"{text}: set extra_latency_frames: {lag}", figures

    def silence(self) -> Outcome:
        """Silence in gives silence out: no hum, no hiss, no bursts of a demo version."""
        out = self._hear(np.zeros((self._channels, SILENCE_S * RATE_HZ)))
        peak = float(np.abs(out).max())
        figures = {"peak_dbfs": _db(peak) if peak else None}
        if not peak:
            return "ok", f"{SILENCE_S} s of silence stay digital silence", figures
        if _db(peak) < NOTHING_DBFS:
            return "ok", f"{SILENCE_S} s of silence stay below {NOTHING_DBFS:g} dBFS", figures
        text = f"silence comes back with peaks of {_db(peak):.1f} dBFS"
        if _db(peak) <= QUIET_DBFS:
            return "warning", text, figures
        first = int(np.abs(out).max(axis=0).argmax()) / RATE_HZ
        text += f" at {first:.1f} s: a demo version, or modelled noise?"
        return ("fail" if _db(peak) > -60 else "warning"), text, figures

    def layouts(self) -> Outcome:
        """Which channel counts it takes, and how others go through it."""
        said = []
        for count, word in ((1, "mono"), (2, "stereo")):
            each = instances(self._plugin, count)
            if each is None:
                said.append(f"no {word}")
            elif each == [count]:
                said.append(word)
            else:
                said.append(f"{word} as {'two equal channels' if count == 1 else 'two instances'}")
            if each:
                self._hear(_programme(count, 1))
        figures = {"channels": list(self._plugin.channels)}
        verdict: Verdict = "ok" if instances(self._plugin, 2) else "warning"
        return verdict, ", ".join(said), figures

    def tail(self) -> Outcome:
        """How long it goes on after the programme."""
        audio = np.zeros((self._channels, (1 + TAIL_S) * RATE_HZ))
        audio[:, :RATE_HZ] = _programme(self._channels, 1)
        out = np.abs(self._hear(audio)).max(axis=0)
        loud = np.flatnonzero(out > 10 ** (QUIET_DBFS / 20))
        end = (int(loud[-1]) + 1) / RATE_HZ - 1.0 if len(loud) else 0.0
        seconds = round(max(0.0, end), 3)
        if end > TAIL_S - 0.1:
            return "warning", f"sounds on for more than {TAIL_S} s", {"tail_s": None}
        text = f"sounds on for {seconds:g} s above {QUIET_DBFS:g} dBFS"
        advice = f": give the chain tail_s: {math.ceil(seconds)}" if seconds > 0.1 else ""
        return "ok", text + advice, {"tail_s": seconds}

    def speed(self) -> Outcome:
        """How many times faster than it plays, its start left out."""
        setup = Setup(self._plugin, self._state, None, BLOCKS[0], 0, True)
        signal = self._signal(_programme(self._channels, SPEED_S))
        began = time.perf_counter()
        blocks = iter(PluginStream(setup, signal))
        first = next(blocks).shape[1]
        started = time.perf_counter()
        frames = sum(block.shape[1] for block in blocks)
        speed = frames / RATE_HZ / (time.perf_counter() - started)
        start_s = max(0.0, started - began - first / RATE_HZ / speed)
        figures = {"times_real_time": round(speed, 1), "start_s": round(start_s, 3)}
        verdict: Verdict = "ok" if speed >= 1 else "warning"
        return verdict, f"{speed:.0f} times real time, starts in {start_s:.2f} s", figures

    def _answer(self) -> Audio:
        if self._heard is None:
            self._heard = self._hear(self._programme)
        return self._heard

    def _hear(
        self, audio: Audio, block_frames: int = BLOCKS[0], state: bytes | None = None
    ) -> Audio:
        """The answer of a fresh process."""
        setup = Setup(self._plugin, state or self._state, None, block_frames, 0, True)
        signal = self._signal(audio)
        blocks = list(PluginStream(setup, signal))
        self._reported = int(signal.report["latency_frames"])
        return np.concatenate(blocks, axis=1)

    def _signal(self, audio: Audio) -> Signal:
        return replace(Signal.of(audio, RATE_HZ), answer_s=self._limit_s)

    def _opened(self) -> AbstractContextManager[Host]:
        return opened(self._plugin, self._limit_s, BLOCKS[0])

    def _elsewhere(self, place: float | None = None) -> tuple[bytes, int]:
        """A state with every parameter moved that can be, and how many those are.

        All to one place of their range; or without one, each to another place in the other half.
        """
        with self._opened() as host:
            parameters = host.ask("describe", self._limit_s)["parameters"]
            raws = {
                str(each["index"]): _moved(each["index"], each["raw"]) if place is None else place
                for each in parameters
                if each["automatable"] and "bypass" not in each["name"].casefold()
            }
            host.ask("set_raw", self._limit_s, raws=raws)
            return take_state(host, self._plugin.format, self._limit_s), len(raws)


def _moved(index: int, raw: float) -> float:
    """A place in the other half of the range, spread by the steps of the golden ratio."""
    return (0.1 if raw > 0.5 else 0.6) + 0.3 * (index * 0.6180339887 % 1.0)


def _programme(channels: int, seconds: int) -> Audio:
    """Noise that swells twice a second, different in each channel, peaks below -6 dBFS; float32."""
    noise = np.random.default_rng(7).standard_normal((channels, seconds * RATE_HZ))
    swell = 0.55 + 0.45 * np.sin(np.arange(seconds * RATE_HZ) * (4 * np.pi / RATE_HZ))
    audio = np.clip(0.1 * noise * swell, -0.5, 0.5)
    return np.asarray(audio.astype(np.float32), dtype=np.float64)


def _lag(heard: Audio, answer: Audio) -> tuple[int, float]:
    """By how many frames the answer is late, and how clearly that shows (0 to 1).

    The place of the largest cross-correlation, by Fourier transform, over all channels.
    """
    frames = heard.shape[1]
    size = 1 << (2 * frames - 1).bit_length()
    product = np.fft.rfft(answer, size) * np.conj(np.fft.rfft(heard, size))
    correlation = np.abs(np.fft.irfft(product.sum(axis=0), size))
    near = np.concatenate([correlation[-SEARCH_FRAMES:], correlation[:SEARCH_FRAMES]])
    energy = math.sqrt(float((heard**2).sum()) * float((answer**2).sum()))
    place = int(near.argmax())
    return place - SEARCH_FRAMES, float(near[place]) / energy if energy else 0.0


def _difference(one: Audio, other: Audio) -> float:
    return float(np.abs(one - other).max())


def _db(amplitude: float) -> float:
    return round(20 * math.log10(amplitude), 2)


def _rms_db(audio: Audio) -> float | None:
    power = float(np.mean(audio**2))
    return round(10 * math.log10(power), 2) if power else None
