"""Listening to a mix as it arrives at the stage that sets its loudness: the first phase of a set.

What one track of an album needs depends on all the others. So each is taken through its chain up to
that stage and described by its gating blocks, plain and after the limiter at several gains; from
these `album` finds the one gain for all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from masterprint.ahead import ahead
from masterprint.chain.model import Chain, with_tail
from masterprint.dsp.decibels import amplitude, decibels
from masterprint.dsp.resampling import resample
from masterprint.errors import UsageError
from masterprint.files.reading import open_audio
from masterprint.metering.meter import Meter
from masterprint.rendering.engine import last_ceiling, need_suited, source_of
from masterprint.rendering.job import RenderJob
from masterprint.signal import Signal
from masterprint.stages.gain import Gain
from masterprint.stages.limiter import Limiter, limiter_of
from masterprint.stages.loudness import Loudness
from masterprint.stages.maximizer import Maximizer
from masterprint.stages.preview import KnownProgramme
from masterprint.stages.run import run_stages

DIGITS = 3
"""Of a gain in dB, so that it can be read and typed."""


@dataclass(frozen=True)
class Heard:
    """A mix before the stage that sets its loudness.

    Attributes:
        powers: mean squares of its gating blocks.
        peak_dbtp: true peak; None for silence.
        limited: the same powers after the limiter, at each gain that was asked for.
    """

    powers: NDArray[np.float64]
    peak_dbtp: float | None
    limited: tuple[NDArray[np.float64], ...] = ()


def target_stage(chain: Chain) -> tuple[int, Loudness | Maximizer]:
    """The last stage with a loudness target, and its place.

    Raises:
        UsageError: there is none, or it does not act on the whole signal.
    """
    for index in reversed(range(len(chain.stages))):
        stage = chain.stages[index]
        if isinstance(stage, Loudness | Maximizer) and stage.acts:
            if stage.on != "stereo" or stage.mix != 1.0:
                raise UsageError(
                    f"The chain {chain.name!r} sets its loudness in {stage.title!r}, which acts on "
                    "a part of the signal, where an album needs one that acts on all of it."
                )
            return index, stage
    raise UsageError(
        f"The chain {chain.name!r} has no loudness target that an album could be brought to.",
        hint="give it a loudness or a maximizer stage",
    )


def audition(job: RenderJob, gains_db: Sequence[float] = ()) -> Heard:
    """Listen to a job's mix up to its target stage.

    Args:
        job: what will be rendered.
        gains_db: input gains at which a maximizer's limiter is to be tried.

    Raises:
        MasterprintError: the mix cannot be read, or the chain does not suit it.
    """
    index, stage = target_stage(job.chain)
    audio = open_audio(job.mix)
    need_suited(job, audio)
    source = source_of(job, audio)
    source = with_tail(source.carrying(ahead(source.blocks)), job.chain.tail_s)
    signal, _ = run_stages(job.chain.stages[:index], source)
    rate = job.chain.master.sample_rate_hz or audio.sample_rate_hz
    if rate != signal.sample_rate_hz and index == last_ceiling(job.chain.stages):
        signal = resample(signal, rate)
    if gains_db and isinstance(stage, Maximizer):
        return _limited(stage, signal, gains_db)
    meter = Meter(signal.sample_rate_hz, signal.channels)
    for block in ahead(signal.blocks):
        meter.feed(block)
    found = meter.result()
    return Heard(found.gating_powers, found.true_peak_dbtp)


def _limited(stage: Maximizer, signal: Signal, gains_db: Sequence[float]) -> Heard:
    programme = KnownProgramme(signal.sample_rate_hz, signal.channels, stage.link)
    meter = Meter(signal.sample_rate_hz, signal.channels, true_peak=False)
    try:
        for block in meter.passing(ahead(signal.blocks)):
            programme.append(block)
        programme.pad(limiter_of(stage, signal, 1.0).latency)
        found = []
        for gain_db in gains_db:
            gain = amplitude(gain_db)
            found.append(programme.preview_powers(limiter_of(stage, signal, gain), gain))
        peak_dbtp = decibels(programme.peak)
    finally:
        programme.close()
    return Heard(meter.result().gating_powers, peak_dbtp, tuple(found))


def working_stages(chain: Chain) -> list[tuple[str, int, float]]:
    """The `loudness` stages that act on the whole signal before the one that sets the loudness.

    They bring a mix to the level that compressors work at. Of each: a name for it that is the same
    in all chains which have a stage like it in that place, its index, and its target in LUFS.
    """
    last, _ = target_stage(chain)
    found: list[tuple[str, int, float]] = []
    for index, stage in enumerate(chain.stages[:last]):
        if isinstance(stage, Loudness) and stage.acts and stage.on == "stereo" and stage.mix == 1.0:
            target = stage.target_lufs
            found.append((f"{len(found) + 1} at {target:g} LUFS", index, target))
    return found


def with_working_gains(chain: Chain, gains_db: Mapping[str, float]) -> Chain:
    """The chain with given gains in place of working levels, by the names of those."""
    stages: list[Any] = list(chain.stages)
    for name, index, _ in working_stages(chain):
        if name in gains_db:
            label = stages[index].label or "working level of the album"
            stages[index] = Gain(gain_db=round(gains_db[name], DIGITS), label=label)
    return chain.model_copy(update={"stages": stages})


def with_gain(chain: Chain, gain_db: float) -> Chain:
    """The chain with a given gain where it would look for its own."""
    index, stage = target_stage(chain)
    label = stage.label or f"{stage.stage_name} of the album"
    stages: list[Any] = list(chain.stages)
    if isinstance(stage, Loudness):
        stages[index] = Gain(gain_db=round(gain_db, DIGITS), label=label)
    else:
        stages[index] = Limiter(
            ceiling_dbtp=stage.ceiling_dbtp,
            input_gain_db=round(gain_db, DIGITS),
            lookahead_ms=stage.lookahead_ms,
            release_ms=stage.release_ms,
            link=stage.link,
            label=label,
        )
    return chain.model_copy(update={"stages": stages})
