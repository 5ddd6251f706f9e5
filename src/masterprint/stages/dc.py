"""Removal of DC offset."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from masterprint.dsp.decibels import decibels
from masterprint.dsp.fir import convolve, linear_phase_taps
from masterprint.metering.offset import Offset
from masterprint.scratch import Scratch
from masterprint.signal import BLOCK_FRAMES, Block, Signal, rechunk
from masterprint.stages.base import Stage

LEAST = 10.0 ** (-90.0 / 20.0)
"""One step of 16 bits: an offset below moves nothing that can be heard or measured."""
RAMP_S = 0.01


class Dc(Stage):
    """DC removal: takes out an offset, so that edits do not click and no headroom is lost.

    By default the offset is constant, as a converter makes it. It is measured where there is least
    bass, and subtracted from each channel: no filter touches the music. It is left alone below
    -90 dBFS, where it does not stand out of the bass or pauses do not have it, and in less than a
    second. Digital silence of 50 ms and more stays silence; next to it the offset is subtracted by
    way of a ramp of 10 ms.

    With `moving`, for an offset that wanders, a high-pass of linear phase filters all of it:
    1 / (1 + (f / frequency_hz)^-2), as a first-order high-pass run forwards and backwards. Bass
    stays in phase; it is 6 dB down at `frequency_hz`, 0.5 dB at four times that.
    """

    stage_name: ClassVar[str] = "dc"

    moving: bool = Field(False, description="the offset wanders: filter it out")
    frequency_hz: float = Field(
        5.0, ge=2, le=40, description="with moving: where the high-pass is 6 dB down"
    )
    offsets: (
        Annotated[list[Annotated[float, Field(ge=-1, le=1)]], Field(min_length=1, max_length=64)]
        | None
    ) = Field(
        None,
        description="the constant offset of each channel, full scale 1, the last one also of those "
        "that follow; null finds it",
    )

    def apply(self, signal: Signal) -> Signal:
        """Filter, or measure and subtract."""
        return signal.carrying(self._filtered(signal) if self.moving else self._centred(signal))

    def _filtered(self, signal: Signal) -> Iterator[Block]:
        def magnitude(hz: NDArray[np.float64]) -> NDArray[np.float64]:
            return np.asarray(hz**2 / (hz**2 + self.frequency_hz**2))

        before, after = (Offset(signal.sample_rate_hz, signal.channels) for _ in range(2))
        taps = linear_phase_taps(magnitude, signal.sample_rate_hz, 2.0 / self.frequency_hz)
        taps[len(taps) // 2] -= taps.sum()  # what the window has let through at 0 Hz
        measured = signal.carrying(_measuring(signal.blocks, before))
        yield from _measuring(convolve(measured, taps).blocks, after)
        signal.report.update(
            before=_described(before.finish()[0]),
            after=_described(after.finish()[0]),
            summary=f"offset filtered out below {self.frequency_hz:g} Hz",
        )

    def _centred(self, signal: Signal) -> Iterator[Block]:
        rate = signal.sample_rate_hz
        scratch, measured = Scratch(), Offset(rate, signal.channels)
        try:
            for block in _measuring(signal.blocks, measured):
                scratch.append(block)
            offsets = self._offsets(measured, signal)
            if not any(offsets):
                yield from scratch.replay()
                return
            column, start = np.array(offsets)[:, None], 0
            for block in scratch.replay():
                share = measured.silence.away(start, block.shape[1], round(RAMP_S * rate))
                start += block.shape[1]
                yield block - column * share
        finally:
            scratch.close()

    def _offsets(self, measured: Offset, signal: Signal) -> list[float]:
        """What to subtract from each channel, which goes into the report."""
        means, clear = measured.finish()
        if self.offsets is None:
            offsets = [
                round(mean, 9) if sure and abs(mean) >= LEAST else 0.0
                for mean, sure in zip(means, clear, strict=True)
            ]
        else:
            offsets = [*self.offsets, *self.offsets[-1:] * len(means)][: len(means)]
        after = [mean - offset for mean, offset in zip(means, offsets, strict=True)]
        signal.report.update(before=_described(means), after=_described(after))
        taken = ", ".join(f"{100 * offset:+.3g} %" for offset in offsets)
        signal.report["summary"] = (
            f"offset of {taken} taken out" if any(offsets) else "no offset was found"
        )
        signal.report["pinned"] = [{self.stage_name: {"offsets": offsets}}] if any(offsets) else []
        return offsets


def _measuring(blocks: Iterator[Block], offset: Offset) -> Iterator[Block]:
    """The same audio, in blocks at fixed places, listened to as it passes."""
    for block in rechunk(blocks, BLOCK_FRAMES):
        offset.feed(block)
        yield block


def _described(offsets: list[float]) -> list[dict[str, float | None]]:
    """Offsets by channel, as a share of full scale and as a level."""
    levels = [decibels(abs(offset)) for offset in offsets]
    return [
        {"offset": round(offset, 7) + 0.0, "dbfs": None if level is None else round(level, 1)}
        for offset, level in zip(offsets, levels, strict=True)
    ]
