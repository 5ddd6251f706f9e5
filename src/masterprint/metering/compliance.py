"""The minimum-requirement cases of EBU Tech 3341 (2023) and 3342 (2023), synthesised and measured.

Cases 7 and 8 of 3341, which are 5 and 6 of 3342, are recorded programmes and cannot be
synthesised. All tones are 1000 Hz, in phase in both channels, levels are peaks in dBFS.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from masterprint.dsp.decibels import amplitude
from masterprint.metering import loudness as lufs
from masterprint.metering.measurement import Measurement
from masterprint.metering.meter import Meter

Audio = NDArray[np.float64]


@dataclass(frozen=True)
class ComplianceResult:
    """One figure of one case: what is expected, what was measured, and whether it passes."""

    case: str
    figure: str
    expected: float
    low: float
    high: float
    measured: float

    @property
    def passed(self) -> bool:
        """Whether the measured figure lies within the tolerance."""
        return bool(self.expected + self.low <= self.measured <= self.expected + self.high)


def run_compliance(sample_rate_hz: int = 48000) -> Iterator[ComplianceResult]:
    """Every case that can be synthesised, at one sample rate."""
    yield from _loudness_cases(sample_rate_hz)
    yield from _sliding_cases(sample_rate_hz)
    yield from _true_peak_cases(sample_rate_hz)
    yield from _range_cases(sample_rate_hz)


def tone(rate: int, segments: list[tuple[float, float | None]], channels: int = 2) -> Audio:
    """A 1000 Hz tone in segments of (seconds, dBFS), None for silence; phase runs through."""
    gains = [
        np.full(round(seconds * rate), 0.0 if level is None else amplitude(level))
        for seconds, level in segments
    ]
    gain = np.concatenate(gains)
    wave = gain * np.sin(2 * np.pi * 1000.0 * np.arange(len(gain)) / rate)
    return np.tile(wave, (channels, 1))


def _measure(audio: Audio, rate: int) -> Measurement:
    meter = Meter(rate, len(audio))
    meter.feed(np.ascontiguousarray(audio))
    return meter.result()


def _figure(case: str, name: str, expected: float, measured: float | None) -> ComplianceResult:
    value = float("nan") if measured is None else measured
    return ComplianceResult(case, name, expected, -0.1, 0.1, value)


def _loudness_cases(rate: int) -> Iterator[ComplianceResult]:
    for number, level in ((1, -23.0), (2, -33.0)):
        found = _measure(tone(rate, [(20, level)]), rate)
        for name, value in (
            ("max momentary", found.max_momentary_lufs),
            ("max short-term", found.max_short_term_lufs),
            ("integrated", found.integrated_lufs),
        ):
            yield _figure(f"3341-{number}", f"{name} LUFS", level, value)
    programmes: dict[int, list[tuple[float, float | None]]] = {
        3: [(10, -36), (60, -23), (10, -36)],
        4: [(10, -72), (10, -36), (60, -23), (10, -36), (10, -72)],
        5: [(20, -26), (20.1, -20), (20, -26)],
    }
    for number, segments in programmes.items():
        found = _measure(tone(rate, segments), rate)
        yield _figure(f"3341-{number}", "integrated LUFS", -23.0, found.integrated_lufs)
    levels = np.array([[amplitude(level)] for level in (-28, -28, -24, -30, -30)])
    surround = tone(rate, [(20, 0.0)], channels=5) * levels
    found = _measure(surround, rate)
    yield _figure("3341-6", "integrated LUFS, 5.0", -23.0, found.integrated_lufs)


def _sliding_cases(rate: int) -> Iterator[ComplianceResult]:
    """Short-term and momentary loudness: constant, wherever it starts, and for each burst."""

    def series(audio: Audio, hops: int) -> NDArray[np.float64]:
        energies: list[NDArray[np.float64]] = []
        meter = Meter(rate, len(audio), true_peak=False, hop_listener=energies.append)
        meter.feed(audio)
        powers = lufs.sliding_powers(np.concatenate(energies), hops, rate)
        return lufs.OFFSET_DB + 10.0 * np.log10(np.maximum(powers, 1e-12))

    def worst(values: list[float], expected: float) -> float:
        return max(values, key=lambda value: abs(value - expected))

    patterns: list[tuple[str, str, list[tuple[float, float | None]], int]] = [
        ("3341-9", "short-term LUFS", [(1.34, -20), (1.66, -30)] * 5, 300),
        ("3341-12", "momentary LUFS", [(0.18, -20), (0.22, -30)] * 25, 40),
    ]
    for case, name, segments, hops in patterns:
        values = series(tone(rate, [*segments]), hops)
        yield _figure(case, name, -23.0, worst([values.min(), values.max()], -23.0))
    bursts = [
        ("3341-10", "3341-11", "short-term LUFS", 300, 0.15, 3.0, 3.0),
        ("3341-13", "3341-14", "momentary LUFS", 40, 0.02, 0.4, 0.4),
    ]
    for file_case, live_case, name, hops, step, length, period in bursts:
        maxima = [
            float(series(tone(rate, [(i * step, None), (length, -23), (1, None)]), hops).max())
            for i in range(20)
        ]
        yield _figure(file_case, f"max {name}", -23.0, worst(maxima, -23.0))
        programme: list[tuple[float, float | None]] = []
        for i in range(20):
            programme += [(i * step, None), (length, -38.0 + i), (period - i * step, None)]
        values = series(tone(rate, programme), hops)
        errors = []
        for i in range(20):
            # Windows that end within segment i; a window of index w ends at (w + hops) / 100 s.
            first = round(i * (length + period) * 100) - hops
            last = round((i + 1) * (length + period) * 100) - hops
            errors.append(float(values[max(0, first) : last + 1].max()) - (-38.0 + i))
        yield _figure(live_case, f"{name}, error", 0.0, worst(errors, 0.0))


def _true_peak_cases(rate: int) -> Iterator[ComplianceResult]:
    def peak(case: int, wave: Audio, expected: float) -> ComplianceResult:
        fade = round(0.1 * rate)
        wave[:fade] *= np.linspace(0.0, 1.0, fade)
        wave[-fade:] *= np.linspace(1.0, 0.0, fade)
        found = _measure(np.tile(wave, (2, 1)), rate).true_peak_dbtp
        measured = float("nan") if found is None else found
        return ComplianceResult(f"3341-{case}", "true peak dBTP", expected, -0.4, 0.2, measured)

    n = np.arange(round(3.2 * rate))
    sines: list[tuple[int, int, float, float, float]] = [
        (15, 4, 0.0, -6.0, -6.0),
        (16, 4, 45.0, -6.0, -6.0),
        (17, 6, 60.0, -6.0, -6.0),
        (18, 8, 67.5, -6.0, -6.0),
        (19, 4, 45.0, 3.0103, 3.0),
    ]
    for case, divisor, degrees, level, expected in sines:
        wave = amplitude(level) * np.sin(2 * np.pi * n / divisor + np.deg2rad(degrees))
        yield peak(case, wave, expected)
    fine = _intersample_burst(rate)
    for offset in range(4):
        yield peak(20 + offset, fine[offset::4].copy(), 0.0)


def _intersample_burst(rate: int) -> Audio:
    """A sine of fs/6 at -6 dBFS with one period of fs/4 at 0 dBFS in it, at four times the rate."""
    around = 0.5 * np.sin(2 * np.pi * np.arange(24 * round(1.5 * rate / 6)) / 24)
    burst = np.sin(2 * np.pi * np.arange(16) / 16)
    wave = np.concatenate([around, burst, around])
    k = np.arange(513) - 256
    lowpass = np.sinc(k / 4) * np.kaiser(513, 8.0)
    size = 1 << (len(wave) + 512).bit_length()
    spectrum = np.fft.rfft(wave, size) * np.fft.rfft(lowpass / lowpass.sum(), size)
    return np.asarray(np.fft.irfft(spectrum, size)[256 : 256 + len(wave)])


def _range_cases(rate: int) -> Iterator[ComplianceResult]:
    programmes: list[tuple[int, list[float], float]] = [
        (1, [-20, -30], 10.0),
        (2, [-20, -15], 5.0),
        (3, [-40, -20], 20.0),
        (4, [-50, -35, -20, -35, -50], 15.0),
    ]
    for number, levels, expected in programmes:
        found = _measure(tone(rate, [(20, level) for level in levels]), rate).loudness_range_lu
        measured = float("nan") if found is None else found
        yield ComplianceResult(f"3342-{number}", "loudness range LU", expected, -1.0, 1.0, measured)


COMPLIANCE_RATES_HZ: tuple[int, ...] = (44100, 48000, 96000, 192000)
