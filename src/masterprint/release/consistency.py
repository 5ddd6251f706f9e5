"""How the tracks of an album compare: each beside the album's median, and what stands out."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from masterprint.ahead import ahead
from masterprint.dsp.decibels import amplitude
from masterprint.dsp.midside import mid_and_side_squares
from masterprint.metering.kernels import sounding
from masterprint.metering.loudness import integrated
from masterprint.metering.measurement import Measurement
from masterprint.metering.meter import Meter
from masterprint.metering.octaves import OctaveMeter
from masterprint.signal import Block, Signal

HEARD_DBFS = -60.0
"""Where a track's head ends and its tail begins: the first and the last sample above this."""
QUIETEST_BAND_DB = -70.0
"""A band so far below the whole has no music in it, and no balance."""

APART = {
    "integrated_lufs": (3.0, "LU", "louder", "softer"),
    "true_peak_dbtp": (3.0, "dB", "more of peak", "less of peak"),
    "width_db": (6.0, "dB", "wider", "narrower"),
    "head_s": (1.0, "s", "begins later", "begins sooner"),
    "tail_s": (3.0, "s", "ends with more silence", "ends with less silence"),
    "tone_db": (5.0, "dB", "more", "less"),
}
"""From where on a figure beside the median is told, its unit, and how it is said."""


@dataclass(frozen=True)
class TrackFigures:
    """What a track measures.

    Attributes:
        measurement: loudness, peaks and the rest.
        tone_db: level of each octave beside the whole, by its nominal frequency in Hz.
        width_db: side beside mid, in dB; None for mono and for what is silent in one of them.
        head_s, tail_s: seconds before the first and behind the last sound.
    """

    measurement: Measurement
    tone_db: dict[float, float]
    width_db: float | None
    head_s: float
    tail_s: float

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return self.measurement.as_dict() | {
            "tone_db": {f"{hz:g}": round(level, 2) for hz, level in self.tone_db.items()},
            "width_db": None if self.width_db is None else round(self.width_db, 2),
            "head_s": round(self.head_s, 3),
            "tail_s": round(self.tail_s, 3),
        }


class TrackMeter:
    """Measures a track on its way into a file, for the comparison of an album.

    Tone, width and edges are taken from what comes (`listening`), in a thread of its own; loudness
    and peaks from what is in the file (`feed`).
    """

    def __init__(self, sample_rate_hz: int, channels: int, full_scale: float) -> None:
        self._meter = Meter(sample_rate_hz, channels, full_scale)
        self._octaves = OctaveMeter(sample_rate_hz, channels)
        self._rate = sample_rate_hz
        self._squares = np.zeros(3)
        """Of left and of right, and of their products."""
        self._first: int | None = None
        self._last = -1
        self._frames = 0

    def feed(self, block: Block) -> None:
        """Measure a block as it is in the file."""
        self._meter.feed(block)

    def listening(self, signal: Signal) -> Signal:
        """The same signal, listened to as it passes, a few blocks ahead."""
        return signal.carrying(ahead(self._passing(signal.blocks)))

    def _passing(self, blocks: Iterator[Block]) -> Iterator[Block]:
        place = np.zeros(2, np.int64)
        for block in blocks:
            self._octaves.feed(block)
            if len(block) == 2:
                self._squares[:2] += np.einsum("cn,cn->c", block, block)
                self._squares[2] += np.einsum("n,n->", block[0], block[1])
            sounding(block, amplitude(HEARD_DBFS), place)
            if place[0] >= 0:
                if self._first is None:
                    self._first = self._frames + int(place[0])
                self._last = self._frames + int(place[1])
            self._frames += block.shape[1]
            yield block

    def result(self) -> TrackFigures:
        """The figures; call it once, at the end."""
        bands = self._octaves.mean_squares().sum(axis=0)
        whole = float(bands.sum())
        tone = {
            hz: level
            for hz, power in zip(self._octaves.bands, bands, strict=True)
            if power > 0 and (level := 10.0 * math.log10(power / whole)) > QUIETEST_BAND_DB
        }
        mid, side = mid_and_side_squares(*self._squares)
        first = self._frames if self._first is None else self._first
        return TrackFigures(
            self._meter.result(),
            tone,
            10.0 * math.log10(side / mid) if mid and side else None,
            first / self._rate,
            (self._frames - 1 - self._last) / self._rate,
        )


@dataclass(frozen=True)
class Outlier:
    """A figure of one track that is far from the album's median."""

    index: int
    figure: str
    value: float
    median: float
    text: str


@dataclass(frozen=True)
class Consistency:
    """An album as a whole.

    Attributes:
        integrated_lufs: of all tracks together, their gating blocks pooled; None for silence.
        loudest_lufs: of the loudest track.
        true_peak_dbtp: the highest of all tracks.
        medians: of each figure; those of octaves as "tone_db 1000".
        outliers: what is far from them.
    """

    integrated_lufs: float | None
    loudest_lufs: float | None
    true_peak_dbtp: float | None
    medians: dict[str, float]
    outliers: tuple[Outlier, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""

        def rounded(value: float | None) -> float | None:
            return None if value is None else round(value, 3)

        return {
            "integrated_lufs": rounded(self.integrated_lufs),
            "loudest_lufs": rounded(self.loudest_lufs),
            "true_peak_dbtp": rounded(self.true_peak_dbtp),
            "medians": {key: round(value, 3) for key, value in self.medians.items()},
            "outliers": [
                {
                    "track": each.index + 1,
                    "figure": each.figure,
                    "value": round(each.value, 3),
                    "median": round(each.median, 3),
                    "text": each.text,
                }
                for each in self.outliers
            ],
        }


def compare(tracks: Sequence[TrackFigures]) -> Consistency:
    """The album as a whole, and which tracks stand out. Of fewer than three, none can."""
    powers: NDArray[np.float64] = np.concatenate(
        [each.measurement.gating_powers for each in tracks] or [np.zeros(0)]
    )
    figures = [_figures(each) for each in tracks]
    medians: dict[str, float] = {}
    outliers: list[Outlier] = []
    for key in dict.fromkeys(key for each in figures for key in each):
        values = [each[key] for each in figures if key in each]
        medians[key] = float(np.median(values))
        if len(values) < 3:
            continue
        most, unit, above, below = APART[key.partition(" ")[0]]
        for index, each in enumerate(figures):
            if key in each and abs(apart := each[key] - medians[key]) > most:
                said = f"{abs(apart):.1f} {unit} {above if apart > 0 else below}"
                if key.startswith("tone_db "):
                    said += f" at {key.partition(' ')[2]} Hz"
                outliers.append(Outlier(index, key, each[key], medians[key], said))
    outliers.sort(key=lambda each: each.index)
    return Consistency(
        integrated(powers),
        max(
            (each["integrated_lufs"] for each in figures if "integrated_lufs" in each), default=None
        ),
        max((each["true_peak_dbtp"] for each in figures if "true_peak_dbtp" in each), default=None),
        medians,
        tuple(outliers),
    )


def _figures(track: TrackFigures) -> dict[str, float]:
    found = {
        "integrated_lufs": track.measurement.integrated_lufs,
        "true_peak_dbtp": track.measurement.true_peak_dbtp,
        "width_db": track.width_db,
        "head_s": track.head_s,
        "tail_s": track.tail_s,
    }
    found |= {f"tone_db {hz:g}": level for hz, level in track.tone_db.items()}
    return {key: value for key, value in found.items() if value is not None}
