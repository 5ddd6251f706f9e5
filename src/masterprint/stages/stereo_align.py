"""Stereo alignment."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from masterprint.dsp.decibels import amplitude
from masterprint.dsp.delay import Delay
from masterprint.dsp.fir import convolve
from masterprint.dsp.fractional_delay import (
    SHORT_REACH,
    delay_table,
    fractional_delay,
    moving_delay,
)
from masterprint.metering.channel_delay import ChannelDelay, Lie
from masterprint.scratch import Scratch
from masterprint.signal import BLOCK_FRAMES, Block, Reader, Signal, join
from masterprint.stages.base import Stage

LEAST_FRAMES = 0.05
"""A delay that is found and smaller than this is none: 8 degrees at the very top."""
LEAST_COHERENCE = 0.15
AGREED = 0.6
"""Share of the programme that has to have about the same delay for it to be believed."""
MOST_RIVAL = 0.7
"""How high another delay may stand beside the one that is believed."""
LEAST_FIT, LEAST_SPAN_FIT = 0.96, 0.85
"""How near phase has to be to what a delay makes it. A mix that was made very wide, parts of it out
of phase, has a best delay, too, but does not come near it; two seconds tell less than a whole."""
WITHIN_FRAMES, WANDER_FRAMES = 0.3, 5.0
MEDIAN_OF = 3
"""Spans of two seconds over which a delay that wanders is smoothed."""


class StereoAlign(Stage):
    """Stereo alignment: brings the right channel into line with the left one.

    For tape whose head stood askew (azimuth), converters that start apart, a cable with its wires
    exchanged. What is not given is found: the delay, to a hundredth of a frame, and the polarity of
    what both channels have in common (generalised cross-correlation, see `metering.channel_delay`),
    if most of the programme agrees on them; a pair of spaced microphones, for one, has no one
    delay, nor has a mix with much of it out of phase. A delay below a twentieth of a frame is left
    alone. The level is only evened out where `level_db` is null, because a mix may well be louder
    on one side. With `follow`, a delay that wanders is followed over some seconds.

    The right channel moves by a windowed sinc; the left one stays as it is, to the bit, and so do
    both where nothing is found, and a mono mix.
    """

    stage_name: ClassVar[str] = "stereo_align"
    channel_counts: ClassVar[frozenset[int] | None] = frozenset({1, 2})
    compares_channels: ClassVar[bool] = True

    delay_frames: Annotated[float, Field(ge=-20000, le=20000)] | None = Field(
        None, description="frames by which the right channel is late; null finds it"
    )
    invert_right: bool | None = Field(
        None, description="whether its polarity is turned; null finds it"
    )
    level_db: Annotated[float, Field(ge=-24, le=24)] | None = Field(
        0.0, description="dB by which it is too loud; null finds it"
    )
    most_ms: float = Field(2.0, ge=0.1, le=50, description="how large a delay is looked for")
    follow: bool = Field(
        False, description="follow a delay that wanders, as of an unsteady tape; cannot be pinned"
    )

    def apply(self, signal: Signal) -> Signal:
        """Listen, then move, turn and scale the right channel."""
        if signal.channels == 1:
            signal.report["summary"] = "one channel, which is in line with itself"
            return signal
        return signal.carrying(self._aligned(signal))

    def _aligned(self, signal: Signal) -> Iterator[Block]:
        rate = signal.sample_rate_hz
        scratch, frames = Scratch(), 0
        lies = ChannelDelay(rate, self.most_ms / 1000.0 * rate)
        try:
            for block in signal.blocks:
                if None in (self.delay_frames, self.invert_right, self.level_db):
                    lies.feed(block)
                scratch.append(block)
                frames += block.shape[1]
            lie = _believed(lies, WANDER_FRAMES if self.follow else WITHIN_FRAMES, signal)
            late = self.delay_frames
            if late is None:
                late = lie.delay_frames if lie and abs(lie.delay_frames) >= LEAST_FRAMES else 0.0
            invert = self.invert_right
            if invert is None:
                invert = lie.inverted if lie else False
            level_db = self.level_db
            if level_db is None:
                level_db = round(lie.louder_db, 2) if lie else 0.0
            late = round(late, 4)
            self._report(signal, late, invert, level_db)
            right = signal.carrying((b[1:].copy() for b in scratch.replay()), channels=1)
            factor = amplitude(-level_db) * (-1.0 if invert else 1.0)
            track = _track(lies, lie) if self.follow and self.delay_frames is None and lie else None
            if track is not None:
                moved = _followed(right, track)
                ends = float(track[1].min()), float(track[1].max())
                signal.report["followed_frames"] = [round(end, 4) for end in ends]
                signal.report.pop("pinned")
                signal.report["not_pinned"] = "it followed a delay that wanders"
            elif late or factor != 1.0:
                moved = _moved(right, late, frames)
            else:
                yield from scratch.replay()
                return
            for whole, other in join(scratch.replay(), moved):
                yield np.concatenate([whole[:1], other * factor + 0.0])
        finally:
            scratch.close()

    def _report(self, signal: Signal, late: float, invert: bool, level_db: float) -> None:
        settings = {"delay_frames": late, "invert_right": invert, "level_db": level_db}
        signal.report.update(settings, delay_ms=round(1000.0 * late / signal.sample_rate_hz, 5))
        turned = ", polarity turned" if invert else ""
        signal.report["summary"] = f"right late by {late:.2f} frames{turned}"
        signal.report["pinned"] = [{self.stage_name: settings}]


def _believed(lies: ChannelDelay, within_frames: float, signal: Signal) -> Lie | None:
    """How the channels lie, if the programme agrees and nothing else fits as well."""
    lie = lies.finish()
    if lie is None:
        return None
    agreement = lies.agreement(lie.delay_frames, within_frames)
    signal.report["coherence"] = round(lie.coherence, 3)
    signal.report["agreement"] = round(agreement, 3)
    signal.report["fit"] = round(lie.fit, 3)
    clear = lie.coherence >= LEAST_COHERENCE and lie.rival <= MOST_RIVAL
    return lie if clear and agreement >= AGREED and lie.fit >= LEAST_FIT else None


def _moved(right: Signal, late: float, frames: int) -> Iterator[Block]:
    """One channel of so many frames, earlier."""
    whole = math.floor(late + 0.5)
    if late != whole:
        right = convolve(right, fractional_delay(late - whole))
    ahead, behind = np.zeros((1, max(0, -whole))), np.zeros((1, max(0, whole)))
    reader = Reader(itertools.chain([ahead], right.blocks, [behind]))
    reader.take(max(0, whole))
    while frames and (block := reader.take(min(frames, BLOCK_FRAMES))) is not None:
        frames -= block.shape[1]
        yield block


def _track(lies: ChannelDelay, lie: Lie) -> NDArray[np.float64] | None:
    """Rows of frames and of the delay there: the median of neighbours that are near the whole.

    None where it is nowhere large enough to be moved by.
    """
    found = [
        (span.middle, span.lie.delay_frames)
        for span in lies.spans
        if span.lie
        and span.lie.fit >= LEAST_SPAN_FIT
        and abs(span.lie.delay_frames - lie.delay_frames) <= WANDER_FRAMES
    ]
    if not found:
        return None
    places, delays = np.array(found).T
    half = MEDIAN_OF // 2
    padded = np.pad(delays, half, mode="edge")
    medians = [np.median(padded[n : n + MEDIAN_OF]) for n in range(len(delays))]
    return np.array([places, medians]) if np.abs(medians).max() >= LEAST_FRAMES else None


def _followed(right: Signal, track: NDArray[np.float64]) -> Iterator[Block]:
    """One channel, earlier by a delay that goes in straight lines from span to span."""
    reach = SHORT_REACH + math.ceil(float(np.abs(track[1]).max())) + 2
    table = delay_table()
    line = Delay(1, 2 * reach)
    position = -reach
    for block in itertools.chain(right.blocks, [np.zeros((1, reach))]):
        frames = block.shape[1]
        line.room(frames)[:] = block
        delays = np.interp(position + np.arange(frames), *track)
        out = np.empty((1, frames))
        moving_delay(np.ascontiguousarray(line.line[0]), delays, table, reach, out[0])
        skip = min(frames, max(0, -position))
        position += frames
        if skip < frames:
            yield np.ascontiguousarray(out[:, skip:])
