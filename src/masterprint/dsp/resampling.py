"""Sample-rate conversion by the SoX resampler at its "very high quality" (28 bit) recipe."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from masterprint.signal import Block, Signal

ROUNDING = 2.0**-48
"""-289 dBFS: what the transforms of the resampler leave of silence."""


def resample(signal: Signal, sample_rate_hz: int) -> Signal:
    """The signal at another rate: linear phase, aligned, round(frames * new / old) frames long."""
    if sample_rate_hz == signal.sample_rate_hz:
        return signal
    frames = (
        None
        if signal.frames is None
        else converted_frames(signal.frames, signal.sample_rate_hz, sample_rate_hz)
    )
    blocks = _convert(signal, sample_rate_hz)
    return replace(signal, blocks=blocks, sample_rate_hz=sample_rate_hz, frames=frames)


def converted_frames(frames: int, from_hz: int, to_hz: int) -> int:
    """How many frames a programme has after conversion, rounded to nearest; never none of some."""
    return max((frames * to_hz * 2 + from_hz) // (2 * from_hz), min(frames, 1))


def _convert(signal: Signal, to_hz: int) -> Iterator[Block]:
    import soxr

    stream = soxr.ResampleStream(
        signal.sample_rate_hz, to_hz, signal.channels, dtype="float64", quality="VHQ"
    )
    taken = given = 0
    for block in signal.blocks:
        taken += block.shape[1]
        out = stream.resample_chunk(np.ascontiguousarray(block.T))
        given += len(out)
        yield _silenced(np.ascontiguousarray(out.T))
    rest = stream.resample_chunk(np.zeros((0, signal.channels)), last=True)
    wanted = converted_frames(taken, signal.sample_rate_hz, to_hz) - given
    tail = np.zeros((signal.channels, max(0, wanted)))
    kept = rest[: tail.shape[1]]
    tail[:, : len(kept)] = kept.T
    yield _silenced(tail)


def _silenced(block: Block) -> Block:
    """The block with digital silence where only rounding is left of it, which dither would hear."""
    block[np.abs(block) < ROUNDING] = 0.0
    return block
