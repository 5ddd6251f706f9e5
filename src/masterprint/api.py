"""What scripts and notebooks call: the same work as the command line's, on files and arrays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from masterprint.batch.rendering import render_many as run_many
from masterprint.chain.library import find_chain
from masterprint.chain.model import Chain
from masterprint.errors import SignalError, UsageError
from masterprint.files.reading import LOWEST_RATE_HZ, open_audio
from masterprint.metering.measurement import Measurement
from masterprint.metering.meter import measure_signal
from masterprint.plugins.host import close_ready, start_ahead
from masterprint.rendering.engine import render_job
from masterprint.rendering.job import IfThere
from masterprint.rendering.needs import need_file
from masterprint.rendering.null import null_files
from masterprint.rendering.null_result import NullResult
from masterprint.rendering.planning import (
    PreparedChain,
    Wish,
    plan_all,
    prepare,
    processes_of,
)
from masterprint.rendering.recall import TOLERANCE_DB, HowToRecall, rerender
from masterprint.rendering.recall import recall as recall_sheet
from masterprint.rendering.recalled import Recalled
from masterprint.rendering.result import RenderResult
from masterprint.sheets.places import Places
from masterprint.sheets.sheet import load_sheet
from masterprint.signal import Signal, audio_from
from masterprint.stages.base import all_stages


def load_chain(chain: str | Path) -> Chain:
    """The chain in a YAML file, or a ready-made one by name, such as "streaming".

    Raises:
        ChainFileError: with everything that is wrong with the file.
        ChainError: there is no such file.
    """
    return find_chain(chain)


def render(
    chain: Chain | str | Path,
    mix: str | Path,
    folder: str | Path,
    *,
    overwrite: bool = False,
    timeout_s: float | None = None,
    trusted: str | Path | Sequence[str | Path] = (),
    settings: Mapping[str, Any] | None = None,
    **master: Any,
) -> RenderResult:
    """Render one mix into a folder, as `masterprint render` does.

    Args:
        chain: a Chain, a chain file, or the name of a ready-made chain.
        mix: an audio file.
        folder: where the master goes, named after the mix; made if it is missing.
        overwrite: replace a master that is there.
        timeout_s: how long it may take while plugins are involved; None for what is generous.
        trusted: plugin files that may be loaded although no scan has catalogued them.
        settings: other values for some settings of the chain, such as
            {"maximizer.ceiling_dbtp": -1.5, "stages[1].eq.bands[0].gain_db": 0.5}.
        master: `format`, `bit_depth`, `sample_rate_hz`, `dither`, `dither_silence` instead of those
            in the chain's `master` block.

    Raises:
        MasterprintError: with one sentence; nothing is left half-written.
    """
    mix, folder = Path(mix), Path(folder)
    prepared = _prepared(chain, master, settings, timeout_s, trusted)
    need_file(mix)
    wish = Wish(prepared, mix, folder / f"{mix.stem}{prepared.extension}")
    (job,) = plan_all([wish], IfThere.of(overwrite), timeout_s)
    start_ahead(processes_of(prepared))
    try:
        return render_job(job)
    finally:
        close_ready()


def render_many(
    chain: Chain | str | Path,
    mixes: Iterable[str | Path],
    folder: str | Path,
    *,
    jobs: int | None = None,
    overwrite: bool = False,
    resume: bool = False,
    timeout_s: float | None = None,
    trusted: str | Path | Sequence[str | Path] = (),
    settings: Mapping[str, Any] | None = None,
    **master: Any,
) -> Iterator[RenderResult]:
    """Render mixes into a folder, each in a process of its own; results as they come.

    What goes wrong with one is in its result, and the others go on.

    Args:
        chain, folder, overwrite, timeout_s, trusted, settings, master: as for `render`.
        mixes: audio files.
        jobs: how many at a time, each on a core of its own; as many as there are cores by default.
        resume: leave masters that are there, made of the same.

    Raises:
        MasterprintError: before anything is begun, where not all of it can be.
    """
    prepared = _prepared(chain, master, settings, timeout_s, trusted)
    for stage in all_stages(prepared.chain.stages):
        if type(stage).__module__ == "__main__":
            raise UsageError(
                f"The stage {stage.stage_name!r} is defined in the script that runs, where other "
                "processes cannot find it.",
                hint="define it in a module of its own",
            )
    wishes = []
    for mix in map(Path, mixes):
        need_file(mix)
        wishes.append(Wish(prepared, mix, Path(folder) / f"{mix.stem}{prepared.extension}"))
    planned = plan_all(wishes, IfThere.of(overwrite, resume), timeout_s)
    return (result for _, result in run_many(planned, jobs))


def recall(
    sheet: str | Path,
    folder: str | Path | None = None,
    *,
    chain: Chain | str | Path | None = None,
    settings: Mapping[str, Any] | None = None,
    places: Sequence[str | Path] = (),
    tolerance_db: float = TOLERANCE_DB,
    overwrite: bool = False,
    resume: bool = False,
    timeout_s: float | None = None,
    trusted: str | Path | Sequence[str | Path] = (),
) -> Recalled:
    """Make a master again from its recall sheet, as `masterprint recall` does.

    Args:
        sheet: a recall sheet, or a master that has one beside it.
        folder: where the new master is to be kept; None to compare only.
        chain, settings: another chain, or other values for some settings; what that changes is in
            the result.
        places: folders in which mix and files may be, or the mix itself.
        tolerance_db: peak of the residual, in dBFS, up to which the verdict is `within`.
        resume: leave a master that is there, made of the same.
        overwrite, timeout_s, trusted: as for `render`.

    Raises:
        SheetError: there is no such sheet, or it is none.
        MasterprintError: the render failed although nothing was missing.
    """
    saved = load_sheet(Path(sheet))
    how = HowToRecall(tolerance_db, _files(trusted), IfThere.of(overwrite, resume), timeout_s)
    new = None if folder is None else Path(folder)
    where = Places([Path(place) for place in places], instead=True)
    if chain is None and not settings:
        return recall_sheet(saved, how, new, where)
    name = None if chain is None or isinstance(chain, Chain) else Path(chain).name
    other = chain if chain is None or isinstance(chain, Chain) else find_chain(chain)
    return rerender(saved, other, settings, how, new, where, name)


def _prepared(
    chain: Chain | str | Path,
    master: Mapping[str, Any],
    settings: Mapping[str, Any] | None,
    timeout_s: float | None,
    trusted: str | Path | Sequence[str | Path],
) -> PreparedChain:
    name = None if isinstance(chain, Chain) else Path(chain).name
    found = chain if isinstance(chain, Chain) else find_chain(chain)
    return prepare(found, master, settings, timeout_s, _files(trusted), name)


def _files(given: str | Path | Sequence[str | Path]) -> list[Path]:
    several = [given] if isinstance(given, str | Path) else given
    return [Path(file) for file in several]


def measure(
    audio: str | Path | NDArray[np.float64],
    sample_rate_hz: int | None = None,
    *,
    dual_mono: bool = False,
) -> Measurement:
    """Measure a file, or an array of shape (channels, frames), or (frames,) for mono.

    Args:
        audio: the file or the array, full scale at 1.0.
        sample_rate_hz: needed with an array.
        dual_mono: count a mono programme as if it came from two loudspeakers.

    Raises:
        AudioFileError: the file cannot be read.
        SignalError: the array has another shape, no rate, or samples that are not finite.
    """
    if isinstance(audio, str | Path):
        if sample_rate_hz is not None:
            raise SignalError(
                f"{audio}: a file has its own sample rate; give one with arrays only."
            )
        file = open_audio(Path(audio))
        return measure_signal(file.signal(), file.full_scale, dual_mono)
    array = np.asarray(audio)
    array = audio_from(array[np.newaxis] if array.ndim == 1 else array)
    if sample_rate_hz is None or sample_rate_hz < LOWEST_RATE_HZ:
        raise SignalError(
            f"An array needs its sample_rate_hz, at least {LOWEST_RATE_HZ}; found {sample_rate_hz}."
        )
    return measure_signal(Signal.of(array, sample_rate_hz), dual_mono=dual_mono)


def null(a: str | Path, b: str | Path, *, align: bool = True) -> NullResult:
    """Null test of two files, as `masterprint null` does: B against A.

    Args:
        a, b: audio files.
        align: look for offset, polarity and gain; without, sample by sample as they lie.

    Raises:
        AudioFileError: one cannot be read.
        SignalError: a sample is NaN or infinite.
        UsageError: the numbers of channels cannot be matched.
    """
    return null_files(Path(a), Path(b), align=align)
