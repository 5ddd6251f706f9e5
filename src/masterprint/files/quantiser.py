"""From float to the integers of a master: rounding to nearest, dither, noise shaping.

TPDF dither of two steps peak to peak makes the first two moments of the error independent of the
signal (Lipshitz, Wannamaker and Vanderkooy, JAES 40(5), 1992). The shaped kind feeds the error back
through Wannamaker's F-weighted nine-tap filter (JAES 40(7/8), 1992), which moves it above 15 kHz.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from masterprint.files.formats import Dither, MasterFormat
from masterprint.files.kernels import mark_exact, quantise
from masterprint.signal import BLOCK_FRAMES, Block, rechunk

F_WEIGHTED = np.array([2.412, -3.370, 3.937, -4.174, 3.353, -2.205, 1.281, -0.569, 0.0847])
EXACT_RUN_FRAMES = 32
"""Music hits the target's grid now and then by chance, but not this many frames in a row."""


class Quantiser:
    """Turns blocks into integers of `bits` bits, as int32 (channels, frames).

    Where nothing is lost (digital silence, a stretch of a 16-bit mix that no stage has changed)
    samples pass as they are, without dither, unless `dither_silence` asks for it on silence.
    Dither is seeded by the first block's content: the same audio gives the same master. A `seed`
    that is given takes its place, so that a master that was made of other audio can be compared
    without the difference of two dithers.

    Attributes:
        clipped_samples: so far.
        seed: of the dither; None where there is none.
    """

    def __init__(
        self, bits: int, dither: Dither, dither_silence: bool = False, seed: int | None = None
    ) -> None:
        self.clipped_samples = 0
        self.seed: int | None = None
        self._given_seed = seed
        self._scale = float(1 << (bits - 1))
        self._dither_steps = 0.0 if dither == "none" else 1.0
        self._shaping = F_WEIGHTED if dither == "shaped" else np.zeros(0)
        self._keep_silence = not dither_silence

    def run(self, blocks: Iterator[Block]) -> Iterator[NDArray[np.int32]]:
        """Quantise a stream; blocks come out in other sizes than they went in."""
        held: Block | None = None
        errors = seed = None
        run = position = 0
        for block in rechunk(blocks, BLOCK_FRAMES):
            if errors is None or seed is None:
                errors = np.zeros((len(block), 16))
                digest = hashlib.sha256(block.tobytes()).digest()
                seed = int.from_bytes(digest[:8], "little") >> 1  # stays a signed 64-bit number
                seed = seed if self._given_seed is None else self._given_seed
                self.seed = seed if self._dither_steps else None
            if held is not None:
                block = np.concatenate([held, block], axis=1)  # noqa: PLW2901
            frames = block.shape[1]
            waiting = 0 if held is None else held.shape[1]
            exact = np.ones(frames, np.uint8)
            # A run that is open but not yet long enough is decided with the next block.
            run = mark_exact(
                block, self._scale, run - waiting, EXACT_RUN_FRAMES, exact, self._keep_silence
            )
            keep = frames - (run if run < EXACT_RUN_FRAMES else 0)
            yield self._quantise(block[:, :keep], exact, seed, position, errors)
            position += keep
            held = np.ascontiguousarray(block[:, keep:]) if keep < frames else None
        if held is not None and errors is not None and seed is not None:
            yield self._quantise(held, np.ones(held.shape[1], np.uint8), seed, position, errors)

    def _quantise(
        self,
        block: Block,
        exact: NDArray[np.uint8],
        seed: int,
        position: int,
        errors: NDArray[np.float64],
    ) -> NDArray[np.int32]:
        block = np.ascontiguousarray(block)
        out = np.empty(block.shape, np.int32)
        self.clipped_samples += quantise(
            block,
            self._scale,
            exact[: block.shape[1]],
            seed,
            position,
            self._dither_steps,
            self._shaping,
            errors,
            out,
        )
        return out


def reserve(master: MasterFormat) -> float:
    """The most that quantising may add to a sample, in full scale: what a ceiling leaves free.

    The error of TPDF dither and rounding is at most 1.5 steps; shaping multiplies that by the sum
    of the magnitudes of its taps.
    """
    if not master.is_integer:
        return 0.0
    steps = 0.5 if master.dither == "none" else 1.5
    if master.dither == "shaped":
        steps *= 1.0 + float(np.abs(F_WEIGHTED).sum())
    return steps / (1 << (master.bits - 1))
