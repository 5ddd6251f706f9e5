"""Gains that know what comes: applied some frames earlier than they were found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from masterprint.signal import Block, Signal, fork, join

Hear = Callable[[Iterator[Block]], Iterator[Block]]
"""Takes blocks and gives what is to be applied to them, frame by frame."""


def with_lookahead(
    signal: Signal, hear: Hear, lookahead_ms: float
) -> Iterator[tuple[Block, Block]]:
    """Blocks of a signal, each with what `hear` makes of the audio that lies so much later."""
    frames = round(lookahead_ms / 1000.0 * signal.sample_rate_hz)
    audio, heard = fork(((block, block) for block in signal.blocks), 2)
    return ((block, found) for block, found in join(audio, _earlier(hear(heard), frames)))


def _earlier(blocks: Iterable[Block], frames: int) -> Iterator[Block]:
    """Without the first frames; as the end comes, the last one stays."""
    skipped, last = 0, None
    for block in blocks:
        skip = min(frames - skipped, block.shape[1])
        skipped += skip
        if block.shape[1]:
            last = block[:, -1:].copy()
        if skip < block.shape[1]:
            yield block[:, skip:]
    if skipped and last is not None:
        yield np.repeat(last, skipped, axis=1)
