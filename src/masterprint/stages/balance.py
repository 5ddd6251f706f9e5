"""Left and right: level, order, polarity."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from masterprint.dsp.decibels import amplitude
from masterprint.signal import Signal
from masterprint.stages.base import Gain, Stage


class Balance(Stage):
    """Balance: puts right what is louder on one side, swapped, or out of polarity."""

    stage_name: ClassVar[str] = "balance"
    channel_counts: ClassVar[frozenset[int] | None] = frozenset({2})

    left_db: Gain = Field(0.0, description="gain of the left output")
    right_db: Gain = Field(0.0, description="gain of the right output")
    swap: bool = Field(False, description="exchange left and right, before all else")
    invert_left: bool = Field(False, description="turn the polarity of the left output")
    invert_right: bool = Field(False, description="turn the polarity of the right output")

    def apply(self, signal: Signal) -> Signal:
        """Swap, then scale."""
        left = amplitude(self.left_db) * (-1.0 if self.invert_left else 1.0)
        right = amplitude(self.right_db) * (-1.0 if self.invert_right else 1.0)
        factors = np.array([[left], [right]])
        order = [1, 0] if self.swap else [0, 1]
        # "+ 0.0" keeps silence at plain zero where an inverted one would be minus zero.
        return signal.map(lambda block: block[order] * factors + 0.0)
