"""The programme as audio: masters joined sample by sample, converted run by run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from masterprint.dsp.resampling import resample
from masterprint.errors import SignalError, UsageError
from masterprint.release.timeline import Part, Run, Timeline
from masterprint.signal import BLOCK_FRAMES, Block, Reader, Signal
from masterprint.stages.fade import Curve, Fade, fade_in
from masterprint.stages.limiter import Limiter
from masterprint.stages.run import run_stage

GUARD_DBTP = -0.1
"""Ceiling where no chain has one: for what conversion or an overlap would clip."""
MOST_BITS = 24
RESERVE = 1.5 * 2.0 ** (1 - MOST_BITS)
"""What dither and rounding to 24 bits may add."""


@dataclass(frozen=True)
class Source:
    """A master and what the album does to it.

    Attributes:
        open: its audio, to be taken once.
        fade: at its ends; None for none.
        crossfade_curve: by which it comes in over the one before it.
        bits: of its integers; None for float.
    """

    open: Callable[[], Signal]
    fade: Fade | None = None
    crossfade_curve: Curve = "root"
    bits: int | None = 24

    def fits(self, bits: int) -> bool:
        """Whether the master has whole numbers of no more bits."""
        return self.bits is not None and self.bits <= bits

    def signal(self) -> Signal:
        """The audio with its fades."""
        signal = self.open()
        return signal if self.fade is None else run_stage(self.fade, signal)


def programme(
    timeline: Timeline,
    sources: Sequence[Source],
    sample_rate_hz: int,
    ceiling_dbtp: float | None,
    reserve: float = 0.0,
    limited: bool = True,
) -> Signal:
    """The whole programme at one rate.

    Args:
        timeline: where everything lies.
        sources: of the timeline's pieces, in order.
        sample_rate_hz: of the result.
        ceiling_dbtp: that holds wherever converting or overlapping could pass it; None for a guard
            just below full scale.
        reserve: amplitude that quantising will add, for which the ceiling leaves room.
        limited: whether the ceiling is held all over, not only where a join or a conversion is.

    Raises:
        UsageError: the tracks have different numbers of channels.
    """
    runs = timeline.runs
    if len({run.channels for run in runs}) > 1:
        raise UsageError(
            "The tracks have different numbers of channels, and cannot lie in one file.",
            hint="export the mixes of mono tracks as stereo",
        )
    converts = any(run.sample_rate_hz != sample_rate_hz for run in runs)

    def blocks() -> Iterator[Block]:
        for run in runs:
            yield from resample(run_signal(run, sources, ceiling_dbtp), sample_rate_hz).blocks

    frames = timeline.frames_at(sample_rate_hz)
    signal = Signal(blocks(), sample_rate_hz, runs[0].channels, frames, reserve=reserve)
    if converts or limited:
        signal = run_stage(ceiling_stage(ceiling_dbtp), signal)
    return signal


def is_exact(sources: Sequence[Source], bits: int) -> bool:
    """Whether masters, joined without overlaps, are whole numbers of so many bits already."""
    return all(source.fits(bits) and source.fade is None for source in sources)


def run_signal(run: Run, sources: Sequence[Source], ceiling_dbtp: float | None) -> Signal:
    """A run at its own rate; what is joined by crossfades is held below the ceiling.

    So is what will be rounded for the first time. A master of 24 bits that stands alone passes
    as it is, bit for bit.
    """

    def blocks() -> Iterator[Block]:
        cursor = 0
        for group in _groups(run.parts):
            yield from _silence(run.channels, group[0].begin - cursor)
            frames = group[-1].end - group[0].begin
            signal = Signal(_joined(group, sources), run.sample_rate_hz, run.channels, frames)
            if len(group) > 1 or not sources[group[0].index].fits(MOST_BITS):
                signal = run_stage(ceiling_stage(ceiling_dbtp), replace(signal, reserve=RESERVE))
            yield from signal.blocks
            cursor = group[-1].end
        yield from _silence(run.channels, run.frames - cursor)

    return Signal(blocks(), run.sample_rate_hz, run.channels, run.frames)


def cut(signal: Signal, spans: Sequence[tuple[int, int]]) -> Iterator[Signal]:
    """Stretches of a signal, which have to be taken one after another.

    Args:
        signal: to be cut.
        spans: first frame of each, and the frame behind its last, in order; what lies between is
            left out.
    """
    reader = Reader(signal.blocks)
    position = 0
    for begin, end in spans:
        for _ in _taken(reader, begin - position):
            pass
        yield replace(signal, blocks=_taken(reader, end - begin), frames=end - begin)
        position = end


def _taken(reader: Reader, frames: int) -> Iterator[Block]:
    while frames > 0:
        block = reader.take(min(frames, BLOCK_FRAMES))
        if block is None:
            raise SignalError("A master is shorter than it was when the album was laid out.")
        frames -= block.shape[1]
        yield block


def ceiling_stage(ceiling_dbtp: float | None) -> Limiter:
    """A limiter for what converting or joining adds."""
    return Limiter(ceiling_dbtp=GUARD_DBTP if ceiling_dbtp is None else ceiling_dbtp)


def _groups(parts: Sequence[Part]) -> list[list[Part]]:
    """Parts that overlap, together."""
    groups: list[list[Part]] = []
    for part in parts:
        if part.crossfade:
            groups[-1].append(part)
        else:
            groups.append([part])
    return groups


def _joined(group: Sequence[Part], sources: Sequence[Source]) -> Iterator[Block]:
    waiting: Block | None = None
    for part, after in zip(group, [*group[1:], None], strict=True):
        source = sources[part.index]
        reader = Reader(source.signal().blocks)
        if waiting is not None:
            curve = source.crossfade_curve
            yield _take(reader, part.crossfade) * _rising(curve, part.crossfade) + waiting
        out = after.crossfade if after is not None else 0
        yield from _taken(reader, part.end - part.begin - part.crossfade - out)
        if after is not None:
            gains = _rising(sources[after.index].crossfade_curve, out)[::-1]
            waiting = _take(reader, out) * gains
        elif reader.take(1) is not None:
            raise SignalError("A master is longer than it was when the album was laid out.")


def _take(reader: Reader, frames: int) -> Block:
    return np.concatenate(list(_taken(reader, frames)), axis=1)


def _rising(curve: Curve, frames: int) -> Block:
    """Gains of a fade-in between its ends, so that a linear one and its mirror add up to one."""
    return fade_in(curve, np.arange(1, frames + 1) / (frames + 1))


def _silence(channels: int, frames: int) -> Iterator[Block]:
    for start in range(0, frames, BLOCK_FRAMES):
        yield np.zeros((channels, min(BLOCK_FRAMES, frames - start)))
