"""What every codec and bit rate makes of a master's peaks, side by side."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import soundfile

from masterprint.codecs.encoding import need_encodable
from masterprint.codecs.formats import Format, format_named
from masterprint.codecs.listening import listen
from masterprint.errors import MasterprintError
from masterprint.files.reading import AudioFile, open_audio
from masterprint.files.unfinished import working_folder
from masterprint.files.writing import Incomplete, cannot_write
from masterprint.metering.measurement import Measurement
from masterprint.metering.meter import measure_signal

STEPS_PER_DB = 10
"""Ceilings are told in tenths, and rounded to the safe side."""


@dataclass(frozen=True)
class CodecRow:
    """What one format makes of a master.

    Attributes:
        format, label: its name, and what people call it.
        lossless: then nothing has to be encoded: what is played is the master.
        true_peak_dbtp: decoded; None for silence, or where it failed.
        change_db: of the true peak over the master's.
        clipped_samples: decoded samples over full scale.
        kbps: bit rate that it came to; None for lossless formats.
        offset_frames, length_difference_frames: as in `Encoded`.
        failed: why there are no figures, in one sentence.
    """

    format: str
    label: str
    lossless: bool
    true_peak_dbtp: float | None = None
    change_db: float | None = None
    clipped_samples: int = 0
    kbps: float | None = None
    offset_frames: int | None = None
    length_difference_frames: int = 0
    failed: str | None = None

    def safe_ceiling_dbtp(self, limit_dbtp: float) -> float:
        """The ceiling for the master at which this codec would have stayed below a limit.

        About: what a codec adds changes a little with the level. Rounded down to a tenth.
        """
        raised = max(0.0, self.change_db or 0.0)
        return math.floor((limit_dbtp - raised) * STEPS_PER_DB + 1e-6) / STEPS_PER_DB + 0.0

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON, decibels to a hundredth."""
        return {
            key: round(value, 2) + 0.0 if isinstance(value, float) else value
            for key, value in asdict(self).items()
        }


@dataclass(frozen=True)
class CodecTable:
    """A master and what codecs make of it.

    Attributes:
        measurement: of the master.
        rows: one for each format, by its name.
    """

    measurement: Measurement
    rows: dict[str, CodecRow]

    def safe_ceiling_dbtp(self, formats: Iterable[str], limit_dbtp: float) -> float | None:
        """The ceiling at which all of these would have stayed below a limit; None if none is known.

        None also where only lossless formats are asked for, which need nothing.
        """
        rows = [self.rows[name] for name in formats if name in self.rows]
        safe = [
            row.safe_ceiling_dbtp(limit_dbtp)
            for row in rows
            if not row.lossless and row.change_db is not None
        ]
        return min(safe, default=None)


def codec_table(
    source: Path,
    formats: Sequence[Format | str],
    *,
    workers: int = 2,
    begun: Callable[[str], None] = lambda name: None,
) -> CodecTable:
    """Encode a file to every format, decode, and measure; nothing is left of what was written.

    Args:
        source: any file that can be read.
        formats: formats or their names.
        workers: how many are encoded at a time; encoders release the GIL.
        begun: is told the label of each format as its turn comes, from any thread.

    Raises:
        UsageError: no such format.
        AudioFileError, SignalError: the source cannot be read. What goes wrong with one format
            only is in its row.
    """
    wanted = [format_named(each) if isinstance(each, str) else each for each in formats]
    file = open_audio(source)
    begun("the master")
    measured = measure_signal(file.signal(), file.full_scale)
    stopped = threading.Event()

    def work(fmt: Format, folder: Path) -> CodecRow:
        if stopped.is_set():
            return CodecRow(fmt.name, fmt.label, fmt.lossless, failed="interrupted")
        begun(fmt.label)
        return _row(file, measured, fmt, folder)

    with working_folder() as folder:
        pool = ThreadPoolExecutor(max(1, workers), thread_name_prefix="masterprint-codec")
        try:
            jobs = {fmt.name: pool.submit(work, fmt, folder) for fmt in wanted}
            rows = {name: job.result() for name, job in jobs.items()}
        finally:
            stopped.set()
            pool.shutdown(wait=False, cancel_futures=True)
    return CodecTable(measured, rows)


def _row(file: AudioFile, measured: Measurement, fmt: Format, folder: Path) -> CodecRow:
    before = measured.true_peak_dbtp
    if fmt.lossless:
        return CodecRow(
            fmt.name,
            fmt.label,
            True,
            before,
            None if before is None else 0.0,
            measured.clipped_samples,
        )
    part = folder / f"{fmt.name}{fmt.extension}"
    try:
        need_encodable(file, fmt)
        heard = listen(file, part, fmt)
    except MasterprintError as error:
        return CodecRow(fmt.name, fmt.label, False, failed=str(error))
    except (OSError, soundfile.LibsndfileError, Incomplete) as error:
        return CodecRow(fmt.name, fmt.label, False, failed=str(cannot_write(part, error)))
    finally:
        part.unlink(missing_ok=True)
    after = heard.true_peak_dbtp
    return CodecRow(
        format=fmt.name,
        label=fmt.label,
        lossless=False,
        true_peak_dbtp=after,
        change_db=None if after is None or before is None else after - before,
        clipped_samples=heard.clipped_samples,
        kbps=heard.size_bytes * 8e-3 / heard.seconds if heard.seconds else None,
        offset_frames=heard.offset_frames,
        length_difference_frames=heard.length_difference_frames,
    )
