"""Independent answers for the tests: SciPy and the standards' own tables, nothing of Masterprint.

`true_peak` is a windowed-sinc meter at 16 times the rate, `integrated_lufs` a transcription of
BS.1770 that filters with `scipy.signal.lfilter`; on `hostile` signals limiters fail.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray
from scipy import signal as sps

from masterprint.demo.music import synthesise_mix
from masterprint.signal import Signal
from masterprint.stages.base import Stage
from masterprint.stages.run import run_stage

Audio = NDArray[np.float64]

K_WEIGHTING = {
    # rate: shelf b0, b1, b2, a1, a2; high-pass a1, a2 (its numerator is 1, -2, 1 at every rate)
    44100: (1.53084123005035, -2.65097999515473, 1.16907907992159, -1.66365511325602,
            0.71259542807323, -1.98916967362980, 0.98919903578704),
    48000: (1.53512485958697, -2.69169618940638, 1.19839281085285, -1.69065929318241,
            0.73248077421585, -1.99004745483398, 0.99007225036621),
    88200: (1.55751537557965, -2.90562707992634, 1.36133397747221, -1.83091998796233,
            0.84414226108785, -1.99457751545034, 0.99458487587805),
    96000: (1.55971422897580, -2.92674157825108, 1.37826120231582, -1.84460946989011,
            0.85584332293064, -1.99501754472472, 0.99502375904092),
    176400: (1.57111531774185, -3.03654450240465, 1.46887161198976, -1.91532931683305,
             0.91877174416001, -1.99728692242381, 0.99728876502607),
    192000: (1.57222721509128, -3.04728305156155, 1.47797134097961, -1.92220223060749,
             0.92511773511683, -1.99750722284070, 0.99750877835551),
}  # fmt: skip
"""BS.1770-5 Tables 1 and 2 (48 kHz), and the same analogue prototypes at other rates."""

K_GAIN = {
    44100: 0.999560,
    48000: 1.0,
    88200: 1.002272,
    96000: 1.002493,
    176400: 1.003632,
    192000: 1.003743,
}
"""What the high-pass is multiplied by to have its 48 kHz pass-band gain at another rate."""

WEIGHTS = {5: (1.0, 1.0, 1.0, 1.41, 1.41), 6: (1.0, 1.0, 1.0, 0.0, 1.41, 1.41)}


def amplitude(level_db: float) -> float:
    return 10.0 ** (level_db / 20.0)


def decibels(ratio: float) -> float:
    return 20.0 * math.log10(ratio) if ratio > 0 else -math.inf


def tone(
    rate: int, seconds: float, frequency_hz: float, level_dbfs: float = 0.0, phase: float = 0.0
) -> Audio:
    """One channel of a sine whose peak has the given level, shape (frames,)."""
    turns = np.arange(round(seconds * rate)) * (frequency_hz / rate)
    return amplitude(level_dbfs) * np.sin(2.0 * np.pi * turns + phase)


def stereo(mono: Audio) -> Audio:
    return np.stack([mono, mono])


# ---------------------------------------------------------------------------------------- metering


@cache
def _sinc_phases(factor: int, taps_per_side: int, beta: float) -> Audio:
    """One filter for each of the places from a sample to the next, shape (factor, taps)."""
    reach = factor * taps_per_side
    offset = np.arange(-reach, reach) / factor
    taps = np.sinc(offset) * np.kaiser(2 * reach + 1, beta)[:-1]
    return np.ascontiguousarray(taps.reshape(-1, factor).T)


def true_peak(audio: Audio, factor: int = 16, taps_per_side: int = 64, beta: float = 10.0) -> float:
    """Largest magnitude of audio (channels, frames) interpolated `factor`-fold, linear.

    A Kaiser-windowed sinc, which keeps the samples themselves; flat to 0.47 of the rate. Silence
    is assumed before and after, and what rings into it counts.
    """
    phases = _sinc_phases(factor, taps_per_side, beta)
    rows = [sps.oaconvolve(row[np.newaxis], phases, axes=1) for row in audio]
    return max(float(np.abs(row).max()) for row in rows)


ITU_PHASES = (
    (0.0017089843750, 0.0109863281250, -0.0196533203125, 0.0332031250000, -0.0594482421875,
     0.1373291015625, 0.9721679687500, -0.1022949218750, 0.0476074218750, -0.0266113281250,
     0.0148925781250, -0.0083007812500),
    (-0.0291748046875, 0.0292968750000, -0.0517578125000, 0.0891113281250, -0.1665039062500,
     0.4650878906250, 0.7797851562500, -0.2003173828125, 0.1015625000000, -0.0582275390625,
     0.0330810546875, -0.0189208984375),
)  # fmt: skip
"""BS.1770-5 Annex 2: phases 0 and 1 of its four-fold interpolator; 3 and 2 are these reversed."""


def itu_peak(audio: Audio) -> float:
    """True peak by the interpolator that BS.1770-5 prints, linear."""
    phases = [*ITU_PHASES, *(phase[::-1] for phase in ITU_PHASES)]
    return max(float(np.abs(np.convolve(row, phase)).max()) for row in audio for phase in phases)


def scipy_peak(audio: Audio) -> float:
    """True peak by SciPy's polyphase resampler as it comes, 16-fold: a short half-band filter."""
    return float(np.abs(sps.resample_poly(audio, 16, 1, axis=1)).max())


def soxr_peak(audio: Audio, recipe: str) -> float:
    """True peak by a resampler that ends just below half the rate, 8-fold."""
    padded = np.pad(audio, ((0, 0), (1000, 1000)))
    return float(np.abs(soxr.resample(padded.T, 1.0, 8.0, recipe)).max())


