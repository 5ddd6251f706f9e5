"""Stereo width."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np
from pydantic import Field

from masterprint.signal import Block, Signal
from masterprint.stages.base import Stage


class Width(Stage):
    """Width: scales the side against the mid.

    M' = a M and S' = b S with b / a = width. Plain: a = 1. Constant power: a^2 + b^2 = 2, so that
    a programme whose mid and side are equally strong keeps its level.
    """

    stage_name: ClassVar[str] = "width"
    channel_counts: ClassVar[frozenset[int] | None] = frozenset({2})

    width: float = Field(1.0, ge=0, le=2, description="0 is mono, 1 as it is, 2 doubles the side")
    constant_power: bool = Field(False, description="turn the mid down as the side goes up")

    def apply(self, signal: Signal) -> Signal:
        """Mix left and right by the matrix that does this to mid and side."""
        mid = math.sqrt(2.0 / (1.0 + self.width**2)) if self.constant_power else 1.0
        side = self.width * mid
        if mid == side == 1.0:
            return signal
        same, other = (mid + side) / 2.0, (mid - side) / 2.0

        def scale(block: Block) -> Block:
            left, right = block
            return np.stack([same * left + other * right, other * left + same * right])

        return signal.map(scale)
