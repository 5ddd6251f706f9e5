"""Writing down what a render did: its recall sheet."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from masterprint.errors import SheetError
from masterprint.files.reading import AudioFile
from masterprint.files.writing import Written
from masterprint.metering.measurement import Measurement
from masterprint.rendering.job import RenderJob
from masterprint.sheets.environment import machine, versions
from masterprint.sheets.ingredients import FileFact, PluginFact, work_sha256
from masterprint.sheets.sheet import (
    ChainSheet,
    FileSheet,
    MasterSheet,
    MixSheet,
    PluginSheet,
    Sheet,
    StageSheet,
    load_sheet,
    sheet_path,
)
from masterprint.sheets.writing import hex_of, seen_from
from masterprint.signal import BLOCK_FRAMES

SAID_ELSEWHERE = ("stage", "label", "bypass", "level_in", "level_out", "audio_xxh3", "plugin")


def record(
    job: RenderJob,
    audio: AudioFile,
    mix: FileFact,
    mix_pcm_sha256: str,
    written: Written,
    before: Measurement,
    after: Measurement,
    stages: Sequence[dict[str, Any]],
    warnings: Sequence[str],
    seconds: float,
) -> Sheet:
    """The sheet of a master that has just been made.

    Args:
        job: what was to be done.
        audio, mix, mix_pcm_sha256: the mix as it was read.
        written: what went into the master.
        before, after: measurements of the two.
        stages: the reports of all stages.
        warnings: of the render.
        seconds: that it took.
    """
    folder, known = job.master.parent, job.ingredients
    mix_later = job.mix_later or job.mix
    return Sheet(
        masterprint_recall=1,
        date=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        seconds=round(seconds, 3),
        work_sha256=work_sha256(mix.sha256, known.heard()),
        mix=MixSheet(
            name=job.mix.name,
            path=seen_from(folder, mix_later),
            path_hex=hex_of(folder, mix_later),
            bytes=mix.bytes,
            sha256=mix.sha256,
            pcm_sha256=mix_pcm_sha256,
            format=audio.format,
            sample_rate_hz=before.sample_rate_hz,
            channels=before.channels,
            frames=before.frames,
        ),
        master=MasterSheet(
            name=job.master.name,
            pcm_sha256=written.pcm_sha256,
            sample_rate_hz=after.sample_rate_hz,
            channels=after.channels,
            frames=after.frames,
            clipped_samples=written.clipped_samples,
            dither_seed=written.dither_seed,
            replaces=_replaced(job),
        ),
        chain=ChainSheet(
            name=job.chain.name,
            file=job.chain_file,
            settings=job.chain.as_dict(resolved=True),
        ),
        files=[
            FileSheet(
                name=name,
                path=seen_from(folder, fact.path),
                bytes=fact.bytes,
                sha256=fact.sha256,
            )
            for name, fact in known.files.items()
        ],
        plugins=[_plugin(fact, known.files) for fact in known.plugins],
        stages=[_stage(report) for report in stages],
        before=before.as_dict(),
        after=after.as_dict(),
        warnings=list(warnings),
        block_frames=BLOCK_FRAMES,
        versions=versions(),
        machine=machine(),
    )


def _replaced(job: RenderJob) -> str | None:
    """The hash of the master that this one takes the place of, as its own sheet has it."""
    try:
        return load_sheet(sheet_path(job.master)).sheet.master.pcm_sha256
    except SheetError:
        return None


def _plugin(fact: PluginFact, files: dict[str, FileFact]) -> PluginSheet:
    state = files.get(fact.state) if fact.state is not None else None
    wanted = {"name": fact.name, "vendor": fact.vendor}
    identity = fact.plugin.identity if fact.plugin else wanted
    return PluginSheet(
        place=fact.place,
        title=fact.title,
        used=fact.used,
        **identity,
        state_sha256=state.sha256 if state else None,
        determinism=fact.plugin.determinism if fact.plugin else None,
    )


def _stage(report: dict[str, Any]) -> StageSheet:
    level = report["level_out"]
    return StageSheet(
        stage=report["stage"],
        label=report["label"],
        bypass=report.get("bypass", False),
        peak_dbfs=level["peak_dbfs"],
        rms_dbfs=level["rms_dbfs"],
        audio_xxh3=report["audio_xxh3"],
        details={key: value for key, value in report.items() if key not in SAID_ELSEWHERE},
    )
