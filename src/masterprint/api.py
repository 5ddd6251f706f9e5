"""What scripts and notebooks call: the same work as the command line's, on files and arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from masterprint.chain.library import find_chain
from masterprint.chain.model import Chain
from masterprint.errors import SignalError
from masterprint.files.reading import LOWEST_RATE_HZ, open_audio
from masterprint.metering.measurement import Measurement
from masterprint.metering.meter import measure_signal
from masterprint.plugins.host import close_ready, start_ahead
from masterprint.rendering.engine import RenderResult, render_job
from masterprint.rendering.null import null_files
from masterprint.rendering.null_result import NullResult
from masterprint.rendering.planning import Wish, need_file, plan_all, prepare, processes_of
from masterprint.signal import Signal, audio_from


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
    file = None if isinstance(chain, Chain) else Path(chain).name
    chain = chain if isinstance(chain, Chain) else find_chain(chain)
    several = [trusted] if isinstance(trusted, str | Path) else trusted
    files = [Path(file) for file in several]
    mix, folder = Path(mix), Path(folder)
    prepared = prepare(chain, master, settings, timeout_s, files, file)
    need_file(mix)
    wish = Wish(prepared, mix, folder / f"{mix.stem}{prepared.extension}")
    (job,) = plan_all([wish], overwrite, timeout_s)
    start_ahead(processes_of(prepared))
    try:
        return render_job(job)
    finally:
        close_ready()


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
