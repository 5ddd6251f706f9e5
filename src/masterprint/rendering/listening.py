"""Measuring a file: decoding in one thread, the meter in another."""

from __future__ import annotations

from pathlib import Path

from masterprint.ahead import ahead
from masterprint.files.reading import open_audio
from masterprint.metering.measurement import Measurement
from masterprint.metering.meter import measure_signal


def measure_file(path: Path, dual_mono: bool = False) -> Measurement:
    """Measure an audio file in one streaming pass.

    Raises:
        AudioFileError: it cannot be read.
        SignalError: a sample is NaN or infinite.
    """
    file = open_audio(path)
    signal = file.signal()
    return measure_signal(signal.carrying(ahead(signal.blocks)), file.full_scale, dual_mono)
