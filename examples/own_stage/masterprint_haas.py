"""A stage in a package of its own: `pip install ./examples/own_stage`, then `haas` in a chain.

`masterprint.testing.check_stage_contract(Haas())` holds it to what every stage promises.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np
from pydantic import Field

from masterprint import Signal, Stage
from masterprint.signal import Block


class Haas(Stage):
    """Haas: adds a late, quiet copy of the mid to the side, which widens without comb filtering.

    L = l + g m[n - d], R = r - g m[n - d]: in mono the copies cancel (Haas, Acustica 1, 1951).
    """

    stage_name: ClassVar[str] = "haas"
    channel_counts: ClassVar[frozenset[int] | None] = frozenset({2})

    delay_ms: float = Field(12.0, ge=1, le=40, description="how late the copy is")
    amount: float = Field(0.2, ge=0, le=1, description="how strong the copy is")

    def apply(self, signal: Signal) -> Signal:
        """Add the delayed mid with opposite signs."""
        return signal.carrying(self._widened(signal))

    def _widened(self, signal: Signal) -> Iterator[Block]:
        late = np.zeros(max(1, round(self.delay_ms * signal.sample_rate_hz / 1000)))
        for block in signal.blocks:
            line = np.concatenate([late, 0.5 * (block[0] + block[1])])
            copy = self.amount * line[: block.shape[1]]
            late = line[block.shape[1] :]
            yield np.stack([block[0] + copy, block[1] - copy])
