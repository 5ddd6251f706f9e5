"""From mix to master: decode, measure, convert, run the chain, quantise, write, measure again.

Four threads share the work of one render, each a few blocks ahead of the next: decoding and the
first meter, the chain up to its last limiter, that limiter, and writing with the second meter.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from masterprint.ahead import ahead, beside
from masterprint.chain.model import with_tail
from masterprint.dsp.resampling import converted_frames, resample
from masterprint.errors import (
    AudioFileError,
    ChainError,
    MasterprintError,
    PluginError,
    met_in,
)
from masterprint.files.pcm_hash import PcmHash, encoding_of
from masterprint.files.quantiser import reserve
from masterprint.files.reading import AudioFile, open_audio
from masterprint.files.whole import write_whole
from masterprint.files.writing import Written, write_master
from masterprint.metering.meter import Meter
from masterprint.rendering.done import need_ours, why_render
from masterprint.rendering.job import IfThere, RenderJob
from masterprint.rendering.needs import need_short_name
from masterprint.rendering.progress import RenderProgress
from masterprint.rendering.recording import record
from masterprint.rendering.result import RenderResult, with_inner
from masterprint.sheets.ingredients import look_at_mix, need_as_planned, state_of
from masterprint.sheets.sheet import sheet_path
from masterprint.sheets.writing import sheet_text
from masterprint.signal import Signal
from masterprint.stages.base import Stage
from masterprint.stages.run import LevelTap, StageReport, run_stages


def render_job(job: RenderJob, progress: RenderProgress | None = None) -> RenderResult:
    """Render one job.

    Raises:
        MasterprintError: the mix cannot be read, the chain does not suit it, the master cannot be
            written. No file is left behind.
    """
    began = time.perf_counter()
    progress = progress or RenderProgress()
    need_short_name(job.master)
    states = _states(job)
    need_as_planned(job.ingredients)
    audio = open_audio(job.mix)
    rate = job.chain.master.sample_rate_hz or audio.sample_rate_hz
    master_format = job.chain.master.as_format()
    need_suited(job, audio)
    before = Meter(audio.sample_rate_hz, audio.channels, audio.full_scale)
    source = source_of(job, audio)
    look_at = beside(lambda: look_at_mix(job.mix))
    samples = PcmHash(encoding_of(audio))
    source = source.carrying(ahead(before.passing(samples.passing(source.blocks))))
    source = with_tail(source, job.chain.tail_s)
    with met_in(job.mix):
        signal, reports = chain_at_rate(job.chain.stages, source, rate)
    progress.follow(reports, source.frames, audio.sample_rate_hz)
    after = Meter(rate, audio.channels, master_format.full_scale)
    result = RenderResult(mix=job.mix, master=job.master, status="ok")

    def whole(written: Written) -> Callable[[], None]:
        """All is written, and nothing has its name yet; how the sheet gets its."""
        progress.finish()
        result.before, result.after = before.result(), after.result()
        result.stages = [report.as_dict() for report in reports]
        result.warnings = _warnings(job, result, written.clipped_samples)
        result.seconds = time.perf_counter() - began
        mix = look_at()
        if changed := [path for path, state in _states(job).items() if state != states[path]]:
            what = "it" if changed[0] == job.mix else job.mix.name
            raise AudioFileError(
                f"{changed[0]}: changed while {what} was rendered.", hint="render it again"
            )
        sheet = record(
            job,
            audio,
            mix,
            samples.hexdigest(),
            written,
            result.before,
            result.after,
            result.stages,
            result.warnings,
            result.seconds,
        )
        path = sheet_path(job.master)
        text = sheet_text(sheet, path.name).encode()
        return lambda: write_whole(path, text)

    with met_in(job.mix):
        write_master(
            signal.carrying(ahead(signal.blocks)),
            job.master,
            master_format,
            overwrite=job.if_there.replaces_all,
            heard=after.feed,
            whole=whole,
            dither_seed=job.dither_seed,
        )
    return result


def _states(job: RenderJob) -> dict[Path, tuple[int, ...] | None]:
    """Of all files that a render reads: some are read only when most of the work is done."""
    files = [fact.path for fact in job.ingredients.files.values() if fact.acts]
    return {path: state_of(path) for path in (job.mix, *files)}


def need_suited(job: RenderJob, audio: AudioFile) -> None:
    """Refuse a mix that the chain, or the master's format, is not made for.

    Raises:
        ChainError: with all reasons.
    """
    rate = job.chain.master.sample_rate_hz or audio.sample_rate_hz
    master_format = job.chain.master.as_format()
    problems = job.chain.problems(audio.sample_rate_hz, audio.channels)
    if rate != audio.sample_rate_hz and not problems:
        last = last_ceiling(job.chain.stages)
        problems = job.chain.problems(rate, audio.channels, first=last)
    frames = with_tail(audio.signal(), job.chain.tail_s).frames
    frames = frames and converted_frames(frames, audio.sample_rate_hz, rate)
    problems += master_format.problems(rate, audio.channels, frames)
    if problems:
        raise ChainError(
            f"{job.mix}: the chain does not suit this mix: {'; '.join(problems)}.",
            hint="for mono, leave out what works on two channels" if audio.channels == 1 else None,
        )


def source_of(job: RenderJob, audio: AudioFile) -> Signal:
    """The mix as it goes into the chain: with room for the dither, and bounded in time."""
    limit_s = job.timeout_s or generous_s(audio.frames, audio.sample_rate_hz)
    room = reserve(job.chain.master.as_format())
    return replace(audio.signal(), reserve=room, deadline=time.monotonic() + limit_s)


def generous_s(frames: int | None, sample_rate_hz: int) -> float:
    """Seconds that a render may take unless told otherwise: 20 times its length, and two minutes.

    The slowest plugins there are (spectral repair at its best quality) stay well below that.
    """
    return 120.0 + 20.0 * frames / sample_rate_hz if frames is not None else math.inf


def render_unless_done(job: RenderJob, progress: RenderProgress | None = None) -> RenderResult:
    """Render one job, unless its master is there, made of the same, and may stay.

    Raises:
        MasterprintError: as `render_job`; or what is there may not be replaced.
    """
    need_short_name(job.master)
    if not job.if_there.keeps_same:
        return render_job(job, progress)
    why = why_render(job)
    if why is None:
        return _unchanged(job)
    need_ours(job, why)
    # What was not there when this was decided is somebody else's if it is there later.
    replaces = job.if_there.replaces_all or job.master.exists()
    try:
        return render_job(replace(job, if_there=IfThere.of(overwrite=replaces)), progress)
    except MasterprintError:
        if why_render(job) is None:  # somebody else has made the same meanwhile
            return _unchanged(job)
        raise


def _unchanged(job: RenderJob) -> RenderResult:
    known = RenderResult.of_sheet(job, "unchanged")
    return replace(known or RenderResult(job.mix, job.master, "unchanged"), seconds=0.0)


def try_render(job: RenderJob, progress: RenderProgress | None = None) -> RenderResult:
    """The same; what goes wrong with it is in the result."""
    began = time.perf_counter()
    try:
        return render_unless_done(job, progress)
    except MasterprintError as error:
        result = RenderResult(job.mix, job.master, "failed", str(error))
        result.stderr = error.said if isinstance(error, PluginError) else ""
        result.seconds = time.perf_counter() - began
        return result


def chain_at_rate(
    stages: Sequence[Stage], signal: Signal, sample_rate_hz: int
) -> tuple[Signal, list[StageReport]]:
    """All stages, with conversion to another rate just before the last one that holds a ceiling.

    Conversion moves peaks by up to a decibel, so what holds the ceiling comes after it.
    """
    last = last_ceiling(stages)
    signal, reports = run_stages(stages[:last], signal)
    if sample_rate_hz != signal.sample_rate_hz:
        before = reports[-1].after if reports else LevelTap(signal.channels)
        details = {"from_hz": signal.sample_rate_hz, "to_hz": sample_rate_hz}
        signal = resample(signal, sample_rate_hz)
        after = LevelTap(signal.channels)
        signal = signal.carrying(after.passing(signal.blocks))
        label = f"{details['from_hz']} to {sample_rate_hz} Hz"
        reports.append(StageReport("conversion", label, False, before, after, details))
    if last < len(stages):
        ahead_of_it = signal.carrying(ahead(signal.blocks)) if last else signal
        signal, more = run_stages(stages[last:], ahead_of_it, last)
        reports += more
    return signal, reports


def last_ceiling(stages: Sequence[Stage]) -> int:
    """Index of the last stage that holds a ceiling; the number of stages if none does."""
    places = [n for n, stage in enumerate(stages) if stage.holds_ceiling and stage.acts]
    return places[-1] if places else len(stages)


def _warnings(job: RenderJob, result: RenderResult, clipped: int) -> list[str]:
    found = []
    if clipped:
        found.append(
            f"{clipped} samples went over full scale and were clipped: put a limiter at the end"
        )
    stages = job.chain.stages
    last = last_ceiling(stages)
    if last < len(stages) and result.after is not None:
        ceiling = getattr(stages[last], "ceiling_dbtp", None)
        reached = result.after.true_peak_dbtp
        if ceiling is not None and reached is not None and reached > ceiling:
            name = stages[last].title
            found.append(
                f"the true peak is {reached:.2f} dBTP, above the {ceiling:g} dBTP of {name!r}: "
                "it does not act on the whole signal, or something behind it adds level"
            )
    stages_of = with_inner(result.stages)
    found += [f"{stage['label']}: {stage['note']}" for stage in stages_of if stage.get("note")]
    return found
