"""What tests of the null test share: music, and how a copy of it may have been changed."""

from __future__ import annotations

import numpy as np

from masterprint.demo.music import synthesise_mix
from oracles import Audio, amplitude

RATE = 22050
"""Half of what is usual: the search is the same at any rate, and takes half as long."""
MUSIC = 0.5 * synthesise_mix(RATE, 5.0)


def on_grid(audio: Audio, subtype: str) -> Audio:
    """Rounded here, because libsndfile would round down."""
    bits = {"PCM_16": 16, "PCM_24": 24}.get(subtype)
    if bits is None:
        return audio
    scale = 2.0 ** (bits - 1)
    return np.clip(np.rint(audio * scale), -scale, scale - 1.0) / scale


def later(audio: Audio, frames: int) -> Audio:
    return np.concatenate([np.zeros((len(audio), frames)), audio], axis=1)


def delayed(audio: Audio, frames: float) -> Audio:
    """By any number of frames, with a Fourier transform; band-limited, as it must be."""
    spectrum = np.fft.rfft(audio, audio.shape[1] + 8192)
    hz = np.arange(spectrum.shape[1]) / (audio.shape[1] + 8192)
    spectrum *= np.exp(-2j * np.pi * hz * frames) * (hz < 0.45)
    return np.fft.irfft(spectrum, audio.shape[1] + 8192)[:, : audio.shape[1]]


def noise(frames: int, seed: int = 1, level_db: float = -20.0, channels: int = 2) -> Audio:
    rng = np.random.default_rng(seed)
    return amplitude(level_db) * rng.standard_normal((channels, frames))
