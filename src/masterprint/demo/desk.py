"""A mixing desk for one bar of the demo song, and what every sound on it is made of."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Audio = NDArray[np.float64]

TEMPO_BPM = 92.0
BEAT_S = 60.0 / TEMPO_BPM
PREROLL_S = 0.05  # room before the bar line for players who come in early
FFT_GRAIN = 8192  # transforms are a multiple of this many frames: no slow prime lengths


@dataclass(frozen=True)
class Section:
    """Fader positions (0 mutes, 1 is full) and pad colour of one part of the song."""

    pad: float
    pluck: float
    bass: float = 0.0
    drums: float = 0.0
    lead: float = 0.0
    width: float = 0.4  # phase spread of the pad between left and right, radians
    brightness: float = 1.7  # fall of the pad's partials: amplitude is order ** -brightness


@dataclass
class Desk:
    """One bar's mixing desk: stereo buses of shape (2, frames) and the players' dice."""

    rate: int
    rng: np.random.Generator
    dry: Audio
    send: Audio

    def place(self, sound: Audio, at_s: float, pan: float = 0.0, send: float = 0.0) -> None:
        """Lay a sound, (frames,) or (2, frames), on the buses; pan runs from -1 to 1."""
        start = round((PREROLL_S + at_s) * self.rate)
        angle = (pan + 1.0) * np.pi / 4.0  # equal power, unity in the middle
        sides = np.sqrt(2.0) * np.array([[np.cos(angle)], [np.sin(angle)]])
        stereo = (sides * sound)[:, : self.dry.shape[1] - start]
        self.dry[:, start : start + stereo.shape[1]] += stereo
        if send:
            self.send[:, start : start + stereo.shape[1]] += send * stereo

    def loosely(self, beat: float, spread_s: float = 0.004) -> float:
        """Seconds of a beat as a human plays it: a little early, a little late."""
        return beat * BEAT_S + float(np.clip(self.rng.normal(0.0, spread_s), -0.012, 0.012))

    def velocity(self, centre: float, spread: float = 0.08) -> float:
        """A playing strength around centre; bounded, so that no hit runs away with the peak."""
        return centre * float(self.rng.uniform(1.0 - spread, 1.0 + spread))


def clock(rate: int, seconds: float) -> Audio:
    """Time stamps in seconds of a sound of the given length, shape (frames,)."""
    return np.arange(round(seconds * rate)) / rate


def transform_frames(rate: int, seconds: float) -> int:
    """Frames of a transform that holds the given length."""
    return FFT_GRAIN * -(-round(seconds * rate) // FFT_GRAIN)


def gate(t: Audio, attack_s: float, release_s: float) -> Audio:
    """Envelope that rises and falls smoothly inside the clock it is given."""
    ramps = np.minimum(t / attack_s, (t[-1] - t) / release_s)
    rise: Audio = np.sin(0.5 * np.pi * np.minimum(ramps, 1.0))
    return rise**2


def band_noise(desk: Desk, seconds: float, low_hz: float, high_hz: float) -> Audio:
    """Noise of unit RMS between two soft band edges, alike at every sample rate."""
    frames = transform_frames(desk.rate, seconds)
    white = np.fft.rfft(desk.rng.standard_normal(frames))
    hz = np.fft.rfftfreq(frames, 1.0 / desk.rate) + 1.0
    noise: Audio = np.fft.irfft(white / (1.0 + (low_hz / hz) ** 4 + (hz / high_hz) ** 4), frames)
    noise /= np.sqrt(np.mean(noise**2))
    return noise[: round(seconds * desk.rate)]