def with_midpoints(values: Audio, taps: Audio) -> Audio:
    """Values and, behind each, what the symmetric filter makes of those around: twice as many."""
    both = np.empty(2 * len(values))
    both[::2] = values
    both[1::2] = np.convolve(values, taps)[len(taps) // 2 :][: len(values)]
    return both


def true_peak_dbtp(audio: Audio, taps_per_side: int = 64, beta: float = 10.0) -> float:
    return decibels(true_peak(audio, 16, taps_per_side, beta))


def k_weighted(audio: Audio, rate: int) -> Audio:
    b0, b1, b2, a1, a2, c1, c2 = K_WEIGHTING[rate]
    shelved = sps.lfilter([b0, b1, b2], [1.0, a1, a2], audio, axis=-1)
    return sps.lfilter(np.array([1.0, -2.0, 1.0]) * K_GAIN[rate], [1.0, c1, c2], shelved, axis=-1)


def window_powers(audio: Audio, rate: int, window_s: float, hop_s: float) -> Audio:
    """Weighted mean square of every complete window, summed over channels."""
    weights = np.array(WEIGHTS.get(len(audio), (1.0,) * len(audio)))
    squares = weights @ k_weighted(audio, rate) ** 2
    size = round(window_s * rate)
    starts = []
    while (start := round(len(starts) * hop_s * rate)) + size <= audio.shape[1]:
        starts.append(start)
    return np.array([squares[start : start + size].mean() for start in starts])


def lufs(power: float) -> float:
    return -0.691 + 10.0 * math.log10(power) if power > 0 else -math.inf


def integrated_lufs(audio: Audio, rate: int) -> float:
    """BS.1770-5 with both gates; minus infinity where nothing passes them."""
    return gated_lufs(window_powers(audio, rate, 0.4, 0.1))


def gated_lufs(powers: Audio) -> float:
    kept = [power for power in powers if lufs(power) > -70.0]
    if not kept:
        return -math.inf
    threshold = lufs(float(np.mean(kept))) - 10.0
    return lufs(float(np.mean([power for power in kept if lufs(power) > threshold])))


# ------------------------------------------------------------------------------------ hostile audio


def _square(rate: int, seconds: float, frequency_hz: float) -> Audio:
    """A naive square wave: two values, jumping between samples."""
    turns = np.arange(round(seconds * rate)) * (frequency_hz / rate) + 1e-9
    return np.where(turns % 1.0 < 0.5, 1.0, -1.0)


def _impulses(rate: int, seconds: float) -> Audio:
    """Four samples apart, alternating in sign two by two, in bursts of 5 ms."""
    n = np.arange(round(seconds * rate))
    train = np.where(n % 4 == 0, np.where(n % 16 < 8, 1.0, -1.0), 0.0)
    return train * (n * 200 // rate % 4 == 0)


def _clipped_noise(rate: int, seconds: float) -> Audio:
    noise = np.random.default_rng(1770).standard_normal(round(seconds * rate))
    return np.clip(2.0 * noise, -1.0, 1.0)


def _bursts(rate: int, seconds: float) -> Audio:
    """20 kHz in bursts of 3 ms with hard edges, in quiet."""
    n = np.arange(round(seconds * rate))
    burst = np.sin(2.0 * np.pi * 20000.0 / rate * n + 0.3)
    return np.where(n * 100 // rate % 3 == 0, 1.8 * burst, 0.01 * burst)


def _music(rate: int, seconds: float) -> Audio:
    """The loud chorus of the demo mix, 12 dB up."""
    mix = demo_mix(rate)
    loudest = int(np.argmax(np.abs(mix[0])))
    start = max(0, loudest - round(seconds * rate / 2))
    return amplitude(12.0) * mix[:, start : start + round(seconds * rate)]


_demo_mix = cache(synthesise_mix)


def demo_mix(rate: int) -> Audio:
    """Ten seconds of the demo mix, as an array of one's own."""
    return _demo_mix(rate, 10.0).copy()


def _noise(rate: int, seconds: float) -> Audio:
    """White up to half the rate, as hats and snares of a drum machine can be."""
    return np.random.default_rng(3341).standard_normal(round(seconds * rate))


HOSTILE = (
    "square 60 Hz",
    "square 997 Hz",
    "impulses",
    "clipped noise",
    "noise",
    "20 kHz bursts",
    "music",
)


def hostile(name: str, rate: int, seconds: float = 0.5) -> Audio:
    """Stereo audio that asks much of a limiter; the right channel differs from the left."""
    if name == "music":
        return _music(rate, seconds)
    make = {
        "square 60 Hz": lambda: _square(rate, seconds, 60.0),
        "square 997 Hz": lambda: _square(rate, seconds, 997.0),
        "impulses": lambda: _impulses(rate, seconds),
        "clipped noise": lambda: _clipped_noise(rate, seconds),
        "noise": lambda: _noise(rate, seconds),
        "20 kHz bursts": lambda: _bursts(rate, seconds),
    }[name]
    left = make()
    return np.stack([1.5 * left, -0.9 * np.roll(left, 7)])


# ------------------------------------------------------------------------------------------ running


def run(
    stage: Stage, audio: Audio, rate: int, block_frames: int = 1 << 15
) -> tuple[Audio, dict[str, object]]:
    """What leaves a stage, and what it reported."""
    out = stage.apply(Signal.of(audio, rate, block_frames))
    return out.collect(), out.report


def run_whole(
    stage: Stage, audio: Audio, rate: int = 44100, block_frames: int = 30011
) -> tuple[Audio, dict[str, Any]]:
    """What leaves a stage with its common settings, and what it reported."""
    report: dict[str, Any] = {}
    signal = replace(Signal.of(audio, rate, block_frames), report=report)
    return run_stage(stage, signal).collect(), report
