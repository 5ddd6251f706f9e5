"""What a programme measures: the figures, as data."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Measurement:
    """What a programme measures. None means undefined, and `notes` says why.

    Attributes:
        sample_rate_hz, channels, frames, duration_s: its size.
        integrated_lufs: gated loudness, BS.1770-5.
        loudness_range_lu: EBU Tech 3342.
        max_momentary_lufs, max_short_term_lufs: maxima of 400 ms and 3 s windows, 10 ms steps.
        true_peak_dbtp: eight-fold oversampled, never less than the sample peak.
        sample_peak_dbfs: largest sample.
        plr_db: true peak less integrated loudness.
        psr_min_db: smallest true peak of the last 3 s less short-term loudness, every 100 ms.
        dc_offset: mean of the channel that is furthest off, full scale 1.0.
        correlation: of left and right over the whole programme, -1 to 1.
        clipped_samples: samples in runs of two or more at or beyond full scale.
        gating_powers: mean squares of the gating blocks, for pooling into an album's loudness.
        notes: reasons for what is undefined.
    """

    sample_rate_hz: int
    channels: int
    frames: int
    duration_s: float
    integrated_lufs: float | None
    loudness_range_lu: float | None
    max_momentary_lufs: float | None
    max_short_term_lufs: float | None
    true_peak_dbtp: float | None
    sample_peak_dbfs: float | None
    plr_db: float | None
    psr_min_db: float | None
    dc_offset: float | None
    correlation: float | None
    clipped_samples: int
    notes: dict[str, str] = field(default_factory=dict)
    gating_powers: NDArray[np.float64] = field(
        default_factory=lambda: np.zeros(0), repr=False, compare=False
    )

    def as_dict(self, rounded: bool = True) -> dict[str, Any]:
        """Plain data for JSON: figures in dB to a thousandth, the rest as measured."""
        data = {key: value for key, value in asdict(self).items() if key != "gating_powers"}
        if not rounded:
            return data
        for key, value in data.items():
            if isinstance(value, float):
                digits = 9 if key == "dc_offset" else 6 if key == "duration_s" else 3
                data[key] = round(value, digits) + 0.0  # + 0.0 turns -0.0 into 0.0
        return data

    def __repr__(self) -> str:
        def show(value: float | None, unit: str) -> str:
            return f"undefined {unit}" if value is None else f"{value:.1f} {unit}"

        return (
            f"<Measurement {self.duration_s:.1f} s at {self.sample_rate_hz} Hz: "
            f"{show(self.integrated_lufs, 'LUFS')}, {show(self.loudness_range_lu, 'LU range')}, "
            f"{show(self.true_peak_dbtp, 'dBTP')}>"
        )
