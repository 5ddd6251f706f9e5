"""The stage contract as a check, for those who write stages of their own.

    from masterprint.testing import check_stage_contract

    def test_my_stage() -> None:
        check_stage_contract(MyStage(drive_db=3.0))

The contract itself stands in `masterprint.stages.base.Stage`.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle

import numpy as np
from numpy.typing import NDArray

from masterprint.signal import Block, Signal
from masterprint.stages.base import Stage
from masterprint.stages.describe import settings_of
from masterprint.stages.run import run_stage

UNEVEN_SIZES = (1, 2, 0, 3, 7, 31, 127, 509, 1, 2048, 4099, 10007)
"""Frames per block, round and round: a single one, none, even, odd, prime, power of two."""
SHORT_FRAMES = 1009
LONG_S = 0.5  # a gating block and more, so that a stage that measures loudness has some
IMPULSE_AT = 3000
IMPULSE_LEVELS = (2.0**-14, 1.0)  # -84 dBFS, which no threshold should notice; full scale


class ContractError(AssertionError):
    """A stage breaks a clause of the stage contract; the message says which, and where."""


def check_stage_contract(
    stage: Stage,
    *,
    sample_rates_hz: Sequence[int] = (44100, 96000),
    channels: Sequence[int] | None = None,
) -> None:
    """Hold a stage, with its settings (`on`, `mix` and `bypass`, too), to the contract.

    Args:
        stage: what is checked.
        sample_rates_hz: rates to check at; those that `stage.problems` refuses are left out.
        channels: channel counts to check, those that the stage refuses left out; None for mono,
            stereo and six channels.

    Raises:
        ContractError: a clause is broken, the stage or a setting is not described, or no rate and
            channel count is accepted.
    """
    counts = (1, 2, 6) if channels is None else channels
    accepted = [
        _Trial(stage, rate, count)
        for rate in sample_rates_hz
        for count in counts
        if (count == 2 or stage.on == "stereo")
        and not stage.problems(rate, count if stage.on == "stereo" else 1)
    ]
    if not accepted:
        raise ContractError(
            f"{stage!r} accepts none of {list(sample_rates_hz)} Hz with {list(counts)} channels, "
            "so there is nothing to check."
        )
    for trial in accepted:
        trial.check()
    if missing := _undescribed(type(stage)):
        raise ContractError(f"{type(stage).__name__}: {'; '.join(missing)}.")


def _undescribed(kind: type[Stage]) -> list[str]:
    """What the checks, the schema and the docs would miss in a stage."""
    missing = []
    if not isinstance(getattr(kind, "stage_name", None), str):
        missing.append("it has no stage_name")
    if inspect.getdoc(kind) in (None, inspect.getdoc(Stage)):
        missing.append("it has no docstring that says what it does")
    for setting in settings_of(kind, common=False):
        if not setting.description:
            missing.append(f"its setting {setting.name} has no description")
        if setting.allowed in ("a number", "a whole number"):
            missing.append(f"its setting {setting.name} has no range (ge and le)")
    return missing


@dataclass(frozen=True)
class _Trial:
    stage: Stage
    rate: int
    channels: int

    def check(self) -> None:
        frames = round(self.rate * LONG_S)
        noise = np.random.default_rng(1).uniform(-1.0, 1.0, (self.channels, frames))
        noise[:, frames // 3 : frames // 2] *= 0.01
        for audio, sizes in ((noise, UNEVEN_SIZES), (noise[:, :SHORT_FRAMES], (1,))):
            whole, parts = self._run(audio, (frames,)), self._run(audio, sizes)
            if whole.tobytes() != parts.tobytes():
                first = int((whole != parts).any(axis=0).argmax())
                self._fail(f"blocks of other sizes change its output, first at frame {first}")
        for audio in (noise[:, :0], noise[:, :1], np.ones((self.channels, SHORT_FRAMES))):
            self._run(audio, (frames,))
        if self._run(np.zeros_like(noise), UNEVEN_SIZES).any():
            self._fail("digital silence in does not give digital silence out")
        for level in IMPULSE_LEVELS if self.stage.keeps_length else ():
            impulse = np.zeros((self.channels, 2 * IMPULSE_AT + 1))
            impulse[:, IMPULSE_AT] = level / (1.0 + np.arange(self.channels) / 4.0)
            for response in self._run(impulse, (4099,)):
                if moved := _moved(response, quiet=level < 1.0):
                    self._fail(f"an impulse does not stay in its place: its response {moved}")

    def _fail(self, clause: str, cause: Exception | None = None) -> None:
        place = f"{self.stage!r} at {self.rate} Hz with {self.channels} channel(s)"
        raise ContractError(f"{place}: {clause}.") from cause

    def _run(self, audio: Block, sizes: Sequence[int]) -> Block:
        """The output for an input in blocks of these sizes, held to the clauses about any input."""
        given = list(_cut(audio, sizes))
        signal = Signal(iter(given), self.rate, self.channels, audio.shape[1])
        out: list[Block] = []
        try:
            out = list(run_stage(self.stage, signal).blocks)
        except Exception as error:  # whatever it is: a stage must not fail on finite audio
            self._fail(f"it fails on {audio.shape[1]} frames of finite audio ({error!r})", error)
        if any(a.tobytes() != b.tobytes() for a, b in zip(given, _cut(audio, sizes), strict=True)):
            self._fail("it modifies its input blocks")
        for block in out:
            right = block.dtype == np.float64 and block.ndim == 2 and len(block) == self.channels
            if not (right and block.flags.c_contiguous):
                found = f"{block.dtype} of shape {block.shape}"
                self._fail(f"output is {found}, not C-contiguous float64 (channels, frames)")
        joined = np.concatenate([*out, np.zeros((self.channels, 0))], axis=1)
        if self.stage.keeps_length and joined.shape[1] != audio.shape[1]:
            self._fail(f"{audio.shape[1]} frames in give {joined.shape[1]} frames out")
        if not np.isfinite(joined).all():
            self._fail("finite audio in gives NaN or infinite samples out")
        return joined


def _cut(audio: Block, sizes: Sequence[int]) -> Iterator[Block]:
    """Blocks of these sizes in turn, all of them copies; none at all for 0 frames."""
    start, turns = 0, cycle(sizes)
    while start < audio.shape[1]:
        stop = start + next(turns)
        yield np.array(audio[:, start:stop], order="C")
        start = stop


def _moved(response: NDArray[np.float64], *, quiet: bool) -> str:
    """How a response is out of place; empty where it begins at the impulse, or is centred on it.

    What is neither, such as filters within a linear-phase split, must be strongest at the impulse;
    a loud impulse is spared that, because dynamics may shape its response.
    """
    heard = np.flatnonzero(response)
    if not len(heard) or heard[0] == IMPULSE_AT:
        return ""
    if heard[0] > IMPULSE_AT:
        return f"begins {heard[0] - IMPULSE_AT} frame(s) late"
    magnitude = np.abs(response)
    centred = float(np.abs(response - response[::-1]).max()) <= 1e-8 * float(magnitude.max())
    moved = int(magnitude.argmax()) - IMPULSE_AT
    if centred or not moved or not quiet:
        return ""
    return f"is strongest {abs(moved)} frame(s) {'late' if moved > 0 else 'early'}"
